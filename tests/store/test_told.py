"""What the store tells of itself: of entries once they are written, and of every statement, without its text."""

from collections.abc import Sequence

import asyncpg
import pytest

from petitions.case import Case
from petitions.events import Entry
from store import RecordGapError, Store, open_pool
from store.connection import Statement
from tests.petitions.building import concluded, rectifying


async def test_of_entries_that_are_new_and_of_them_once(database: str) -> None:
    told: list[tuple[str, int, list[int]]] = []

    def on_written(case: Case, entries: Sequence[Entry]) -> None:
        told.append((case.case_no, case.seq, [entry.seq for entry in entries]))

    story = concluded()
    case_no, last = story.case.case_no, len(story.entries)
    async with open_pool(database, max_size=2) as pool:
        store = Store(pool, on_written)
        await store.record(case_no, story.entries[:2])
        await store.record(case_no, story.entries)
        await store.record(case_no, story.entries)
    assert told == [(case_no, 2, [1, 2]), (case_no, last, list(range(3, last + 1)))]


async def test_of_what_was_not_written_nothing(database: str) -> None:
    told: list[Case] = []
    story = rectifying()
    async with open_pool(database, max_size=2) as pool:
        store = Store(pool, lambda case, _: told.append(case))
        with pytest.raises(RecordGapError):
            await store.record(story.case.case_no, story.entries[1:])
    assert told == []


async def test_of_every_statement_its_name_and_whether_it_failed(database: str) -> None:
    told: list[Statement] = []
    async with open_pool(database, max_size=1, on_statement=told.append) as pool:
        await Store(pool).entries("X1")
        async with pool.acquire() as connection:
            with pytest.raises(asyncpg.DivisionByZeroError):
                await connection.fetch("SELECT 1/$1::int", 0)
            await connection.fetch("SELECT '王秘密'::text")
    assert [(each.name, each.failure) for each in told[-3:]] == [
        ("record.entries", None),
        ("other", "DivisionByZeroError"),
        ("other", None),
    ]
    assert all(each.seconds >= 0 for each in told)
    assert "王秘密" not in repr(told)
