"""Published bulletins: their cases in, by the procedure and the record, and the same figures out."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files

import pytest

from petitions.bulletin.figures import Bulletin, RemarkKind
from petitions.case_rules import CaseRules
from petitions.hand_over import HandOver
from petitions.jurisdiction.reading import read_jurisdiction
from petitions.jurisdiction.rules import rules_for
from petitions.procedure import open_case
from petitions.vocabulary import Category
from store import Store, open_pool
from store.reading import CaseFilters
from tests.petitions.building import Story
from tests.petitions.published import LOCAL, NOWHERE, Published, Sums, all_hand_overs, published
from tests.store.servers import Server

SICHUAN = read_jurisdiction(files("petitions.jurisdictions").joinpath("sichuan.toml").read_text(encoding="utf-8"))
FIRST, SECOND = published()
WRITERS = 6


@cache
def rules(county: str, categories: tuple[Category, ...]) -> CaseRules:
    """The offset is the only thing that depends on the hand-over's moment, and it is the same all year."""
    return rules_for(SICHUAN, received_at=datetime(2024, 11, 13, tzinfo=LOCAL), county=county, categories=categories)


@pytest.fixture(scope="module")
async def inspection(server: Server, template: str) -> AsyncGenerator[Store]:
    """The 5,008 cases that were handed over until the second bulletin."""
    async with server.database(f"TEMPLATE {template}") as url, open_pool(url, max_size=WRITERS) as pool:
        store = Store(pool)
        waiting = iter(all_hand_overs(SICHUAN.regions()))

        async def write() -> None:
            for hand_over in waiting:
                await take_in(store, hand_over)

        await asyncio.gather(*(write() for _ in range(WRITERS)))
        yield store


async def take_in(store: Store, hand_over: HandOver) -> None:
    step = open_case(hand_over, rules(hand_over.county, hand_over.categories), hand_over.received_at)
    await store.record(hand_over.case_no, step.entries)


async def bulletin_of(store: Store, day: date) -> Bulletin:
    found = await store.bulletin(day, SICHUAN)
    assert found is not None
    return found


@pytest.mark.parametrize("expected", [FIRST, SECOND], ids=lambda each: f"batch {each.batch}")
async def test_the_published_figures_come_out(inspection: Store, expected: Published) -> None:
    found = await bulletin_of(inspection, expected.date)
    (batch,) = found.batches
    assert batch.batch == expected.batch
    assert (batch.received, batch.phone, batch.letter) == (expected.received, expected.phone, expected.letter)
    assert (batch.starred, batch.online, batch.other) == (expected.starred, 0, 0)
    assert batch.types == expected.types
    assert {region.id: region.cases for region in batch.regions} == expected.regions
    counted = found.cumulative
    assert counted.at == datetime(expected.date.year, expected.date.month, expected.date.day, 10, tzinfo=LOCAL)
    assert expected.cumulative == Sums(
        received=counted.received, phone=counted.phone, letter=counted.letter, starred=counted.starred
    )


async def test_one_joint_case_makes_199_of_198(inspection: Store) -> None:
    found = await bulletin_of(inspection, FIRST.date)
    assert sum(region.cases for region in found.batches[0].regions) == 199
    (joint,) = [each for each in found.remarks if each.kind is RemarkKind.JOINT and each.batch == 26]
    assert joint.cases == ("D51202411130001",)
    assert "交办198件，各地区合计199件：1件由两个以上地区联合办理" in joint.text
    (several,) = [each for each in found.remarks if each.kind is RemarkKind.SEVERAL_TYPES]
    assert len(several.cases) == 2
    assert not [each for each in found.remarks if each.kind is RemarkKind.OUTSIDE]


async def test_seven_cases_outside_every_region_make_238_of_245(inspection: Store) -> None:
    found = await bulletin_of(inspection, SECOND.date)
    assert sum(region.cases for region in found.batches[0].regions) == 238
    (outside,) = [each for each in found.remarks if each.kind is RemarkKind.OUTSIDE and each.batch == 28]
    assert outside.cases == tuple(f"D5120241115{number:04}" for number in range(239, 246))
    assert "交办245件，各地区合计238件：7件所填地区不在所列地区之内" in outside.text
    assert f"〔{NOWHERE}〕" in outside.text


@pytest.mark.parametrize(
    ("at", "received", "starred"),
    [
        ("2024-10-18T23:59:59+08:00", 0, 0),
        ("2024-11-13T08:59:59.999999+08:00", 4535 - 198, 318 - 10),
        ("2024-11-13T09:00:00+08:00", 4535, 318),
        ("2024-11-13T02:00:00Z", 4535, 318),
        ("2024-11-15T08:59:59+08:00", 5008 - 245, 347 - 15),
        ("2024-11-15T10:00:00+08:00", 5008, 347),
        ("2024-12-31T00:00:00+08:00", 5008, 347),
    ],
)
async def test_the_figures_of_past_moments_agree(inspection: Store, at: str, received: int, starred: int) -> None:
    found = await inspection.figures(datetime.fromisoformat(at))
    assert (found.received, found.starred, found.concluded) == (received, starred, 0)
    joint = at >= "2024-11-13T09" or at.endswith("Z")
    assert sum(found.by_county.values()) == received + joint


async def test_a_joint_case_is_listed_by_each_of_its_regions(inspection: Store) -> None:
    for county in ("成都市", "province"):
        listed = await inspection.cases(CaseFilters(county=county), limit=5000)
        assert [case.county for case in listed.cases if "、" in case.county] == ["成都市、province"]


async def test_a_day_without_a_batch_has_no_bulletin(inspection: Store) -> None:
    assert await inspection.bulletin(date(2024, 11, 16), SICHUAN) is None
    assert await inspection.bulletin(date(2024, 10, 18), SICHUAN) is None


async def test_stars_count_as_they_stood_at_ten(store: Store) -> None:
    """Starred at nine, and given up again at eleven: ten o'clock lies between."""
    story = Story(batch=1, received_at="2024-11-13T08:00:00+08:00", county="成都市").stars()
    story.pass_time(timedelta(hours=1)).stars(starred=False)
    await store.record("X1", story.entries)
    found = await bulletin_of(store, FIRST.date)
    assert (found.batches[0].starred, found.cumulative.starred) == (0, 1)
    assert [remark.kind for remark in found.remarks] == [RemarkKind.STAR_CHANGED]
    assert await store.bulletin(FIRST.date + timedelta(days=1), SICHUAN) is None


async def test_the_bulletin_needs_the_record_alone(database: str, store: Store) -> None:
    story = Story(batch=3, received_at="2024-11-13T08:00:00+08:00", county="成都市", channel="other")
    await store.record("X1", story.entries)
    before = await bulletin_of(store, FIRST.date)
    async with open_pool(database) as pool, pool.acquire() as connection:
        await connection.execute("DELETE FROM petition_case")
    assert await bulletin_of(store, FIRST.date) == before
    assert (before.batches[0].other, before.batches[0].types) == (1, {Category.WATER: 1})
