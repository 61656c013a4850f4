"""Who may send what: the table of the contract, office by office, against the rules of the Dazhou file."""

import json
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from petitions.case import Case
from petitions.jurisdiction.reading import read_jurisdiction
from petitions.jurisdiction.rules import rules_for
from petitions.messages import read_message
from petitions.procedure import take_in
from petitions.vocabulary import Category, MessageKind, RefusalCode
from tests.petitions.building import BODIES as PLAIN
from tests.petitions.building import RECEIVED_AT, Story, answers

K = MessageKind

# The offices of one case: Lijia alley, Tongchuan district, water; its unit and its task force as below.
UNIT = "unit/通川区生态环境局"
LEAD = "unit/通川区商务局"
ASSISTING = "unit/西城街道办事处"
MEMBER = "unit/通川区市场监督管理局"
BYSTANDER = "unit/通川区综合行政执法局"
LEADERS = {
    "city/party-secretary",
    "city/mayor",
    "city/leader/vice-mayor",
    "city/leader/vice-mayor-industry",
    "county/通川区/party-secretary",
    "county/通川区/mayor",
    "county/通川区/leader/government",
}
TEAMS = {"city/stability-team", "city/supervision-team", "city/revisit-team"}
CLERKS = {"city/intake", "city/stability-team"}
UNITS = {UNIT, LEAD}
OTHERS = {"county/宣汉县/mayor", "county/宣汉县/party-secretary", BYSTANDER}
EVERYBODY = sorted(LEADERS | TEAMS | CLERKS | UNITS | OTHERS | {ASSISTING, MEMBER})

# Design §4, "Who may send what", word by word.
TABLE: dict[str, set[str]] = {
    "dispatch": CLERKS,
    "acknowledgement": UNITS,
    "rectification_report": UNITS,
    "leader_instruction": LEADERS,
    "task_force": LEADERS | {"city/stability-team"},
    "site_visit": LEADERS | TEAMS | UNITS | {ASSISTING, MEMBER},
    "verification": {"city/supervision-team"},
    "preliminary_review": {"city/stability-team"},
    "survey_result": {"city/revisit-team"},
    "extension": CLERKS,
    "starring": CLERKS,
    "merge": CLERKS,
    "withdrawal": CLERKS,
}
BODIES: dict[str, dict[str, Any]] = {
    "dispatch": {"unit": BYSTANDER},
    "task_force": {
        "lead_leader": {"office": "county/通川区/mayor", "name": "包案人"},
        "lead_department": LEAD,
        "assisting_departments": [ASSISTING],
        "members": [MEMBER, "组员"],
    },
    "survey_result": {"round": 1, "responses": answers(10), "complete": True},
}


@cache
def _case_that_takes(kind: str) -> Case:
    """The case at a stage that takes this message, with its task force."""
    text = files("petitions.jurisdictions").joinpath("dazhou.toml").read_text(encoding="utf-8")
    rules = rules_for(read_jurisdiction(text), received_at=RECEIVED_AT, county="通川区", categories=[Category.WATER])
    story = Story(rules, county="通川区", location="李家巷").dispatched()
    story.forms_task_force("city/stability-team", **BODIES["task_force"])
    if kind in {"acknowledgement", "dispatch"}:
        return story.case
    story.acknowledges(UNIT)
    if kind in {"verification", "preliminary_review", "survey_result"}:
        story.reports(UNIT)
    if kind in {"preliminary_review", "survey_result"}:
        story.verifies()
    if kind == "survey_result":
        story.reviews()
    return story.case


def _sent(kind: str, office: str) -> tuple[Case, RefusalCode | None, Case]:
    case = _case_that_takes(kind)
    head = {"message_id": "the one", "by": {"office": office, "name": f"{office}的人"}}
    body = json.dumps({**head, **PLAIN[MessageKind(kind)], **BODIES.get(kind, {})}).encode()
    answered = take_in(case, read_message(body, kind), datetime(2021, 8, 28, 10, tzinfo=UTC))
    return case, answered.refusal.code if answered.refusal else None, answered.case


def test_the_table_has_every_message() -> None:
    assert set(TABLE) == set(MessageKind)


@pytest.mark.parametrize("office", EVERYBODY)
@pytest.mark.parametrize("kind", TABLE)
def test_who_may_send_what(kind: str, office: str) -> None:
    before, code, after = _sent(kind, office)
    if office in TABLE[kind]:
        assert code is None
        assert after.refused_count == before.refused_count
    else:
        assert code is RefusalCode.NOT_YOURS
        assert after.refused_count == before.refused_count + 1
        kept = {"seq", "answers", "refused", "refused_count"}
        assert after.model_dump(exclude=kept) == before.model_dump(exclude=kept)


@pytest.mark.parametrize("kind", TABLE)
@pytest.mark.parametrize("office", ["city/governor", "unit/没有的局", "通川区商务局", "", "responsible_unit"])
def test_an_office_that_nobody_knows(kind: str, office: str) -> None:
    """Not even by the words that the settings use for the parts in a case."""
    _, code, _ = _sent(kind, office)
    assert code is (RefusalCode.UNKNOWN_OFFICE if office else RefusalCode.MALFORMED)


def test_the_reason_says_who_may() -> None:
    story = Story(_case_that_takes("verification").rules, county="通川区").dispatched()
    reason = story.refuses(RefusalCode.NOT_YOURS, K.PRELIMINARY_REVIEW, "city/mayor")
    assert "市长" in reason
    assert "市信访维稳组" in reason
    reason = story.refuses(RefusalCode.NOT_YOURS, K.RECTIFICATION_REPORT, BYSTANDER)
    assert "责任单位" in reason
    assert "专班主办部门" in reason
