"""The keyboard alone reaches everything that can be operated, and one sees where it is."""

from collections import Counter
from typing import Any

import pytest
from playwright.async_api import FloatRect, Page

from tests.browser.conftest import Visits, VisitsCity
from tests.browser.layout import focused, never_focused
from tests.browser.planting import planted_site
from tests.browser.shown import PAGES, TELEPHONE, TELEVISION, Screen, Shown

_MOST = 400
"""More presses than any page needs."""
_PICTURED = 2
"""Of each kind so many are pictured: the rows of a list look the same, and two pictures take longer than a press."""
_ALL = [
    pytest.param(page, screen, id=f"{page.name}-{screen.name}") for page in PAGES for screen in (TELEVISION, TELEPHONE)
]


async def walk(page: Page) -> tuple[list[str], list[str]]:
    """Press the tabulator until it has been everywhere, and open by the keyboard what is folded away.

    A field of date and time takes several presses, one for each of its parts: to stay where one was is to go on, and
    only to come back to something earlier ends the walk.

    Returns:
        What it reached, in order; and what is wrong, a line each.
    """
    reached: dict[str, str] = {}
    wrong: list[str] = []
    kinds: Counter[str] = Counter()
    here = ""
    for _ in range(_MOST):
        await page.keyboard.press("Tab")
        at = await focused(page)
        if at is not None and at["id"] == here:
            continue
        if at is None or at["id"] in reached:
            break
        here = at["id"]
        reached[here] = at["name"]
        if not at["inside"]:
            wrong.append(f"out of sight: {at['name']}")
        elif not at["outlined"] or (kinds[at["kind"]] < _PICTURED and not await _looks_focused(page, at)):
            wrong.append(f"no visible focus: {at['name']}")
        kinds[at["kind"]] += 1
        if at["folded"]:
            await page.keyboard.press("Enter")
            opened = await focused(page)
            if opened is None or opened["folded"]:
                wrong.append(f"does not unfold: {at['name']}")
    else:
        wrong.append(f"not through after {_MOST} presses")
    wrong += [f"never reached: {name}" for name in await never_focused(page)]
    return list(reached.values()), wrong


async def _looks_focused(page: Page, at: dict[str, Any]) -> bool:
    """Whether the picture of the element and what is around it changes with the focus.

    An outline may be there and hidden, under a neighbour or by what cuts its parent off.
    """
    around = 6
    screen = page.viewport_size
    assert screen is not None
    left, top = max(0.0, at["x"] - around), max(0.0, at["y"] - around)
    right = min(float(screen["width"]), at["x"] + at["width"] + around)
    bottom = min(float(screen["height"]), at["y"] + at["height"] + around)
    clip = FloatRect(x=left, y=top, width=right - left, height=bottom - top)
    with_focus = await page.screenshot(clip=clip, caret="hide")
    await page.evaluate("() => document.activeElement.blur()")
    without = await page.screenshot(clip=clip, caret="hide")
    # Back to where it was, as the keyboard had brought it there.
    await page.evaluate("id => document.querySelector(`[data-reached='${id}']`).focus({focusVisible: true})", at["id"])
    return with_focus != without


@pytest.mark.parametrize(("shown", "screen"), _ALL)
async def test_the_keyboard_reaches_everything(shown: Shown, screen: Screen, visits_city: VisitsCity) -> None:
    async with visits_city(screen) as visitor:
        reached, wrong = await walk(await visitor.open(shown))
    assert wrong == []
    assert reached


async def test_enter_opens_the_case_that_has_the_focus(
    visits_city: VisitsCity,
) -> None:
    async with visits_city() as visitor:
        page = await visitor.open(PAGES[0])
        for _ in range(_MOST):
            await page.keyboard.press("Tab")
            if (at := await focused(page)) and at["name"] == "<a> DZ0829-04":
                break
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/cases/DZ0829-04", wait_until="load")
        assert (await page.locator("h1").inner_text()).startswith("DZ0829-04")


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
async def test_what_the_keyboard_cannot_do_is_found(wrong: str, visits: Visits) -> None:
    async with planted_site(FAULTS[wrong]) as address, visits(address) as visitor:
        page = await visitor.open(Shown("planted", "/"))
        await page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<button>最后</button>')")
        _, found = await walk(page)
    assert wrong in found, found


async def test_what_takes_several_presses_or_is_folded_away_is_passed_through(visits: Visits) -> None:
    fields = '<label>时刻<input type="datetime-local"></label>'
    fields += '<details><summary>打开</summary><a href="/">里面</a></details>'
    async with planted_site(fields) as address, visits(address) as visitor:
        page = await visitor.open(Shown("planted", "/"))
        await page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<button>最后</button>')")
        reached, wrong = await walk(page)
    assert wrong == []
    assert reached[-4:] == ["<input> ", "<summary> 打开", "<a> 里面", "<button> 最后"]
