"""Changes are told at once, and after a lost connection that anything may have changed."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import asyncpg
import pytest

from petitions.discrepancies import Discrepancy, DiscrepancyKind
from store import Store
from store.changes import CaseChanges
from tests.petitions.building import Story


@pytest.fixture
async def changes(database: str) -> AsyncGenerator[CaseChanges]:
    changes = CaseChanges(database)
    task = asyncio.create_task(changes.listen())
    async with asyncio.timeout(10):
        await changes.listens.wait()
    yield changes
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_every_listener_is_told_which_case_was_written(store: Store, changes: CaseChanges) -> None:
    with changes.listener() as one, changes.listener() as other:
        await store.record("X1", Story(case_no="X1").entries)
        await store.record("X2", Story(case_no="X2").entries)
        async with asyncio.timeout(10):
            for listener in (one, other):
                told: set[str] = set()
                while told < {"X1", "X2"}:
                    told |= await listener.changed() or set()
                assert told == {"X1", "X2"}
        waits = asyncio.create_task(one.changed())
        await asyncio.sleep(0.1)
        assert not waits.done(), "nothing has changed since"
        waits.cancel()


async def test_what_a_reconciliation_finds_is_told_too(store: Store, changes: CaseChanges) -> None:
    found = Discrepancy(case_no="X1", kind=DiscrepancyKind.STOPPED, what="terminated", todo="")
    with changes.listener() as listener:
        for still in ([found], []):
            await store.keep_discrepancies(still, DiscrepancyKind)
            async with asyncio.timeout(10):
                assert await listener.changed() == {"X1"}


async def test_after_a_lost_connection_anything_may_have_changed(
    store: Store, changes: CaseChanges, database: str
) -> None:
    with changes.listener() as listener:
        other: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(database)
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE query LIKE 'LISTEN%' AND datname = current_database()"
        )
        await other.close()
        async with asyncio.timeout(20):
            assert await listener.changed() is None
        await store.record("X1", Story(case_no="X1").entries)
        async with asyncio.timeout(20):
            assert await listener.changed() == {"X1"}


async def test_too_many_to_be_named_are_told_as_anything(changes: CaseChanges) -> None:
    with changes.listener() as listener:
        for number in range(1_001):
            listener.tell(f"X{number}")
        assert await listener.changed() is None


async def test_it_knows_when_it_was_last_told(store: Store, changes: CaseChanges) -> None:
    before = changes.told_at()
    assert changes.told_at() == before
    with changes.listener() as listener:
        await store.record("X1", Story(case_no="X1").entries)
        async with asyncio.timeout(20):
            await listener.changed()
    assert changes.told_at() > before


def test_while_nothing_is_told_every_moment_may_have_changed_something() -> None:
    deaf = CaseChanges("postgresql://nowhere/nothing")
    assert deaf.told_at() < deaf.told_at()
