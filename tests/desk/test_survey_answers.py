"""Survey answers at the desk: in rows, one by one, and for the jurisdiction's own questions."""

from typing import Any

import httpx
import pytest

from store import Store
from store.connection import Pool
from tests.desk.conftest import SignsIn
from tests.desk.filling import form_on, said_at, surveying

pytestmark = pytest.mark.usefixtures("worker")


async def test_survey_answers_in_rows(http: httpx.AsyncClient, signs_in: SignsIn, store: Store) -> None:
    case_no = await surveying(http)
    revisit = await signs_in("city/revisit-team", "周回访")
    form = await form_on(revisit, case_no, "survey_result")
    rows: dict[str, Any] = {
        "responses__respondent": ["居民1", "", "居民1", "居民3"],
        "responses__opinion": ["satisfied", "", "dissatisfied", ""],
        "responses__comment": ["", "", "", "没有说"],
    }
    page = await revisit.press(form, complete="false", **rows)
    assert page.status == 422
    assert "第3行意见：请选择" in said_at(page, "responses", "survey_result")
    form = page.form("/forms/survey_result")
    assert form.all("responses.respondent")[:4] == ["居民1", "居民1", "居民3", ""]
    rows["responses__opinion"] = ["satisfied", "", "dissatisfied", "satisfied"]
    page = await revisit.press(form, **rows)
    assert page.status == 409
    assert "“居民1”已经作答" in said_at(page, "responses", "survey_result")
    page = await revisit.press(
        page.form("/forms/survey_result"),
        complete="true",
        responses__respondent=["居民1", "居民2"],
        responses__opinion=["satisfied", "basically_satisfied"],
        responses__comment=["", ""],
    )
    assert page.status == 409
    assert "不足 10 份" in said_at(page, "complete", "survey_result")
    page = await revisit.press(page.form("/forms/survey_result"), complete="false")
    assert "已提交" in page.text
    case = await store.state(case_no)
    assert case is not None
    assert case.survey is not None
    assert case.survey.opinions == {"satisfied": 1, "basically_satisfied": 1}


async def test_the_questions_are_the_jurisdictions_and_the_answers_the_residents(
    http: httpx.AsyncClient, signs_in: SignsIn, pool: Pool
) -> None:
    case_no = await surveying(http)
    revisit = await signs_in("city/revisit-team", "周回访")
    page = await revisit.open(f"/desk/cases/{case_no}")
    asked = "您对办理的速度是否满意？"
    assert asked in page.text
    form = page.form("/forms/survey_result")
    cells: dict[str, Any] = {
        "responses__respondent": ["居民1", "居民2"],
        "responses__opinion": ["satisfied", "satisfied"],
        "responses__answers__2": ["满意", ""],
        "responses__answers__0": ["解决了", "长" * 201],
    }
    page = await revisit.press(form, complete="false", **cells)
    assert page.status == 422
    assert said_at(page, "responses", "survey_result").startswith("第2行问1：过长")
    cells["responses__answers__0"] = ["解决了", ""]
    page = await revisit.press(page.form("/forms/survey_result"), **cells)
    assert "已提交" in page.text, page.text
    kept = await pool.fetchval(
        "SELECT entry -> 'happened' -> 'message' -> 'responses' FROM case_event "
        "WHERE case_no = $1 AND event = 'survey_result'",
        case_no,
    )
    assert kept[0]["answers"] == {"您反映或了解的环境问题是否已经得到解决？": "解决了", asked: "满意"}
    assert not kept[1].get("answers")
    sheet = await revisit.client.get(f"/desk/cases/{case_no}/survey-sheet.csv")
    assert sheet.headers["content-disposition"].startswith("attachment")
    assert asked in sheet.content.decode("utf-8-sig")
    page = await revisit.press(
        (await revisit.open(f"/desk/cases/{case_no}")).form("/forms/survey_result"),
        files={"responses": [("问卷.csv", sheet.content + "居民3,满意,是,,快,,,\n".encode())]},
        complete="false",
    )
    assert "已提交" in page.text, page.text
