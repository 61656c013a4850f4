"""The application on a real Postgres: a fresh migrated database for every test, and a clock that stands still."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import ApiSettings
from store import Store, open_pool
from store.connection import Connection, Pool
from tests.petitions.building import Story
from tests.store.servers import Server

NOW = datetime(2021, 9, 3, tzinfo=UTC)
"""What every page takes for now; in the stories' local time eight in the morning of day 7."""


class Records:
    """Writes stories into the store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def keep(self, *stories: Story) -> None:
        """Write all that has happened in each of them."""
        for story in stories:
            await self.store.record(story.case.case_no, story.entries)


def settings_for(database: str, **changes: object) -> ApiSettings:
    """Settings of a process on this database, whose clock moves a day in 30 years from ``NOW`` on."""
    clock = {"engine_origin": datetime.now(UTC).isoformat(), "shown_origin": NOW.isoformat(), "day_seconds": 1e9}
    values = {"database_url": database, "short_clock": json.dumps(clock), "api_port": 0, "api_metrics_port": 0}
    return ApiSettings.model_validate(values | {"api_store_seconds": 60} | changes)


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """A client that gets the answer to a failure, as one outside does."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


@dataclass(frozen=True)
class House:
    """An application on a database of its own."""

    app: FastAPI
    client: httpx.AsyncClient
    records: Records
    pool: Pool
    database: str

    async def connect(self) -> Connection:
        """Somebody with all rights who goes around the store; to be closed."""
        return await asyncpg.connect(self.database)


@asynccontextmanager
async def house(server: Server, template: str) -> AsyncGenerator[House]:
    """An application on a fresh migrated database, for as long as the block runs."""
    async with server.database(f"TEMPLATE {template}") as url, open_pool(url, max_size=5) as pool:
        app = create_app(settings_for(url), pool)
        async with client_of(app) as client:
            yield House(app, client, Records(Store(pool)), pool, url)


@pytest.fixture(scope="session")
async def bare(server: Server, template: str) -> AsyncGenerator[House]:
    """An application without a case, for tests that add none: a database of one's own takes a second."""
    async with house(server, template) as bare:
        yield bare


@pytest.fixture
async def own(server: Server, template: str) -> AsyncGenerator[House]:
    """An application of the test's own."""
    async with house(server, template) as own:
        yield own


@pytest.fixture
def records(own: House) -> Records:
    """Where a test puts its cases."""
    return own.records


@pytest.fixture
def client(own: House) -> httpx.AsyncClient:
    """Somebody who calls the application of the test's own."""
    return own.client
