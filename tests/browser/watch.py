"""What a browser complains of while a page is open: nothing of it may happen in a test that does not expect it."""

import pytest
from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, Response, WebError

_ANSWERED_WITH_ERROR = "Failed to load resource: the server responded with a status of"
"""The console's line for an answer that ``Watch`` hears of itself, with its address."""


class Watch:
    """Listens to all pages of a context.

    Attributes:
        trouble: A line for each thing that was wrong: console errors and warnings (violations of the content security
            policy are such), uncaught errors, failed requests, answers from 400 on, dialogs.
        allowed: Statuses that are no trouble in this test, as an address that is not there is meant to have.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.trouble: list[str] = []
        self.allowed: set[int] = set()
        context.on("console", self._said)
        context.on("weberror", self._error)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)
        context.on("page", self._opened)

    def forget(self) -> None:
        """Begin anew with another page: nothing was wrong, and nothing is allowed."""
        self.trouble.clear()
        self.allowed.clear()

    def assert_quiet(self) -> None:
        """Fail the test if anything was wrong."""
        if self.trouble:
            pytest.fail("the browser complained:\n" + "\n".join(self.trouble), pytrace=False)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_ANSWERED_WITH_ERROR):
            self.trouble.append(f"console {message.type}: {message.text}")

    def _error(self, error: WebError) -> None:
        self.trouble.append(f"uncaught error: {error.error}")

    def _failed(self, request: Request) -> None:
        # The browser itself hangs up what is under way when a page is left: an icon, a stream. A server that does has
        # another name in the failure.
        if request.failure == "net::ERR_ABORTED":
            return
        self.trouble.append(f"request failed: {request.method} {request.url} ({request.failure})")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.allowed:
            self.trouble.append(f"answered with {response.status}: {response.request.method} {response.url}")

    def _opened(self, page: Page) -> None:
        page.on("dialog", self._asked)

    async def _asked(self, dialog: Dialog) -> None:
        self.trouble.append(f"dialog: {dialog.type} {dialog.message}")
        await dialog.dismiss()
