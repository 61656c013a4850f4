"""``python -m tests.browser.screenshots DIR [PAGE…]``: pages on every screen and on paper, to be looked at."""

import asyncio
import os
import sys
from collections.abc import Collection
from pathlib import Path

from playwright.async_api import async_playwright

from store import migrate
from tests.browser.chromium import Means, find_chromium, launch
from tests.browser.city import city_site
from tests.browser.shown import PAGES, screens
from tests.browser.visiting import visiting
from tests.store.servers import Server, own_postgres


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


async def take(directory: Path, names: Collection[str] = ()) -> None:
    """Write a picture for each page and screen: ``<page>.<screen>.png``, and ``<page>.pdf``, as it is printed.

    Args:
        directory: Where to. Pictures of the same name are overwritten.
        names: Of which pages; none: of all.

    Raises:
        NoChromiumError: There is no browser to take them with.
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
                for shown in (page for page in PAGES if not names or page.name in names):
                    for screen in screens(shown):
                        async with visiting(browser, site.address, screen) as visitor:
                            page = await visitor.open(shown)
                            file = directory / f"{shown.name}.{screen.name}.png"
                            # The television shows what fits on it, the others can be scrolled or have more sheets.
                            await page.screenshot(path=file, full_page=screen.telephone or screen.paper)
                            if screen.paper:
                                await page.pdf(
                                    path=directory / f"{shown.name}.pdf",
                                    prefer_css_page_size=True,
                                    print_background=True,
                                )
                            _say(str(file))
        await browser.close()


if __name__ == "__main__":
    if len(sys.argv) < 2 or set(sys.argv[2:]) - {page.name for page in PAGES}:
        sys.exit(f"usage: python -m tests.browser.screenshots DIR [{'|'.join(page.name for page in PAGES)}]…")
    chosen = Path(sys.argv[1])
    chosen.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(chosen, sys.argv[2:]))
