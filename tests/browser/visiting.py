"""Opening pages in contexts as our users' browsers have them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Browser, Page

from tests.browser.chromium import PATIENCE
from tests.browser.shown import TELEVISION, Screen, Shown
from tests.browser.watch import Watch


@dataclass(frozen=True)
class Visitor:
    """Somebody with a browser of their own: no cookies, no cache, Chinese, in Shanghai's time.

    Attributes:
        page: The open page.
        address: Of the site that is visited.
        watch: What the browser complains of.
    """

    page: Page
    address: str
    watch: Watch

    async def open(self, shown: Shown) -> Page:
        """Open a page, which must be answered with its status; at the desk, having signed in for its office."""
        if shown.office:
            await self.sign_in(shown.office)
        if shown.status >= 400:
            self.watch.allowed.add(shown.status)
        # Not "networkidle": a live page never is.
        answer = await self.page.goto(self.address + shown.path, wait_until="load")
        assert answer is not None
        assert answer.status == shown.status, f"{shown.path} is answered with {answer.status}"
        return self.page

    async def sign_in(self, office: str, name: str = "某某某") -> None:
        """Sign in at the desk of a site that no key was ever issued for."""
        form: dict[str, str | float | bool] = {"office": office, "name": name}
        answer = await self.page.context.request.post(f"{self.address}/desk/sign-in", form=form, max_redirects=0)
        assert answer.status == 303, await answer.text()


@asynccontextmanager
async def visiting(
    browser: Browser, address: str, screen: Screen = TELEVISION, *, javascript: bool = True
) -> AsyncGenerator[Visitor]:
    """A visitor of a site, whose browser must have nothing to complain of when the block ends."""
    context = await browser.new_context(
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        viewport={"width": screen.width, "height": screen.height},
        is_mobile=screen.telephone,
        has_touch=screen.telephone,
        device_scale_factor=2 if screen.telephone else 1,
        java_script_enabled=javascript,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    try:
        watch = Watch(context)
        page = await context.new_page()
        if screen.paper:
            await page.emulate_media(media="print")
        yield Visitor(page, address, watch)
        watch.assert_quiet()
    finally:
        await context.close()
