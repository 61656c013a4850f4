"""Axe finds what is planted; that it finds nothing on our pages is asked by ``PageChecks``."""

import pytest

from tests.browser.axe import judge
from tests.browser.planting import Planted

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
async def test_axe_finds_what_is_planted(rule: str, planted: Planted) -> None:
    judged = await judge(await planted.show(FAULTS[rule]))
    assert rule in {line.partition(" ")[0] for line in judged.violations}, judged.violations


async def test_axe_has_nothing_against_a_plain_page(planted: Planted) -> None:
    assert (await judge(await planted.show("<p>好</p>"))).violations == []
