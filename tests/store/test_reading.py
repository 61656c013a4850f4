"""Lists, timelines, work lists and the figures."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from petitions.coverage import coverage
from petitions.figures import Figures
from petitions.vocabulary import Category, RefusalCode, Stage, Sticker
from petitions.waiting import waiting_for
from store import Store
from store.connection import Connection
from store.reading import CaseFilters, Cursor
from tests.petitions.building import (
    BYSTANDER,
    COUNTY_MAYOR,
    DAY,
    HOUR,
    INTAKE,
    RECEIVED_AT,
    UNIT,
    K,
    Story,
    concluded,
    rectifying,
    surveying,
)


async def keep(store: Store, *stories: Story) -> None:
    for story in stories:
        await store.record(story.case.case_no, story.entries)


async def test_there_is_no_such_case(store: Store) -> None:
    assert await store.case("X9") is None
    assert await store.timeline("X9") == []
    assert (await store.cases()).cases == ()
    assert await store.work_list(UNIT) == []


async def test_a_case_is_shown_with_the_keys_of_the_contract_first(store: Store) -> None:
    await keep(store, rectifying())
    shown = await store.case("X1")
    assert shown is not None
    assert list(shown)[:4] == ["case_no", "stage", "sticker", "starred"]


async def test_the_timeline_is_that_of_the_case_page_by_page(store: Store) -> None:
    story = surveying()
    story.refuses(RefusalCode.NOT_YOURS, K.RECTIFICATION_REPORT, BYSTANDER)
    story.visits()
    await keep(store, story)
    lines = await store.timeline("X1")
    assert tuple(lines) == story.case.timeline
    pages = [await store.timeline("X1", after_seq=line.seq, limit=3) for line in lines[2::3]]
    assert [line for page in (lines[:3], *pages) for line in page] == lines
    with_refusals = await store.timeline("X1", with_refusals=True)
    assert [line.seq for line in with_refusals] == [entry.seq for entry in story.entries]
    assert [line.event for line in with_refusals if line not in lines] == ["refused"]


async def test_a_summary_says_what_the_case_says(store: Store) -> None:
    story = surveying(starred=True, categories=["water", "noise"], batch=3).on_day(6.5)
    await keep(store, story)
    [summary] = (await store.cases()).cases
    case = story.case
    assert (summary.case_no, summary.stage, summary.sticker) == ("X1", Stage.SURVEYING, Sticker.BLUE)
    assert (summary.starred, summary.overdue, summary.round, summary.seq) == (True, False, 1, case.seq)
    assert (summary.received_at, summary.due_at, summary.closed_at) == (RECEIVED_AT, case.due_at, None)
    assert summary.categories == (Category.WATER, Category.NOISE)
    assert (summary.batch, summary.channel, summary.county) == (3, "phone", "甲县")
    assert (summary.location, summary.summary, summary.responsible_unit) == ("河边", "电站断流", UNIT)
    assert summary.coverage == coverage(case)
    assert summary.breaches == len(case.breaches)
    assert set(summary.waiting_for) == set(waiting_for(case))
    assert [waiting.due_at for waiting in summary.waiting_for] == sorted(each.due_at for each in waiting_for(case))


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, "DCBA"),
        ({"county": "乙县"}, "B"),
        ({"stage": "concluded"}, "D"),
        ({"closed": True}, "D"),
        ({"closed": False}, "CBA"),
        ({"sticker": "red"}, "A"),
        ({"starred": True}, "B"),
        ({"starred": False}, "DCA"),
        ({"overdue": True}, "A"),
        ({"unit": "unit/生态环境局"}, "C"),
        ({"category": "noise"}, "BA"),
        ({"waiting_for": UNIT}, "BA"),
        ({"waiting_for": COUNTY_MAYOR, "starred": False}, "CA"),
        ({"county": "甲县", "category": "noise"}, "A"),
        ({"county": "丙县"}, ""),
    ],
)
async def test_every_filter_filters(store: Store, filters: dict[str, Any], found: str) -> None:
    def on(day: int) -> str:
        return (RECEIVED_AT + day * DAY).isoformat()

    await keep(
        store,
        rectifying(case_no="A", categories=["noise", "air"]).on_day(8),
        rectifying(case_no="B", county="乙县", received_at=on(1), starred=True, categories=["noise"]),
        Story(case_no="C", received_at=on(2), responsible_unit="生态环境局").dispatched(),
        concluded(case_no="D", received_at=on(3)),
    )
    page = await store.cases(CaseFilters.model_validate(filters))
    assert "".join(summary.case_no for summary in page.cases) == found


async def test_pages_follow_each_other_without_gap_or_overlap(store: Store) -> None:
    received = [RECEIVED_AT + (number // 3) * HOUR for number in range(10)]
    for number, at in enumerate(received):
        await keep(store, Story(case_no=f"X{number}", received_at=at.isoformat()))
    seen: list[str] = []
    cursor: Cursor | None = None
    while True:
        page = await store.cases(cursor=cursor, limit=4)
        assert len(page.cases) <= 4
        seen += [summary.case_no for summary in page.cases]
        if page.next is None:
            break
        cursor = Cursor.parse(str(page.next))
        # What comes in meanwhile is on no page that follows.
        await keep(store, Story(case_no=f"N{len(seen)}", received_at=(RECEIVED_AT + DAY).isoformat()))
    assert seen == [f"X{number}" for number in (9, 8, 7, 6, 5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize("text", ["", "x", "eHl6", "中文", "MjAyMS0wOC0yN1QxMDowMDowMCBYMQ"])
def test_what_is_no_cursor_is_a_mistake(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong with it
        Cursor.parse(text)


async def test_a_work_list_is_what_the_cases_wait_for(store: Store) -> None:
    stories = [rectifying(), Story(case_no="X2").dispatched(), concluded(case_no="X3"), surveying(case_no="X4")]
    await keep(store, *stories)
    offices = {waiting.office for story in stories for waiting in waiting_for(story.case)}
    assert UNIT in offices
    for office in offices:
        expected = sorted(
            (waiting.due_at, story.case.case_no, waiting.what.value)
            for story in stories
            for waiting in waiting_for(story.case)
            if waiting.office == office
        )
        work = await store.work_list(office)
        assert [(item.due_at, item.case_no, item.what.value) for item in work] == expected
    [item, *_] = await store.work_list(UNIT)
    assert (item.location, item.case_due_at) == ("河边", stories[0].case.due_at)


async def test_what_is_done_leaves_the_work_list(store: Store) -> None:
    story = rectifying()
    await keep(store, story)
    assert [item.what for item in await store.work_list(UNIT)] == [K.RECTIFICATION_REPORT]
    await keep(store, story.reports())
    assert await store.work_list(UNIT) == []


class TestFigures:
    """The figures as of moments: received by the hand-over, starred and concluded by the record."""

    @staticmethod
    async def at(store: Store, moment: datetime) -> tuple[int, int, int]:
        figures = await store.figures(moment)
        return figures.received, figures.concluded, figures.starred

    async def test_of_nothing(self, store: Store) -> None:
        assert await store.figures(RECEIVED_AT) == Figures(received=0, concluded=0, starred=0, by_county={})

    async def test_a_case_counts_from_its_hand_over_and_conclusion_on(self, store: Store) -> None:
        story = concluded()
        await keep(store, story)
        closing = story.case.closing
        assert closing is not None
        moment = timedelta(microseconds=1)
        assert await self.at(store, RECEIVED_AT - moment) == (0, 0, 0)
        assert await self.at(store, RECEIVED_AT) == (1, 0, 0)
        assert await self.at(store, closing.at - moment) == (1, 0, 0)
        assert await self.at(store, closing.at) == (1, 1, 0)

    async def test_a_star_holds_from_when_it_was_given_until_it_is_taken(self, store: Store) -> None:
        story = rectifying().stars()
        given = story.now
        story.on_day(2).stars(starred=False)
        taken = story.now
        story.on_day(3).stars()
        again = story.now
        await keep(store, story)
        moment = timedelta(microseconds=1)
        for at, starred in [
            (given - moment, 0),
            (given, 1),
            (taken - moment, 1),
            (taken, 0),
            (again - moment, 0),
            (again, 1),
        ]:
            assert (await store.figures(at)).starred == starred, at

    async def test_a_refused_starring_is_none(self, store: Store) -> None:
        story = rectifying()
        story.refuses(RefusalCode.NOT_YOURS, K.STARRING, UNIT)
        await keep(store, story)
        assert (await store.figures(RECEIVED_AT + 9 * DAY)).starred == 0

    async def test_a_late_intake_counts_from_its_hand_over_with_its_star(self, store: Store) -> None:
        await keep(store, Story(opened_after=2 * DAY, starred=True))
        assert await self.at(store, RECEIVED_AT + DAY) == (1, 0, 1)

    @pytest.mark.parametrize("end", [K.WITHDRAWAL, K.MERGE])
    async def test_a_case_that_ended_otherwise_is_not_concluded(self, store: Store, end: str) -> None:
        story = rectifying()
        story.takes(K(end), INTAKE)
        assert story.case.closed
        await keep(store, story)
        assert await self.at(store, RECEIVED_AT + 9 * DAY) == (1, 0, 0)

    async def test_counties_are_counted_and_the_read_model_is_not_needed(self, store: Store, admin: Connection) -> None:
        await keep(store, rectifying(), rectifying(case_no="X2", county="乙县"), concluded(case_no="X3"))
        await admin.execute("DELETE FROM petition_case")
        assert await store.figures(RECEIVED_AT + DAY) == Figures(
            received=3, concluded=1, starred=0, by_county={"乙县": 1, "甲县": 2}
        )
