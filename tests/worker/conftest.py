"""A Temporal namespace and a Postgres database for each module, where no other worker takes the cases."""

import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from pathlib import Path

import asyncpg
import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from guatu.embedded.stack import EmbeddedStack
from store import Store, open_pool
from tests.worker.worker_process import until

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """Where a worker process works.

    Attributes:
        settings: What the process is given.
        client: A plain client of the namespace.
        database_url: The database; empty at first.
    """

    settings: dict[str, str]
    client: Client
    database_url: str


async def new_place(stack: EmbeddedStack) -> Place:
    """A namespace without search attributes and a database without a schema."""
    name = f"worker-{next(_numbers)}"
    client = await Client.connect(stack.temporal_address, namespace=name)
    retention = Duration()
    retention.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=retention)
    )
    database = f"guatu_{name.replace('-', '_')}"
    connection = await asyncpg.connect(stack.database_url)
    await connection.execute(f"CREATE DATABASE {database}")
    await connection.close()
    url = stack.postgres.dsn(database=database)
    settings = {
        "GUATU_DATABASE_URL": url,
        "TEMPORAL_ADDRESS": stack.temporal_address,
        "TEMPORAL_NAMESPACE": name,
    }
    return Place(settings, client, url)


@dataclass
class HeldUp:
    """Somebody else's lock: writes of the record wait for it, reading goes on."""

    connection: "asyncpg.Connection[asyncpg.Record]"

    async def until_waited_for(self) -> None:
        """Wait until a write is on its way."""

        async def are_there_any() -> bool:
            return bool(await self.connection.fetchval(_WAITERS))

        await until("a write waits", are_there_any)


_WAITERS = "SELECT count(*) FROM pg_locks WHERE relation = 'case_event'::regclass AND NOT granted"


@asynccontextmanager
async def writes_held_up(database_url: str) -> AsyncGenerator[HeldUp]:
    """Hold up all writes of the record while the block runs."""
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE case_event IN SHARE MODE")
            yield HeldUp(connection)
    finally:
        await connection.close()


def dazhou() -> str:
    """The text of the shipped jurisdiction file."""
    return resources.files("petitions.jurisdictions").joinpath("dazhou.toml").read_text(encoding="utf-8")


async def has_event(store: Store, case_no: str, event: str) -> bool:
    """Whether the record of a case has an entry of this kind."""
    return event in [line.event for line in await store.timeline(case_no)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the worker's standard error goes."""
    return tmp_path / "worker.log"


@pytest.fixture
async def store(place: Place) -> AsyncGenerator[Store]:
    """The tests' own connections to the module's database; a worker must have prepared it before they are used."""
    async with open_pool(place.database_url, max_size=2) as pool:
        yield Store(pool)


@pytest.fixture(scope="module")
async def place(stack: EmbeddedStack) -> Place:
    """The module's own."""
    return await new_place(stack)
