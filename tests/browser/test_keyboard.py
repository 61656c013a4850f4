"""The walk by keys finds what the keyboard cannot do; all pages are walked through by ``PageChecks``."""

import pytest
from playwright.async_api import Page

from tests.browser.conftest import VisitsCity
from tests.browser.keyboard import MOST, walk
from tests.browser.layout import focused
from tests.browser.planting import Planted
from tests.browser.shown import PAGES


async def test_enter_opens_the_case_that_has_the_focus(visits_city: VisitsCity) -> None:
    async with visits_city() as visitor:
        page = await visitor.open(PAGES[0])
        for _ in range(MOST):
            await page.keyboard.press("Tab")
            if (at := await focused(page)) and at["name"] == "<a> DZ0829-04":
                break
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/cases/DZ0829-04", wait_until="load")
        assert (await page.locator("h1").inner_text()).startswith("DZ0829-04")


async def with_a_button_at_the_end(site: Planted, planted: str) -> Page:
    page = await site.show(planted)
    await page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<button>最后</button>')")
    return page


FAULTS = {
    "never reached: <a.lost> 到不了": '<a class="lost" href="/" tabindex="-1">到不了</a>',
    "no visible focus: <a> 看不见": '<a href="/" style="outline: none">看不见</a>',
    "no visible focus: <a> 被盖住": '<p style="position: relative"><a href="/">被盖住</a>'
    '<span style="position: absolute; inset: -20px; background: #fff"></span></p>',
    "out of sight: <a> 在外面": '<a href="/" style="position: fixed; left: -900px; outline: 3px solid">在外面</a>',
    "never reached: <a> 叠着": '<details><summary>打开</summary><a href="/" tabindex="-1">叠着</a></details>',
    "does not unfold: <summary> 打不开": "<details><summary>打不开</summary></details><script>"
    "document.querySelector('summary').addEventListener('keydown', event => event.preventDefault())</script>",
    "never reached: <button> 关着": '<a href="/">好</a><button onfocus="this.blur()" tabindex="-1">关着</button>',
}


@pytest.mark.parametrize("wrong", FAULTS)
async def test_what_the_keyboard_cannot_do_is_found(wrong: str, planted: Planted) -> None:
    _, found = await walk(await with_a_button_at_the_end(planted, FAULTS[wrong]))
    assert wrong in found, found


async def test_what_takes_several_presses_or_is_folded_away_is_passed_through(planted: Planted) -> None:
    fields = '<label>时刻<input type="datetime-local"></label>'
    fields += '<details><summary>打开</summary><a href="/">里面</a></details>'
    reached, wrong = await walk(await with_a_button_at_the_end(planted, fields))
    assert wrong == []
    assert reached[-4:] == ["<input> ", "<summary> 打开", "<a> 里面", "<button> 最后"]
