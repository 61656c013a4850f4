"""A case's page and its handling report."""

from typing import Any

import httpx
import pytest

from activities.jurisdictions import Jurisdictions
from api.case_page import CasePage, case_page
from petitions.clock import CaseClock
from petitions.jurisdiction.rules import rules_for
from petitions.notices import NoticeOutcome, NoticeState
from petitions.report import handling_report
from petitions.vocabulary import Category, RefusalCode
from tests.api.conftest import NOW, Records, settings_for
from tests.api.pages import Page
from tests.petitions.building import (
    BYSTANDER,
    COUNTY_MAYOR,
    DAY,
    INTAKE,
    RECEIVED_AT,
    VICE_MAYOR,
    K,
    Story,
    concluded,
    rectifying,
    surveying,
    verifying,
)

SETTINGS = settings_for("postgresql://nowhere/nothing", temporal_ui_url="https://temporal.example:8443/ui/")


async def read(client: httpx.AsyncClient, path: str) -> Page:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    page = Page(answer.text)
    assert page.harm == []
    return page


async def test_the_whole_story_stands_on_it(client: httpx.AsyncClient, records: Records) -> None:
    story = surveying(case_no="X1").covered().surveys(3, 9)
    story.refuses(RefusalCode.NOT_YOURS, K.VERIFICATION, BYSTANDER)
    story.on_day(5.2)
    await records.keep(story)
    page = await read(client, "/cases/X1")
    for text in story.texts():
        assert text in page.text
    for heading in (
        "等待办理",
        "四个全覆盖",
        "工作专班",
        "满意回访",
        "整改报告",
        "拒收消息 1条",
        "办理过程",
        "反映问题",
    ):
        assert heading in page.text
    assert "第2轮" in page.text
    assert "满意3，基本满意0，不满意9" in page.text
    assert "无权办理" in page.text
    assert "/cases/X1/report" in page.links


async def test_a_refusal_calls_other_counties_offices_by_their_titles(
    client: httpx.AsyncClient, records: Records
) -> None:
    # The case knows the offices that have to do with it; the jurisdiction knows them all.
    unit = "unit/通川区水务局"
    rules = rules_for(
        Jurisdictions("dazhou").get(None),
        received_at=RECEIVED_AT,
        county="通川区",
        categories=[Category.WATER],
        responsible_unit=unit,
        clock=CaseClock(),
    )
    story = Story(rules, case_no="X1", county="通川区", responsible_unit=unit).dispatched()
    story.refuses(RefusalCode.NOT_YOURS, K.VERIFICATION, "county/渠县/mayor")
    story.refuses(RefusalCode.UNKNOWN_OFFICE, K.VERIFICATION, "county/没有的县/mayor")
    await records.keep(story)
    page = await read(client, "/cases/X1")
    assert "渠县县长不能对本件发送" in page.text
    assert "county/渠县/mayor" not in page.text
    # What no file knows stands as it was given.
    assert "county/没有的县/mayor" in page.text
    assert "无权办理 核实" in page.text
    assert "verification" not in page.text


async def test_breaches_stay_and_say_when_they_were_met(client: httpx.AsyncClient, records: Records) -> None:
    story = verifying(case_no="X1").verifies().on_day(5.5).reviews()
    await records.keep(story)
    text = (await read(client, "/cases/X1")).text
    assert "第5天初审 应于9月1日 10:00完成" in text
    assert "补办，逾13小时" in text


async def test_a_merged_case_leads_to_the_other(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(Story(case_no="X1").takes(K.MERGE, INTAKE, into="X2"))
    page = await read(client, "/cases/X1")
    assert "/cases/X2" in page.links
    assert "已并案" in page.text


async def test_a_long_timeline_goes_on(
    client: httpx.AsyncClient, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.pages._LINES", 3)
    story = concluded(case_no="X1")
    await records.keep(story)
    first = await read(client, "/cases/X1")
    (further,) = [link for link in first.links if "after=" in link]
    rest = await read(client, further)
    assert story.texts()[2] in first.text
    assert story.texts()[3] not in first.text
    assert story.texts()[3] in rest.text


async def test_there_is_a_page_for_what_is_not_there(client: httpx.AsyncClient) -> None:
    for path in ("/cases/X404", "/cases/X404/report"):
        answer = await client.get(path, headers={"Accept": "text/html,*/*"})
        assert answer.status_code == 404
        assert "没有受理编号为“X404”的信访举报件" in Page(answer.text).text


def test_the_workflow_is_linked_in_its_namespace() -> None:
    settings = SETTINGS.model_copy(update={"temporal_namespace": "达州/1"})
    page = case_page(Story(case_no="1#号").case, (), NOW, settings)
    assert page.workflow_address == (
        "https://temporal.example:8443/ui/namespaces/%E8%BE%BE%E5%B7%9E%2F1/workflows/case-1%23%E5%8F%B7"
    )


def late(story: Story) -> dict[str, str]:
    """By event how late it is said to be."""
    page = case_page(story.case, story.case.timeline, story.now, SETTINGS)
    kinds = {line.seq: line.event for line in story.case.timeline}
    return {kinds[event.seq]: event.late for event in page.events if event.late}


def test_what_came_late_says_by_how_much() -> None:
    story = Story().dispatched().on_day(0.5).acknowledges()
    assert late(story) == {"acknowledgement": "9小时"}


def test_asks_are_late_by_their_own_times() -> None:
    story = rectifying().on_day(2).instructs().forms_task_force().on_day(4).visits()
    # 24, 24 and 72 hours; each deed takes an hour.
    assert late(story) == {"leader_instruction": "1天1小时", "task_force": "1天2小时", "site_visit": "1天1小时"}


def test_only_what_was_asked_for_can_be_late() -> None:
    story = rectifying().covered().on_day(4)
    story.instructs(COUNTY_MAYOR).visits(VICE_MAYOR, "investigation").visits(VICE_MAYOR)
    assert late(story) == {}


def test_review_and_conclusion_are_late_by_their_milestones() -> None:
    story = verifying().covered().verifies().on_day(6).reviews().surveys().on_day(8).submits()
    assert late(story) == {"preliminary_review": "1天1小时", "closed": "1天"}


async def test_a_draft_is_marked(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(verifying(case_no="X1"))
    text = (await read(client, "/cases/X1/report")).text
    assert "草稿" in text
    assert "尚未上报" in text
    assert "关于第X1号信访举报件办理情况的报告" in text
    assert "SHA-256" not in text


async def test_a_submitted_report_is_shown_as_submitted(client: httpx.AsyncClient, records: Records) -> None:
    story = concluded(case_no="X1")
    await records.keep(story)
    as_submitted = handling_report(verifying(case_no="X1", summary="上报时的说法").case)
    digest = await records.store.submit_report("X1", "X1/1", as_submitted, story.now)
    text = (await read(client, "/cases/X1/report")).text
    assert "上报时的说法" in text
    assert digest in text
    assert "上报时间：2021年8月27日 星期五 18:00" in text
    assert "草稿" not in text


async def test_a_withdrawn_case_has_no_report_to_come(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(rectifying(case_no="X1").takes(K.WITHDRAWAL, INTAKE))
    assert "本件已撤回，未上报办理报告" in (await read(client, "/cases/X1/report")).text


def page_of(story: Story, **more: Any) -> CasePage:
    return case_page(story.case, story.case.timeline, story.now, SETTINGS, **more)


def test_why_a_sticker_is_on_it() -> None:
    assert page_of(rectifying()).why_sticker is None
    yellow = page_of(rectifying().hourly_until(5.5 * DAY)).why_sticker
    assert yellow == "为什么贴黄色：8月27日 10:00交办，到第5天（9月1日 10:00）仍未办结。"
    red = page_of(rectifying().extends(2).hourly_until(9.5 * DAY)).why_sticker
    assert red == ("为什么贴红色：8月27日 10:00交办（已延期2天），到第9天（9月5日 10:00）仍未办结，且已超过办结时限。")
    assert page_of(concluded()).why_sticker is None


def test_a_reopened_case_says_why_and_how_it_had_ended() -> None:
    story = concluded().pass_time(3 * DAY).reopens(days=3)
    (sent_back,) = page_of(story).reopenings
    assert (sent_back.heading, sent_back.text) == ("退回重办，限3天（督察组转办函3号）", "群众反映反弹")
    assert sent_back.more == "此前8月27日 18:00办结，目标内"
    story.pass_time(1.2 * DAY)
    assert (page_of(story).why_sticker or "").startswith("为什么贴黄色：8月30日 19:00退回重办，到第1天")


def test_an_instructions_own_limit_and_whether_it_was_kept() -> None:
    story = rectifying().instructs(complete_by="2021-08-29T10:00:00+08:00")
    assert page_of(story).instructions[0].more == "要求8月29日 10:00前办结"
    story.hourly_until(3 * DAY)
    assert page_of(story).instructions[0].more == "要求8月29日 10:00前办结，到期未办结"


async def test_notices_stand_on_it_with_what_became_of_them(client: httpx.AsyncClient, records: Records) -> None:
    story = rectifying(case_no="X1").on_day(5.5)
    await records.keep(story)
    notices = story.notices
    at = story.now
    outcomes = [
        NoticeOutcome(key=notices[0].key, state=NoticeState.SENT, attempts=1, at=at),
        NoticeOutcome(key=notices[1].key, state=NoticeState.FAILED, attempts=3, error="no route", at=at),
    ]
    await records.store.mark(outcomes, notices)
    page = await read(client, "/cases/X1")
    assert "已发送1条，发送失败1条" in page.text
    assert "发送失败（已试3次）" in page.text
    assert notices[0].title in page.text
    assert "no route" not in page.text
