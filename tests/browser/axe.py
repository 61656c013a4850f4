"""Axe, on a page that is open: its rules of WCAG 2.0 to 2.2, levels A and AA, and its best practices."""

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

from playwright.async_api import Page

_SCRIPT = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

_RUN = """options => axe.run(document, options).then(found => JSON.stringify(
    {violations: found.violations, incomplete: found.incomplete, passes: found.passes.map(each => each.id)}))"""


@dataclass(frozen=True)
class Judged:
    """What axe says of a page.

    Attributes:
        violations: A line for each element that breaks a rule.
        undecided: The same where axe cannot tell, such as the contrast of text on a pattern.
        passed: The rules that hold.
    """

    violations: list[str]
    undecided: list[str]
    passed: set[str]


async def judge(page: Page, *, touched: bool = True) -> Judged:
    """Ask axe about the page as it is shown now. There are no exceptions.

    Args:
        page: The page.
        touched: Whether somebody touches it; on paper nobody does, and it does not matter how large a link is.
    """
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(_SCRIPT)
    options = {
        "runOnly": {"type": "tag", "values": list(TAGS)},
        # Level AA, and yet axe leaves it off unless it is asked for.
        "rules": {"target-size": {"enabled": touched}},
        # Every element that breaks a rule is described; of those that hold, the rules' names are enough.
        "resultTypes": ["violations", "incomplete"],
    }
    found = json.loads(await page.evaluate(_RUN, options))
    return Judged(_lines(found["violations"]), _lines(found["incomplete"]), set(found["passes"]))


def _lines(results: list[dict[str, Any]]) -> list[str]:
    return [
        f"{result['id']} ({result['impact']}): {' '.join(map(str, node['target']))}: {_why(node)}"
        for result in results
        for node in result["nodes"]
    ]


def _why(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return "; ".join(str(check["message"]) for check in checks)
