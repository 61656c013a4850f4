"""A page's text and links."""

from playwright.async_api import Page

LIVE_ONLY = "[data-live]"
"""Elements that only say whether a page is live; they may be missing."""

_SAYS = """live => {
    const left = [...document.querySelectorAll(live)];
    left.forEach(each => each.style.setProperty('display', 'none', 'important'));
    const said = document.body.innerText;
    left.forEach(each => each.style.removeProperty('display'));
    return said;
}"""
_ADDRESSES = """() => [...document.querySelectorAll('a[href], form')]
    .map(each => each.getAttribute('href') ?? `${each.method} ${each.getAttribute('action')}`)"""


async def content(page: Page) -> tuple[list[str], list[str]]:
    """The lines that the page says, and where one can go from it."""
    addresses: list[str] = await page.evaluate(_ADDRESSES)
    said: str = await page.evaluate(_SAYS, LIVE_ONLY)
    return [line.strip() for line in said.splitlines() if line.strip()], addresses
