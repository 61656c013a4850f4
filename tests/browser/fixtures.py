"""Fixtures of the one Chromium of a test process, a plugin of all tests: every directory gets the same one.

A fixture that is imported into a second ``conftest.py`` is a second fixture, and would start a second browser.
"""

import os
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, Playwright, async_playwright, expect

from tests.browser.chromium import PATIENCE, Means, NoChromiumError, find_chromium, launch

_ENVIRONMENT = dict(os.environ)
"""As it was at the start: the session's servers take every ``GUATU_*`` out of it."""


def _say(line: str) -> None:
    """Print past pytest's capture, at once: what is said here takes long."""
    print(f"guatu: {line}", file=sys.__stderr__, flush=True)


@dataclass(frozen=True)
class Search:
    """Result of the search for a Chromium: the program, or the reason why there is none."""

    program: Path | None
    error: NoChromiumError | None


@pytest.fixture(scope="session")
async def playwright() -> AsyncGenerator[Playwright]:
    """Playwright's driver."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def search(playwright: Playwright) -> Search:
    """The search for a Chromium, once for the session."""
    means = Means(_ENVIRONMENT, Path(playwright.chromium.executable_path), root=os.geteuid() == 0)
    try:
        return Search(find_chromium(means, _say), None)
    except NoChromiumError as error:
        return Search(None, error)


@pytest.fixture(scope="session")
async def browser(playwright: Playwright, search: Search) -> AsyncGenerator[Browser]:
    """The browser of the session. Without one, skip; ``test_chromium.py`` fails where one is required."""
    if search.program is None:
        pytest.skip(str(search.error))
    browser = await launch(playwright, str(search.program))
    yield browser
    await browser.close()
