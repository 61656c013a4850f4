"""Cases and reports: every page on every screen and on paper, asked everything."""

from tests.browser.page_checks import PageChecks
from tests.browser.shown import CASE_PAGES


class TestCasePages(PageChecks):
    """All checks of ``PageChecks``."""

    pages = CASE_PAGES
