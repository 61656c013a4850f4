"""Writing the record: once, in order, and the read model with it."""

import asyncio

import asyncpg
import pytest
from pydantic_core import from_json, to_json

from petitions.events import Entry
from petitions.view import case_view
from store import RecordConflictError, RecordGapError, Store, StoreAwayError, open_pool
from store.chain import entry_hash
from store.connection import Connection
from store.record import CASE_CHANNEL
from tests.petitions.building import Story, concluded, rectifying, reporting
from tests.store.servers import LossyLine

TABLES = ("case_event", "petition_case", "waiting", "notice")


async def everything(admin: Connection) -> dict[str, list[str]]:
    """All that is stored, also when and how often it was written."""
    return {
        table: [str(row) for row in await admin.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3")]  # noqa: S608 - our own names
        for table in TABLES
    }


def changed(entry: Entry) -> Entry:
    return entry.model_copy(update={"text": "别的内容"})


async def assert_stored(store: Store, admin: Connection, story: Story) -> None:
    """The record and the read model are those of the story."""
    case = story.case
    assert await store.case(case.case_no) == from_json(to_json(case_view(case)))
    stored = await admin.fetchrow("SELECT seq, state::text, hash FROM petition_case WHERE case_no = $1", case.case_no)
    assert stored is not None
    assert stored["state"] == case.model_dump_json()
    entries = await admin.fetch(
        "SELECT entry::text, hash FROM case_event WHERE case_no = $1 ORDER BY seq", case.case_no
    )
    assert [row["entry"] for row in entries] == [entry.model_dump_json() for entry in story.entries]
    assert (stored["seq"], stored["hash"]) == (len(entries), entries[-1]["hash"])


async def test_entry_by_entry_and_all_at_once_come_to_the_same(store: Store, admin: Connection) -> None:
    one, other = concluded(case_no="A1"), concluded(case_no="A2")
    for count, entry in enumerate(one.entries, 1):
        recorded = await store.record("A1", [entry])
        assert (recorded.last_seq, recorded.written) == (count, 1)
    recorded = await store.record("A2", other.entries)
    assert (recorded.last_seq, recorded.written) == (len(other.entries), len(other.entries))
    await assert_stored(store, admin, one)
    await assert_stored(store, admin, other)


async def test_what_is_sent_again_changes_nothing(store: Store, admin: Connection) -> None:
    story = concluded()
    await store.record("X1", story.entries)
    before = await everything(admin)
    for entries in (story.entries, story.entries[3:5], story.entries[-1:]):
        recorded = await store.record("X1", entries)
        assert (recorded.last_seq, recorded.written) == (len(story.entries), 0)
    assert await everything(admin) == before


async def test_of_entries_known_in_part_only_the_new_are_written(store: Store, admin: Connection) -> None:
    story = concluded()
    await store.record("X1", story.entries[:5])
    recorded = await store.record("X1", story.entries[2:9])
    assert (recorded.last_seq, recorded.written) == (9, 4)
    await store.record("X1", story.entries)
    await assert_stored(store, admin, story)


async def test_an_entry_in_another_form_is_still_the_same(store: Store) -> None:
    story = rectifying()
    await store.record("X1", story.entries)
    as_sent = [Entry.model_validate_json(entry.model_dump_json().replace("+08:00", "+0800")) for entry in story.entries]
    assert (await store.record("X1", as_sent)).written == 0


@pytest.mark.parametrize("at_place", [0, 2, 4])
async def test_another_entry_in_its_place_is_a_conflict(store: Store, admin: Connection, at_place: int) -> None:
    story = concluded()
    await store.record("X1", story.entries[:5])
    before = await everything(admin)
    given = [changed(entry) if place == at_place else entry for place, entry in enumerate(story.entries)]
    with pytest.raises(RecordConflictError, match=rf"entry {at_place + 1} of case X1") as conflict:
        await store.record("X1", given)
    assert (conflict.value.case_no, conflict.value.seq) == ("X1", at_place + 1)
    assert await everything(admin) == before


async def test_a_gap_tells_what_must_come_next(store: Store, admin: Connection) -> None:
    story = concluded()
    with pytest.raises(RecordGapError) as nothing_yet:
        await store.record("X1", story.entries[1:])
    assert nothing_yet.value.expected_seq == 1
    await store.record("X1", story.entries[:3])
    before = await everything(admin)
    with pytest.raises(RecordGapError, match="from 4 on") as before_it:
        await store.record("X1", story.entries[4:])
    assert before_it.value.expected_seq == 4
    with pytest.raises(RecordGapError) as inside:
        await store.record("X1", [story.entries[3], story.entries[5]])
    assert inside.value.expected_seq == 5
    assert await everything(admin) == before


async def test_an_entry_of_another_case_or_out_of_place_is_refused(store: Store, admin: Connection) -> None:
    story = rectifying()
    with pytest.raises(RecordConflictError, match="of case X1"):
        await store.record("X9", story.entries)
    not_first = story.entries[1].model_copy(update={"seq": 1})
    with pytest.raises(RecordConflictError, match="starts with the hand-over"):
        await store.record("X1", [not_first])
    assert not any((await everything(admin)).values())


async def test_nothing_to_write_tells_how_far_the_record_is(store: Store) -> None:
    assert (await store.record("X1", [])).last_seq == 0
    story = rectifying()
    await store.record("X1", story.entries)
    assert (await store.record("X1", [])).last_seq == len(story.entries)


async def test_many_writers_of_one_case_write_every_entry_once(store: Store, admin: Connection) -> None:
    story = concluded()

    async def write() -> int:
        return sum([(await store.record("X1", [entry])).written for entry in story.entries])

    written = await asyncio.gather(*(write() for _ in range(6)))
    assert sum(written) == len(story.entries)
    await assert_stored(store, admin, story)


async def test_of_two_that_contradict_each_other_one_is_recorded(store: Store, admin: Connection) -> None:
    story = reporting()
    for entry in story.entries:
        both = await asyncio.gather(
            store.record("X1", [entry]), store.record("X1", [changed(entry)]), return_exceptions=True
        )
        assert sum(isinstance(each, RecordConflictError) for each in both) == 1
        assert sum(not isinstance(each, BaseException) and each.written == 1 for each in both) == 1
    assert await admin.fetchval("SELECT count(*) FROM case_event") == len(story.entries)
    assert [problem async for problem in store.verify()] == []
    assert await store.rebuild() == []


async def test_a_lost_answer_is_no_loss(database: str, store: Store, admin: Connection) -> None:
    story = concluded()
    line = LossyLine(database)
    async with line.open() as url, open_pool(url, max_size=1) as pool:
        across = Store(pool)
        await across.record("X1", story.entries[:3])
        line.lose_answer_to = story.entries[3].model_dump_json().encode()
        with pytest.raises(StoreAwayError):
            await across.record("X1", story.entries[3:5])
        assert line.lost == 1
        assert await admin.fetchval("SELECT max(seq) FROM case_event") == 5, "the write itself must have been done"
        before = await everything(admin)
        again = await across.record("X1", story.entries[3:5])
        assert (again.last_seq, again.written) == (5, 0)
        assert await everything(admin) == before
        await across.record("X1", story.entries[5:])
    await assert_stored(store, admin, story)


@pytest.mark.parametrize(
    "statement", ["UPDATE case_event SET line = ''", "DELETE FROM case_event", "TRUNCATE case_event"]
)
@pytest.mark.parametrize("role", ["origin", "replica"])
async def test_the_record_is_append_only(store: Store, admin: Connection, statement: str, role: str) -> None:
    story = rectifying()
    await store.record("X1", story.entries)
    await admin.execute(f"SET session_replication_role = {role}")
    with pytest.raises(asyncpg.RestrictViolationError, match=r"case_event is append-only: \w+ is refused"):
        await admin.execute(statement)
    await assert_stored(store, admin, story)


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM petition_case",
        "UPDATE petition_case SET seq = seq - 1",
        "UPDATE petition_case SET state = '{}'",
    ],
)
async def test_a_row_that_cannot_be_relied_on_is_folded_anew(store: Store, admin: Connection, harm: str) -> None:
    story = concluded()
    await store.record("X1", story.entries[:-2])
    await admin.execute(harm)
    await store.record("X1", story.entries[-2:])
    await assert_stored(store, admin, story)
    assert await store.rebuild() == []


async def test_a_row_that_is_older_than_the_record_is_folded_anew(store: Store, admin: Connection) -> None:
    story = concluded()
    await store.record("X1", story.entries[:4])
    older = await admin.fetchrow("SELECT seq, state::text FROM petition_case")
    assert older is not None
    await store.record("X1", story.entries[4:6])
    await admin.execute("UPDATE petition_case SET seq = $1, state = $2::text::json", older["seq"], older["state"])
    await store.record("X1", story.entries[6:])
    await assert_stored(store, admin, story)
    assert await store.rebuild() == []


async def test_a_row_that_was_mended_since_it_was_read_is_read_again(store: Store, admin: Connection) -> None:
    story = concluded()
    await store.record("X1", story.entries[:4])
    right = await admin.fetchval("SELECT state::text FROM petition_case")
    await admin.execute("UPDATE petition_case SET state = jsonb_set(state::jsonb, '{round}', '9')")
    async with admin.transaction():
        await admin.execute("UPDATE petition_case SET state = $1::text::json, revision = revision + 1", right)
        recording = asyncio.create_task(store.record("X1", story.entries[4:]))
        # It has read the wrong state, and its write now waits for this transaction.
        while not await admin.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            assert not recording.done()
            await asyncio.sleep(0.01)
    assert (await recording).written == len(story.entries) - 4
    await assert_stored(store, admin, story)
    assert await store.rebuild() == []


async def test_the_chain_can_be_checked_with_postgres_alone(store: Store, admin: Connection) -> None:
    await store.record("X1", concluded().entries)
    wrong = await admin.fetchval("""
        SELECT count(*) FROM case_event WHERE hash <> sha256(convert_to(
            concat_ws(E'\\n', case_no, seq, coalesce(encode(prev_hash, 'hex'), ''), entry), 'UTF8'))
    """)
    assert wrong == 0
    first = await admin.fetchrow("SELECT entry::text, hash FROM case_event WHERE seq = 1")
    assert first is not None
    assert first["hash"] == entry_hash("X1", 1, None, first["entry"])


async def test_a_character_that_postgres_cannot_keep_stops_no_case(store: Store, admin: Connection) -> None:
    story = rectifying()
    story.entries[-1] = story.entries[-1].model_copy(update={"text": "前\x00后"})
    assert (await store.record("X1", story.entries)).written == len(story.entries)
    assert await admin.fetchval("SELECT line FROM case_event ORDER BY seq DESC LIMIT 1") == "前\ufffd后"
    assert (await store.record("X1", story.entries)).written == 0
    assert [problem async for problem in store.verify()] == []


async def test_whoever_listens_is_told_which_case_was_written(store: Store, admin: Connection) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()

    def hear(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        told.put_nowait(str(payload))

    await admin.add_listener(CASE_CHANNEL, hear)
    story = rectifying()
    await store.record("X1", story.entries)
    assert await told.get() == "X1"
    await store.record("X1", story.entries)
    await store.record("X2", rectifying(case_no="X2").entries)
    assert await told.get() == "X2", "a repeat tells nothing"
    await admin.remove_listener(CASE_CHANNEL, hear)


async def test_the_rules_of_a_case_are_those_it_was_opened_with(store: Store) -> None:
    story = rectifying()
    assert await store.recorded_rules("X1") is None
    await store.record("X1", story.entries)
    assert await store.recorded_rules("X1") == story.case.rules
