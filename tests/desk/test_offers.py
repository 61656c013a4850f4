"""Which forms an office is offered: exactly those whose message would be taken in; and what each form asks for."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from petitions.admission import refuse
from petitions.case import Case
from petitions.forms.of_messages import form_for, label_of, model_of
from petitions.forms.reading import body_of, mistakes_in, refused_at
from petitions.messages import AnyMessage, Refusal, SiteVisit, Unreadable, read_message
from petitions.offers import may_reopen, stands_aside, takes_final_report, visit_purposes, what_may_be_sent
from petitions.reopening import REOPEN
from petitions.values import Person
from petitions.vocabulary import MessageKind, Purpose, RefusalCode
from tests.petitions.building import (
    ASSISTING,
    BODIES,
    BYSTANDER,
    COUNTY_MAYOR,
    ELSEWHERE,
    INTAKE,
    LEAD,
    MAYOR,
    REVISIT,
    STABILITY,
    SUPERVISION,
    UNIT,
    VICE_MAYOR,
    Story,
    concluded,
    rectifying,
    surveying,
    verifying,
)

OFFICES = (
    ASSISTING,
    BYSTANDER,
    COUNTY_MAYOR,
    ELSEWHERE,
    INTAKE,
    LEAD,
    MAYOR,
    REVISIT,
    STABILITY,
    SUPERVISION,
    UNIT,
    VICE_MAYOR,
    "unit/无此单位",
)


def stories() -> Iterator[Story]:
    """Cases at every stage."""
    yield Story()
    yield Story().dispatched()
    yield rectifying()
    yield rectifying().forms_task_force()
    yield verifying()
    yield verifying().verifies()
    yield surveying()
    yield concluded()
    yield rectifying().takes(MessageKind.WITHDRAWAL, INTAKE)


def _body(kind: MessageKind, office: str, name: str) -> dict[str, Any]:
    return {"kind": kind.value, "message_id": "m0", "by": {"office": office, "name": name}, **BODIES[kind]}


def messages(kind: MessageKind, office: str, name: str = "某人") -> Iterator[AnyMessage]:
    """Messages of a kind as somebody else would write them."""
    variants: list[dict[str, Any]] = [{}]
    if kind is MessageKind.RECTIFICATION_REPORT:
        variants = [{"final": True}, {"final": False}]
    if kind is MessageKind.SITE_VISIT:
        variants = [{"purpose": purpose.value} for purpose in Purpose]
    if kind is MessageKind.SURVEY_RESULT:
        variants = [{"round": 1}, {"round": 2}]
    for more in variants:
        read = read_message(json.dumps(_body(kind, office, name) | more).encode())
        assert not isinstance(read, Unreadable), read
        yield read


@pytest.mark.parametrize("story", [*stories()], ids=lambda story: f"{story.case.stage.value}-{story.case.seq}")
def test_an_office_is_offered_what_the_case_would_take_from_it(story: Story) -> None:
    case = story.case
    for office in OFFICES:
        by = Person(office=office, name="某人")
        offered = what_may_be_sent(case, by)
        for kind in MessageKind:
            taken = any(refuse(case, message) is None for message in messages(kind, office))
            assert (kind in offered) == taken, f"{office} {kind} at {case.stage}"
        for purpose in Purpose:
            visits = messages(MessageKind.SITE_VISIT, office)
            visit = next(each for each in visits if isinstance(each, SiteVisit) and each.purpose is purpose)
            assert (purpose in visit_purposes(case, by)) == (refuse(case, visit) is None)
        final = next(messages(MessageKind.RECTIFICATION_REPORT, office))
        assert takes_final_report(case, by) == (refuse(case, final) is None)


def test_a_person_who_handled_the_case_is_offered_nothing_and_told_why() -> None:
    case = rectifying().forms_task_force(members=["孙督办"]).reports().case
    handler, other = Person(office=SUPERVISION, name="孙督办"), Person(office=SUPERVISION, name="吴督办")
    assert MessageKind.VERIFICATION not in what_may_be_sent(case, handler)
    assert "孙督办参与了本件办理" in stands_aside(case, handler)[MessageKind.VERIFICATION]
    assert MessageKind.VERIFICATION in what_may_be_sent(case, other)
    assert not stands_aside(case, other)


def test_intake_alone_may_send_a_concluded_case_back() -> None:
    done, under_way = concluded().case, surveying().case
    assert may_reopen(done, Person(office=INTAKE, name="某人"))
    assert not may_reopen(under_way, Person(office=INTAKE, name="某人"))
    assert not may_reopen(done, Person(office=STABILITY, name="某人"))


@pytest.mark.parametrize("kind", [*(kind.value for kind in MessageKind), REOPEN])
def test_a_form_asks_for_all_that_its_message_needs(kind: str) -> None:
    form = form_for(surveying().case, kind, Person(office=UNIT, name="某人"))
    asked = {field.name.partition(".")[0] for field in form.fields if not field.beside}
    model = model_of(kind).model_fields
    ours = {"message_id", "by", "kind", "round"}
    assert asked <= model.keys()
    missing = {name for name, field in model.items() if field.is_required()} - asked - ours
    assert not missing, f"the form for {kind} lacks {missing}"
    assert model.keys() - asked - ours <= {"occurred_at"}, "whatever a message may say can be said in the form"
    assert all(field.label and label_of(field.name) for field in form.fields)


def filled(case: Case, kind: str, typed: dict[str, list[str]]) -> tuple[dict[str, Any], dict[str, str]]:
    form = form_for(case, kind, Person(office=INTAKE, name="某人"))
    made, mistakes = body_of(form, case, typed, Person(office=INTAKE, name="某人"), "m1", case.round)
    found = {each.where: each.said for each in [*mistakes_in(form, made), *mistakes]}
    return made, found


def test_what_was_typed_becomes_the_body() -> None:
    case = surveying().case
    made, mistakes = filled(case, "leader_instruction", {"text": [" 立即查处 "], "complete_by": ["2021-09-02T18:00"]})
    assert not mistakes
    assert (made["text"], made["complete_by"]) == ("立即查处", "2021-09-02T18:00:00+08:00")
    made, mistakes = filled(
        case,
        "task_force",
        {
            "lead_leader.office": [COUNTY_MAYOR],
            "lead_leader.name": ["包案人"],
            "lead_department": [LEAD],
            "members": ["甲某\n副市长 乙某、街道办"],
        },
    )
    assert not mistakes
    assert made["lead_leader"] == {"office": COUNTY_MAYOR, "name": "包案人"}
    assert made["assisting_departments"] == []
    assert made["members"] == ["甲某", {"office": VICE_MAYOR, "name": "乙某"}, ASSISTING]
    made, mistakes = filled(
        case, "survey_result", {"responses.respondent": ["甲"], "responses.opinion": ["不满意"], "complete": ["true"]}
    )
    assert not mistakes
    assert made["responses"] == [{"respondent": "甲", "opinion": "dissatisfied"}]
    assert (made["round"], made["complete"]) == (1, True)


def test_what_was_typed_wrongly_is_told_where_it_stands() -> None:
    case = surveying().case
    _, mistakes = filled(case, "extension", {"days": ["0"], "reason": ["x"]})
    assert mistakes == {"days": "应当不小于 1", "authority": "请填写"}
    _, mistakes = filled(case, "survey_result", {"responses.respondent": [""], "complete": ["true"]})
    assert mistakes == {"responses": "请填写"}
    _, mistakes = filled(
        case, "survey_result", {"responses.respondent": ["甲", "乙"], "responses.opinion": ["满意", "好"]}
    )
    assert set(mistakes) == {"responses", "complete"}
    assert mistakes["responses"].startswith("第2行意见：")
    _, mistakes = filled(case, "withdrawal", {"reason": ["\ud800"]})
    assert mistakes


def test_a_refusal_is_told_where_it_belongs() -> None:
    case = surveying().case
    by = Person(office=INTAKE, name="某人")
    merge = form_for(case, "merge", by)
    said = refused_at(merge, Refusal(code=RefusalCode.MALFORMED, reason="into：不能并入本件自身；请改正后重新发送"))
    assert (said.where, said.said) == ("into", "不能并入本件自身；请改正后重新发送")
    unit = Refusal(code=RefusalCode.UNKNOWN_UNIT, reason="没有这个单位")
    assert refused_at(form_for(case, "dispatch", by), unit).where == "unit"
    assert refused_at(form_for(case, "task_force", by), unit).where == "lead_department"
    assert refused_at(merge, Refusal(code=RefusalCode.NOT_NOW, reason="不能")).where == ""
