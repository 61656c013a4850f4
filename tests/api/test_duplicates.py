"""Likely duplicates by HTTP and on a case's page; what a merged case is answered with."""

import json
from typing import Any

import httpx
import pytest

from api.case_page import case_page
from api.context import Context
from api.duplicates import answered_by, proposals_for
from api.related import Related, related_to, report_shown
from api.rendering import page
from petitions.access import LOCAL_OPERATOR, Caller, KnownBy
from petitions.hand_over import HandOver
from petitions.report import handling_report
from petitions.vocabulary import Outcome, Stage
from store import StoreAwayError, StoreError
from tests.api.conftest import NOW, House, Records
from tests.api.pages import Page
from tests.petitions.building import (
    COUNTY_MAYOR,
    ELSEWHERE,
    INTAKE,
    MAYOR,
    STABILITY,
    UNIT,
    K,
    Story,
    concluded,
    hand_over,
    rectifying,
)

LIJIA: dict[str, Any] = {
    "location": "李家巷",
    "summary": "李家巷内经营二手家电和废旧物资的商铺夜间冲洗物品，巷道脏乱、有异味。",
    "categories": ["water", "air"],
}
AGAIN: dict[str, Any] = {
    "location": "西城街道李家巷",
    "summary": "商户夜间在巷内清洗回收电器，脏水横流，气味难闻。",
    "categories": ["air"],
    "channel": "letter",
}
NASTY = "李家巷<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"


def context_of(house: House) -> Context:
    return house.app.state.context


def office(name: str) -> Caller:
    return Caller(id="k", known_by=KnownBy.API_KEY, office=name)


def merged(case_no: str, into: str, **changes: Any) -> Story:
    return Story(case_no=case_no, **changes).takes(K.MERGE, INTAKE, into=into)


# The route -----------------------------------------------------------------------------------------------------


async def test_a_case_tells_its_likely_duplicates(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(
        rectifying(case_no="X1", **LIJIA), Story(case_no="X2", **AGAIN), Story(case_no="X3", location="李家巷")
    )
    answer = await client.get("/v1/cases/X2/duplicates")
    assert answer.status_code == 200
    (found,) = answer.json()["likely_duplicates"]
    assert answer.json()["case_no"] == "X2"
    assert (found["case_no"], found["stage"], found["through"]) == ("X1", "rectifying", None)
    assert "同在甲县；地点相近：“西城街道李家巷”和“李家巷”" in found["reason"]
    assert (await client.get("/v1/cases/X3/duplicates")).json()["likely_duplicates"] == []


async def test_there_are_none_of_what_is_not_there(client: httpx.AsyncClient) -> None:
    for number in ("X404", "%2A", "x" * 100):
        answer = await client.get(f"/v1/cases/{number}/duplicates")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:guatu:problem:case-not-found")


# At intake -----------------------------------------------------------------------------------------------------


async def test_intake_is_told_them(own: House, records: Records) -> None:
    await records.keep(rectifying(case_no="X1", **LIJIA), merged("X0", "X1", **AGAIN))
    found = await proposals_for(context_of(own), hand_over(case_no="NEW", **AGAIN))
    assert [(each.case_no, each.through) for each in found] == [("X1", "X0")]
    assert await proposals_for(context_of(own), hand_over(case_no="NEW", **AGAIN, county="乙县")) == ()


@pytest.mark.parametrize("error", [StoreAwayError("away"), StoreError("odd"), ValueError("a row of another version")])
async def test_intake_goes_on_without_them(own: House, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def fails(_: HandOver) -> None:
        raise error

    monkeypatch.setattr(context_of(own).store, "possible_duplicates", fails)
    assert await proposals_for(context_of(own), hand_over(**LIJIA)) == ()


async def test_intake_does_not_wait_for_a_store_that_is_away(own: House) -> None:
    await own.pool.close()
    assert await proposals_for(context_of(own), hand_over(**LIJIA)) == ()


# Who answers ---------------------------------------------------------------------------------------------------


async def test_a_merged_case_is_answered_by_the_other(own: House, records: Records) -> None:
    await records.keep(merged("A", "B"), merged("B", "C"), merged("L", "LOST"), concluded(case_no="C"))
    context = context_of(own)

    async def answer(case_no: str) -> Any:
        view = await context.store.case(case_no)
        assert view is not None
        return await answered_by(context, case_no, view)

    told = await answer("A")
    assert (told.case_no, told.stage, told.outcome) == ("C", Stage.CONCLUDED, Outcome.CONCLUDED)
    assert json.loads(told.model_dump_json()).keys() == {"case_no", "stage", "outcome", "concluded_at"}
    lost = await answer("L")
    assert (lost.case_no, lost.stage, lost.concluded_at) == ("LOST", None, None)
    assert await answer("C") is None


# On the pages --------------------------------------------------------------------------------------------------


async def related(house: House, story: Story, caller: Caller = LOCAL_OPERATOR) -> Related:
    return await related_to(context_of(house), caller, story.case)


def shown(house: House, story: Story, with_: Related) -> Page:
    settings = context_of(house).settings
    made = case_page(story.case, story.case.timeline, NOW, settings, related=with_)
    answer = Page(bytes(page("case.html", page=made, after=0, halted=()).body).decode())
    assert answer.harm == []
    return answer


async def test_an_open_case_shows_them_with_how_to_merge(own: House, records: Records) -> None:
    story = Story(case_no="X2", **AGAIN)
    await records.keep(rectifying(case_no="X/1".replace("/", "#"), **LIJIA), story)
    found = await related(own, story)
    text = shown(own, story, found)
    assert "疑似重复件 X#1 相似度" in text.text
    assert "整改中 同在甲县；地点相近" in text.text
    assert "系统不会自动并案" in text.text
    assert "由 受理中心、维稳组 向本件发送“并案”消息" in text.text
    assert "POST /v1/cases/X2/messages" in text.text
    assert '"into": "X#1"' in text.text
    assert "/cases/X%231" in text.links


async def test_how_to_merge_is_a_message_that_the_case_takes(own: House, records: Records) -> None:
    story = Story(case_no="X2", **AGAIN)
    await records.keep(rectifying(case_no="X1", **LIJIA), story)
    how = (await related(own, story)).how_to_merge
    assert how is not None
    assert story.send_bytes(how.message.encode(), None).refusal is None
    assert story.case.stage is Stage.MERGED


async def test_only_open_cases_show_them_and_only_to_those_who_may_see(own: House, records: Records) -> None:
    story = rectifying(case_no="X2", **AGAIN)
    done = concluded(case_no="X1", **LIJIA)
    await records.keep(story, done)
    for caller in (office(INTAKE), office(STABILITY)):
        assert len((await related(own, story, caller)).proposals) == 1
    for caller in (office(MAYOR), office(COUNTY_MAYOR), office(UNIT)):
        assert (await related(own, story, caller)).proposals == ()
    assert (await related(own, done)).proposals == ()
    assert "疑似重复件" not in shown(own, done, await related(own, done)).text


async def test_what_is_merged_already_is_not_proposed(own: House, records: Records) -> None:
    story = rectifying(case_no="X1", **LIJIA)
    await records.keep(story, merged("X2", "X1", **AGAIN))
    found = await related(own, story)
    assert found.proposals == ()
    text = shown(own, story, found)
    assert "并入件 1件 X2 8月27日 10:00交办，来信，甲县西城街道李家巷" in text.text
    assert "/cases/X2" in text.links


async def test_a_merged_case_shows_the_others_conclusion(own: House, records: Records) -> None:
    story = merged("A", "B")
    await records.keep(story, concluded(case_no="B"))
    text = shown(own, story, await related(own, story))
    assert "本件并入B，后者已于8月27日 18:00办结，其办理结果即为本件的答复。" in text.text
    assert "调查结论 属实，办结 调查情况 情况属实 处理和整改 已经整改" in text.text
    assert {"/cases/B", "/cases/B/report"} <= set(text.links)


async def test_what_stands_with_the_answer_is_said(own: House, records: Records) -> None:
    stories = {
        story.case.case_no: story
        for story in (
            merged("OPEN", "B"),
            merged("VIA", "OPEN"),
            merged("LOST", "NOBODY"),
            merged("RING", "RING2"),
            merged("RING2", "RING"),
            merged("GONE", "W"),
            rectifying(case_no="B"),
            Story(case_no="W").takes(K.WITHDRAWAL, INTAKE),
        )
    }
    await records.keep(*stories.values())
    said = {
        "OPEN": "本件并入B，后者整改中；办结后，其办理结果即为本件的答复。",
        "VIA": "本件并入B（经OPEN并入），后者整改中",
        "LOST": "本件并入NOBODY。NOBODY尚未录入；录入后，其办理结果即为本件的答复。",
        "RING": "本件与RING2互相并入，没有任何一件在办理，无从答复。请信访受理中心核对。",
        "GONE": "本件并入W，而W已撤回，不再办理，本件没有答复。请信访受理中心核对。",
    }
    for case_no, text in said.items():
        found = await related(own, stories[case_no])
        assert found.answer is not None
        assert text in shown(own, stories[case_no], found).text
        assert found.answer.missing is (case_no in {"RING", "GONE"})
        assert found.answer.conclusion == ()
    assert "/cases/NOBODY/report" not in shown(own, stories["LOST"], await related(own, stories["LOST"])).links


async def test_of_a_case_out_of_sight_only_the_end_is_told(own: House, records: Records) -> None:
    story = merged("A", "B")
    await records.keep(story, concluded(case_no="B", county="乙县"))
    there = await related(own, story, office(COUNTY_MAYOR))
    assert there.answer is not None
    assert "后者已于8月27日 18:00办结" in there.answer.said
    assert (there.answer.address, there.answer.report_address, there.answer.conclusion) == (None, None, ())
    # And the other county is not told of the cases that were merged from here.
    other = concluded(case_no="B", county="乙县")
    assert (await related(own, other, office(ELSEWHERE))).merged == ()
    assert len((await related(own, other)).merged) == 1


async def test_the_report_of_a_merged_case_is_the_others(own: House, records: Records) -> None:
    story, other = merged("A", "B"), concluded(case_no="B", county="乙县")
    await records.keep(story, other)
    context = context_of(own)
    draft = await report_shown(context, LOCAL_OPERATOR, story.case)
    assert (draft.case.case_no, draft.submitted, draft.report) == ("B", None, handling_report(other.case))
    await records.store.submit_report("B", "B/1", handling_report(other.case), other.now)
    answer = await report_shown(context, LOCAL_OPERATOR, story.case)
    assert answer.submitted is not None
    own_report = await report_shown(context, office(COUNTY_MAYOR), story.case)
    assert (own_report.case.case_no, own_report.submitted) == ("A", None)


async def test_a_merged_case_without_an_answer_has_its_own_report(own: House, records: Records) -> None:
    stories = [merged("LOST", "NOBODY"), merged("R", "S"), merged("S", "R")]
    await records.keep(*stories)
    for story in stories:
        assert (await report_shown(context_of(own), LOCAL_OPERATOR, story.case)).case.case_no == story.case.case_no


async def test_what_people_typed_is_only_text(own: House, records: Records) -> None:
    open_case = rectifying(case_no="<b>A", location=NASTY, summary=NASTY)
    other = Story(case_no="<i>B", location=NASTY, summary=NASTY)
    inside = merged("<u>C", "<b>A", location=NASTY, summary=NASTY)
    await records.keep(open_case, other, inside)
    for story in (open_case, inside):
        text = shown(own, story, await related(own, story))
        assert NASTY in text.text
        assert all(link.startswith(("/", "http://127.0.0.1:8233/")) for link in text.links)
    assert "<i>B" in shown(own, open_case, await related(own, open_case)).text
