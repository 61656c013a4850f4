"""The wall: which rows it has, in which order, and what stands in them."""

from datetime import timedelta

import httpx
import pytest

from api.wall import clock, span
from petitions.vocabulary import Stage
from tests.api.conftest import NOW, House, Records
from tests.api.pages import Page
from tests.petitions.building import INTAKE, K, Story, concluded, rectifying, reporting, surveying, verifying


async def wall(client: httpx.AsyncClient) -> Page:
    answer = await client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


async def test_rows_stand_by_urgency(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(
        rectifying(case_no="LATER", received_at="2021-09-01T10:00:00+08:00"),
        rectifying(case_no="OVERDUE", received_at="2021-08-20T10:00:00+08:00").on_day(8),
        rectifying(case_no="STARRED", starred=True, received_at="2021-08-30T10:00:00+08:00"),
        rectifying(case_no="PLAIN", received_at="2021-08-30T10:00:00+08:00"),
        rectifying(case_no="EXTENDED", received_at="2021-08-21T10:00:00+08:00").extends(30),
        concluded(case_no="DONE"),
    )
    page = await wall(client)
    cases = [link.removeprefix("/cases/") for link in page.links if link.startswith("/cases/")]
    assert cases == ["OVERDUE", "STARRED", "PLAIN", "LATER", "EXTENDED", "DONE"]


async def test_the_summary_line_counts(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(
        rectifying(case_no="A", starred=True),
        rectifying(case_no="B", received_at="2021-08-20T10:00:00+08:00"),
        concluded(case_no="C"),
        Story(case_no="D").takes(K.MERGE, INTAKE, into="A"),
        Story(case_no="E").takes(K.WITHDRAWAL, INTAKE),
    )
    page = await wall(client)
    assert "接收 5 办结 1 按时办结 100% 1件 满意率 100% 加星 1 在办 2 超期 1" in page.text
    assert "黄贴 0 蓝贴 0 红贴 0 并案、撤回 2" in page.text


async def test_a_row_says_who_where_and_how_long(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(
        verifying(case_no="X1", location="马家滩水电站", received_at="2021-08-30T09:30:00+08:00", starred=True)
    )
    text = (await wall(client)).text
    # Due at half past nine on 09-06; now is eight on 09-03.
    for part in ("X1", "加星件", "甲县", "水务局", "马家滩水电站", "核实中", "剩3天1小时", "市委书记"):
        assert part in text
    assert "领导批示未落实" in text
    assert "督办组" in " ".join((await wall(client)).titles)


async def test_what_is_late_is_said_in_words(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(rectifying(case_no="X1", received_at="2021-08-25T08:00:00+08:00"))
    text = (await wall(client)).text
    assert "超2天" in text
    assert "已逾" in text


async def test_stickers_have_their_word(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(rectifying(case_no="X1", received_at="2021-08-28T08:00:00+08:00").on_day(5.5))
    page = await wall(client)
    assert "黄 色即时贴" in page.text
    assert "红 色即时贴" not in page.text


async def test_a_second_round_is_shown(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(surveying(case_no="X1").surveys(1, 10))
    assert "2轮" in (await wall(client)).text


async def test_closed_cases_stand_below_with_how_they_ended(client: httpx.AsyncClient, records: Records) -> None:
    late = reporting(case_no="LATE").covered().on_day(9).submits()
    await records.keep(concluded(case_no="QUICK"), late)
    text = (await wall(client)).text
    assert "现在没有在办的信访举报件" in text
    assert "办结，8小时 目标内" in text
    assert "办结，9天 超时限" in text


async def test_an_empty_wall(bare: House) -> None:
    text = (await wall(bare.client)).text
    assert "接收 0 办结 0 按时办结 — 满意率 — 加星 0 在办 0 超期 0" in text
    assert "现在没有在办的信访举报件" in text


async def test_thirty_one_cases_each_have_a_row(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(*(Story(case_no=f"X{number:03}") for number in range(31)))
    page = await wall(client)
    assert page.tags["tr"] == 32
    assert page.harm == []


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=30), "不足1分钟"),
        (timedelta(minutes=59, seconds=59), "59分钟"),
        (timedelta(hours=2, minutes=30), "2小时30分钟"),
        (timedelta(hours=3, minutes=30), "3小时"),
        (timedelta(days=1, hours=3, minutes=59), "1天3小时"),
        (-timedelta(days=1, hours=3, minutes=59), "1天3小时"),
    ],
)
def test_spans_are_read_at_a_glance(length: timedelta, said: str) -> None:
    assert span(length) == said


def test_the_clock_turns_at_the_due_moment() -> None:
    case = rectifying().case
    assert clock(case, case.due_at - timedelta(hours=25)).soon is False
    assert clock(case, case.due_at - timedelta(hours=5)).soon is True
    assert clock(case, case.due_at).late is False
    late = clock(case, case.due_at + timedelta(hours=5))
    assert (late.late, late.soon, late.text) == (True, False, "超5小时")


async def test_a_case_of_another_version_is_folded_from_its_record(own: House) -> None:
    story = verifying(case_no="X1")
    await own.records.keep(story)
    connection = await own.connect()
    await connection.execute("""UPDATE petition_case SET state = '{"from": "elsewhere"}'""")
    await connection.close()
    assert Stage.VERIFYING.label in (await wall(own.client)).text
    assert f"{NOW:%Y}年" in (await own.client.get("/cases/X1")).text


async def test_a_case_stands_with_those_that_were_merged_into_it(own: House) -> None:
    await own.records.keep(
        rectifying(case_no="A"),
        Story(case_no="B", location="李家巷", channel="letter").takes(K.MERGE, INTAKE, into="A"),
        Story(case_no="C#1").takes(K.MERGE, INTAKE, into="B"),
        concluded(case_no="D"),
        Story(case_no="E").takes(K.MERGE, INTAKE, into="D"),
        Story(case_no="F").takes(K.MERGE, INTAKE, into="NOBODY"),
        Story(case_no="G").takes(K.MERGE, INTAKE, into="G2"),
        Story(case_no="G2").takes(K.MERGE, INTAKE, into="G"),
    )
    page = await wall(own.client)
    assert page.harm == []
    assert page.tags["tr"] == 3
    assert "并入： B 、 C#1" in page.text
    assert "8月27日 10:00交办，来信，甲县李家巷" in page.titles
    # E stands with D, which was concluded and answers it; who is not there has no page.
    assert "D 甲县 河边 8月27日 18:00 办结，8小时 目标内 并入： E" in page.text
    assert "B 甲县 李家巷 8月27日 11:00 并入 A" in page.text
    assert "/cases/NOBODY" not in page.links
    assert "G 甲县 河边 8月27日 11:00 并案" in page.text
    assert "并入 NOBODY（未录入）" in page.text
    assert "并案" in page.text
    assert "/cases/C%231" in page.links


async def test_of_many_merged_cases_some_are_named(own: House) -> None:
    await own.records.keep(
        rectifying(case_no="A"), *(Story(case_no=f"B{number}").takes(K.MERGE, INTAKE, into="A") for number in range(6))
    )
    page = await wall(own.client)
    assert "并入： B0 、 B1 、 B2 、 B3 等6件" in page.text
