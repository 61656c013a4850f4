"""A Temporal namespace and a Postgres database for each module, where no other worker takes the cases."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import asyncpg
import pytest

from store import Store, open_pool
from tests.places import Place, SharedStack, new_place
from tests.worker.worker_process import until


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
async def place(stack: SharedStack) -> Place:
    """The module's own."""
    return await new_place(stack)
