"""Standing beyond the table: a unit's own cases, changed tables, and who must stand aside."""

from typing import Any

import pytest

from petitions.vocabulary import MessageKind, RefusalCode, Stage
from tests.petitions.building import (
    ASSISTING,
    BYSTANDER,
    COUNTY_MAYOR,
    INTAKE,
    LEAD,
    MAY_SEND,
    REVISIT,
    STABILITY,
    SUPERVISION,
    UNIT,
    VICE_MAYOR,
    Story,
    answers,
    rectifying,
    small_rules,
    surveying,
    verifying,
)

K = MessageKind
R = RefusalCode
SURVEY: dict[str, Any] = {"responses": answers(10), "complete": True}


def test_a_unit_reports_only_on_its_own_cases() -> None:
    """After another dispatch the former unit has no part any more."""
    story = rectifying()
    story.refuses(R.NOT_YOURS, K.RECTIFICATION_REPORT, BYSTANDER)
    story.takes(K.DISPATCH, INTAKE, unit=BYSTANDER).dispatched()
    story.refuses(R.NOT_YOURS, K.RECTIFICATION_REPORT, UNIT)
    story.refuses(R.NOT_YOURS, K.ACKNOWLEDGEMENT, UNIT)
    story.reports(BYSTANDER)
    assert story.case.stage is Stage.VERIFYING


def test_a_lead_department_has_its_part_from_the_task_force_on() -> None:
    story = Story().dispatched()
    story.refuses(R.NOT_YOURS, K.ACKNOWLEDGEMENT, LEAD)
    story.forms_task_force()
    story.acknowledges(LEAD)
    story.refuses(R.NOT_YOURS, K.RECTIFICATION_REPORT, ASSISTING)
    story.reports(LEAD)
    assert story.case.stage is Stage.VERIFYING


def test_a_new_task_force_replaces_the_old_one() -> None:
    story = rectifying().forms_task_force()
    story.takes(K.SITE_VISIT, ASSISTING)
    story.forms_task_force(lead_department=UNIT, assisting_departments=[])
    story.refuses(R.NOT_YOURS, K.SITE_VISIT, ASSISTING)
    story.refuses(R.NOT_YOURS, K.RECTIFICATION_REPORT, LEAD)


def test_the_jurisdiction_may_change_the_table() -> None:
    story = Story(small_rules(may_send={**MAY_SEND, K.STARRING: (COUNTY_MAYOR,), K.MERGE: ()}))
    story.takes(K.STARRING, COUNTY_MAYOR)
    story.refuses(R.NOT_YOURS, K.STARRING, INTAKE)
    story.refuses(R.NOT_YOURS, K.MERGE, INTAKE)


@pytest.mark.parametrize("kind", [K.ACKNOWLEDGEMENT, K.RECTIFICATION_REPORT])
def test_a_unit_before_there_is_a_responsible_one(kind: MessageKind) -> None:
    """It is not that the unit never may: there is nothing to answer yet."""
    story = Story(small_rules(default_unit=None))
    assert story.case.responsible_unit is None
    story.refuses(R.NOT_NOW, kind, UNIT)
    story.refuses(R.NOT_YOURS, kind, STABILITY)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"lead_department": "unit/没有的局"}, R.UNKNOWN_UNIT),
        ({"assisting_departments": ["街道办", "没有的局"]}, R.UNKNOWN_UNIT),
        ({"lead_leader": {"office": "county/丙县/mayor", "name": "包案人"}}, R.UNKNOWN_OFFICE),
        ({"lead_leader": {"office": "county/乙县/mayor", "name": "包案人"}}, R.MALFORMED),
        ({"lead_leader": {"office": SUPERVISION, "name": "包案人"}}, R.MALFORMED),
    ],
)
def test_a_task_force_of_the_wrong_people(body: dict[str, Any], code: RefusalCode) -> None:
    """The lead leader is of city or county level; the departments are units of the jurisdiction."""
    rectifying().refuses(code, K.TASK_FORCE, STABILITY, **body)


def test_units_go_by_their_name_or_their_id() -> None:
    story = rectifying().forms_task_force(lead_department="生态环境局", assisting_departments=["街道办"])
    assert story.case.task_force is not None
    assert story.case.task_force.lead_department == LEAD
    assert story.case.task_force.assisting_departments == (ASSISTING,)
    story.takes(K.DISPATCH, INTAKE, unit="交通局")
    assert story.case.responsible_unit == BYSTANDER


def test_dispatch_to_a_unit_that_nobody_knows() -> None:
    reason = Story().refuses(R.UNKNOWN_UNIT, K.DISPATCH, INTAKE, unit="没有的局")
    assert "没有的局" in reason


MEMBERS = ["组员甲", {"office": ASSISTING, "name": "组员乙"}]


@pytest.mark.parametrize("name", ["包案人", "组员甲", "组员乙"])
def test_who_is_in_the_task_force_surveys_nobody(name: str) -> None:
    story = surveying().forms_task_force(members=MEMBERS)
    story.refuses(R.CONFLICT_OF_INTEREST, K.SURVEY_RESULT, REVISIT, name, **SURVEY)
    reason = story.refuses(R.CONFLICT_OF_INTEREST, K.SURVEY_RESULT, REVISIT, "调查员", team=["丁", name], **SURVEY)
    assert name in reason
    story.takes(K.SURVEY_RESULT, REVISIT, "调查员", team=["丁"], **SURVEY)


@pytest.mark.parametrize("name", ["包案人", "组员甲", "组员乙"])
def test_who_is_in_the_task_force_does_not_verify(name: str) -> None:
    story = verifying().forms_task_force(members=MEMBERS)
    story.refuses(R.CONFLICT_OF_INTEREST, K.VERIFICATION, SUPERVISION, name)
    story.takes(K.VERIFICATION, SUPERVISION, "核实员")


def test_who_handled_the_case_is_not_on_the_team_that_surveys() -> None:
    story = surveying()
    handler = story.case.handlers[0].name
    story.refuses(R.CONFLICT_OF_INTEREST, K.SURVEY_RESULT, REVISIT, "调查员", team=[handler], **SURVEY)


def test_who_handled_the_case_does_not_verify_it() -> None:
    """Where a jurisdiction lets the unit verify, then not the same person; a colleague may."""
    rules = small_rules(may_send={**MAY_SEND, K.VERIFICATION: ("responsible_unit",)})
    story = Story(rules).dispatched().takes(K.ACKNOWLEDGEMENT, UNIT, "甲").takes(K.RECTIFICATION_REPORT, UNIT, "乙")
    story.refuses(R.CONFLICT_OF_INTEREST, K.VERIFICATION, UNIT, "甲")
    story.refuses(R.CONFLICT_OF_INTEREST, K.VERIFICATION, UNIT, "乙")
    story.takes(K.VERIFICATION, UNIT, "丙")


def test_a_namesake_at_another_office_is_somebody_else() -> None:
    story = Story().dispatched().takes(K.RECTIFICATION_REPORT, UNIT, "王伟")
    story.takes(K.VERIFICATION, SUPERVISION, "王伟")


@pytest.mark.parametrize(
    ("office", "purpose", "refused"),
    [
        (UNIT, "verification", True),
        (LEAD, "verification", True),
        (ASSISTING, "verification", True),
        (COUNTY_MAYOR, "verification", True),  # the lead leader's office
        (UNIT, "investigation", False),
        (ASSISTING, "investigation", False),
        (SUPERVISION, "verification", False),
        (VICE_MAYOR, "verification", False),
    ],
)
def test_who_works_on_a_case_does_not_verify_on_site(office: str, purpose: str, refused: bool) -> None:
    story = verifying().forms_task_force()
    if refused:
        story.refuses(R.CONFLICT_OF_INTEREST, K.SITE_VISIT, office, purpose=purpose)
    else:
        story.takes(K.SITE_VISIT, office, purpose=purpose)
