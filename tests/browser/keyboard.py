"""Going through a page by the keyboard alone: what it reaches, and whether one sees where it is."""

from collections import Counter
from typing import Any

from playwright.async_api import CDPSession, Page

from tests.browser.layout import focused, never_focused

MOST = 400
"""More presses than any page needs."""
_PICTURED = 2
"""Pictures per kind of element: the rows of a list look the same, and two pictures take longer than a press."""
_AROUND = 6
"""Pixels around an element that belong to its picture."""

_NO_CARET = """() => {
    const style = new CSSStyleSheet();
    style.replaceSync('* { caret-color: transparent !important; }');
    document.adoptedStyleSheets.push(style);
}"""
"""A caret in a field would be a difference between two pictures, whatever the focus looks like."""


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
    await page.evaluate(_NO_CARET)
    # Pictures are taken past Playwright, which does more for each than these need.
    camera = await page.context.new_cdp_session(page)
    for _ in range(MOST):
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
        elif not at["outlined"] or (kinds[at["kind"]] < _PICTURED and not await _looks_focused(page, camera, at)):
            wrong.append(f"no visible focus: {at['name']}")
        kinds[at["kind"]] += 1
        if at["folded"]:
            await page.keyboard.press("Enter")
            opened = await focused(page)
            if opened is None or opened["folded"]:
                wrong.append(f"does not unfold: {at['name']}")
    else:
        wrong.append(f"not through after {MOST} presses")
    wrong += [f"never reached: {name}" for name in await never_focused(page)]
    await camera.detach()
    return list(reached.values()), wrong


async def _looks_focused(page: Page, camera: CDPSession, at: dict[str, Any]) -> bool:
    """True if the picture of the element and its surroundings changes with the focus.

    An outline may be there and hidden, under a neighbour or by what cuts its parent off.
    """
    screen = page.viewport_size
    assert screen is not None
    left, top = max(0.0, at["x"] - _AROUND), max(0.0, at["y"] - _AROUND)
    right = min(float(screen["width"]), at["x"] + at["width"] + _AROUND)
    bottom = min(float(screen["height"]), at["y"] + at["height"] + _AROUND)
    # In the coordinates of the whole page.
    clip = {"x": at["left"] + left, "y": at["top"] + top, "width": right - left, "height": bottom - top, "scale": 1}
    with_focus = await _picture(camera, clip)
    await page.evaluate("() => document.activeElement.blur()")
    without = await _picture(camera, clip)
    # Back to where it was, as the keyboard had brought it there.
    await page.evaluate("id => document.querySelector(`[data-reached='${id}']`).focus({focusVisible: true})", at["id"])
    return with_focus != without


async def _picture(camera: CDPSession, clip: dict[str, float]) -> str:
    untyped: Any = camera
    return (await untyped.send("Page.captureScreenshot", {"clip": clip, "optimizeForSpeed": True}))["data"]
