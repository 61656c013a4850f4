"""The desk in real browsers on the real stack: a whole case by seven offices, and what goes wrong on any day."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta, timezone

import httpx
import pytest
from fastapi import FastAPI
from playwright.async_api import expect

from store import Store
from store.connection import Pool
from tests.browser.axe import judge
from tests.browser.city import served
from tests.browser.clerks import Clerk, Clerks, FilledForm
from tests.browser.conftest import Visits
from tests.browser.layout import sticking_out
from tests.browser.shown import TELEPHONE, TELEVISION, Screen
from tests.desk.conftest import app, engine, http, master_key_file, pool
from tests.http.cases import UNIT, handed_over, new_case, until
from tests.worker.worker_process import until as eventually

__all__ = ["app", "engine", "http", "master_key_file", "pool"]

pytestmark = pytest.mark.usefixtures("worker")
AUTOSAVE_MS = 5_000
"""After how long what somebody types is kept as a draft; see ``desk.js``."""
PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8


@pytest.fixture
async def clerks(visits: Visits, app: FastAPI, store: Store) -> AsyncGenerator[Clerks]:
    """Who comes to the desk of a site where keys are needed; the browser is asked for first."""
    async with served(app) as address:
        yield Clerks(address, store, visits)


@pytest.mark.parametrize("javascript", [True, False], ids=["with-scripts", "without"])
async def test_a_whole_case_by_seven_offices(
    clerks: Clerks, http: httpx.AsyncClient, store: Store, javascript: bool
) -> None:
    case_no = new_case()["case_no"]
    clerks.javascript = javascript
    async with AsyncExitStack() as open_:

        async def clerk(office: str, name: str, screen: Screen = TELEVISION) -> Clerk:
            return await open_.enter_async_context(clerks.of(office, name, screen))

        intake = await clerk("city/intake", "受理员")
        await intake.page.get_by_role("link", name="交办新案件").click()
        await intake.page.wait_for_url("**/desk/hand-over")
        page = intake.page
        await page.get_by_label("受理编号").fill(case_no)
        here = datetime.now(timezone(timedelta(hours=8)))
        await page.get_by_label("交办时间").fill(here.strftime("%Y-%m-%dT%H:%M"))
        await page.get_by_label("来电", exact=True).check()
        await page.locator("#county").select_option(label="通川区")
        await page.get_by_label("具体地点").fill("李家巷")
        await page.get_by_label("水", exact=True).check()
        await page.locator("#summary").fill("商户夜间在巷内清洗二手电器。")
        await page.locator("#responsible-unit").select_option(label="通川区商务局")
        await page.get_by_label("实名", exact=True).check()
        await page.locator("#complainant-name").fill("王某")
        await page.get_by_role("button", name="交办").click()
        await intake.reads("举报人信息已加密保存")
        await until(http, case_no, "dispatched")

        unit = await clerk(UNIT, "王经办")
        await unit.page.get_by_label(f"选择 {case_no}").check()
        await unit.page.get_by_role("button", name="签收所选案件").click()
        await unit.reads("1 件成功，0 件未成功")
        await until(http, case_no, "rectifying")

        mayor = await clerk("county/通川区/mayor", "李区长")
        await mayor.reads(case_no)
        form = await mayor.form(case_no, "leader_instruction")
        await form.fill(批示内容="立即调查处理。", 要求完成时间="2027-09-02T18:00")
        await form.send("提交批示")

        stability = await clerk("city/stability-team", "赵维稳")
        form = await stability.form(case_no, "task_force")
        await form.select(包案领导职务="通川区区长", 主办部门="通川区商务局")
        await form.fill(包案领导姓名="李区长", 专班成员="张三\n通川区市场监督管理局 李四")
        await form.choose("通川区生态环境局")
        await form.send("提交专班名单")

        # On site, with a telephone and its camera.
        vice_mayor = await clerk("city/leader/vice-mayor", "钱副市长", TELEPHONE)
        form = await vice_mayor.form(case_no, "site_visit")
        await form.choose("现场督导")
        await form.fill(现场情况="到现场督导。")
        await form.attach("attachments", "现场.jpg", PHOTO + case_no.encode(), camera=True)
        await form.send("提交现场记录")

        form = await unit.form(case_no, "rectification_report")
        await form.choose("最终报告（进入核实）", "部分属实", "办结")
        await form.fill(核查情况="18时后有商户在公共区域清洗。", 整改措施="责令停止，增加清扫。")
        await form.attach("attachments", "报告.pdf", b"%PDF-1.7\n" + case_no.encode())
        await form.send("提交报告")
        await until(http, case_no, "verifying")

        supervision = await clerk("city/supervision-team", "孙督办")
        form = await supervision.form(case_no, "verification")
        await form.choose("整改到位，通过")
        await form.fill(核实意见="整改到位。")
        await form.send("提交核实结论")
        await until(http, case_no, "reviewing")

        form = await stability.form(case_no, "preliminary_review")
        await form.choose("通过")
        await form.fill(初审意见="同意。")
        await form.send("提交初审结论")
        await until(http, case_no, "surveying")

        revisit = await clerk("city/revisit-team", "周回访")
        form = await revisit.form(case_no, "survey_result")
        sheet = "受访人,意见,问1,说明\n" + "".join(f"居民{n},满意,解决了,\n" for n in range(11))
        await form.attach("responses", "问卷.csv", sheet.encode())
        await form.press("读入表格")
        form = revisit.form_here("survey_result")
        await form.box.get_by_label("第12行受访人").fill("居民11")
        await form.box.get_by_label("第12行意见").select_option(label="基本满意")
        await form.box.get_by_label("第12行问1").fill("基本解决")
        await form.choose("已结束，以现有问卷判定")
        await form.fill(回访人员="周回访、吴回访")
        await form.send("提交问卷")

        view = await until(http, case_no, "concluded")
        assert view["refused"] == []
        await unit.go(f"/desk/cases/{case_no}")
        await unit.reads("本件办理已结束")
    case = await store.state(case_no)
    assert case is not None
    assert case.reports[-1].attachments == 1
    assert "现场照片：现场.jpg（SHA-256 " in case.visits[-1].notes
    assert case.survey is not None
    assert case.survey.opinions == {"satisfied": 11, "basically_satisfied": 1}
    assert [line.event for line in case.timeline].count("acknowledgement") == 1


@pytest.mark.parametrize("screen", [TELEVISION, TELEPHONE], ids=lambda screen: screen.name)
async def test_wrong_input_is_told_beside_its_field(clerks: Clerks, http: httpx.AsyncClient, screen: Screen) -> None:
    case_no = await handed_over(http)
    async with clerks.of(UNIT, "王经办", screen) as unit:
        unit.visitor.watch.allowed.add(422)
        form = await unit.form(case_no, "rectification_report")
        await form.choose("最终报告（进入核实）", "属实")
        await form.fill(整改措施="采取的措施")
        await form.box.get_by_text("查处问责情况").click()
        await form.fill(**{"罚款金额（元）": "很多"})
        await form.press("提交报告")
        form = unit.form_here("rectification_report")
        for label, said in (("核查情况", "请填写"), ("罚款金额（元）", "应当是")):
            field = form.field(label)
            await expect(field).to_be_visible()
            await expect(field).to_have_attribute("aria-invalid", "true")
            described = (await field.get_attribute("aria-describedby") or "").split()
            await expect(unit.page.locator(f"#{described[0]}")).to_contain_text(said)
        await expect(form.field("整改措施")).to_have_value("采取的措施")
        await expect(form.box.get_by_label("属实", exact=True)).to_be_checked()
        assert not (await judge(unit.page)).violations
        assert await sticking_out(unit.page) == []
        await form.choose("办结")
        await form.fill(核查情况="查明的事实", **{"罚款金额（元）": "1,500.5"})
        await form.send("提交报告")


async def test_a_second_tab_is_told_what_the_first_has_done(
    clerks: Clerks, http: httpx.AsyncClient, store: Store
) -> None:
    case_no = await handed_over(http)
    async with clerks.of(UNIT, "王经办") as first:
        first.visitor.watch.allowed.add(409)
        second = await first.second_tab()
        forms = [await tab.form(case_no, "rectification_report") for tab in (first, second)]
        for form, facts in zip(forms, ("第一个窗口", "第二个窗口"), strict=True):
            await (await form.in_front()).choose("进展报告", "属实", "阶段性办结")
            await form.fill(核查情况=facts, 整改措施="采取的措施")
        await (await forms[0].in_front()).send("提交报告")
        await (await forms[1].in_front()).press("提交报告")
        await second.reads("打开表单以后，本件有了变化")
        assert not (await judge(second.page)).violations
        again = second.form_here("rectification_report")
        await expect(again.field("核查情况")).to_have_value("第二个窗口")
        await again.send("提交报告")
    lines = [line.text for line in await store.timeline(case_no)]
    assert sum("整改进展" in line for line in lines) == 2


@pytest.mark.parametrize("javascript", [True, False], ids=["with-scripts", "without"])
async def test_a_double_click_counts_once(
    clerks: Clerks, http: httpx.AsyncClient, store: Store, javascript: bool
) -> None:
    case_no = await handed_over(http)
    clerks.javascript = javascript
    async with clerks.of("city/mayor", "市长") as mayor:
        form = await mayor.form(case_no, "leader_instruction")
        await form.fill(批示内容="立即查处。")
        await form.box.get_by_role("button", name="提交批示", exact=True).last.dblclick()
        await mayor.reads("已提交")
    timeline = await store.timeline(case_no, with_refusals=True)
    assert [line.event for line in timeline].count("leader_instruction") == 1
    assert "refused" not in [line.event for line in timeline]


async def test_what_is_typed_is_kept_by_itself(clerks: Clerks, http: httpx.AsyncClient) -> None:
    case_no = await handed_over(http)
    async with clerks.of(UNIT, "王经办") as unit:
        await unit.page.clock.install()
        form = await unit.form(case_no, "rectification_report")
        await form.field("核查情况").press_sequentially("写了一半")
        await unit.page.clock.fast_forward(AUTOSAVE_MS)
        await unit.reads("草稿已自动保存")
        # The telephone goes dark, or the window is closed, before the next time.
        await form.field("整改措施").press_sequentially("另一半")
        await unit.page.close()

        async def kept() -> bool:
            again = await unit_tab(unit, case_no)
            typed = await again.field("整改措施").input_value()
            await again.page.close()
            return typed == "另一半"

        await eventually("what was typed last is kept", kept)
        form = await unit_tab(unit, case_no)
        await expect(form.field("核查情况")).to_have_value("写了一半")
        await form.choose("最终报告（进入核实）", "属实", "办结")
        await form.send("提交报告")
        # What was sent has left no draft behind.
        await form.page.goto(f"{unit.visitor.address}/desk")
        await expect(form.page.locator("#main")).not_to_contain_text("我的草稿")


async def unit_tab(clerk: Clerk, case_no: str) -> FilledForm:
    return await (await clerk.second_tab()).form(case_no, "rectification_report")


async def test_the_session_ends_while_somebody_writes(clerks: Clerks, http: httpx.AsyncClient, pool: Pool) -> None:
    case_no = await handed_over(http)
    key = await clerks.store.issue_key(label="测试", office=UNIT)
    async with clerks.visit(clerks.address) as visitor:
        visitor.watch.allowed |= {401}
        unit = Clerk(visitor, visitor.page)
        await clerks.sign_in(unit, key, "冯经办")
        form = await unit.form(case_no, "rectification_report")
        await pool.execute(
            "UPDATE desk_session SET last_seen_at = now() - interval '9 hours' WHERE name = $1", "冯经办"
        )
        await form.fill(核查情况="写了很久的事实", 整改措施="采取的措施")
        await form.press("提交报告")
        await unit.reads("刚才填写的内容已存为草稿")
        assert not (await judge(unit.page)).violations
        await unit.page.get_by_role("link", name="重新登录").click()
        await unit.page.get_by_label("单位密钥").fill(key)
        await unit.page.get_by_label("本人姓名").fill("冯经办")
        await unit.page.get_by_role("button", name="登录").click()
        await unit.page.wait_for_url("**/desk/cases/**")
        form = unit.form_here("rectification_report")
        await expect(form.field("核查情况")).to_have_value("写了很久的事实")
        await form.choose("最终报告（进入核实）", "属实", "办结")
        await form.send("提交报告")


async def test_many_cases_are_dispatched_at_once(clerks: Clerks, http: httpx.AsyncClient) -> None:
    numbers: list[str] = []
    for _ in range(2):
        body = new_case(responsible_unit="unit/无此单位")
        assert (await http.post("/v1/cases", json=body)).status_code == 201
        await until(http, body["case_no"], "received")
        numbers.append(body["case_no"])
    async with clerks.of("city/intake", "受理员") as intake:
        await intake.go("/desk")
        page = intake.page
        assert not (await judge(page)).violations
        for number in numbers:
            await page.get_by_label(f"选择 {number}").check()
            row = page.locator("li", has=page.get_by_label(f"选择 {number}"))
            await row.get_by_label("责任单位").select_option(label="通川区商务局")
        await page.get_by_role("button", name="分发所选案件").click()
        await intake.reads("2 件成功，0 件未成功")
        assert not (await judge(page)).violations
    for number in numbers:
        await until(http, number, "dispatched")
