"""The operator's page is complete: every alert has its section, every link leads somewhere, every command is there."""

import re
import shlex
from pathlib import Path
from typing import Any, cast

import pytest
import typer
import yaml

from guatu.command import app
from tests.deploy.compose_file import ROOT
from workflows.console import SEARCH_ATTRIBUTES

PAGE = ROOT / "docs/operations.md"
TEXT = PAGE.read_text(encoding="utf-8")
README, TWIN = ROOT / "README.md", ROOT / "README.zh-CN.md"


def alerts() -> list[str]:
    rules = cast("dict[str, Any]", yaml.safe_load((ROOT / "deploy/monitoring/alerts.yaml").read_text(encoding="utf-8")))
    return [rule["alert"] for group in rules["groups"] for rule in group["rules"]]


def sections(text: str) -> dict[str, str]:
    """What stands under each heading of the third level."""
    parts = re.split(r"^(#{2,3}) (.+)$", text, flags=re.MULTILINE)
    return {
        title: body.strip() for level, title, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True) if level
    }


@pytest.mark.parametrize("alert", alerts())
def test_every_alert_says_what_to_do(alert: str) -> None:
    assert len(sections(TEXT).get(alert, "")) > 80, f"docs/operations.md has no section {alert}"


def test_no_section_is_for_an_alert_that_is_gone() -> None:
    assert {title for title in sections(TEXT) if title.startswith("Guatu")} == set(alerts())


@pytest.mark.parametrize("page", sorted([PAGE, *(ROOT / "docs/operations").glob("*.md")]), ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8").replace("\n", " ")):
        target = link.partition("#")[0]
        if target and "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {link}"


@pytest.mark.parametrize("readme", [README, TWIN], ids=lambda path: path.name)
def test_the_readme_leads_here(readme: Path) -> None:
    assert "(docs/operations.md)" in readme.read_text(encoding="utf-8")


def missing_commands(text: str) -> set[str]:
    """Commands of ours that a text names in code and that are not there."""
    known = _paths(typer.main.get_command(app))
    named = {tuple(shlex.split(found)) for found in re.findall(r"`guatu ((?:[a-z-]+ ?)+)", text)}
    return {" ".join(words) for words in named if not any(_fits(words, path) for path in known)}


def _fits(words: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether the words are the command with what is given to it, or a group that it belongs to."""
    shorter = min(len(words), len(path))
    return words[:shorter] == path[:shorter]


def _paths(command: object) -> set[tuple[str, ...]]:
    inner = cast("dict[str, object]", getattr(command, "commands", {}))
    return {(name, *rest) for name, one in inner.items() for rest in _paths(one)} or {()}


def test_every_command_is_there() -> None:
    assert not missing_commands(TEXT)


def test_a_command_that_is_not_there_would_be_found() -> None:
    assert missing_commands("`guatu migrat` and `guatu verify` and `guatu keys isue`") == {"migrat", "keys isue"}


def test_all_search_attributes_are_named_for_temporal_cloud() -> None:
    for key in SEARCH_ATTRIBUTES:
        assert f"`{key.name}`" in sections(TEXT)["Temporal Cloud"]
