"""The wall, its stickers and the counties: every page on every screen and on paper, asked everything."""

from tests.browser.page_checks import PageChecks
from tests.browser.shown import WALL_PAGES


class TestWallPages(PageChecks):
    """All checks of ``PageChecks``."""

    pages = WALL_PAGES
