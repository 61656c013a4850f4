"""Signing in at the desk by an OIDC provider on another site, in a real browser: which cookies come along."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, expect
from starlette.types import Receive, Scope, Send

from api.app import create_app
from api.oidc_provider import BACK_PATH
from store import Store, open_pool
from tests.api.conftest import settings_for
from tests.browser.axe import judge
from tests.browser.city import served
from tests.browser.conftest import Visits
from tests.browser.shown import TELEVISION, Shown
from tests.desk.provider import Provider, running_provider
from tests.petitions.building import rectifying
from tests.store.servers import Server


@dataclass(frozen=True)
class Desk:
    """A desk whose people sign in by a provider."""

    address: str
    provider: Provider


@pytest.fixture
async def desk(browser: Browser, server: Server, template: str, tmp_path: Path) -> AsyncGenerator[Desk]:
    """The desk, and the provider on another site than it; the browser is asked for first."""
    made: list[FastAPI] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # The address must be known before the application is made.
        await made[0](scope, receive, send)

    claims = {"sub": "zhao.7", "name": "赵维稳", "office": "city/stability-team"}
    async with (
        server.database(f"TEMPLATE {template}") as url,
        open_pool(url, max_size=5) as pool,
        running_provider("localhost", claims=claims, with_page=True) as provider,
        served(app) as address,
    ):
        story = rectifying()
        await Store(pool).record(story.case.case_no, story.entries)
        provider.back = f"{address}{BACK_PATH}"
        made.append(create_app(settings_for(url, **provider.settings(tmp_path, desk_url=address)), pool))
        yield Desk(address, provider)


@pytest.mark.parametrize("javascript", [True, False], ids=["with-scripts", "without"])
async def test_to_the_provider_on_another_site_and_back_and_out(desk: Desk, visits: Visits, javascript: bool) -> None:
    async with visits(desk.address, TELEVISION, javascript=javascript) as visitor:
        page = await visitor.open(Shown("desk", "/desk/cases/X1"))
        await page.get_by_role("link", name="用统一身份认证登录").click()
        await page.get_by_role("link", name="以某人身份登录").click()
        # Here a session's cookie that is strict must be there after a way that has begun elsewhere.
        await page.wait_for_url(f"{desk.address}/desk/cases/X1")
        await expect(page.locator("header")).to_contain_text("赵维稳")
        session = {each.get("name"): each for each in await page.context.cookies()}
        # The token that says at the end whose session it was is for the way out alone.
        assert set(session) == {"guatu_session", "guatu_identity"}, "what was remembered for the way is forgotten"
        assert session["guatu_identity"].get("path") == "/desk/sign-out"
        assert session["guatu_session"].get("httpOnly") is True
        assert session["guatu_session"].get("sameSite") == "Strict"

        await page.get_by_role("button", name="退出").click()
        await page.wait_for_url(f"{desk.address}/desk/sign-in")
        assert await page.context.cookies() == []
        assert len(desk.provider.ended) == 1
        if javascript:
            assert not (await judge(page)).violations


async def test_a_form_on_another_site_reaches_nothing(desk: Desk, visits: Visits) -> None:
    """A page of the provider's site posts to the desk, in the browser of somebody who has signed in."""
    async with visits(desk.address) as visitor:
        visitor.watch.allowed |= {403}
        page = await visitor.open(Shown("desk", "/desk/sign-in"))
        await page.get_by_role("link", name="用统一身份认证登录").click()
        await page.get_by_role("link", name="以某人身份登录").click()
        await page.wait_for_url(f"{desk.address}/desk")
        await page.goto(f"{desk.provider.address}/jwks")
        await page.evaluate(
            """address => {
                const form = document.createElement('form');
                form.method = 'post';
                form.action = address;
                document.body.append(form);
                form.submit();
            }""",
            f"{desk.address}/desk/sign-out",
        )
        await page.wait_for_url(f"{desk.address}/desk/sign-out")
        await expect(page.locator("#main")).to_contain_text("来自其他网站")
        await page.goto(f"{desk.address}/desk")
        assert page.url == f"{desk.address}/desk", "the session goes on"
