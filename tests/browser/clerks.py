"""People at the desk with real browsers: they sign in by their office's key, fill in forms and press buttons."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import FilePayload, Locator, Page, expect

from store import Store
from tests.browser.shown import TELEVISION, Screen
from tests.browser.visiting import Visitor


@dataclass(frozen=True)
class Clerk:
    """Somebody of an office, at one page of their browser.

    Attributes:
        visitor: The browser.
        page: The page.
    """

    visitor: Visitor
    page: Page

    async def second_tab(self) -> "Clerk":
        """The same person at another page of the same browser."""
        return Clerk(self.visitor, await self.page.context.new_page())

    async def go(self, path: str) -> None:
        """Open a page of the site."""
        await self.page.goto(self.visitor.address + path, wait_until="load")

    async def form(self, case_no: str, kind: str) -> "FilledForm":
        """Open a case's desk page at one form."""
        await self.go(f"/desk/cases/{case_no}?form={kind}")
        return self.form_here(kind)

    def form_here(self, kind: str) -> "FilledForm":
        """A form of the page that is open."""
        return FilledForm(self.page, self.page.locator(f"#form-{kind.replace('_', '-')}"))

    async def reads(self, text: str) -> None:
        """Wait until the page says this."""
        await expect(self.page.locator("#main")).to_contain_text(text)


@dataclass(frozen=True)
class FilledForm:
    """A form of a page, filled in by what stands beside its fields."""

    page: Page
    box: Locator

    async def in_front(self) -> "FilledForm":
        """Turn to the form's tab. A tab behind another is drawn once a second, and clicks wait for that."""
        await self.page.bring_to_front()
        return self

    def field(self, label: str) -> Locator:
        """The field with this label."""
        return self.box.get_by_label(label).first

    async def fill(self, **given: str) -> "FilledForm":
        """Type into fields, by their labels."""
        for label, text in given.items():
            await self.field(label).fill(text)
        return self

    async def choose(self, *words: str) -> "FilledForm":
        """Choose buttons and boxes by what stands beside them."""
        for word in words:
            await self.box.get_by_label(word, exact=True).check()
        return self

    async def select(self, **given: str) -> "FilledForm":
        """Choose from lists, by their labels."""
        for label, word in given.items():
            await self.field(label).select_option(label=word)
        return self

    async def attach(self, name: str, file_name: str, content: bytes, *, camera: bool = False) -> "FilledForm":
        """Choose a file, or take a picture."""
        files = self.box.locator(f"input[type=file][name={name}]")
        which = files.last if camera else files.first
        await which.set_input_files(FilePayload(name=file_name, mimeType="application/octet-stream", buffer=content))
        return self

    async def press(self, button: str) -> None:
        """Press a button and wait for the page that it leads to."""
        async with self.page.expect_navigation(wait_until="load"):
            await self.box.get_by_role("button", name=button, exact=True).last.click()

    async def send(self, button: str) -> None:
        """Press a button, and the case has taken it in."""
        await self.press(button)
        await expect(self.page.locator("#done")).to_contain_text("已提交")


@dataclass
class Clerks:
    """Lets people of offices in.

    Attributes:
        address: Of the site.
        store: Its record, which issues the keys.
        visit: Sends a visitor with a fresh browser to an address.
    """

    address: str
    store: Store
    visit: Callable[..., AbstractAsyncContextManager[Visitor]]
    javascript: bool = field(default=True)

    @asynccontextmanager
    async def of(self, office: str, name: str, screen: Screen = TELEVISION, **how: Any) -> AsyncGenerator[Clerk]:
        """Somebody of an office, who has signed in, for as long as the block runs."""
        key = await self.store.issue_key(label="测试", office=office)
        async with self.visit(self.address, screen, javascript=self.javascript, **how) as visitor:
            clerk = Clerk(visitor, visitor.page)
            await self.sign_in(clerk, key, name)
            yield clerk

    async def sign_in(self, clerk: Clerk, key: str, name: str) -> None:
        """Sign in on the page for that."""
        await clerk.go("/desk/sign-in")
        page = clerk.page
        await page.get_by_label("单位密钥").fill(key)
        await page.get_by_label("本人姓名").fill(name)
        await page.get_by_role("button", name="登录").click()
        await page.wait_for_url("**/desk")
