"""Whom a hand-over is compared with, and who answers a case that was merged."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from petitions.access import Sight, Whereabouts
from petitions.duplicates import DUPLICATE_WINDOW
from petitions.hand_over import HandOver
from petitions.vocabulary import Channel, Outcome, Stage
from store import Store
from store import duplicates as store_duplicates
from store.connection import Connection
from tests.petitions.building import (
    INTAKE,
    LEAD,
    RECEIVED_AT,
    UNIT,
    K,
    Story,
    concluded,
    hand_over,
    rectifying,
)


async def keep(store: Store, *stories: Story) -> None:
    for story in stories:
        await store.record(story.case.case_no, story.entries)


def merged(case_no: str, into: str, **changes: Any) -> Story:
    return Story(case_no=case_no, **changes).takes(K.MERGE, INTAKE, into=into)


async def compared_with(store: Store, this: HandOver) -> list[str]:
    return [other.case_no for other in await store.possible_duplicates(this)]


# Candidates ----------------------------------------------------------------------------------------------------


async def test_of_the_same_regions_and_time(store: Store) -> None:
    this = hand_over(case_no="THIS")
    early, late = (RECEIVED_AT + sign * DUPLICATE_WINDOW for sign in (-1, 1))
    minute = timedelta(minutes=1)
    await keep(
        store,
        Story(case_no="THIS"),
        Story(case_no="SAME"),
        Story(case_no="JOINT", county="乙县、甲县"),
        Story(case_no="ELSEWHERE", county="乙县"),
        Story(case_no="FIRST", received_at=early.isoformat()),
        Story(case_no="BEFORE", received_at=(early - minute).isoformat()),
        Story(case_no="LAST", received_at=late.isoformat()),
        Story(case_no="AFTER", received_at=(late + minute).isoformat()),
        Story(case_no="WITHDRAWN").takes(K.WITHDRAWAL, INTAKE),
        concluded(case_no="DONE"),
    )
    assert await compared_with(store, this) == ["FIRST", "DONE", "JOINT", "SAME", "LAST"]
    assert await compared_with(store, hand_over(case_no="NEW", county="乙县、丙县")) == ["ELSEWHERE", "JOINT"]


async def test_they_come_as_they_were_handed_over(store: Store) -> None:
    story = rectifying(case_no="B", location="李家巷", summary="夜间冲洗", categories=["water", "air"])
    await keep(store, story)
    (found,) = await store.possible_duplicates(hand_over(case_no="A"))
    given = story.case.hand_over
    assert (found.location, found.summary, found.categories) == (given.location, given.summary, given.categories)
    assert (found.received_at, found.county) == (given.received_at, given.county)
    assert (found.stage, found.answered_by) == (Stage.RECTIFYING, None)


async def test_long_texts_come_cut(store: Store) -> None:
    await keep(store, Story(case_no="B", location="长" * 20_000, summary="长" * 20_000))
    (found,) = await store.possible_duplicates(hand_over(case_no="A"))
    assert (len(found.location), len(found.summary)) == (200, 2_000)


async def test_of_too_many_those_that_name_the_place_then_the_nearest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_duplicates, "MOST_CANDIDATES", 3)
    days = {"X1": 1, "X2": -2, "X3": 3, "PLACE": 50, "TOLD": -50}
    texts: dict[str, Any] = {"PLACE": {"location": "西城街道李家巷口"}, "TOLD": {"summary": "李家巷夜间有异味"}}
    for case_no, day in days.items():
        at = (RECEIVED_AT + timedelta(days=day)).isoformat()
        await keep(store, Story(case_no=case_no, received_at=at, **texts.get(case_no, {})))
    assert await compared_with(store, hand_over(case_no="A", location="李家巷")) == ["TOLD", "X1", "PLACE"]
    assert await compared_with(store, hand_over(case_no="A", location="某处")) == ["X2", "X1", "X3"]


async def test_merged_ones_say_who_answers_them(store: Store) -> None:
    await keep(
        store,
        merged("M1", "M2"),
        merged("M2", "END"),
        rectifying(case_no="END", county="乙县"),
        merged("LOST", "NOBODY"),
        merged("R1", "R2"),
        merged("R2", "R1"),
        merged("W1", "W"),
        Story(case_no="W", county="乙县").takes(K.WITHDRAWAL, INTAKE),
    )
    found = await store.possible_duplicates(hand_over(case_no="A"))
    assert {other.case_no: (other.answered_by, other.stage) for other in found} == {
        "M1": ("END", Stage.RECTIFYING),
        "M2": ("END", Stage.RECTIFYING),
        "LOST": ("NOBODY", None),
    }


# Answers -------------------------------------------------------------------------------------------------------


async def test_only_a_merged_case_is_answered_by_another(store: Store) -> None:
    await keep(store, rectifying(case_no="A"), concluded(case_no="B"), Story(case_no="C").takes(K.WITHDRAWAL, INTAKE))
    assert [await store.answer_of(case_no) for case_no in ("A", "B", "C", "X404")] == [None] * 4


async def test_the_answer_is_the_others_conclusion(store: Store) -> None:
    await keep(store, merged("A", "*B"), rectifying(case_no="B").forms_task_force())
    answer = await store.answer_of("A")
    assert answer is not None
    assert (answer.case_no, answer.through) == ("B", ())
    assert (answer.stage, answer.outcome, answer.concluded_at) == (Stage.RECTIFYING, None, None)
    assert answer.whereabouts is not None
    assert answer.whereabouts.county == "甲县"
    assert {UNIT, LEAD} <= set(answer.whereabouts.units)

    story = concluded(case_no="D")
    await keep(store, merged("C", "D"), story)
    answer = await store.answer_of("C")
    assert answer is not None
    assert (answer.stage, answer.outcome) == (Stage.CONCLUDED, Outcome.CONCLUDED)
    assert answer.concluded_at == story.now


async def test_it_is_found_over_many_merges(store: Store) -> None:
    await keep(store, merged("A", "B"), merged("B", "C"), merged("C", "D"), concluded(case_no="D"))
    answer = await store.answer_of("A")
    assert answer is not None
    assert (answer.case_no, answer.through, answer.stage) == ("D", ("B", "C"), Stage.CONCLUDED)


async def test_it_need_not_be_there_yet(store: Store) -> None:
    await keep(store, merged("A", "B"))
    answer = await store.answer_of("A")
    assert answer is not None
    assert (answer.case_no, answer.stage, answer.whereabouts) == ("B", None, None)


@pytest.mark.parametrize("ring", [("A", "B"), ("A", "B", "C"), ("A", "B", "C", "B")])
async def test_in_a_ring_nobody_answers(store: Store, ring: Sequence[str]) -> None:
    into = dict(zip(ring, [*ring[1:], ring[0]], strict=True))
    await keep(store, *(merged(case_no, target) for case_no, target in into.items()))
    answer = await store.answer_of("A")
    assert answer is not None
    assert (answer.stage, answer.outcome, answer.concluded_at) == (Stage.MERGED, Outcome.MERGED, None)
    assert {each.answered_by for each in await store.merged_cases()} == {None}
    assert await store.merged_into("A") == ()


async def test_a_withdrawn_case_concludes_nothing(store: Store) -> None:
    await keep(store, merged("A", "B"), Story(case_no="B").takes(K.WITHDRAWAL, INTAKE))
    answer = await store.answer_of("A")
    assert answer is not None
    assert (answer.stage, answer.concluded_at) == (Stage.WITHDRAWN, None)


async def test_a_chain_that_never_ends_is_left(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_duplicates, "LONGEST_CHAIN", 3)
    await keep(store, *(merged(f"X{number}", f"X{number + 1}") for number in range(6)))
    answer = await store.answer_of("X0")
    assert answer is not None
    assert (answer.case_no, answer.stage) == ("X3", Stage.MERGED)


# What a case answers -------------------------------------------------------------------------------------------


async def test_what_a_case_answers_beside_its_own(store: Store) -> None:
    first = merged(
        "M2", "M1", received_at="2021-08-20T10:00:00+08:00", location="李家巷", channel="letter", starred=True
    )
    await keep(store, rectifying(case_no="END"), merged("M1", "END"), first, merged("OTHER", "NOBODY"))
    found = await store.merged_into("END")
    assert [(each.case_no, each.through, each.answered_by) for each in found] == [
        ("M2", ("M1",), "END"),
        ("M1", (), "END"),
    ]
    assert (found[0].location, found[0].channel, found[0].starred) == ("李家巷", Channel.LETTER, True)
    assert (found[0].received_at, found[0].merged_at) == (first.case.hand_over.received_at, first.now)
    assert {each.answer_stage for each in found} == {Stage.RECTIFYING}
    assert await store.merged_into("M2") == ()
    everything = {each.case_no: (each.answered_by, each.answer_stage) for each in await store.merged_cases()}
    assert everything == {
        "M1": ("END", Stage.RECTIFYING),
        "M2": ("END", Stage.RECTIFYING),
        "OTHER": ("NOBODY", None),
    }


async def test_only_what_is_in_sight(store: Store) -> None:
    await keep(
        store,
        rectifying(case_no="END"),
        merged("HERE", "END"),
        merged("THERE", "END", county="乙县"),
        merged("JOINT", "END", county="乙县、甲县"),
    )

    async def seen(sight: Sight) -> list[str]:
        found = await store.merged_into("END", sight=sight)
        assert found == await store.merged_cases(sight=sight)
        return [each.case_no for each in found]

    assert await seen(Sight(county="甲县")) == ["HERE", "JOINT"]
    assert await seen(Sight(county="丙县")) == []
    assert await seen(Sight(unit=UNIT)) == ["HERE", "JOINT", "THERE"]
    assert await seen(Sight(unit="unit/别的")) == []


async def test_the_latest_are_followed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_duplicates, "MOST_MERGED", 2)
    await keep(store, *(merged(f"M{day}", "END", received_at=f"2021-08-2{day}T10:00:00+08:00") for day in (1, 2, 3)))
    assert [each.case_no for each in await store.merged_cases()] == ["M2", "M3"]


async def test_a_nul_somewhere_in_a_case_harms_nothing(store: Store, admin: Connection) -> None:
    await keep(store, merged("M", "END"), rectifying(case_no="END"))
    # As JSON has it; as text, Postgres could not.
    await admin.execute("UPDATE petition_case SET view = replace(view::text, '电站', '\\u0000')::json")
    assert "\\u0000" in await admin.fetchval("SELECT view::text FROM petition_case WHERE case_no = 'M'")
    assert [each.case_no for each in await store.merged_into("END")] == ["M"]
    assert [each.answered_by for each in await store.possible_duplicates(hand_over(case_no="A"))] == [None, "END"]
    answer = await store.answer_of("M")
    assert answer is not None
    assert answer.whereabouts == Whereabouts(county="甲县", units=(UNIT,))
