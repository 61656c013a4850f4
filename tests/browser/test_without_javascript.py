"""JavaScript switched off: a page says all that it says otherwise, and every link and form is there."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from playwright.async_api import Page

from tests.browser.conftest import Visits
from tests.browser.planting import planted_site
from tests.browser.shown import PAGES, Shown
from tests.browser.visiting import Visitor

LIVE_ONLY = "[data-live]"
"""What stands on a page only to say whether it is live: it may be missing."""

_SAYS = """live => {
    document.querySelectorAll(live).forEach(each => each.remove());
    return document.body.innerText;
}"""
_ADDRESSES = """() => [...document.querySelectorAll('a[href], form')]
    .map(each => each.getAttribute('href') ?? `${each.method} ${each.getAttribute('action')}`)"""


async def content(page: Page) -> tuple[list[str], list[str]]:
    """The lines that the page says, and where one can go from it."""
    addresses: list[str] = await page.evaluate(_ADDRESSES)
    said: str = await page.evaluate(_SAYS, LIVE_ONLY)
    return [line.strip() for line in said.splitlines() if line.strip()], addresses


@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
async def test_it_says_no_less_without_javascript(
    shown: Shown, visits_city: Callable[..., AbstractAsyncContextManager[Visitor]]
) -> None:
    async with visits_city() as visitor:
        said, addresses = await content(await visitor.open(shown))
    async with visits_city(javascript=False) as visitor:
        said_without, addresses_without = await content(await visitor.open(shown))
    assert said
    # It may say more: a button, say, that a script makes needless.
    assert not Counter(said) - Counter(said_without)
    assert not Counter(addresses) - Counter(addresses_without)


async def test_one_can_go_around_without_javascript(
    visits_city: Callable[..., AbstractAsyncContextManager[Visitor]],
) -> None:
    async with visits_city(javascript=False) as visitor:
        page = await visitor.open(PAGES[0])
        await page.get_by_role("link", name="DZ0829-01", exact=True).first.click()
        await page.wait_for_url("**/cases/DZ0829-01")
        await page.get_by_role("link", name="办理报告", exact=True).click()
        await page.wait_for_url("**/cases/DZ0829-01/report")
        await page.get_by_role("link", name="挂图").first.click()
        await page.wait_for_url(f"{visitor.address}/")


async def test_what_only_a_script_says_is_found(visits: Visits) -> None:
    planted = "<p id='here'></p><script>document.getElementById('here').textContent = '只有脚本会说'</script>"
    said: list[list[str]] = []
    async with planted_site(planted) as address:
        for javascript in (True, False):
            async with visits(address, javascript=javascript) as visitor:
                said.append((await content(await visitor.open(Shown("planted", "/"))))[0])
    assert said == [["一页", "只有脚本会说"], ["一页"]]
