"""The questions that every page is asked on every screen and on paper, and all of them of one load.

A page is loaded on a large screen (and laid out for paper there, as a printing browser does), on a telephone, and once
without JavaScript. Walking through it by the keyboard unfolds what is folded and moves the focus: it comes last.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pytest
from playwright.async_api import Page

from tests.browser.axe import judge
from tests.browser.contents import content
from tests.browser.keyboard import walk
from tests.browser.layout import cut_off, sheets, sticking_out
from tests.browser.shown import TELEPHONE, TELEVISION, Screen, Shown, on_paper
from tests.browser.tabs import Tabs


@dataclass(frozen=True)
class Opened:
    """A page of the city's site, open on a screen or laid out for its paper.

    Attributes:
        shown: Which page.
        screen: On what.
        page: The open page.
        tabs: All tabs, one of which shows it.
    """

    shown: Shown
    screen: Screen
    page: Page
    tabs: Tabs


def _on_everything(shown: Shown) -> tuple[Screen, ...]:
    # Paper first: the walk through the large screen's page leaves it unfolded.
    return on_paper(shown), TELEVISION, TELEPHONE


_SCREENS: dict[str, Callable[[Shown], tuple[Screen, ...]]] = {
    "test_it_is_printed_whole_on_its_own_paper": lambda shown: (on_paper(shown),),
    "test_it_says_no_less_without_javascript": lambda shown: (TELEVISION,),
    "test_the_keyboard_reaches_everything": lambda shown: (TELEVISION, TELEPHONE),
}
"""By the test what its pages are looked at on; all others: everything."""


class PageChecks:
    """The tests of some pages; a subclass names the pages, in a file of its own so that files take equally long."""

    pages: ClassVar[Sequence[Shown]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Ask each page on each screen. The scope brings together what is asked of the same one."""
        screens = _SCREENS.get(metafunc.function.__name__, _on_everything)
        pairs = [(shown, screen) for shown in self.pages for screen in screens(shown)]
        names = [f"{shown.name}-{screen.name}" for shown, screen in pairs]
        metafunc.parametrize("opened", pairs, ids=names, indirect=True, scope="session")

    async def test_it_fits(self, opened: Opened) -> None:
        """Nothing is wider than the screen."""
        assert await sticking_out(opened.page) == []

    async def test_axe_finds_nothing(self, opened: Opened) -> None:
        """Axe has nothing against it."""
        judged = await judge(opened.page, touched=not opened.screen.paper)
        assert not judged.violations, "\n" + "\n".join(judged.violations)
        # It has looked at something, and could look at the contrast.
        assert {"document-title", "html-has-lang", "color-contrast"} <= judged.passed

    async def test_it_is_printed_whole_on_its_own_paper(self, opened: Opened) -> None:
        """Nothing is cut off on paper, and the sheets are the page's own."""
        assert await cut_off(opened.page) == []
        sizes = await sheets(opened.page)
        assert 1 <= len(sizes) <= 6
        assert set(sizes) == {(opened.shown.paper.width, opened.shown.paper.height)}

    async def test_it_says_no_less_without_javascript(self, opened: Opened) -> None:
        """Every line, link and form is there without scripts."""
        said, addresses = await content(opened.page)
        without = await opened.tabs.scriptless.show(opened.shown)
        said_without, addresses_without = await content(without)
        opened.tabs.scriptless.assert_quiet()
        assert said
        # It may say more: a button, say, that a script makes needless.
        assert not Counter(said) - Counter(said_without)
        assert not Counter(addresses) - Counter(addresses_without)

    async def test_the_keyboard_reaches_everything(self, opened: Opened) -> None:
        """The tabulator reaches everything that can be operated, and one sees where it is."""
        opened.tabs.of(opened.screen).spend()
        reached, wrong = await walk(opened.page)
        assert wrong == []
        assert reached
