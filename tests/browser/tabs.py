"""Browser tabs that stay open: they load one page after another, each once for all tests that look at it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Browser, Page

from tests.browser.shown import TELEPHONE, TELEVISION, Screen, Shown
from tests.browser.visiting import Visitor, visiting

# A page changes by itself after some seconds: a television turns to the next rows, clocks go on. Whoever looks at it
# must find it as it was loaded, however long the looking takes.
_STAND_STILL = "window.setInterval = () => 0;"


class Tab:
    """A tab that loads a page only if it does not show it yet. Cookies do not outlive a page.

    Attributes:
        visitor: The browser context of the tab, and what it complains of.
    """

    def __init__(self, visitor: Visitor, screen: Screen) -> None:
        self.visitor = visitor
        self._at: Shown | None = None
        self._own = self._screen = screen

    async def show(self, shown: Shown, screen: Screen | None = None) -> Page:
        """Show a page as it is after loading.

        Args:
            shown: The page.
            screen: The size, or the paper that the page is laid out for once it is loaded; None: the tab's own.
        """
        if self._at != shown:
            self._at = None
            await self._turn(self._own)
            await self.visitor.page.context.clear_cookies()
            self.visitor.watch.forget()
            await self.visitor.open(shown)
            self._at = shown
        await self._turn(screen or self._own)
        return self.visitor.page

    def spend(self) -> None:
        """Load the page anew before the next look: it does not look as it was loaded any more."""
        self._at = None

    async def _turn(self, screen: Screen) -> None:
        before, page = self._screen, self.visitor.page
        if screen.paper != before.paper:
            await page.emulate_media(media="print" if screen.paper else "screen")
        if (screen.width, screen.height) != (before.width, before.height):
            await page.set_viewport_size({"width": screen.width, "height": screen.height})
        self._screen = screen

    def assert_quiet(self) -> None:
        """Fail the test if the browser has complained of the page that is shown."""
        self.visitor.watch.assert_quiet()


@dataclass(frozen=True)
class Tabs:
    """One tab for each kind of browser.

    Attributes:
        large: A large screen; it also lays pages out for paper.
        telephone: A telephone.
        scriptless: A large screen without JavaScript.
    """

    large: Tab
    telephone: Tab
    scriptless: Tab

    def of(self, screen: Screen) -> Tab:
        """The tab for a screen or paper."""
        return self.telephone if screen.telephone else self.large

    def assert_quiet(self) -> None:
        """Fail the test if the browser has complained of a page that is shown."""
        for each in (self.large, self.telephone, self.scriptless):
            each.assert_quiet()


@asynccontextmanager
async def open_tabs(browser: Browser, address: str) -> AsyncGenerator[Tabs]:
    """Open the tabs, for as long as the block runs."""
    async with (
        visiting(browser, address, TELEVISION) as large,
        visiting(browser, address, TELEPHONE) as telephone,
        visiting(browser, address, TELEVISION, javascript=False) as scriptless,
    ):
        for each in (large, telephone):
            await each.page.add_init_script(_STAND_STILL)
        yield Tabs(Tab(large, TELEVISION), Tab(telephone, TELEPHONE), Tab(scriptless, TELEVISION))
