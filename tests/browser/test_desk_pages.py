"""The desk: every page on every screen and on paper, asked everything."""

from tests.browser.page_checks import PageChecks
from tests.browser.shown import DESK_PAGES


class TestDeskPages(PageChecks):
    """All checks of ``PageChecks``."""

    pages = DESK_PAGES
