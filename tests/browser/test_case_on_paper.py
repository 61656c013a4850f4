"""A case's page on paper: it says all that a reader without a screen must know."""

from tests.browser.shown import PAGES, on_paper
from tests.browser.tabs import Tabs

_CASE = next(page for page in PAGES if page.name == "case-overdue")


async def test_paper_says_who_wrote_what_and_has_no_empty_card(looks: Tabs) -> None:
    page = await looks.large.show(_CASE, on_paper(_CASE))
    headings = await page.locator(".sayings .by").all()
    assert [await each.is_visible() for each in headings] == [True, True]
    assert "通川区委书记" in await headings[0].inner_text()
    # The list of notices is folded up and cannot be opened on paper: neither is its heading there.
    assert not await page.locator(".notices").is_visible()
