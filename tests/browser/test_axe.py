"""Every page on every screen and on paper: axe finds nothing."""

import pytest

from tests.browser.axe import judge
from tests.browser.conftest import Opened, Visits
from tests.browser.planting import planted_site
from tests.browser.shown import TELEVISION, Shown


async def test_axe_finds_nothing(opened: Opened) -> None:
    judged = await judge(opened.page, touched=not opened.screen.paper)
    assert not judged.violations, "\n" + "\n".join(judged.violations)
    # It has looked at something, and could look at the contrast.
    assert {"document-title", "html-has-lang", "color-contrast"} <= judged.passed


FAULTS = {
    "color-contrast": '<p style="color: #bbb; background: #fff">看不清</p>',
    "image-alt": '<img src="/picture">',
    "label": '<input type="text">',
    "link-name": '<a href="/"></a>',
    "landmark-one-main": "<script>document.querySelector('main').remove()</script>",
    "page-has-heading-one": "<script>document.querySelector('h1').remove()</script>",
    "aria-required-parent": '<div role="listitem">一</div>',
    "aria-valid-attr": '<p aria-lable="一">一</p>',
    "list": "<ul><p>一</p></ul>",
    "target-size": '<button aria-label="一" style="width: 8px; height: 8px; padding: 0"></button>' * 2,
}
"""By the rule that must find it."""


@pytest.mark.parametrize("rule", FAULTS)
async def test_axe_finds_what_is_planted(rule: str, visits: Visits) -> None:
    async with planted_site(FAULTS[rule]) as address, visits(address) as visitor:
        judged = await judge(await visitor.open(Shown("planted", "/")))
    assert rule in {line.partition(" ")[0] for line in judged.violations}, judged.violations


async def test_axe_has_nothing_against_a_plain_page(visits: Visits) -> None:
    async with planted_site("<p>好</p>") as address, visits(address, TELEVISION) as visitor:
        assert (await judge(await visitor.open(Shown("plain", "/")))).violations == []
