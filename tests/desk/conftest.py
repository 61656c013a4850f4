"""The desk on the session's real servers, where keys are issued: an application, and a browser for every office."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import ApiSettings
from intake.engine import Engine
from store import Store, open_pool
from store.connection import Pool
from tests.api.conftest import own
from tests.desk.browsing import Browser
from tests.http.conftest import engine, http_client, master_key_file
from tests.places import SharedStack

__all__ = ["engine", "master_key_file", "own"]

SignsIn = Callable[..., Awaitable[Browser]]


@pytest.fixture(scope="package")
async def pool(stack: SharedStack) -> AsyncIterator[Pool]:
    """The application's connections; in the end nobody has a key any more: other tests need a machine without any."""
    async with open_pool(stack.database_url, max_size=10) as pool:
        yield pool
        await pool.execute("DELETE FROM desk_session")
        await pool.execute("DELETE FROM api_key")


def settings(stack: SharedStack, **changes: object) -> ApiSettings:
    """Settings of a process that lets nobody in without a key."""
    patience = {"api_engine_seconds": 120, "api_store_seconds": 60}
    values: dict[str, object] = {"database_url": stack.database_url, "api_access": "keys", **patience}
    return ApiSettings.model_validate(values | changes)


@pytest.fixture(scope="package")
async def app(stack: SharedStack, engine: Engine, master_key_file: Path, pool: Pool) -> FastAPI:
    """The application; who has no key is not let in."""
    return create_app(settings(stack, master_key_file=master_key_file), pool, engine=engine)


@pytest.fixture(scope="package")
async def http(stack: SharedStack, engine: Engine, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """A program on the same database that may do everything."""
    async with http_client(create_app(settings(stack, api_access="open"), pool, engine=engine)) as client:
        yield client


@pytest.fixture
async def signs_in(app: FastAPI, store: Store) -> AsyncIterator[SignsIn]:
    """Signs a person of an office in, and gives their browser."""
    clients: list[httpx.AsyncClient] = []

    async def sign_in(office: str, name: str = "经办人", app_: FastAPI = app) -> Browser:
        key = await store.issue_key(label="测试", office=office)
        client = http_client(app_)
        clients.append(client)
        browser = Browser(client)
        page = await browser.sign_in(key, name)
        assert page.status == 200, page.text
        return browser

    yield sign_in
    for client in clients:
        await client.aclose()
