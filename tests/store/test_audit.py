"""The read model against the record: what differs is listed, and mended only by a rebuild."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from petitions.case import Case
from store import Store, queries
from store.connection import Connection, PooledConnection
from store.record import folded
from store.rows import case_columns, waiting_rows
from tests.petitions.building import Story, concluded
from tests.store.planting import all_sorts, keep_one_by_one, read_model, tamper


@pytest.fixture
async def stories(store: Store) -> Sequence[Story]:
    made = all_sorts()
    await keep_one_by_one(store, *made)
    return made


async def test_a_rewritten_row_gets_every_column(admin: Connection) -> None:
    columns = await admin.fetch("""
        SELECT column_name FROM information_schema.columns
        WHERE table_name = 'petition_case' AND column_name NOT IN ('case_no', 'updated_at')
    """)
    write = queries.load("record")["write"].sql
    for (column,) in columns:
        assert f" {column} = excluded.{column}," in write, f"the query write does not renew {column}"


@pytest.mark.usefixtures("stories")
async def test_a_rebuild_of_what_is_right_finds_and_writes_nothing(store: Store, admin: Connection) -> None:
    before = await admin.fetch("SELECT * FROM petition_case ORDER BY case_no")
    assert await store.differences() == await store.rebuild() == []
    assert await admin.fetch("SELECT * FROM petition_case ORDER BY case_no") == before


async def test_dropped_and_rebuilt_it_is_identical_table_by_table(
    store: Store, admin: Connection, stories: Sequence[Story]
) -> None:
    before = await read_model(admin)
    assert all(before.values()), "an empty table would prove nothing"
    reopened = next(row for row in before["petition_case"] if row["case_no"] == "X4")
    assert (reopened["round"], reopened["closed_at"]) == (2, None)
    assert any(len(units) > 1 for row in before["petition_case"] if isinstance(units := row["units"], list))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - a list of texts
    await admin.execute("TRUNCATE petition_case CASCADE")
    listed = await store.differences()
    assert await admin.fetchval("SELECT count(*) FROM petition_case") == 0, "listing mends nothing"
    found = await store.rebuild()
    assert found == listed
    assert [(each.case_no, each.column, each.stored) for each in found] == [
        (story.case.case_no, "*", "no row") for story in stories
    ]
    after = await read_model(admin)
    for table, rows in before.items():
        assert after[table] == rows, table


async def test_every_derived_table_is_compared(admin: Connection) -> None:
    """A table that hangs on the read model is part of it: then it belongs into the comparison, and into this test."""
    hanging = await admin.fetch("""
        SELECT DISTINCT conrelid::regclass::text FROM pg_constraint
        WHERE contype = 'f' AND confrelid = 'petition_case'::regclass
    """)
    assert [name for (name,) in hanging] == ["waiting"]


@pytest.mark.parametrize(
    ("harm", "columns"),
    [
        ("UPDATE petition_case SET stage = 'concluded' WHERE case_no = 'X1'", {"stage"}),
        ("UPDATE petition_case SET hash = '\\x00' WHERE case_no = 'X1'", {"hash"}),
        ("UPDATE petition_case SET categories = '{}', batch = 7 WHERE case_no = 'X1'", {"categories", "batch"}),
        (
            "UPDATE petition_case SET view = jsonb_set(view::jsonb, '{stage}', '\"x\"') WHERE case_no = 'X1'",
            {"view.stage"},
        ),
        ("UPDATE petition_case SET state = (state::jsonb - 'round')::json WHERE case_no = 'X1'", {"state.round"}),
        ("DELETE FROM waiting WHERE case_no = 'X1' AND what = 'rectification_report'", {"waiting"}),
        ("UPDATE waiting SET due_at = now() WHERE case_no = 'X1' AND what = 'rectification_report'", {"waiting"}),
        ("INSERT INTO waiting VALUES ('X1', 'unit/x', 'dispatch', now())", {"waiting"}),
        ("UPDATE petition_case SET units = '{unit/x}' WHERE case_no = 'X1'", {"units"}),
        ("UPDATE petition_case SET seq = seq + 1 WHERE case_no = 'X1'", {"seq"}),
    ],
)
@pytest.mark.usefixtures("stories")
async def test_a_planted_change_is_found_and_mended(
    store: Store, admin: Connection, harm: str, columns: set[str]
) -> None:
    before = await read_model(admin)
    await admin.execute(harm)
    planted = await read_model(admin)
    listed = await store.differences()
    assert await read_model(admin) == planted, "listing mends nothing"
    found = await store.rebuild()
    assert found == listed
    assert {(each.case_no, each.column) for each in found} == {("X1", column) for column in columns}
    assert all(each.stored != each.rebuilt for each in found)
    assert await read_model(admin) == before
    assert await store.rebuild() == []


def _late_by_an_hour(case: Case) -> dict[str, Any]:
    columns = case_columns(case)
    return columns | {"due_at": columns["due_at"] + timedelta(hours=1)}


def _without_the_last(case: Case) -> list[dict[str, Any]]:
    return waiting_rows(case)[:-1]


@pytest.mark.parametrize(
    ("part", "bug", "column"),
    [("case_columns", _late_by_an_hour, "due_at"), ("waiting_rows", _without_the_last, "waiting")],
)
async def test_a_bug_in_the_projection_is_found_and_what_it_wrote_is_mended(
    store: Store, admin: Connection, monkeypatch: pytest.MonkeyPatch, part: str, bug: object, column: str
) -> None:
    """A version with a bug has written the read model, case by case; the next one finds what it did."""
    stories = all_sorts()
    with monkeypatch.context() as planted:
        planted.setattr(f"store.record.{part}", bug)
        await keep_one_by_one(store, *stories)
    found = await store.differences()
    waiting = {story.case.case_no for story in stories if waiting_rows(story.case)}
    assert {each.case_no for each in found} == (
        waiting if column == "waiting" else {story.case.case_no for story in stories}
    )
    assert {each.column for each in found} == {column}
    assert await store.rebuild() == found
    mended = await read_model(admin)
    await admin.execute("TRUNCATE petition_case CASCADE")
    await store.rebuild()
    assert await read_model(admin) == mended


@pytest.mark.usefixtures("stories")
async def test_a_row_without_a_record_goes(store: Store, admin: Connection) -> None:
    before = await read_model(admin)
    await admin.execute("""
        CREATE TEMPORARY TABLE forged AS SELECT * FROM petition_case WHERE case_no = 'X1';
        UPDATE forged SET case_no = 'X0';
        INSERT INTO petition_case SELECT * FROM forged;
    """)
    listed = await store.differences()
    [found] = await store.rebuild()
    assert [found] == listed
    assert (found.case_no, found.column, found.rebuilt) == ("X0", "*", "no record")
    assert await read_model(admin) == before


async def test_a_record_that_cannot_be_folded_is_told_and_stops_no_other(
    store: Store, admin: Connection, stories: Sequence[Story]
) -> None:
    await tamper(admin, "DELETE FROM case_event WHERE case_no = 'X1' AND seq = 2")
    await admin.execute("UPDATE petition_case SET stage = 'received' WHERE case_no = 'X3'")
    found = await store.rebuild()
    assert [(each.case_no, each.column) for each in found] == [("X1", "*"), ("X3", "stage")]
    assert "entry 3 does not follow entry 1" in found[0].rebuilt
    assert [each.can_be_mended for each in found] == [False, True]
    seq = await admin.fetchval("SELECT seq FROM petition_case WHERE case_no = 'X1'")
    assert seq == len(stories[0].entries), "its row is left as it was"


async def test_a_rebuild_beside_writers_finds_nothing_wrong(store: Store, admin: Connection) -> None:
    stories = [concluded(case_no=f"X{number}") for number in range(4)]
    done = asyncio.Event()

    async def write(story: Story) -> None:
        for entry in story.entries:
            await store.record(story.case.case_no, [entry])

    async def rebuild() -> int:
        times = 0
        while not done.is_set():
            assert await store.rebuild() == []
            assert await store.differences() == []
            times += 1
        return times

    rebuilding = asyncio.create_task(rebuild())
    await asyncio.gather(*(write(story) for story in stories))
    done.set()
    assert await rebuilding > 0
    for story in stories:
        stored = "SELECT state::text FROM petition_case WHERE case_no = $1"
        assert await admin.fetchval(stored, story.case.case_no) == story.case.model_dump_json()


async def test_a_case_that_is_written_while_it_is_read_does_not_differ(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = concluded()
    left = list(story.entries)
    await store.record("X1", [left.pop(0)])

    async def written_meanwhile(connection: PooledConnection, case_no: str) -> tuple[Case | None, bytes | None]:
        if left:
            await store.record("X1", [left.pop(0)])
        return await folded(connection, case_no)

    monkeypatch.setattr("store.audit.folded", written_meanwhile)
    while left:
        assert await (store.rebuild() if len(left) % 2 else store.differences()) == []


async def test_mending_beside_a_writer_loses_nothing(store: Store, admin: Connection) -> None:
    story = concluded()
    await store.record("X1", story.entries[:2])
    for entry in story.entries[2:]:
        await admin.execute("UPDATE petition_case SET state = jsonb_set(state::jsonb, '{round}', '9')")
        await asyncio.gather(store.rebuild(), store.record("X1", [entry]))
    await store.rebuild()
    assert await admin.fetchval("SELECT state::text FROM petition_case") == story.case.model_dump_json()
