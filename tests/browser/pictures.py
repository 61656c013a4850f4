"""``python -m tests.browser.pictures``: the README's pictures, drawn from the demonstration's cases.

They are text (SVG), drawn from where everything stands on the page, so that a change of one shows what has changed.
"""

import asyncio
import os
import sys
from importlib import resources
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from store import migrate
from tests.browser.chromium import Means, find_chromium, launch
from tests.browser.city import city_site
from tests.browser.shown import PAGES, Screen, Shown
from tests.browser.visiting import visiting
from tests.store.servers import Server, own_postgres

PLACE = Path(__file__).parent.parent.parent / "docs" / "pictures"
PICTURES = {"wall": Screen("picture", 1920, 900), "case-overdue": Screen("picture", 1600, 900)}
"""The pages that have a picture, and the screen on which it is drawn."""
_DRAW = resources.files("tests.browser").joinpath("drawing.js").read_text(encoding="utf-8")


async def drawn(page: Page) -> str:
    """An open page as SVG."""
    return await page.evaluate(_DRAW)


async def draw(browser: Browser, address: str, shown: Shown) -> str:
    """The picture of a page of a site."""
    async with visiting(browser, address, PICTURES[shown.name]) as visitor:
        return await drawn(await visitor.open(shown))


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


async def renew() -> None:
    """Draw all pictures anew.

    Raises:
        NoChromiumError: There is no browser to draw them with.
    """
    async with async_playwright() as playwright, own_postgres() as postgres:
        means = Means(os.environ, Path(playwright.chromium.executable_path), root=os.geteuid() == 0)
        program = await asyncio.to_thread(find_chromium, means, _say)
        server = Server(postgres.dsn("postgres", "postgres"))
        browser = await launch(playwright, str(program))
        async with server.database("ENCODING 'UTF8' TEMPLATE template0") as template:
            await migrate(template)
            name = template.partition("?")[0].rpartition("/")[2]
            async with city_site(server, name) as site:
                for shown in (page for page in PAGES if page.name in PICTURES):
                    file = PLACE / f"{shown.name}.svg"
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(await draw(browser, site.address, shown), encoding="utf-8")
                    _say(f"{file.name}: {file.stat().st_size // 1024} KiB")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(renew())
