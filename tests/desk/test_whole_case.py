"""A whole case through the desk: handed over and done by seven offices, each with the forms that stand there."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from store import Store
from tests.desk.browsing import Browser, Shown
from tests.desk.conftest import SignsIn
from tests.http.cases import UNIT, new_case, until

pytestmark = pytest.mark.usefixtures("worker")


async def at(browser: Browser, case_no: str) -> Shown:
    page = await browser.open(f"/desk/cases/{case_no}")
    assert page.status == 200, page.text
    return page


async def done(browser: Browser, case_no: str, kind: str, **given: Any) -> Shown:
    """Send one message by its form."""
    page = await at(browser, case_no)
    answer = await browser.press(page.form(f"/forms/{kind}"), **given)
    assert answer.status == 200, answer.text
    assert "已提交" in answer.text, answer.text
    return answer


async def test_a_whole_case_by_seven_offices(http: httpx.AsyncClient, signs_in: SignsIn, store: Store) -> None:
    case_no = new_case()["case_no"]
    intake = await signs_in("city/intake", "受理员")
    unit = await signs_in(UNIT, "王经办")
    mayor = await signs_in("county/通川区/mayor", "李区长")
    stability = await signs_in("city/stability-team", "赵维稳")
    vice_mayor = await signs_in("city/leader/vice-mayor", "钱副市长")
    supervision = await signs_in("city/supervision-team", "孙督办")
    revisit = await signs_in("city/revisit-team", "周回访")

    form = (await intake.open("/desk/hand-over")).form("/hand-over")
    here = datetime.now(timezone(timedelta(hours=8)))
    page = await intake.press(
        form,
        case_no=case_no,
        received_at=here.strftime("%Y-%m-%dT%H:%M"),
        batch="3",
        channel="phone",
        county="通川区",
        location="李家巷",
        categories=["water", "air"],
        summary="商户夜间在巷内清洗二手电器。",
        complainant__anonymous="false",
        complainant__name="王某",
        complainant__telephone="0818-0000000",
    )
    assert page.status == 200, page.text
    assert "已交办" in page.text
    assert "举报人信息已加密保存" in page.text

    # Nobody is responsible for these categories until somebody says so, or the file has named a unit: dispatch anew.
    await until(http, case_no, "dispatched")
    await done(intake, case_no, "dispatch", unit=UNIT, note="请商务局牵头。")

    listed = await unit.open("/desk")
    assert case_no in listed.text
    await done(unit, case_no, "acknowledgement")
    await done(mayor, case_no, "leader_instruction", text="立即调查处理。", complete_by="2027-09-02T18:00")
    proposal = (await at(stability, case_no)).form("/forms/task_force")
    assert proposal.value("lead_leader.office"), "the file's proposal stands in the form"
    await done(
        stability,
        case_no,
        "task_force",
        lead_leader__office="county/通川区/mayor",
        lead_leader__name="李区长",
        lead_department=UNIT,
        assisting_departments=["unit/通川区生态环境局"],
        members="张三\n通川区市场监督管理局 李四\n西城街道办事处",
    )
    await done(vice_mayor, case_no, "site_visit", purpose="supervision", notes="到现场督导。")
    await done(
        unit,
        case_no,
        "rectification_report",
        final="true",
        finding="partly_substantiated",
        facts="18时后有商户在公共区域清洗。",
        measures="责令停止，增加清扫。",
        completion="completed",
        outcome__interviewed="2",
        outcome__fine_yuan="1,500.5",
    )
    await done(supervision, case_no, "verification", confirmed="true", opinion="整改到位。")
    await done(stability, case_no, "preliminary_review", passed="true", opinion="同意。")
    page = await at(revisit, case_no)
    assert "至少需要 10 份" in page.text
    await done(
        revisit,
        case_no,
        "survey_result",
        responses__respondent=[f"居民{number}" for number in range(12)],
        responses__opinion=["satisfied"] * 11 + ["dissatisfied"],
        responses__comment=[""] * 11 + ["夜间偶有异味"],
        complete="true",
        team="周回访、吴回访",
    )
    view = await until(http, case_no, "concluded")
    assert view["refused"] == []
    assert view["waiting_for"] == []
    case = await store.state(case_no)
    assert case is not None
    assert case.instructions[0].complete_by == datetime(2027, 9, 2, 10, tzinfo=UTC)
    assert case.instructions[0].by.name == "李区长"
    assert case.task_force is not None
    assert case.task_force.assisting_departments == ("unit/通川区生态环境局",)
    first, second, third = case.task_force.members
    assert first == "张三"
    assert second == case.task_force.members[1]
    assert not isinstance(second, str)
    assert (second.office, second.name) == ("unit/通川区市场监督管理局", "李四")
    assert third == "unit/西城街道办事处"
    report = case.reports[-1]
    assert report.outcome is not None
    assert (report.outcome.fine_yuan, report.outcome.interviewed) == (1500.5, 2)

    page = await at(unit, case_no)
    assert page.kinds() == []
    assert "本件办理已结束" in page.text
    page = await at(intake, case_no)
    assert page.kinds() == ["reopen"]
    page = await intake.press(
        page.form("/forms/reopen"), days="3", authority="督察组转办函3号", reason="群众反映夜间又有清洗。"
    )
    assert page.status == 200, page.text
    await until(http, case_no, "rectifying")
    assert "rectification_report" in (await at(unit, case_no)).kinds()
