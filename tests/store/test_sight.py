"""Who sees which case: the column that says it, and every reading by it."""

from datetime import timedelta
from typing import Any

import pytest

from petitions.access import EVERYTHING, Sight, units_of, whereabouts
from store import Store, migrate, open_pool, schema
from store.connection import Connection
from store.schema import migrations
from tests.petitions.building import (
    ASSISTING,
    BYSTANDER,
    COUNTY_MAYOR,
    DAY,
    INTAKE,
    LEAD,
    RECEIVED_AT,
    UNIT,
    K,
    Story,
    concluded,
    rectifying,
)
from tests.store.servers import Server

MEMBERS: list[Any] = [
    "unit/公安局",
    "王某",
    {"office": "unit/住建局", "name": "李某"},
    {"office": INTAKE, "name": "赵某"},
]


def stories() -> list[Story]:
    return [
        Story(case_no="A"),
        rectifying(case_no="B", county="乙县").forms_task_force(members=MEMBERS),
        rectifying(case_no="C", county="甲县 、乙县"),
        concluded(case_no="D"),
    ]


async def keep(store: Store, *given: Story) -> None:
    for story in given:
        await store.record(story.case.case_no, story.entries)


SIGHTS = (
    EVERYTHING,
    *(Sight(county=county) for county in ("甲县", "乙县", "丙县", "甲")),
    *(Sight(unit=unit) for unit in (UNIT, LEAD, ASSISTING, BYSTANDER, "unit/公安局", "unit/住建局", "unit/王某")),
)


async def test_every_reading_has_exactly_what_is_in_sight(store: Store) -> None:
    given = stories()
    await keep(store, *given)
    for sight in SIGHTS:
        seen = {story.case.case_no for story in given if sight.covers(whereabouts(story.case))}
        page = await store.cases(sight=sight)
        assert {summary.case_no for summary in page.cases} == seen, sight
        found = await store.open_cases(10, sight=sight)
        still_open = {story.case.case_no for story in given if not story.case.closed} & seen
        assert ({case.case_no for case in found.cases}, found.number) == (still_open, len(still_open)), sight
        figures = await store.figures(RECEIVED_AT + timedelta(days=30), sight=sight)
        assert (figures.received, figures.concluded) == (len(seen), len(seen & {"D"})), sight
    assert {unit for story in given for unit in units_of(story.case)} == {
        UNIT,
        LEAD,
        ASSISTING,
        "unit/公安局",
        "unit/住建局",
    }


async def test_the_store_knows_whereabouts_as_the_case_does(store: Store) -> None:
    for story in stories():
        await keep(store, story)
        assert await store.whereabouts(story.case.case_no) == whereabouts(story.case)
    assert await store.whereabouts("X9") is None


async def test_a_unit_that_no_longer_answers_for_a_case_no_longer_sees_it(store: Store) -> None:
    story = rectifying()
    await keep(store, story)
    assert (await store.cases(sight=Sight(unit=UNIT))).cases
    await keep(store, story.takes(K.DISPATCH, INTAKE, unit=BYSTANDER))
    assert not (await store.cases(sight=Sight(unit=UNIT))).cases
    assert (await store.cases(sight=Sight(unit=BYSTANDER))).cases


async def test_filters_and_pages_stay_in_sight(store: Store) -> None:
    for number in range(6):
        at = (RECEIVED_AT + number * DAY / 10).isoformat()
        await keep(store, rectifying(case_no=f"X{number}", county="甲县" if number % 2 else "乙县", received_at=at))
    sight = Sight(county="甲县")
    first = await store.cases(limit=2, sight=sight)
    assert [summary.case_no for summary in first.cases] == ["X5", "X3"]
    second = await store.cases(cursor=first.next, limit=2, sight=sight)
    assert [summary.case_no for summary in second.cases] == ["X1"]
    assert second.next is None


async def test_rebuild_finds_and_mends_a_wrong_sight(store: Store, admin: Connection) -> None:
    story = rectifying().forms_task_force(members=MEMBERS)
    await keep(store, story)
    assert await store.rebuild() == []
    await admin.execute("UPDATE petition_case SET units = ARRAY[$1::text]", BYSTANDER)
    [difference] = await store.rebuild()
    assert difference.column == "units"
    assert await store.whereabouts("X1") == whereabouts(story.case)


async def test_the_migration_gives_old_cases_the_sight_that_they_have_now(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows written before the column was there, one of them with a text that Postgres takes for no JSON string."""
    given = [*stories(), rectifying(case_no="E").forms_task_force(COUNTY_MAYOR, members=[])]
    async with server.database("ENCODING 'UTF8' TEMPLATE template0") as url:
        await migrate(url)
        async with open_pool(url) as pool:
            store = Store(pool)
            await keep(store, *given)
            assert await store.rebuild() == []
            async with pool.acquire() as connection:
                await connection.execute(
                    "ALTER TABLE petition_case DROP COLUMN units; DROP TABLE api_key CASCADE;"
                    "DELETE FROM schema_migration WHERE version >= 4;"
                    r"""UPDATE petition_case SET state = replace(state::text, '河边', '\u0000')::json"""
                    " WHERE case_no = 'E'"
                )
            access = next(each for each in migrations() if each.version == 4)
            with monkeypatch.context() as then:
                then.setattr(schema, "migrations", lambda: (*migrations()[:3], access))
                assert await migrate(url) == ("0004_access",)
            differences = await store.rebuild()
            assert {(each.case_no, each.column) for each in differences} == {("E", "state.hand_over")}
            for story in given:
                assert await store.whereabouts(story.case.case_no) == whereabouts(story.case)
