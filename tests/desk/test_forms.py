"""Forms on real cases: mistakes beside their fields, nothing typed lost, pressed twice counted once, changes told."""

import asyncio
import hashlib
from typing import Any

import httpx
import pytest

from store import Store
from store.connection import Pool
from tests.desk.conftest import SignsIn
from tests.desk.filling import REPORT, form_on, report, said_at
from tests.http.cases import UNIT, handed_over, message, regular_messages, until

pytestmark = pytest.mark.usefixtures("worker")


async def test_mistakes_stand_beside_their_fields_and_nothing_typed_is_lost(
    http: httpx.AsyncClient, signs_in: SignsIn
) -> None:
    case_no = await handed_over(http)
    intake = await signs_in("city/intake")
    page = await intake.press(
        await form_on(intake, case_no, "extension"), days="三", reason="  ", authority="督察组\n第3号"
    )
    assert page.status == 422
    assert said_at(page, "days", "extension") == "应当是整数"
    assert said_at(page, "reason", "extension") == "请填写"
    assert said_at(page, "authority", "extension") == ""
    form = page.form("/forms/extension")
    assert (form.value("days"), form.value("authority")) == ("三", "督察组\n第3号")
    page = await intake.press(form, days="400", reason="工程量大")
    assert said_at(page, "days", "extension") == "应当不大于 365"
    page = await intake.press(page.form("/forms/extension"), days="3", reason="长" * 20_001)
    assert "过长，上限为 20000" in said_at(page, "reason", "extension")
    assert len(page.form("/forms/extension").value("reason")) == 20_001
    page = await intake.press(page.form("/forms/extension"), reason="工程量大")
    assert "已提交" in page.text
    view = (await http.get(f"/v1/cases/{case_no}")).json()
    assert view["refused_count"] == 0, "what a form finds itself is not held against the sender"


async def test_a_time_that_cannot_be_read_and_a_unit_that_is_none(http: httpx.AsyncClient, signs_in: SignsIn) -> None:
    case_no = await handed_over(http)
    mayor = await signs_in("city/mayor")
    form = await form_on(mayor, case_no, "leader_instruction")
    page = await mayor.press(form, text="立即查处", complete_by="明天下午")
    assert "请写明年月日" in said_at(page, "complete_by", "leader_instruction")
    assert page.form("/forms/leader_instruction").value("complete_by") == "明天下午"
    intake = await signs_in("city/intake")
    form = await form_on(intake, case_no, "dispatch")
    forged = [(name, value) for name, value in form.values if name != "unit"]
    page = await intake.post(form, [*forged, ("unit", "unit/无此单位")])
    assert page.status == 409
    assert "不在本辖区的责任单位名录中" in said_at(page, "unit", "dispatch")
    # The case remembers its answer to that message: what is mended is another one, and is taken.
    page = await intake.press(page.form("/forms/dispatch"), unit="unit/通川区水务局")
    assert "已提交" in page.text


async def test_pressed_twice_it_counts_once(http: httpx.AsyncClient, signs_in: SignsIn, store: Store) -> None:
    case_no = await handed_over(http)
    unit = await signs_in(UNIT)
    form = await form_on(unit, case_no, "acknowledgement")
    first, second = await asyncio.gather(unit.press(form), unit.press(form))
    assert "已提交" in first.text
    assert "已提交" in second.text
    third = await unit.press(form)
    assert "已提交" in third.text
    timeline = await store.timeline(case_no, with_refusals=True)
    assert [line.event for line in timeline].count("acknowledgement") == 1
    assert "refused" not in [line.event for line in timeline]


async def test_going_back_and_sending_something_else_is_told(http: httpx.AsyncClient, signs_in: SignsIn) -> None:
    case_no = await handed_over(http)
    mayor = await signs_in("city/mayor")
    form = await form_on(mayor, case_no, "leader_instruction")
    assert "已提交" in (await mayor.press(form, text="立即查处")).text
    page = await mayor.press(form, text="改了一个字")
    assert page.status == 409
    assert "此前已经提交过" in page.text
    again = page.form("/forms/leader_instruction")
    assert again.value("text") == "改了一个字"
    assert again.value("message_id") != form.value("message_id")
    assert "已提交" in (await mayor.press(again)).text


async def test_a_second_tab_is_told_what_changed_and_may_confirm(
    http: httpx.AsyncClient, signs_in: SignsIn, store: Store
) -> None:
    case_no = await handed_over(http)
    unit = await signs_in(UNIT, "王经办")
    first, second = [await form_on(unit, case_no, "rectification_report") for _ in range(2)]
    assert "已提交" in (await unit.press(first, **report(final="false", facts="第一个窗口"))).text
    page = await unit.press(second, **report(final="false", facts="第二个窗口"))
    assert page.status == 409
    told = page.text.partition("本件有了变化，尚未提交")[2].partition("报告类型")[0]
    assert "通川区商务局王经办" in told, "who"
    assert "整改进展" in told, "and what"
    confirmed = page.form("/forms/rectification_report")
    assert confirmed.value("facts") == "第二个窗口"
    assert "已提交" in (await unit.press(confirmed)).text
    lines = [line.text for line in await store.timeline(case_no)]
    assert sum("整改进展" in line for line in lines) == 2


async def test_what_others_do_on_the_side_does_not_stop_an_instruction(
    http: httpx.AsyncClient, signs_in: SignsIn
) -> None:
    case_no = await handed_over(http)
    mayor = await signs_in("city/mayor")
    form = await form_on(mayor, case_no, "leader_instruction")
    await http.post(f"/v1/cases/{case_no}/messages", json=message("acknowledgement", UNIT, "a1"))
    await until(http, case_no, "rectifying")
    assert "已提交" in (await mayor.press(form, text="立即查处")).text


async def test_what_the_stage_no_longer_takes_is_refused_in_words(http: httpx.AsyncClient, signs_in: SignsIn) -> None:
    case_no = await handed_over(http)
    unit = await signs_in(UNIT)
    form = await form_on(unit, case_no, "acknowledgement")
    for body in regular_messages()[:5]:
        assert (await http.post(f"/v1/cases/{case_no}/messages", json=body)).status_code == 200
    await until(http, case_no, "verifying")
    page = await unit.press(form)
    assert page.status == 409
    page = await unit.press(page.form("/forms/acknowledgement"))
    assert page.status == 409
    assert "本件现为“核实中”" in page.text


async def test_who_handled_the_case_is_told_to_stand_aside(http: httpx.AsyncClient, signs_in: SignsIn) -> None:
    case_no = await handed_over(http)
    bodies = regular_messages()[:5]
    bodies[2]["members"] = [{"office": "city/supervision-team", "name": "孙督办"}]
    for body in bodies:
        assert (await http.post(f"/v1/cases/{case_no}/messages", json=body)).status_code == 200
    await until(http, case_no, "verifying")
    involved, other = (
        await signs_in("city/supervision-team", "孙督办"),
        await signs_in("city/supervision-team", "吴督办"),
    )
    page = await involved.open(f"/desk/cases/{case_no}")
    assert "verification" not in page.kinds()
    assert "孙督办参与了本件办理" in page.text
    assert "verification" in (await other.open(f"/desk/cases/{case_no}")).kinds()


async def test_drafts_are_kept_shown_discarded_and_gone_when_sent(http: httpx.AsyncClient, signs_in: SignsIn) -> None:
    case_no = await handed_over(http)
    unit = await signs_in(UNIT, "郑经办")
    form = await form_on(unit, case_no, "rectification_report")
    page = await unit.press(form, "draft", facts="写了一半", finding="substantiated", outcome__detained="x")
    assert "草稿已保存" in page.text
    colleague = await signs_in(UNIT, "李经办")
    assert (await form_on(colleague, case_no, "rectification_report")).value("facts") == ""
    listed = await unit.open("/desk")
    assert "我的草稿" in listed.text
    form = await form_on(unit, case_no, "rectification_report")
    assert [form.value(name) for name in ("facts", "finding", "outcome.detained")] == ["写了一半", "substantiated", "x"]
    await unit.press(form, "discard")
    form = await form_on(unit, case_no, "rectification_report")
    assert form.value("facts") == ""
    await unit.press(form, "draft", **report())
    form = await form_on(unit, case_no, "rectification_report")
    assert "已提交" in (await unit.press(form)).text
    assert "我的草稿" not in (await unit.open("/desk")).text


async def test_many_cases_are_acknowledged_and_dispatched_at_once(
    http: httpx.AsyncClient, signs_in: SignsIn, store: Store
) -> None:
    cases = [await handed_over(http) for _ in range(3)]
    unit = await signs_in(UNIT)
    page = await unit.open("/desk")
    form = page.form("/bulk/acknowledgement")
    assert (await unit.press(form, None)).status == 422
    chosen = await unit.press(form, None, case=cases[:2])
    assert chosen.status == 200
    assert "2 件成功，0 件未成功" in chosen.text
    twice = await unit.press(form, None, case=cases[:2])
    assert "2 件成功，0 件未成功" in twice.text
    for case_no in cases[:2]:
        await until(http, case_no, "rectifying")
        assert [line.event for line in await store.timeline(case_no)].count("acknowledgement") == 1

    undispatched = [await received(http) for _ in range(2)]
    intake = await signs_in("city/intake")
    form = (await intake.open("/desk")).form("/bulk/dispatch")
    one, other = undispatched
    page = await intake.post(form, form.filled(case=undispatched, **{f"unit-{one}": UNIT}), None)
    assert "1 件成功，1 件未成功" in page.text
    assert "没有选择责任单位" in page.text
    await until(http, one, "dispatched")
    assert (await http.get(f"/v1/cases/{other}")).json()["stage"] == "received"


async def received(http: httpx.AsyncClient) -> str:
    """A case for which no unit can be found: a clerk must dispatch."""
    from tests.http.cases import new_case

    body = new_case(responsible_unit="unit/无此单位")
    assert (await http.post("/v1/cases", json=body)).status_code == 201
    await until(http, body["case_no"], "received")
    return body["case_no"]


async def test_photographs_of_a_visit_are_kept_with_the_case_and_named_in_its_notes(
    http: httpx.AsyncClient, signs_in: SignsIn, store: Store
) -> None:
    case_no = await handed_over(http)
    leader = await signs_in("city/leader/vice-mayor", "钱副市长")
    form = await form_on(leader, case_no, "site_visit")
    photo = b"\xff\xd8\xff\xe0" + case_no.encode() * 50
    page = await leader.press(form, files={"attachments": [("现场.jpg", photo)]}, notes=" ")
    assert page.status == 422
    again = page.form("/forms/site_visit")
    digest = hashlib.sha256(photo).hexdigest()
    assert again.all("attachments") == [digest], "chosen once, it is not asked for again"
    page = await leader.press(again, notes="到现场督导。")
    assert "已提交" in page.text
    case = await store.state(case_no)
    assert case is not None
    assert case.visits[-1].notes == f"到现场督导。\n现场照片：现场.jpg（SHA-256 {digest}）"
    answer = await leader.client.get(f"/cases/{case_no}/attachments/{digest}")
    assert answer.content == photo


async def test_a_case_that_is_given_to_another_unit_meanwhile_does_not_swallow_what_was_typed(
    http: httpx.AsyncClient, signs_in: SignsIn
) -> None:
    case_no = await handed_over(http)
    unit = await signs_in(UNIT)
    form = await form_on(unit, case_no, "rectification_report")
    elsewhere = message("dispatch", "city/intake", "d1", unit="unit/通川区水务局")
    assert (await http.post(f"/v1/cases/{case_no}/messages", json=elsewhere)).status_code == 200
    for _ in range(200):
        if (await http.get(f"/v1/cases/{case_no}")).json()["responsible_unit"] == "unit/通川区水务局":
            break
        await asyncio.sleep(0.05)
    page = await unit.press(form, **report())
    assert page.status == 404
    assert "没有受理编号为" in page.text
    assert REPORT["facts"] in page.text
    assert REPORT["measures"] in page.text


async def test_what_people_typed_is_shown_as_text(http: httpx.AsyncClient, signs_in: SignsIn) -> None:
    nasty = "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}&lt;b&gt;=1+1"
    case_no = await handed_over(http, location=nasty, summary=nasty)
    unit = await signs_in(UNIT, nasty[:49])
    form = await form_on(unit, case_no, "rectification_report")
    pages = [
        await unit.press(form, "draft", facts=nasty, measures=nasty, outcome__detained=nasty),
        await unit.press(form, facts=nasty, measures=nasty, outcome__detained=nasty),
        await unit.post(form, [("facts", nasty), (nasty, nasty)]),
        await unit.open("/desk"),
        await unit.open("/desk/cases"),
        await unit.open(f"/desk?no={nasty[:60]}".replace("#", "").replace("&", "")),
    ]
    kept = await form_on(unit, case_no, "rectification_report")
    assert kept.value("facts") == nasty
    pages.append(await unit.press(kept, **report(facts=nasty, measures=nasty, outcome__detained="1")))
    assert "已提交" in pages[-1].text
    supervision = await signs_in("city/supervision-team")
    pages.append(await supervision.open(f"/desk/cases/{case_no}"))
    intake = await signs_in("city/intake")
    handing = (await intake.open("/desk/hand-over")).form("/hand-over")
    names = ("case_no", "received_at", "batch", "location", "summary", "complainant__address")
    pages.append(await intake.post(handing, handing.filled(**dict.fromkeys(names, nasty))))
    assert pages[-1].status == 422
    for page in pages:
        assert "<script>alert" not in page.answer.text
        assert not [given for tag, given in page.tags if tag == "img" or any(name.startswith("on") for name in given)]
        assert [given.get("src", "").partition("?")[0] for tag, given in page.tags if tag == "script"] == [  # pyright: ignore[reportOptionalMemberAccess] - every script of ours has one
            "/static/desk.js"
        ]
        assert not [tag for tag, given in page.tags if "style" in given or tag == "style"]


async def test_handing_over_says_what_is_missing_and_keeps_no_complainant(
    http: httpx.AsyncClient, signs_in: SignsIn, store: Store, pool: Pool
) -> None:
    intake = await signs_in("city/intake", "受理员甲")
    form = (await intake.open("/desk/hand-over")).form("/hand-over")
    page = await intake.press(
        form, summary="夜间施工", complainant__name="王某某", complainant__telephone="0818-7777777"
    )
    assert page.status == 422
    for id_ in ("case-no", "received-at", "channel", "county", "location", "categories", "complainant-anonymous"):
        assert f'id="{id_}-wrong"' in page.answer.text, id_
    assert 'id="summary-wrong"' not in page.answer.text
    form = page.form("/hand-over")
    assert (form.value("summary"), form.value("complainant.name")) == ("夜间施工", "王某某")
    kept = str([dict(row) for row in await pool.fetch("SELECT * FROM desk_draft")])
    assert "夜间施工" in kept or "\\u591c" in kept
    assert "王某某" not in kept
    assert "7777777" not in kept
    again = (await intake.open("/desk/hand-over")).form("/hand-over")
    assert (again.value("summary"), again.value("complainant.name")) == ("夜间施工", "")
    given: dict[str, Any] = {
        "case_no": f"*{await fresh_number()}",
        "received_at": "2026-11-20 10:00",
        "channel": "letter",
        "county": "通川区",
        "location": "李家巷",
        "categories": ["noise"],
        "summary": "夜间施工",
    }
    first = await intake.press(again, **given)
    assert "已交办" in first.text, first.text
    second = await intake.press(again, **given)
    assert "此前已交办" in second.text
    given["summary"] = "别的事"
    other = await intake.press(again, **given)
    assert other.status == 409
    assert "内容与此不同" in other.text
    case_no = given["case_no"].lstrip("*")
    await until(http, case_no, "dispatched")
    case = await store.state(case_no)
    assert case is not None
    assert case.starred
    assert case.hand_over.received_at.isoformat() == "2026-11-20T10:00:00+08:00"
    unit = await signs_in(UNIT)
    page = await unit.open("/desk/hand-over")
    assert page.status == 403


async def fresh_number() -> str:
    from tests.http.cases import new_case

    return str(new_case()["case_no"])
