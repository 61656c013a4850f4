"""A fresh migrated database of the run's Postgres for every test."""

from collections.abc import AsyncGenerator

import asyncpg
import pytest

from store import Store, open_pool
from store.connection import Connection, Pool
from tests.store.servers import Server, as_role


@pytest.fixture
async def empty_database(server: Server) -> AsyncGenerator[str]:
    """The address of a database with nothing in it."""
    async with server.database("ENCODING 'UTF8' TEMPLATE template0") as url:
        yield url


@pytest.fixture
async def database(server: Server, template: str) -> AsyncGenerator[str]:
    """The address of a migrated database, as a superuser."""
    async with server.database(f"TEMPLATE {template}") as url:
        yield url


@pytest.fixture
async def pool(database: str, application: str) -> AsyncGenerator[Pool]:
    """Connections as the service has them."""
    async with open_pool(as_role(database, application), max_size=8) as pool:
        yield pool


@pytest.fixture
async def store(pool: Pool) -> Store:
    """The store on a database of its own."""
    return Store(pool)


@pytest.fixture
async def admin(database: str) -> AsyncGenerator[Connection]:
    """Somebody with all rights who goes around the store."""
    connection: Connection = await asyncpg.connect(database)
    yield connection
    await connection.close()
