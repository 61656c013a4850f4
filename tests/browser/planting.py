"""A site of one page, with whatever fault a test plants in it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response

from tests.browser.city import served

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


@asynccontextmanager
async def planted_site(planted: str, **headers: str) -> AsyncGenerator[str]:
    """The address of a site whose page has this in its ``main``, while the block runs.

    Args:
        planted: HTML.
        headers: Further headers of the page's answer, with ``_`` for ``-``.
    """
    app = FastAPI(openapi_url=None)

    async def page() -> Response:
        return HTMLResponse(_PAGE.format(planted), headers={key.replace("_", "-"): headers[key] for key in headers})

    async def picture() -> Response:
        return Response(_PIXEL, media_type="image/svg+xml")

    app.add_api_route("/", page)
    app.add_api_route("/picture", picture)
    async with served(app) as address:
        yield address
