"""Whatever the tables' owner does to the record, verifying names it."""

from collections.abc import AsyncIterator, Sequence

import pytest

from store import Store
from store.chain import entry_hash
from store.connection import Connection
from store.problems import Problem
from tests.petitions.building import COUNTY_MAYOR, Story, concluded, rectifying
from tests.store.planting import all_sorts, forge_whole_record, keep, keep_with_report, tamper

LAST = len(concluded().entries)
MOVED = "another entry stands here: by its own text it is entry {}, so entries were swapped or moved"


@pytest.fixture
async def stories(store: Store) -> Sequence[Story]:
    made = all_sorts()
    await keep(store, *made)
    return made


async def found_by(problems: AsyncIterator[Problem]) -> list[Problem]:
    return [problem async for problem in problems]


async def problems(store: Store) -> list[Problem]:
    return await found_by(store.verify())


@pytest.mark.usefixtures("stories")
async def test_what_was_written_is_verified(store: Store) -> None:
    assert await problems(store) == []


async def test_verifying_goes_on_over_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.verification._PAGE", 3)
    monkeypatch.setattr("store.audit._PAGE", 3)
    monkeypatch.setattr("store.record._PAGE", 3)
    for number in range(4):
        await keep_with_report(store, concluded(case_no=f"X{number}"))
    assert await problems(store) == []
    assert await found_by(store.verify_reports()) == []
    assert await store.differences() == []


SWAPPED = """
    WITH a AS (SELECT * FROM case_event WHERE case_no = 'X2' AND seq = 4),
    b AS (SELECT * FROM case_event WHERE case_no = 'X2' AND seq = 5)
    UPDATE case_event AS e SET (entry, line, event, at, by_office, by_name, message_id) = (
        SELECT o.entry, o.line, o.event, o.at, o.by_office, o.by_name, o.message_id
        FROM (SELECT * FROM a UNION ALL SELECT * FROM b) o WHERE o.seq = 9 - e.seq
    ) WHERE e.case_no = 'X2' AND e.seq IN (4, 5)
"""
"""Two entries change their places with all that is beside them; the hashes stay."""
COPIED = """
    INSERT INTO case_event
    SELECT case_no, NEW, at, event, by_office, by_name, message_id, received_at, county, starred, outcome, entry,
        line, hash, hash, recorded_at
    FROM case_event WHERE case_no = 'X2' AND seq = 3
"""


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (
            ["UPDATE case_event SET entry = replace(entry::text, '断流', '无事')::json IN_X2 seq = 1"],
            {(1, "its hash does not fit its content")},
        ),
        (
            ["UPDATE case_event SET line = '无事' WHERE case_no = 'X2' AND seq = 3"],
            {(3, "its columns are not what it says: line")},
        ),
        (
            ["UPDATE case_event SET at = now(), starred = true WHERE case_no = 'X2' AND seq = 3"],
            {(3, "its columns are not what it says: at, starred")},
        ),
        (["DELETE FROM case_event WHERE case_no = 'X2' AND seq = 4"], {(4, "entry 4 is missing")}),
        (["DELETE FROM case_event WHERE case_no = 'X2' AND seq IN (4, 5)"], {(4, "entries 4 to 5 are missing")}),
        (["DELETE FROM case_event WHERE case_no = 'X2' AND seq = 1"], {(1, "entry 1 is missing")}),
        (
            ["DELETE FROM case_event WHERE case_no = 'X2' AND event = 'closed'"],
            {(LAST, f"entry {LAST} is missing at the end: the read model knows entry {LAST}")},
        ),
        (
            ["DELETE FROM case_event IN_X2 seq > LAST - 3"],
            {(LAST - 2, f"entries {LAST - 2} to {LAST} are missing at the end: the read model knows entry {LAST}")},
        ),
        (
            ["UPDATE case_event SET entry = '{}' WHERE case_no = 'X2' AND seq = 2"],
            {(2, "its hash does not fit its content"), (2, "it cannot be read: 5 mistakes")},
        ),
        (
            [SWAPPED],
            {
                (4, MOVED.format(5)),
                (5, MOVED.format(4)),
            },
        ),
        (
            [
                "UPDATE case_event SET seq = seq + 1000 IN_X2 seq BETWEEN 4 AND LAST",
                "UPDATE case_event SET seq = seq - 999 IN_X2 seq > LAST",
                COPIED.replace("NEW", "4"),
            ],
            {
                (4, MOVED.format(3)),
                *(
                    (
                        n,
                        MOVED.format(n - 1),
                    )
                    for n in range(5, LAST + 2)
                ),
                (LAST, "the read model knows this entry otherwise"),
            },
        ),
        (
            [COPIED.replace("NEW", "LAST + 1")],
            {
                (LAST + 1, "it is not chained to the entry before it"),
                (
                    LAST + 1,
                    MOVED.format(3),
                ),
                (LAST + 1, f"entry {LAST + 1} is unknown to the read model, which ends with entry {LAST}"),
            },
        ),
    ],
)
@pytest.mark.usefixtures("stories")
async def test_a_planted_change_of_the_record_is_named(
    store: Store, admin: Connection, harm: list[str], expected: set[tuple[int, str]]
) -> None:
    said = (each.replace("IN_X2", "WHERE case_no = 'X2' AND").replace("LAST", str(LAST)) for each in harm)
    await tamper(admin, *said)
    found = await problems(store)
    assert {(problem.seq, problem.what) for problem in found} == expected
    assert {problem.case_no for problem in found} == {"X2"}
    assert all(problem.line.startswith(f"case X2, entry {problem.seq}: ") and problem.todo for problem in found)


@pytest.mark.usefixtures("stories")
async def test_an_entry_added_at_the_end_with_a_fitting_hash_is_unknown_to_the_read_model(
    store: Store, admin: Connection
) -> None:
    row = await admin.fetchrow("SELECT entry::text, hash FROM case_event WHERE case_no = 'X2' AND seq = $1", LAST)
    assert row is not None
    entry = row["entry"].replace(f'"seq":{LAST},', f'"seq":{LAST + 1},')
    await tamper(
        admin,
        """
        INSERT INTO case_event
        SELECT case_no, seq + 1, at, event, by_office, by_name, message_id, received_at, county, starred, outcome,
            $1::text::json, line, hash, $2, recorded_at
        FROM case_event WHERE case_no = 'X2' AND seq = $3
        """,
        arguments=(entry, entry_hash("X2", LAST + 1, row["hash"], entry), LAST),
    )
    [found] = await problems(store)
    assert (found.seq, found.what) == (
        LAST + 1,
        f"entry {LAST + 1} is unknown to the read model, which ends with entry {LAST}",
    )


@pytest.mark.usefixtures("stories")
async def test_a_whole_case_that_is_gone_is_known_by_the_read_model(store: Store, admin: Connection) -> None:
    await tamper(admin, "DELETE FROM case_event WHERE case_no = 'X2'")
    [found] = await problems(store)
    assert (found.case_no, found.seq) == ("X2", None)
    assert found.what == f"its whole record is missing: the read model knows its entries 1 to {LAST}"
    assert "do not run guatu rebuild --repair" in found.todo


async def test_a_truncated_record_is_known_by_the_read_model(
    store: Store, admin: Connection, stories: Sequence[Story]
) -> None:
    await tamper(admin, "TRUNCATE case_event")
    found = await problems(store)
    assert [(each.case_no, each.what) for each in found] == [
        (
            story.case.case_no,
            f"its whole record is missing: the read model knows its entries 1 to {len(story.entries)}",
        )
        for story in stories
    ]


@pytest.mark.usefixtures("stories")
async def test_a_case_without_a_row_in_the_read_model_is_named(store: Store, admin: Connection) -> None:
    await admin.execute("DELETE FROM petition_case WHERE case_no = 'X2'")
    [found] = await problems(store)
    assert found.what == f"the read model has no row of this case, whose record has {LAST} entries"
    await store.rebuild()
    assert await problems(store) == []


@pytest.mark.usefixtures("stories")
async def test_a_change_with_a_fitting_hash_breaks_the_chain(store: Store, admin: Connection) -> None:
    row = await admin.fetchrow("SELECT entry::text, prev_hash FROM case_event WHERE case_no = 'X2' AND seq = 1")
    assert row is not None
    forged = row["entry"].replace("电站断流", "无事")
    await tamper(
        admin,
        "UPDATE case_event SET entry = $1::text::json, hash = $2 WHERE case_no = 'X2' AND seq = 1",
        arguments=(forged, entry_hash("X2", 1, None, forged)),
    )
    assert [(each.seq, each.what) for each in await problems(store)] == [
        (2, "it is not chained to the entry before it")
    ]


async def test_a_rewritten_end_is_known_by_the_read_model(store: Store, admin: Connection) -> None:
    story = rectifying().instructs(COUNTY_MAYOR)
    await keep(store, story)
    await forge_whole_record(admin, "X1", "限期整改到位", "不必整改")
    assert [(each.seq, each.what) for each in await problems(store)] == [
        (len(story.entries), "the read model knows this entry otherwise")
    ]


async def test_a_record_swapped_between_two_cases_is_named(store: Store, admin: Connection) -> None:
    await keep(store, rectifying(case_no="Y1"), rectifying(case_no="Y2"))
    await tamper(
        admin,
        "UPDATE case_event SET case_no = 'Y3' WHERE case_no = 'Y1'",
        "UPDATE case_event SET case_no = 'Y1' WHERE case_no = 'Y2'",
        "UPDATE case_event SET case_no = 'Y2' WHERE case_no = 'Y3'",
    )
    found = await problems(store)
    assert {each.case_no for each in found} == {"Y1", "Y2"}
    assert {each.what for each in found if each.seq == 1} >= {"its hash does not fit its content"}


async def test_reports_are_as_they_were_submitted(store: Store, admin: Connection) -> None:
    story = await keep_with_report(store, concluded())
    assert await found_by(store.verify_reports()) == []
    await tamper(admin, "UPDATE handling_report SET text = text || '又及'")
    [found] = await found_by(store.verify_reports())
    assert found.line.startswith("case X1: the text of its handling report round-1 is not as submitted; ")
    await tamper(admin, "UPDATE handling_report SET sha256 = sha256(convert_to(text, 'UTF8'))")
    [found] = await found_by(store.verify_reports())
    submitted = next(entry.seq for entry in story.entries if entry.event == "report_submitted")
    assert found.line.startswith(f"case X1, entry {submitted}: the handling report that was submitted here is missing")
    await tamper(admin, "DELETE FROM handling_report")
    assert [each.seq for each in await found_by(store.verify_reports())] == [submitted]
