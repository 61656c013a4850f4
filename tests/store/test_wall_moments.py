"""A past moment's wall is what the rules fold of the record until then: cases of every kind, moments in any order."""

import hashlib
import random
from datetime import datetime, timedelta

import pytest

from petitions.access import EVERYTHING, Sight
from petitions.case import Case
from petitions.evolution import fold
from petitions.outline import Outline
from petitions.vocabulary import Coverage, Outcome, Sticker
from store import Store
from store.known_cases import ToldCases
from store.wall import WallFilters, by_urgency, is_overdue
from tests.petitions.building import DAY, HOUR, INTAKE, RECEIVED_AT, K, Story, concluded, rectifying, surveying

FILTERS = [WallFilters(overdue=True), WallFilters(starred=True), *(WallFilters(missing=each) for each in Coverage)]


def stories() -> list[Story]:
    """Cases that went every way a past moment can find them in."""
    later = (RECEIVED_AT + 2 * DAY).isoformat()
    return [
        Story(case_no="P01"),
        # Taken in three days after its hand-over, as the star, which was taken from it again.
        Story(case_no="P02", opened_after=3 * DAY, starred=True).dispatched().stars(starred=False),
        rectifying(case_no="P03").on_day(4.5).stars().on_day(9),
        concluded(case_no="P04"),
        concluded(case_no="P05", county="甲县、乙县", received_at=later).pass_time(2 * DAY).reopens().on_day(9),
        surveying(case_no="P06", county="乙县").on_day(8.5).surveys().covered().submits(),
        rectifying(case_no="P07").on_day(3).takes(K.WITHDRAWAL, INTAKE, reason="核对后撤回。"),
        rectifying(case_no="P08", county="乙县", received_at=later).takes(K.MERGE, INTAKE, into="P01", reason="重复件"),
        surveying(case_no="P09", starred=True).surveys(2, 8).on_day(6.5),
    ]


def stood(story: Story, at: datetime) -> Case | None:
    """The case by its record until a moment."""
    return fold(entry for entry in story.entries if entry.at <= at)


def moments(told: list[Story]) -> list[datetime]:
    """Each moment at which anything happened, and those before and after; forth and back."""
    at = {entry.at for story in told for entry in story.entries}
    found = sorted({moment + step for moment in at for step in (-timedelta(microseconds=1), timedelta(0), HOUR / 2)})
    return random.Random(7).sample(found, 40)  # noqa: S311 - which ones is nobody's secret


@pytest.mark.parametrize("sight", [EVERYTHING, Sight(county="乙县")], ids=["all", "a county"])
async def test_a_past_moment_is_what_the_record_folds_to(store: Store, sight: Sight) -> None:
    told = stories()
    for story in told:
        await store.record(story.case.case_no, story.entries)
    seen = [story for story in told if sight.everything or "乙县" in story.case.hand_over.county]
    for at in moments(told):
        page = await store.wall_at(at, sight=sight)
        received = [story for story in seen if story.case.hand_over.received_at <= at]
        cases = [case for story in received if (case := stood(story, at)) is not None]
        ended = [case.closing for case in cases if case.closing]
        still_open = sorted((case for case in cases if not case.closed), key=by_urgency)
        assert page.cases == tuple(still_open)
        for filters in FILTERS:
            found = [case for case in still_open if filters.lets_through(Outline.of(case), at)]
            assert (await store.wall_at(at, filters, sight=sight, offset=1)).cases == tuple(found[1:])
        numbers = page.numbers
        assert numbers is not None
        assert numbers.received == len(received)
        assert numbers.open == len(still_open)
        assert numbers.concluded == sum(closing.outcome is Outcome.CONCLUDED for closing in ended)
        assert numbers.on_time == sum(
            closing.outcome is Outcome.CONCLUDED and closing.within_mandate for closing in ended
        )
        assert numbers.elsewhere == sum(closing.outcome is not Outcome.CONCLUDED for closing in ended)
        assert numbers.starred == sum(
            (stood(story, at) or stood(story, story.case.opened_at) or story.case).starred for story in received
        )
        assert numbers.overdue == sum(is_overdue(Outline.of(case), at) for case in still_open)
        assert numbers.stickers == {colour: sum(case.sticker is colour for case in still_open) for colour in Sticker}


async def test_of_a_past_moment_with_too_many_cases_the_eldest_are_looked_at(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        received_at = (RECEIVED_AT + number * HOUR).isoformat()
        await store.record(f"P{number}", rectifying(case_no=f"P{number}", received_at=received_at).entries)
    at = RECEIVED_AT + 30 * DAY
    monkeypatch.setattr("store.wall.LOOKED_AT", 3)
    screenful = await store.wall_at(at, offset=2, limit=2)
    assert [case.case_no for case in screenful.cases] == ["P2", "P3"]
    assert (screenful.matching, screenful.cut_off) == (4, False)
    assert screenful.numbers is not None
    assert (screenful.numbers.open, screenful.numbers.overdue, screenful.numbers.stickers) == (4, None, None)
    filtered = await store.wall_at(at, WallFilters(overdue=True))
    assert [case.case_no for case in filtered.cases] == ["P0", "P1", "P2"]
    assert (filtered.matching, filtered.cut_off) == (3, True)


def rows(story: Story) -> list[dict[str, object]]:
    """The record's rows, each hash over all before it."""
    chained = hashlib.sha256()
    found: list[dict[str, object]] = []
    for entry in story.entries:
        text = entry.model_dump_json()
        chained.update(text.encode())
        found.append({"seq": entry.seq, "hash": chained.digest(), "entry": text})
    return found


def test_a_told_case_goes_on_from_where_it_is_known_and_nowhere_else() -> None:
    told = ToldCases()
    first = surveying(case_no="P20")
    written = rows(first)
    for length in (len(written), 3, 7, len(written)):
        assert told.tell("P20", written[:length]) == fold(first.entries[:length])
    assert told.tell("P20", written) is told.tell("P20", written)
    # What is known is not read again.
    unreadable = [*({**row, "entry": "?"} for row in written[:7]), *written[7:]]
    assert told.tell("P20", unreadable) == first.case
    # Another record of the same number, as after a restore, is never taken for the one that is known.
    other = rectifying(case_no="P20", summary="另一件。").instructs()
    assert told.tell("P20", rows(other)) == other.case
    with pytest.raises(ValueError, match="no entry"):
        told.tell("P20", [])
