"""Postgres away, hanging or wrong: the kind of error says whether to try again."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, AsyncExitStack
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest

from guatu.embedded.postgres import EmbeddedPostgres
from store import RecordConflictError, Store, StoreAwayError, StoreMisconfiguredError, migrate, open_pool
from store.connection import Connection
from tests.guatu.trouble import standing_still
from tests.petitions.building import concluded
from tests.store.servers import own_postgres


@pytest.fixture(scope="module")
async def stoppable() -> AsyncGenerator[EmbeddedPostgres]:
    """A server beside that of the other tests."""
    async with own_postgres() as postgres:
        await migrate(postgres.dsn())
        yield postgres


@pytest.fixture
async def postgres(stoppable: EmbeddedPostgres) -> AsyncGenerator[EmbeddedPostgres]:
    """A server that the test may stop, with an empty store."""
    await stoppable.start()
    yield stoppable
    await stoppable.start()
    connection: Connection = await asyncpg.connect(stoppable.dsn())
    await connection.execute("""
        ALTER TABLE case_event DISABLE TRIGGER append_only;
        TRUNCATE case_event, petition_case, waiting, notice;
        ALTER TABLE case_event ENABLE ALWAYS TRIGGER append_only;
    """)
    await connection.close()


def hanging(postgres: EmbeddedPostgres) -> AbstractContextManager[None]:
    """The server's processes take connections and do nothing more."""
    return standing_still(psutil.Process(postgres.pid))


async def test_writes_go_on_where_they_were_when_postgres_is_back(postgres: EmbeddedPostgres) -> None:
    story = concluded()
    async with open_pool(postgres.dsn(), max_size=4) as pool:
        store = Store(pool)
        await store.record("X1", story.entries[:3])
        assert await store.fault() is None
        await postgres.stop()
        for _ in range(3):
            with pytest.raises(StoreAwayError, match="Postgres does not answer now"):
                await store.record("X1", story.entries[3:])
        with pytest.raises(StoreAwayError):
            await migrate(postgres.dsn())
        assert "does not answer now" in str(await store.fault())
        await postgres.start()
        assert (await store.record("X1", story.entries)).last_seq == len(story.entries)
        assert await store.rebuild() == []
        assert await store.fault() is None


async def test_a_hanging_server_is_away_and_comes_back(postgres: EmbeddedPostgres) -> None:
    story = concluded()
    async with open_pool(postgres.dsn(), max_size=4, command_seconds=0.5) as pool:
        store = Store(pool)
        await store.record("X1", story.entries[:3])
        with hanging(postgres):
            with pytest.raises(StoreAwayError):
                await store.record("X1", story.entries[3:])
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await store.record("X1", story.entries[3:])
        assert (await store.record("X1", story.entries)).last_seq == len(story.entries)


async def test_with_a_hanging_server_a_pool_neither_opens_nor_keeps_anybody_from_closing(
    postgres: EmbeddedPostgres,
) -> None:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(postgres.dsn(), min_size=2, command_seconds=0.5))
        await Store(pool).record("X1", concluded().entries)
        with hanging(postgres):
            with pytest.raises(StoreAwayError):
                await Store(pool).record("X1", [])
            await stack.aclose()
            with pytest.raises(StoreAwayError):
                async with open_pool(postgres.dsn()):
                    pass


async def test_a_pool_may_be_opened_while_the_server_is_away(postgres: EmbeddedPostgres) -> None:
    await postgres.stop()
    with pytest.raises(StoreAwayError):
        async with open_pool(postgres.dsn()):
            pass
    async with open_pool(postgres.dsn(), min_size=0) as pool:
        with pytest.raises(StoreAwayError):
            await Store(pool).record("X1", concluded().entries)
        await postgres.start()
        assert (await Store(pool).record("X1", concluded().entries)).written > 0


async def test_connections_that_the_server_ended_are_replaced(postgres: EmbeddedPostgres) -> None:
    story = concluded()
    async with open_pool(postgres.dsn(), min_size=2, max_size=2) as pool:
        store = Store(pool)
        for entry in story.entries:
            await pool.execute("""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE usename = current_user AND pid <> pg_backend_pid()
            """)
            written = False
            while not written:
                try:
                    written = (await store.record("X1", [entry])).last_seq == entry.seq
                except StoreAwayError:
                    continue
        assert await store.rebuild() == []


@pytest.mark.parametrize("wrong", ["database", "role", "dsn"])
async def test_a_wrong_address_is_not_tried_again(postgres: EmbeddedPostgres, wrong: str) -> None:
    given = {
        "database": postgres.dsn(database="nowhere"),
        "role": postgres.dsn(role="nobody"),
        "dsn": urlsplit(postgres.dsn())._replace(scheme="mysql").geturl(),
    }
    with pytest.raises(StoreMisconfiguredError, match="check GUATU_DATABASE_URL"):
        async with open_pool(given[wrong]):
            pass
    with pytest.raises(StoreMisconfiguredError):
        await migrate(given[wrong])


async def test_a_host_that_there_is_not_is_named() -> None:
    with pytest.raises(StoreAwayError, match=r"no such host: db\.invalid\): start it, or set GUATU_DATABASE_URL"):
        async with open_pool("postgresql://guatu:secret@db.invalid:5432/guatu"):
            pass


async def test_a_conflict_is_no_reason_to_drop_the_connection(postgres: EmbeddedPostgres) -> None:
    story = concluded()
    async with open_pool(postgres.dsn(), max_size=1) as pool:
        store = Store(pool)
        await store.record("X1", story.entries)
        pid = await pool.fetchval("SELECT pg_backend_pid()")
        with pytest.raises(RecordConflictError):
            await store.record("X1", [story.entries[0].model_copy(update={"text": "?"})])
        assert await pool.fetchval("SELECT pg_backend_pid()") == pid
