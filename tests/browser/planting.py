"""A site of pages with whatever fault a test plants in them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from playwright.async_api import Browser, Page
from starlette.responses import HTMLResponse, Response

from tests.browser.city import served
from tests.browser.shown import TELEVISION, Screen, Shown
from tests.browser.tabs import Tabs, open_tabs

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>一页</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>一页</h1>{}</main></body>
</html>
"""
_PIXEL = (
    b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9' fill='#a8201a'/></svg>"
)


class Planted:
    """The site. Each thing that is planted has a path of its own.

    Attributes:
        address: Where it is.
        tabs: Tabs in which it is shown.
    """

    def __init__(self, address: str, tabs: Tabs) -> None:
        self.address = address
        self.tabs = tabs
        self._pages: list[HTMLResponse] = []

    def plant(self, planted: str, **headers: str) -> Shown:
        """A page with this in its ``main``.

        Args:
            planted: HTML.
            headers: Further headers of the page's answer, with ``_`` for ``-``.
        """
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        self._pages.append(HTMLResponse(_PAGE.format(planted), headers=named))
        return Shown("planted", f"/{len(self._pages) - 1}")

    async def show(self, planted: str, screen: Screen = TELEVISION, *, javascript: bool = True) -> Page:
        """Plant something and show its page."""
        tab = self.tabs.of(screen) if javascript else self.tabs.scriptless
        return await tab.show(self.plant(planted), screen)

    def page(self, number: int) -> Response:
        """The answer with what was planted as this."""
        return self._pages[number] if number < len(self._pages) else Response(status_code=404)


@asynccontextmanager
async def planted_site(browser: Browser) -> AsyncGenerator[Planted]:
    """The site, while the block runs."""
    made: list[Planted] = []
    app = FastAPI(openapi_url=None)

    async def page(number: int) -> Response:
        return made[0].page(number)

    async def picture() -> Response:
        return Response(_PIXEL, media_type="image/svg+xml")

    app.add_api_route("/picture", picture)
    app.add_api_route("/{number:int}", page)
    async with served(app) as address, open_tabs(browser, address) as tabs:
        made.append(Planted(address, tabs))
        yield made[0]
