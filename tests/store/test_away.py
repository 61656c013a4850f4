"""Postgres away, hanging or wrong: the kind of error says whether to try again."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest

from guatu.embedded.postgres import EmbeddedPostgres
from petitions.events import Entry
from store import RecordConflictError, Store, StoreAwayError, StoreMisconfiguredError, migrate, open_pool
from store.connection import Connection, Statement
from tests.guatu.trouble import standing_still
from tests.petitions.building import concluded
from tests.store.servers import own_postgres

SILENT = "it is silent"


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
    async with open_pool(postgres.dsn(), max_size=4, command_seconds=2) as pool:
        store = Store(pool)
        await store.record("X1", story.entries[:3])
        with hanging(postgres):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await store.record("X1", story.entries[3:])
            with pytest.raises(StoreAwayError):
                await store.record("X1", story.entries[3:])
        assert await recorded(store, story.entries) == len(story.entries)


async def recorded(store: Store, entries: Sequence[Entry]) -> int:
    """Write entries as soon as the server that is back has answered; the last sequence number."""
    while True:
        with contextlib.suppress(StoreAwayError):
            return (await store.record("X1", entries)).last_seq


async def test_nobody_waits_for_a_silent_server_but_one_who_asks(postgres: EmbeddedPostgres) -> None:
    story = concluded()
    failed: list[Statement] = []

    def note(statement: Statement) -> None:
        failed.extend([statement] if statement.failure and statement.name != "other" else [])

    async with open_pool(postgres.dsn(), max_size=4, command_seconds=2, on_statement=note) as pool:
        store = Store(pool)
        await store.record("X1", story.entries[:3])
        with hanging(postgres):
            with pytest.raises(StoreAwayError):
                await store.record("X1", story.entries[3:])
            calls = (store.record("X1", story.entries[3:]) for _ in range(20))
            errors = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(error, StoreAwayError) and SILENT in str(error) for error in errors), errors
        assert len(failed) == 1, "the first alone has waited"
        assert await recorded(store, story.entries) == len(story.entries)
        await postgres.stop()
        with pytest.raises(StoreAwayError, match="Postgres does not answer now") as refused:
            await store.record("X1", story.entries)
        assert SILENT not in str(refused.value), "one that refuses keeps nobody waiting: it is tried each time"


async def test_a_statement_that_waits_for_a_lock_is_no_silence(postgres: EmbeddedPostgres) -> None:
    story = concluded()
    async with open_pool(postgres.dsn(), max_size=4, command_seconds=2) as pool, pool.acquire() as other:
        store = Store(pool)
        async with other.transaction():
            await other.execute("LOCK TABLE case_event IN SHARE MODE")
            with pytest.raises(StoreAwayError) as waited:
                await store.record("X1", story.entries)
            assert SILENT not in str(waited.value)
            assert await store.notices("X1") == []
        assert (await store.record("X1", story.entries)).last_seq == len(story.entries)


async def test_with_a_hanging_server_a_pool_neither_opens_nor_keeps_anybody_from_closing(
    postgres: EmbeddedPostgres,
) -> None:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(postgres.dsn(), min_size=2, command_seconds=2))
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
