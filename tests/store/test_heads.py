"""Heads: what they cover cannot be taken back, whoever owns the tables, and nothing that comes later disturbs them."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from store import Store
from store.connection import Connection
from store.heads import CoveringHead, Tip, head_hash
from store.merkle import root_of
from store.problems import Problem
from tests.petitions.building import Story, concluded, rectifying
from tests.store.planting import forge_whole_record, keep, tamper

LAST = len(concluded().entries)


async def found_by(problems: AsyncIterator[Problem]) -> list[Problem]:
    return [problem async for problem in problems]


async def all_heads(store: Store) -> list[CoveringHead]:
    return [head async for head in store.heads()]


async def next_day(admin: Connection) -> None:
    """Everything that is written was written a day earlier: done before heads are exported only."""
    heads = await admin.fetch("SELECT no, day - 1 AS day FROM record_head ORDER BY no")
    before: str | None = None
    for row in heads:
        await tamper(admin, "UPDATE record_head SET day = $2 WHERE no = $1", arguments=(row["no"], row["day"]))
        stored = await admin.fetchrow("SELECT * FROM record_head WHERE no = $1", row["no"])
        assert stored is not None
        fields = {name: value.hex() if isinstance(value, bytes) else value for name, value in stored.items()}
        head = CoveringHead.model_validate(fields | {"tips": (), "prev_hash": before})
        before = head_hash(head)
        await tamper(
            admin,
            "UPDATE record_head SET prev_hash = $2, hash = $3 WHERE no = $1",
            arguments=(row["no"], bytes.fromhex(head.prev_hash) if head.prev_hash else None, bytes.fromhex(before)),
        )


@pytest.fixture
async def covered(store: Store, admin: Connection) -> Sequence[CoveringHead]:
    """Three days: X1 open and X2 concluded, nothing new, and X1 gone on with X3 new."""
    story = rectifying()
    await keep(store, story, concluded(case_no="X2"))
    await store.write_head()
    await next_day(admin)
    await store.write_head()
    await next_day(admin)
    done = len(story.entries)
    story.covered()
    await store.record("X1", story.entries[done:])
    await keep(store, rectifying(case_no="X3"))
    await store.write_head()
    return await all_heads(store)


async def test_a_head_covers_what_is_there(store: Store, covered: Sequence[CoveringHead]) -> None:
    assert [head.no for head in covered] == [1, 2, 3]
    assert [[tip.case_no for tip in head.tips] for head in covered] == [["X1", "X2"], [], ["X1", "X3"]]
    assert [head.cases for head in covered] == [2, 2, 3]
    ends = {tip.case_no: tip.seq for head in covered for tip in head.tips}
    assert covered[-1].entries == sum(ends.values())
    assert covered[1].entries == covered[0].entries
    assert await found_by(store.verify_heads()) == []
    assert await found_by(store.verify_exported(covered)) == []


async def test_a_second_one_of_the_day_is_not_written(store: Store, covered: Sequence[CoveringHead]) -> None:
    assert await store.write_head() == (covered[-1].alone, False)
    again = await asyncio.gather(*(store.write_head() for _ in range(4)))
    assert again == [(covered[-1].alone, False)] * 4


async def test_of_several_writers_one_writes(store: Store) -> None:
    await keep(store, rectifying())
    done = await asyncio.gather(*(store.write_head() for _ in range(6)))
    assert sorted(new for _, new in done) == [False] * 5 + [True]


async def test_a_head_over_nothing(store: Store) -> None:
    head, new = await store.write_head()
    assert (new, head.no, head.cases, head.entries, head.prev_hash) == (True, 1, 0, 0, None)
    assert head.tips_root == root_of([]).hex()
    assert await found_by(store.verify_heads()) == []


async def test_what_is_recorded_later_disturbs_no_head(store: Store, covered: Sequence[CoveringHead]) -> None:
    story = rectifying()
    story.covered()
    done = len(story.entries)
    story.reports()
    await store.record("X1", story.entries[done:])
    await keep(store, rectifying(case_no="X0"))
    assert await found_by(store.verify_heads()) == []
    assert await found_by(store.verify_exported(covered)) == []


async def test_heads_written_beside_writers_cover_whole_entries(store: Store, admin: Connection) -> None:
    """An entry whose transaction began before the head and ended after it is simply not covered yet."""
    stories = [concluded(case_no=f"X{number}") for number in range(4)]
    done = asyncio.Event()

    async def write(story: Story) -> None:
        for entry in story.entries:
            await store.record(story.case.case_no, [entry])

    async def heads() -> None:
        while not done.is_set():
            await store.write_head()
            await next_day(admin)

    writing_heads = asyncio.create_task(heads())
    await asyncio.gather(*(write(story) for story in stories))
    done.set()
    await writing_heads
    await store.write_head()
    written = await all_heads(store)
    assert len(written) > 2
    assert written[-1].entries == sum(len(story.entries) for story in stories)
    assert await found_by(store.verify_heads()) == []


async def lines(problems: AsyncIterator[Problem]) -> list[str]:
    return [f"{problem.where}: {problem.what}" for problem in await found_by(problems)]


REWRITTEN = "the record up to here is not the one that the head covers: it was rewritten after the head was made"


async def test_a_case_rewritten_from_its_first_entry_on_is_named(
    store: Store, admin: Connection, covered: Sequence[CoveringHead]
) -> None:
    """Chain and read model fit: only heads know it."""
    await forge_whole_record(admin, "X2", "电站断流", "平安无事")
    await store.rebuild()
    assert await found_by(store.verify()) == []
    assert await store.differences() == []
    expected = [f"case X2, entry {LAST}, head 1: {REWRITTEN}"]
    assert await lines(store.verify_heads()) == expected
    assert await lines(store.verify_exported(covered)) == expected


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (
            ["DELETE FROM case_event WHERE case_no = 'X2'"],
            [f"case X2: its whole record is missing: heads cover its entries 1 to {LAST}"],
        ),
        (
            ["DELETE FROM case_event WHERE case_no = 'X2' AND event = 'closed'"],
            [f"case X2, entry {LAST}: entry {LAST} is missing, which heads cover"],
        ),
    ],
)
async def test_lost_entries_are_named_also_when_the_read_model_was_made_to_fit(
    store: Store, admin: Connection, covered: Sequence[CoveringHead], harm: list[str], expected: list[str]
) -> None:
    await tamper(admin, *harm)
    await store.rebuild()
    assert await found_by(store.verify()) == []
    assert await lines(store.verify_heads()) == expected
    assert await lines(store.verify_exported(covered)) == expected


async def test_a_truncated_record_is_named_case_by_case(
    store: Store, admin: Connection, covered: Sequence[CoveringHead]
) -> None:
    await tamper(admin, "TRUNCATE case_event")
    await admin.execute("TRUNCATE petition_case CASCADE")
    assert await found_by(store.verify()) == []
    ends = {tip.case_no: tip.seq for head in covered for tip in head.tips}
    expected = [
        f"case {case_no}: its whole record is missing: heads cover its entries 1 to {seq}"
        for case_no, seq in sorted(ends.items())
    ]
    assert await lines(store.verify_heads()) == expected
    await tamper(admin, "TRUNCATE record_head, record_head_tip")
    assert await lines(store.verify_heads()) == []
    found = await lines(store.verify_exported(covered))
    assert found[:3] == [
        f"head {head.no}: the database has lost this head of {head.day}, which the file has" for head in covered
    ]
    assert found[3:] == expected


async def test_heads_made_to_fit_a_forged_record_are_not_those_of_the_file(
    store: Store, admin: Connection, covered: Sequence[CoveringHead]
) -> None:
    await forge_whole_record(admin, "X2", "电站断流", "平安无事")
    await store.rebuild()
    await tamper(admin, "TRUNCATE record_head, record_head_tip")
    await store.write_head()
    assert await found_by(store.verify_heads()) == []
    found = await lines(store.verify_exported(covered))
    assert found[0] == f"head 1: the database has another head of {covered[0].day} than the file"
    assert found[-1] == f"case X2, entry {LAST}, head 1: {REWRITTEN}"


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        ("UPDATE record_head SET at = at + interval '1 s' WHERE no = 1", {"head 1: its hash does not fit its content"}),
        (
            "UPDATE record_head SET entries = entries + 1 WHERE no = 3",
            {"head 3: its hash does not fit its content", "which its tips do not come to"},
        ),
        (
            "UPDATE record_head SET day = day - 30 WHERE no = 3",
            {"head 3: its hash does not fit its content", "is not after the day before it"},
        ),
        ("DELETE FROM record_head WHERE no = 1", {"head 1: it is missing", "head 2: head 1 is missing before it"}),
        ("DELETE FROM record_head WHERE no = 2", {"head 3: head 2 is missing before it"}),
        (
            "DELETE FROM record_head_tip WHERE head_no = 1 AND case_no = 'X2'",
            {"head 1: what it is said to cover is not", "which its tips do not come to"},
        ),
        (
            "UPDATE record_head_tip SET hash = sha256('x') WHERE head_no = 1 AND case_no = 'X2'",
            {"head 1: what it is said to cover is not", f"case X2, entry {LAST}, head 1: {REWRITTEN}"},
        ),
    ],
)
@pytest.mark.usefixtures("covered")
async def test_heads_that_are_tampered_with_are_named(
    store: Store, admin: Connection, harm: str, expected: set[str]
) -> None:
    await tamper(admin, harm)
    found = await lines(store.verify_heads())
    for part in expected:
        assert any(part in line for line in found), found
    for line in found:
        assert any(part in line for part in expected), line


@pytest.mark.usefixtures("covered")
async def test_a_head_that_is_out_of_the_chain_is_named(store: Store, admin: Connection) -> None:
    """Forged with a hash that fits."""
    first = (await all_heads(store))[0]
    forged = first.alone.model_copy(update={"cases": 7})
    digest = bytes.fromhex(head_hash(forged))
    await tamper(admin, "UPDATE record_head SET cases = 7, hash = $1 WHERE no = 1", arguments=(digest,))
    assert await lines(store.verify_heads()) == [
        f"head 1: it counts 7 cases and {first.entries} entries, which its tips do not come to",
        "head 2: it is not chained to the head before it",
    ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE record_head SET day = day",
        "DELETE FROM record_head_tip",
        "TRUNCATE record_head, record_head_tip",
    ],
)
@pytest.mark.usefixtures("covered")
async def test_heads_are_append_only(admin: Connection, change: str) -> None:
    for statement in (change, f"SET session_replication_role = replica; {change}"):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await admin.execute(statement)
        await admin.execute("RESET session_replication_role")


async def test_a_proof_is_of_the_latest_head_that_covers_the_case(
    store: Store, covered: Sequence[CoveringHead]
) -> None:
    for case_no, no in (("X1", 3), ("X2", 1), ("X3", 3)):
        proof = await store.head_proof(case_no)
        assert proof is not None
        assert proof.holds
        assert proof.head == covered[no - 1].alone
        other = Tip(case_no=case_no, seq=proof.tip.seq + 1, hash=proof.tip.hash)
        assert not proof.model_copy(update={"tip": other}).holds
        assert not proof.model_copy(update={"head": proof.head.model_copy(update={"entries": 1})}).holds
        assert not proof.model_copy(update={"place": proof.size}).holds
    assert await store.head_proof("X9") is None


async def test_over_pages(
    store: Store, admin: Connection, covered: Sequence[CoveringHead], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.heads._PAGE", 2)
    monkeypatch.setattr("store.heads._TIPS_AT_A_TIME", 1)
    assert await all_heads(store) == list(covered)
    await tamper(admin, "DELETE FROM case_event WHERE case_no = 'X3'")
    assert [problem.case_no for problem in await found_by(store.verify_heads())] == ["X3"]
