"""The wall's screenfuls: now and at any past moment, filtered, and only what is in sight."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from petitions.access import Sight
from petitions.case import Case
from petitions.outline import Outline
from petitions.vocabulary import Category, Coverage, Sticker
from store import Store
from store.wall import NO_FILTERS, WallFilters, by_urgency
from tests.petitions.building import DAY, HOUR, RECEIVED_AT, UNIT, Story, concluded, rectifying, surveying


async def keep(store: Store, *stories: Story) -> None:
    for story in stories:
        await store.record(story.case.case_no, story.entries)


def numbers(cases: Sequence[Case]) -> list[str]:
    return [case.case_no for case in cases]


@pytest.fixture
async def stories(store: Store) -> list[Story]:
    """Six cases of different stages, as they stand on day 6 and a half."""
    told = [
        rectifying(case_no="A1").on_day(6.5),
        surveying(case_no="A2", starred=True, categories=["noise"]).on_day(5.5),
        rectifying(case_no="A3", county="甲县、乙县", received_at=(RECEIVED_AT + DAY).isoformat()).covered(),
        concluded(case_no="A4"),
        Story(case_no="A5", received_at=(RECEIVED_AT + 6 * DAY).isoformat()),
        rectifying(case_no="A6").on_day(8),
    ]
    await keep(store, *told)
    return told


async def test_the_most_urgent_come_first_a_screenful_at_a_time(store: Store, stories: list[Story]) -> None:
    page = await store.wall_now()
    open_cases = sorted((story.case for story in stories if not story.case.closed), key=by_urgency)
    assert page.cases == tuple(open_cases)
    assert page.matching == 5
    parts = [await store.wall_now(offset=offset, limit=2) for offset in (0, 2, 4, 6)]
    assert [case for part in parts for case in part.cases] == open_cases


async def test_the_summary_line(store: Store, stories: list[Story]) -> None:
    numbers = (await store.wall_now()).numbers
    assert numbers is not None
    assert (numbers.received, numbers.concluded, numbers.on_time) == (6, 1, 1)
    assert (numbers.starred, numbers.open, numbers.overdue) == (1, 5, 1)


FILTERS = [
    WallFilters(county="乙县"),
    WallFilters(category=Category.NOISE),
    WallFilters(unit=UNIT),
    WallFilters(starred=True),
    WallFilters(starred=False),
    WallFilters(overdue=True),
    WallFilters(sticker=Sticker.BLUE),
    *(WallFilters(missing=missing) for missing in Coverage),
    WallFilters(county="甲县", starred=False, missing=Coverage.INSTRUCTION),
    WallFilters(county="无此县"),
]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
async def test_the_query_filters_as_the_rule_says(store: Store, stories: list[Story], filters: WallFilters) -> None:
    # At the second of them all are past their time, recorded or not.
    for now in (None, RECEIVED_AT + 30 * DAY):
        page = await store.wall_now(filters, now=now)
        open_cases = [story.case for story in stories if not story.case.closed]
        wanted = [case for case in open_cases if filters.lets_through(Outline.of(case), now)]
        assert page.cases == tuple(sorted(wanted, key=by_urgency))
        assert page.matching == len(wanted)
    assert (await store.wall_at(RECEIVED_AT + 30 * DAY, filters)).cases == page.cases
    listed = await store.wall_list(filters, RECEIVED_AT + 30 * DAY)
    assert [each.case_no for each in listed] == numbers(page.cases)


async def test_as_it_stood_at_any_moment(store: Store, stories: list[Story]) -> None:
    for hours in (0, 1, 2, 5, 7, 9, 25, 24 * 4, 24 * 5, 24 * 6, 24 * 6 + 13, 24 * 9):
        at = RECEIVED_AT + timedelta(hours=hours)
        page = await store.wall_at(at)
        for case in page.cases:
            [story] = [story for story in stories if story.case.case_no == case.case_no]
            known = [entry for entry in story.entries if entry.at <= at]
            assert case.seq == len(known)
        open_then = {
            story.case.case_no
            for story in stories
            if story.case.opened_at <= at and not (story.case.closing and story.case.closing.at <= at)
        }
        assert set(numbers(page.cases)) == open_then
        assert page.matching == len(open_then)


async def test_a_reopened_case_is_open_again_and_was_not_in_between(store: Store) -> None:
    story = concluded(case_no="R1")
    end = story.now
    story.pass_time(2 * DAY).reopens()
    await keep(store, story)
    assert numbers((await store.wall_at(end - HOUR)).cases) == ["R1"]
    assert (await store.wall_at(end)).cases == ()
    assert (await store.wall_at(end + DAY)).cases == ()
    assert numbers((await store.wall_at(story.now)).cases) == ["R1"]
    assert numbers((await store.wall_now()).cases) == ["R1"]


async def test_nobody_sees_more_than_is_in_sight(store: Store, stories: list[Story]) -> None:
    other = Sight(county="乙县")
    assert numbers((await store.wall_now(sight=other)).cases) == ["A3"]
    assert numbers((await store.wall_at(RECEIVED_AT + 30 * DAY, sight=other)).cases) == ["A3"]
    told = (await store.wall_now(sight=other)).numbers
    assert told is not None
    assert told.received == 1
    assert [each.case_no for each in await store.wall_list(NO_FILTERS, RECEIVED_AT, sight=other)] == ["A3"]
    assert (await store.wall_now(sight=Sight(unit="unit/没有的局"))).matching == 0


async def test_a_case_that_is_known_is_read_again_when_its_row_has_changed(store: Store, stories: list[Story]) -> None:
    first = (await store.wall_now()).cases
    again = (await store.wall_now()).cases
    assert all(one is other for one, other in zip(first, again, strict=True))
    story = next(each for each in stories if each.case.case_no == first[0].case_no)
    before = len(story.entries)
    story.instructs(text="再查。")
    await store.record(story.case.case_no, story.entries[before:])
    changed = (await store.wall_now()).cases
    assert changed[0] == story.case
    assert changed[1:] == first[1:]
