"""Rebuild finds and mends what is wrong with the read model; verify finds what is wrong with the record."""

import asyncio
from collections.abc import Sequence

import pytest

from petitions.case import Case
from store import Store, queries
from store.audit import Problem
from store.chain import entry_hash
from store.connection import Connection, PooledConnection
from store.record import folded
from tests.petitions.building import COUNTY_MAYOR, Story, concluded, rectifying

READ_MODEL = (
    "SELECT * FROM petition_case ORDER BY case_no",
    "SELECT * FROM waiting ORDER BY case_no, office, what",
)


async def read_model(admin: Connection) -> list[dict[str, object]]:
    rows = [dict(row) for query in READ_MODEL for row in await admin.fetch(query)]
    return [{name: value for name, value in row.items() if name not in {"revision", "updated_at"}} for row in rows]


@pytest.fixture
async def stories(store: Store) -> Sequence[Story]:
    late = rectifying(case_no="X3").on_day(8).stars().extends(3).covered().reports().verifies().reviews()
    made = (rectifying(), concluded(case_no="X2"), late.surveys(dissatisfied=9))
    for story in made:
        for entry in story.entries:
            await store.record(story.case.case_no, [entry])
    return made


async def problems(store: Store) -> list[Problem]:
    return [problem async for problem in store.verify()]


async def test_a_rewritten_row_gets_every_column(admin: Connection) -> None:
    columns = await admin.fetch("""
        SELECT column_name FROM information_schema.columns
        WHERE table_name = 'petition_case' AND column_name NOT IN ('case_no', 'updated_at')
    """)
    write = queries.load("record")["write"].sql
    for (column,) in columns:
        assert f" {column} = excluded.{column}," in write, f"the query write does not renew {column}"


async def tamper(admin: Connection, statement: str, *values: object) -> None:
    """As a superuser can who switches the trigger off."""
    async with admin.transaction():
        await admin.execute("ALTER TABLE case_event DISABLE TRIGGER append_only")
        assert await admin.execute(statement, *values) in {"UPDATE 1", "DELETE 1"}
        await admin.execute("ALTER TABLE case_event ENABLE ALWAYS TRIGGER append_only")


@pytest.mark.usefixtures("stories")
async def test_a_rebuild_of_what_is_right_finds_and_writes_nothing(store: Store, admin: Connection) -> None:
    before = await admin.fetch("SELECT * FROM petition_case ORDER BY case_no")
    assert await store.rebuild() == []
    assert await admin.fetch("SELECT * FROM petition_case ORDER BY case_no") == before


@pytest.mark.usefixtures("stories")
async def test_a_rebuild_from_nothing_is_what_the_record_had_made(store: Store, admin: Connection) -> None:
    before = await read_model(admin)
    await admin.execute("DELETE FROM petition_case")
    found = await store.rebuild()
    assert [(each.case_no, each.column, each.stored) for each in found] == [
        ("X1", "*", "no row"),
        ("X2", "*", "no row"),
        ("X3", "*", "no row"),
    ]
    assert await read_model(admin) == before


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
    ],
)
@pytest.mark.usefixtures("stories")
async def test_a_planted_change_is_found_and_mended(
    store: Store, admin: Connection, harm: str, columns: set[str]
) -> None:
    before = await read_model(admin)
    await admin.execute(harm)
    found = await store.rebuild()
    assert {(each.case_no, each.column) for each in found} == {("X1", column) for column in columns}
    assert all(each.stored != each.rebuilt for each in found)
    assert await read_model(admin) == before
    assert await store.rebuild() == []


@pytest.mark.usefixtures("stories")
async def test_a_row_without_a_record_goes(store: Store, admin: Connection) -> None:
    before = await read_model(admin)
    await admin.execute("""
        CREATE TEMPORARY TABLE forged AS SELECT * FROM petition_case WHERE case_no = 'X1';
        UPDATE forged SET case_no = 'X0';
        INSERT INTO petition_case SELECT * FROM forged;
    """)
    [found] = await store.rebuild()
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
    assert (await store.cases()).cases[-1].seq == len(stories[0].entries), "its row is left as it was"


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
        assert await store.rebuild() == []


async def test_mending_beside_a_writer_loses_nothing(store: Store, admin: Connection) -> None:
    story = concluded()
    await store.record("X1", story.entries[:2])
    for entry in story.entries[2:]:
        await admin.execute("UPDATE petition_case SET state = jsonb_set(state::jsonb, '{round}', '9')")
        await asyncio.gather(store.rebuild(), store.record("X1", [entry]))
    await store.rebuild()
    assert await admin.fetchval("SELECT state::text FROM petition_case") == story.case.model_dump_json()


@pytest.mark.usefixtures("stories")
async def test_what_was_written_is_verified(store: Store) -> None:
    assert await problems(store) == []


async def test_verifying_goes_on_over_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.audit._PAGE", 3)
    monkeypatch.setattr("store.record._PAGE", 3)
    for number in range(4):
        await store.record(f"X{number}", concluded(case_no=f"X{number}").entries)
    assert await problems(store) == []
    assert await store.rebuild() == []


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (
            "UPDATE case_event SET entry = replace(entry::text, '断流', '无事')::json WHERE case_no = 'X2' AND seq = 1",
            {(1, "its hash does not fit its content")},
        ),
        (
            "UPDATE case_event SET line = '无事' WHERE case_no = 'X2' AND seq = 3",
            {(3, "its columns are not what it says: line")},
        ),
        (
            "UPDATE case_event SET at = now(), starred = true WHERE case_no = 'X2' AND seq = 3",
            {(3, "its columns are not what it says: at, starred")},
        ),
        ("DELETE FROM case_event WHERE case_no = 'X2' AND seq = 4", {(5, "entries 4 to 4 are missing")}),
        (
            "DELETE FROM case_event WHERE case_no = 'X2' AND event = 'closed'",
            {(len(concluded().entries), "the read model knows this entry otherwise")},
        ),
        (
            "UPDATE case_event SET entry = '{}' WHERE case_no = 'X2' AND seq = 2",
            {(2, "its hash does not fit its content"), (2, "it cannot be read: 5 mistakes")},
        ),
    ],
)
@pytest.mark.usefixtures("stories")
async def test_a_planted_change_of_the_record_is_named(
    store: Store, admin: Connection, harm: str, expected: set[tuple[int, str]]
) -> None:
    await tamper(admin, harm)
    found = await problems(store)
    assert {(problem.seq, problem.what) for problem in found} == expected
    assert {problem.case_no for problem in found} == {"X2"}


@pytest.mark.usefixtures("stories")
async def test_a_change_with_a_fitting_hash_breaks_the_chain(store: Store, admin: Connection) -> None:
    row = await admin.fetchrow("SELECT entry::text, prev_hash FROM case_event WHERE case_no = 'X2' AND seq = 1")
    assert row is not None
    forged = row["entry"].replace("电站断流", "无事")
    await tamper(
        admin,
        "UPDATE case_event SET entry = $1::text::json, hash = $2 WHERE case_no = 'X2' AND seq = 1",
        forged,
        entry_hash("X2", 1, None, forged),
    )
    assert await problems(store) == [Problem(case_no="X2", seq=2, what="it is not chained to the entry before it")]


async def test_a_rewritten_end_is_known_by_the_read_model(store: Store, admin: Connection) -> None:
    story = rectifying().instructs(COUNTY_MAYOR)
    await store.record("X1", story.entries)
    last = len(story.entries)
    row = await admin.fetchrow("SELECT entry::text, prev_hash FROM case_event WHERE seq = $1", last)
    assert row is not None
    forged = row["entry"].replace("限期整改到位", "不必整改")
    assert forged != row["entry"]
    await tamper(
        admin,
        "UPDATE case_event SET entry = $1::text::json, hash = $2, line = ($1::json)->>'text' WHERE seq = $3",
        forged,
        entry_hash("X1", last, row["prev_hash"], forged),
        last,
    )
    assert [(problem.seq, problem.what) for problem in await problems(store)] == [
        (last, "the read model knows this entry otherwise")
    ]
