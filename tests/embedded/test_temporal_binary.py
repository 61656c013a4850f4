"""Finding a Temporal CLI, or making one. ``go`` is played by scripts here; conftest's ``cli`` is the real build."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from guatu.embedded import NoTemporalServerError, find_or_build_temporal
from guatu.embedded.temporal_binary import pinned, server_version

_SYSTEM = "/usr/bin:/bin"


def _script(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def _environment(place: Path, path: str) -> dict[str, str]:
    """An environment with an empty cache and no way to download anything."""
    unset = {"GUATU_TEMPORAL_CLI"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    closed = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    return kept | closed | {"XDG_CACHE_HOME": str(place / "cache"), "PATH": path, "NO_PROXY": "", "no_proxy": ""}


def _locate(environment: dict[str, str]) -> "subprocess.Popen[str]":
    argv: Sequence[str] = (sys.executable, "-m", "guatu.embedded")
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_the_pinned_versions_are_the_modules() -> None:
    assert (pinned().cli, pinned().server) == ("1.9.1", "1.32.0")
    text = (pinned().module / "go.mod").read_text()
    assert "\ntool github.com/temporalio/cli/cmd/temporal\n" in text


def test_the_cli_carries_the_pinned_server_or_a_newer_one(cli: Path) -> None:
    numbers = [tuple(map(int, version.split("."))) for version in (server_version(cli), pinned().server)]
    assert numbers[0] >= numbers[1]


def test_no_way_to_a_server_is_one_sentence_that_says_what_was_tried(place: Path) -> None:
    (place / "bin").mkdir()
    located = _locate(_environment(place, str(place / "bin")))
    output, said = located.communicate()
    assert located.returncode == 1
    assert output == ""
    assert len(said.splitlines()) == 1
    assert said.startswith("guatu: There is no Temporal server 1.32.0 or newer to start (tried ")
    for part in ("GUATU_TEMPORAL_CLI is not set", "PATH: no temporal there", "the cache: there is no ",
                 "the download: ", "a build: there is no go on PATH", "or install Go and try again."):  # fmt: skip
        assert part in said


def test_a_failing_build_is_told_with_its_reason(place: Path) -> None:
    _script(place / "bin" / "go", "echo 'go: some/module: dial tcp: lookup nowhere: no such host' >&2; exit 1")
    located = _locate(_environment(place, f"{place / 'bin'}:{_SYSTEM}"))
    _, said = located.communicate()
    assert located.returncode == 1
    assert "a build: go build failed (go: some/module: dial tcp: lookup nowhere: no such host; see " in said


def test_two_that_need_a_server_build_it_once(place: Path, cli: Path) -> None:
    go = f'echo built >> {place}/count; sleep 1; while [ "$1" != -o ]; do shift; done; cp {cli} "$2"'
    _script(place / "bin" / "go", go)
    both = [_locate(_environment(place, f"{place / 'bin'}:{_SYSTEM}")) for _ in range(2)]
    results = [located.communicate() for located in both]
    assert [located.returncode for located in both] == [0, 0], results
    made = {output.strip() for output, _ in results}
    assert made == {str(place / "cache" / "guatu" / "temporal-1.9.1" / "temporal")}
    assert (place / "count").read_text() == "built\n"


def test_a_killed_build_leaves_nothing_running(place: Path) -> None:
    _script(place / "bin" / "go", f"sleep 1000 & echo $$ $! > {place}/pids.new; mv {place}/pids.new {place}/pids; wait")
    located = _locate(_environment(place, f"{place / 'bin'}:{_SYSTEM}"))
    while not (place / "pids").exists():
        assert located.poll() is None
    started = [psutil.Process(int(pid)) for pid in (place / "pids").read_text().split()]
    located.kill()
    located.communicate()
    _, left = psutil.wait_procs(started, timeout=60)
    assert not left


async def test_an_old_cli_on_path_is_passed_over_with_a_line(
    place: Path, cli: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = _script(place / "bin" / "temporal", "echo 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'")
    monkeypatch.setenv("PATH", f"{old.parent}:{_SYSTEM}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    monkeypatch.delenv("GUATU_TEMPORAL_CLI", raising=False)
    kept = place / "cache" / "guatu" / f"temporal-{pinned().cli}" / "temporal"
    kept.parent.mkdir(parents=True)
    kept.symlink_to(cli)
    said: list[str] = []
    assert await find_or_build_temporal(said.append) == kept
    assert said == [f"not using the Temporal CLI on PATH: {old} carries server 1.29.1, and 1.32.0 or newer is needed"]
    monkeypatch.setenv("PATH", f"{cli.parent}:{_SYSTEM}")
    if cli.name == "temporal":
        assert await find_or_build_temporal(said.append) == cli


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "there is no "),
        ("echo 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'", "carries server 1.29.1, and 1.32.0 or newer"),
        ("echo something else", "is not a Temporal CLI with a server"),
    ],
)
async def test_the_path_that_is_set_is_used_or_refused_but_never_passed_over(
    text: str | None, reason: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = place / "temporal"
    if text is not None:
        _script(told, text)
    monkeypatch.setenv("GUATU_TEMPORAL_CLI", str(told))
    with pytest.raises(NoTemporalServerError, match=reason) as refused:
        await find_or_build_temporal(print)
    assert len(refused.value.attempts) == 1


async def test_the_path_that_is_set_comes_first(cli: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUATU_TEMPORAL_CLI", str(cli))
    monkeypatch.setenv("PATH", "/nowhere")
    assert await find_or_build_temporal(print) == cli
