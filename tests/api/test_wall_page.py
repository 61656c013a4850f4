"""The wall's page: what stands in its address, past moments, the stickers of a day, the television, the live part."""

import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import httpx
import pytest

from api.kept_rows import KeptRows
from api.wall_numbers import SharedSurroundings
from api.wall_page import ROWS, SCREEN_ROWS
from api.wall_query import Known, View, WallQuery, read_wall_query
from petitions.access import EVERYTHING
from petitions.vocabulary import Category, Coverage, Sticker
from store.wall import WallFilters
from tests.api.conftest import House, Records
from tests.api.pages import Page
from tests.petitions.building import (
    BYSTANDER,
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
from tests.worker.worker_process import until

ZONE = ZoneInfo("Asia/Shanghai")
KNOWN = Known(
    now=datetime(2021, 9, 3, tzinfo=UTC),
    zone=ZONE,
    first=RECEIVED_AT,
    counties=("甲县", "乙县"),
    units=("unit/水务局",),
    all_units=("unit/水务局", "unit/林业局"),
)


async def read(client: httpx.AsyncClient, address: str) -> Page:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    page = Page(answer.text)
    assert page.harm == []
    return page


def cases(page: Page) -> list[str]:
    """The cases of the page, in its order."""
    return [link.removeprefix("/cases/") for link in page.links if link.startswith("/cases/")]


# Addresses -----------------------------------------------------------------------------------------------------------


def test_an_address_says_what_is_asked_for_and_back() -> None:
    query = WallQuery(
        filters=WallFilters(
            county="乙县",
            category=Category.NOISE,
            unit="unit/林业局",
            starred=False,
            sticker=Sticker.BLUE,
            missing=Coverage.REVISIT,
            overdue=True,
        ),
        page=3,
        at=datetime(2021, 8, 30, 18, 5, tzinfo=ZONE),
        screen=True,
        view=View.STICKERS,
    )
    assert read_wall_query(dict(query.pairs()), KNOWN) == query
    assert query.address().startswith("/?county=%E4%B9%99%E5%8E%BF&category=noise")
    assert WallQuery().address() == "/"


@pytest.mark.parametrize("given", ["2021-08-30T18:00", "2021-08-30T18:00:00+08:00", "2021-08-30T10:00:00Z"])
def test_a_moment_is_local_or_says_its_offset(given: str) -> None:
    query = read_wall_query({"at": given}, KNOWN)
    assert query.at == datetime(2021, 8, 30, 18, tzinfo=ZONE)
    assert query.mistakes == ()


def test_an_unescaped_plus_is_understood() -> None:
    assert read_wall_query({"at": "2021-08-30T18:00:00 08:00"}, KNOWN).at == datetime(2021, 8, 30, 18, tzinfo=ZONE)


def test_a_day_of_the_slider_is_its_last_minute_and_today_is_now() -> None:
    assert read_wall_query({"day": "2"}, KNOWN).at == datetime(2021, 8, 29, 23, 59, tzinfo=ZONE)
    today = read_wall_query({"day": "7"}, KNOWN)
    assert (today.at, today.mistakes) == (None, ())


def test_empty_parameters_and_others_are_nothing() -> None:
    assert read_wall_query({"county": "", "sticker": " ", "at": "", "page": "", "utm": "x"}, KNOWN) == WallQuery()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("sticker", "purple", "“即时贴”不能是“purple”：可选黄、蓝、红"),
        ("county", "丙县", "没有这个名称"),
        ("unit", "没有的局", "没有这个单位"),
        ("starred", "maybe", "1 表示是，0 表示否"),
        ("page", "0", "从 1 起的整数"),
        ("page", "-1", "从 1 起的整数"),
        ("page", "９", "从 1 起的整数"),
        ("at", "gestern", "2021-09-04T18:00"),
        ("at", "2021-13-99T00:00", "2021-09-04T18:00"),
        ("at", "0001-01-01T00:00:00+23:59", "2021-09-04T18:00"),
        ("day", "x", "从首件交办当天起算"),
        ("day", "9" * 5, ""),
        ("view", "x", "可选 wall、stickers"),
        ("at", "2031-01-01T00:00", "历史时刻晚于现在"),
    ],
)
def test_what_is_wrong_is_said_and_has_no_effect(name: str, value: str, said: str) -> None:
    query = read_wall_query({name: value, "starred": "1"} | {name: value}, KNOWN)
    assert query.at is None
    assert (query.page, query.view) == (1, View.WALL)
    assert said in "".join(query.mistakes)


async def test_a_wrong_address_gets_the_wall_with_a_sentence(bare: House) -> None:
    page = await read(bare.client, "/?sticker=%3Cscript%3E&page=x&at=2021")
    assert "“即时贴”不能是“<script>”" in page.text
    assert page.text.count("没有生效") == 3


# Filters and pages ---------------------------------------------------------------------------------------------------


async def test_filters_hold_and_can_be_cleared(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(
        rectifying(case_no="PLAIN"),
        rectifying(case_no="STAR", starred=True),
        rectifying(case_no="NOISE", starred=True, categories=["noise"], county="乙县"),
    )
    page = await read(client, "/?starred=1&category=noise")
    assert cases(page) == ["NOISE"]
    assert "加星：加星件" in page.text
    assert "/?category=noise" in page.links
    assert "/?starred=1" in page.links
    assert "接收 3" in page.text
    assert cases(await read(client, f"/?county={quote('乙县')}")) == ["NOISE"]
    empty = await read(client, "/?category=marine")
    assert "没有符合条件的在办件" in empty.text


async def test_a_screenful_at_a_time(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(*(Story(case_no=f"X{number:03}") for number in range(ROWS + 5)))
    first, second, beyond = [await read(client, f"/?page={number}") for number in (1, 2, 9)]
    assert len(cases(first)) == ROWS
    assert cases(second) == [f"X{number:03}" for number in range(ROWS, ROWS + 5)]
    assert cases(beyond) == cases(second)
    assert "第61–65件，共65件，第2/2屏" in second.text
    assert "/?page=2" in first.links
    assert first.text.count("第1–60件，共65件，第1/2屏") == 2
    screen = await read(client, "/?screen=1")
    assert len(cases(screen)) == SCREEN_ROWS
    assert "form" not in screen.tags


# The live part -------------------------------------------------------------------------------------------------------


async def test_the_script_gets_only_what_changes(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(rectifying(case_no="X1"), rectifying(case_no="X2", starred=True))
    whole = (await client.get("/?starred=1")).text
    assert '<script src="/static/wall.js?v=' in whole
    part = await client.get("/?starred=1&part=rows")
    page = Page(part.text)
    assert cases(page) == ["X2"]
    assert page.tags.keys().isdisjoint({"html", "script", "form", "header"})
    for place in ('id="rows"', 'id="figures"', 'id="moment"', 'data-key="X2"'):
        assert place in part.text
        assert place in whole


async def test_the_part_is_never_older_than_the_question(client: httpx.AsyncClient, records: Records) -> None:
    for number in range(1, 4):
        await records.keep(Story(case_no=f"X{number}"))
        assert f"接收 {number} " in Page((await client.get("/?part=rows")).text).text


async def test_scripts_of_ours_may_run_and_ask_us_alone(bare: House) -> None:
    policy = (await bare.client.get("/")).headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "connect-src 'self'" in policy
    assert "unsafe" not in policy
    script = await bare.client.get("/static/wall.js")
    assert script.status_code == 200
    assert "javascript" in script.headers["content-type"]


# Past moments --------------------------------------------------------------------------------------------------------


async def test_a_past_moment_is_shown_as_it_was(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(
        concluded(case_no="DONE"),
        surveying(case_no="OPEN").hourly_until(5.5 * DAY),
        Story(case_no="NEW", received_at=(RECEIVED_AT + 6 * DAY).isoformat()),
    )
    page = await read(client, "/?at=2021-08-27T11:30")
    assert cases(page) == ["DONE", "OPEN"]
    assert "历史时刻" in page.text
    assert "接收 2 办结 0 按时办结 — 满意率 — 加星 0 在办 2 超期 0" in page.text
    assert "整改中" in page.text
    assert "/" in page.links
    later = await read(client, "/?at=2021-09-01T12:00&sticker=yellow")
    assert "接收 2 办结 1 按时办结 100% 1件 满意率 100%" in later.text
    assert cases(later) == ["OPEN"]
    # The links to the days around keep the filter.
    assert "/?sticker=yellow&at=2021-08-31T23%3A59" in later.links
    assert "/?sticker=yellow&at=2021-09-02T23%3A59" in later.links
    assert "历史时刻" not in (await read(client, "/")).text


async def test_before_the_first_case_there_was_nothing(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(rectifying(case_no="X1"))
    page = await read(client, "/?at=2020-01-01T00:00")
    assert "这一时刻没有在办的信访举报件" in page.text
    assert cases(page) == []


async def test_how_it_was_concluded_before_it_was_reopened(client: httpx.AsyncClient, records: Records) -> None:
    story = concluded(case_no="R1")
    story.pass_time(2 * DAY).reopens()
    await records.keep(story)
    assert "办结 1 按时办结 100%" in (await read(client, "/?at=2021-08-28T12:00")).text
    assert "办结 0 按时办结 —" in (await read(client, "/")).text
    assert "退回重办" in " ".join((await read(client, "/")).titles)


# Stickers of the day -------------------------------------------------------------------------------------------------


async def test_the_stickers_of_the_day(client: httpx.AsyncClient, records: Records) -> None:
    def handed_over(case_no: str, days: int, hour: int = 10) -> Story:
        at = RECEIVED_AT.replace(hour=hour) + timedelta(days=7 - days)
        return rectifying(case_no=case_no, received_at=at.isoformat())

    await records.keep(
        handed_over("FIVE", 5),
        handed_over("SIX", 6),
        # Eight in the morning is now.
        handed_over("SEVEN", 7, hour=7),
        handed_over("FOUR", 4),
        handed_over("EIGHT", 8),
        handed_over("LATER", 5).extends(2),
    )
    page = await read(client, "/?view=stickers")
    assert cases(page) == ["FIVE", "SIX", "SEVEN"]
    assert "2021年9月3日 星期五到期的即时贴，共3张" in page.text
    assert "07:00（已到）" in page.text
    assert "黄 黄色即时贴 1张" in page.text
    past = await read(client, "/?view=stickers&at=2021-09-02T09:00")
    assert cases(past) == ["SIX", "SEVEN", "EIGHT"]


async def test_a_reopened_case_gets_its_stickers_anew(client: httpx.AsyncClient, records: Records) -> None:
    story = concluded(case_no="R1").pass_time(5 * DAY)
    story.reopens(days=3)
    await records.keep(story)
    # Reopened on 09-01 at seven in the evening: yellow a day later, blue on 09-03.
    assert story.now == RECEIVED_AT + 5 * DAY + 9 * HOUR
    assert "蓝色即时贴 1张" in (await read(client, "/?view=stickers")).text


# The county picture --------------------------------------------------------------------------------------------------


async def test_the_counties_as_tiles(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(
        rectifying(case_no="A", county="通川区"),
        rectifying(case_no="B", county="通川区、万源市", received_at="2021-08-20T10:00:00+08:00").on_day(8),
        concluded(case_no="C", county="万源市"),
    )
    page = await read(client, "/counties")
    assert "通川区 2 件在办 接收2 办结0 在办2 超期1 满意率—" in page.text
    assert "万源市 1 件在办 接收2 办结1 在办1 超期1 满意率100%" in page.text
    assert "渠县 0 件在办" in page.text
    assert f"/?county={quote('通川区')}" in page.links
    assert "8月27日 2 1" in page.text
    assert "万源市 100% 满意" in (await read(client, "/counties?by=satisfaction")).text
    assert "万源市 1 件超期" in (await read(client, "/counties?by=overdue")).text
    wrong = await read(client, "/counties?by=%3Cb%3E")
    assert "“<b>”不能用来着色" in wrong.text


async def test_an_empty_county_picture(bare: House) -> None:
    assert "渠县 0 件在办" in (await read(bare.client, "/counties")).text


# What is kept ----------------------------------------------------------------------------------------------------


def test_a_kept_row_is_never_of_another_entry_or_minute() -> None:
    kept = KeptRows()
    story = rectifying(case_no="X1")
    before, now = story.case, story.now
    row = kept.row(before, now, 7)
    assert kept.row(before, now, 7) is row
    assert "整改中" in row
    story.reports()
    assert "核实中" in kept.row(story.case, now, 7)
    assert kept.row(before, now, 7) is row
    assert "剩6天22小时" in kept.row(before, now + HOUR, 7)
    assert "剩6天23小时" in row
    assert "加星件" not in row


async def test_closed_and_merged_cases_are_read_again_when_one_has_ended(own: House) -> None:
    shared = SharedSurroundings()
    store = own.records.store

    async def ended() -> tuple[list[str], list[str]]:
        around = await shared.get(store, KNOWN.now, EVERYTHING, since=time.monotonic())
        return [each.case_no for each in around.ended.closed], sorted(around.ended.merged)

    await own.records.keep(rectifying(case_no="A"))
    assert await ended() == ([], [])
    await own.records.keep(concluded(case_no="B"))
    assert await ended() == (["B"], [])
    again = concluded(case_no="B")
    again.pass_time(DAY).reopens()
    await own.records.keep(again)
    assert await ended() == ([], [])
    await own.records.keep(Story(case_no="C").takes(K.MERGE, INTAKE, into="A"))
    assert await ended() == (["C"], ["C"])


async def test_numbers_may_be_a_moment_old_and_no_older(own: House, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = SharedSurroundings()
    store = own.records.store

    async def received(*, fresh: bool) -> int:
        return (
            await shared.get(store, KNOWN.now, EVERYTHING, since=time.monotonic() if fresh else None)
        ).numbers.received

    assert await received(fresh=False) == 0
    await own.records.keep(Story(case_no="A"))
    assert await received(fresh=False) == 0
    assert await received(fresh=True) == 1
    await own.records.keep(Story(case_no="B"))
    monkeypatch.setattr("api.wall_numbers.KEPT_SECONDS", 0)
    # Nobody waits for the new numbers, and they are there soon after.
    assert await received(fresh=False) == 1

    async def is_new() -> bool:
        return await received(fresh=False) == 2

    await until("the numbers are new", is_new)
    await own.records.keep(Story(case_no="C"))
    monkeypatch.setattr("api.wall_numbers.STALE_SECONDS", 0)
    assert await received(fresh=False) == 3


# A case by its number ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["X2021-7", " *x2021-7 ", "★Ｘ２０２１－７"])
async def test_a_number_leads_to_its_case(client: httpx.AsyncClient, records: Records, typed: str) -> None:
    await records.keep(concluded(case_no="X2021-7"))
    answer = await client.get("/", params={"no": typed})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/cases/X2021-7"


@pytest.mark.parametrize("typed", ["没有的", "a\x00b", "<b>" + "9" * 200])
async def test_a_number_that_no_case_has_is_said_on_the_wall(bare: House, typed: str) -> None:
    page = await read(bare.client, f"/?{urlencode({'no': typed})}")
    assert f"没有受理编号为“{typed[:10]}" in page.text


async def test_a_number_of_another_offices_case_is_none(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(rectifying(case_no="X7"))
    for office, found in ((UNIT, True), (BYSTANDER, False)):
        key = await records.store.issue_key(label="测试", office=office)
        headers = {"authorization": f"Bearer {key}"}
        there, nowhere = [await client.get("/", params={"no": no}, headers=headers) for no in ("X7", "X8")]
        assert nowhere.status_code == 200
        assert there.status_code == (303 if found else 200)
        # Nothing tells a case that is somebody else's from one that is not there.
        assert found or there.text == nowhere.text.replace("X8", "X7")


# More than anybody can look through ----------------------------------------------------------------------------------


async def test_a_list_of_stickers_that_is_not_whole_says_so(
    client: httpx.AsyncClient, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = (RECEIVED_AT + 2 * DAY).isoformat()
    told = [rectifying(case_no=f"S{number}", county=f"{'甲乙'[number % 2]}县", received_at=at) for number in range(3)]
    await records.keep(*told)
    past = "/?view=stickers&at=2021-09-03T07:00"
    for address in ("/?view=stickers", past):
        assert "共3张" in (await read(client, address)).text
    monkeypatch.setattr("api.sticker_list.LISTED_OF_A_COLOUR", 2)
    page = await read(client, "/?view=stickers")
    assert "共3张" in page.text
    assert "以上是最早到期的2张，其余1张请按县市区分别列出。" in page.text
    assert ("S0" in page.text, "S1" in page.text, "S2" in page.text) == (True, True, False)
    assert "其余" not in (await read(client, "/?view=stickers&county=甲县")).text
    monkeypatch.setattr("store.wall.LISTED", 2)
    monkeypatch.setattr("api.wall_routes.LISTED", 2)
    monkeypatch.setattr("store.wall.LOOKED_AT", 2)
    for address, which in (("/?view=stickers", "时限最近"), (past, "较早交办")):
        page = await read(client, address)
        assert "先列出2张" in page.text
        assert f"只查了{which}的一部分，清单不全" in page.text
    alone = await read(client, "/?view=stickers&at=2021-09-03T07:00&county=甲县")
    assert "共2张" in alone.text
