"""A real Postgres, and a fresh migrated database of it for every test.

``GUATU_TEST_SUPERUSER_URL`` names another server to test on, by a superuser's address: only databases whose names
begin with ``guatu_test_`` are made there, and removed again.
"""

import os
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

import asyncpg
import pytest

from store import Store, migrate, open_pool
from store.connection import Connection, Pool
from tests.store.servers import Server, as_role, own_postgres

_GIVEN = os.environ.get("GUATU_TEST_SUPERUSER_URL")


@pytest.fixture(scope="session")
async def server() -> AsyncGenerator[Server]:
    """The server of the session."""
    if _GIVEN:
        yield Server(_GIVEN)
    else:
        async with own_postgres() as postgres:
            server = Server(postgres.dsn("postgres", "postgres"))
            # Making a database for every test is mostly waiting for the disk; no test crashes this server.
            await server.execute("ALTER SYSTEM SET fsync = off")
            await server.execute("SELECT pg_reload_conf()")
            yield server


@pytest.fixture
async def empty_database(server: Server) -> AsyncGenerator[str]:
    """The address of a database with nothing in it."""
    async with server.database("ENCODING 'UTF8' TEMPLATE template0") as url:
        yield url


@pytest.fixture(scope="session")
async def application(server: Server) -> AsyncGenerator[str]:
    """The role of the application, which may only add to the record: the store has to do with that."""
    role = "guatu_test_application"
    await server.execute(f"DROP ROLE IF EXISTS {role}")
    await server.execute(f"CREATE ROLE {role} LOGIN")
    yield role
    await server.execute(f"DROP ROLE {role}")


@pytest.fixture(scope="session")
async def template(server: Server, application: str) -> AsyncGenerator[str]:
    """The name of a migrated database to copy."""
    async with server.database("ENCODING 'UTF8' TEMPLATE template0") as url:
        await migrate(url, application)
        yield urlsplit(url).path.removeprefix("/")


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
