"""``waiting_for``: exactly who must do what, by when, in each stage."""

from datetime import datetime

import pytest

from petitions.procedure import may_report
from petitions.vocabulary import MessageKind
from petitions.waiting import waiting_for
from tests.petitions.building import (
    BYSTANDER,
    COUNTY_MAYOR,
    COUNTY_SECRETARY,
    DAY,
    HOUR,
    INTAKE,
    MAYOR,
    RECEIVED_AT,
    REVISIT,
    SECRETARY,
    STABILITY,
    SUPERVISION,
    UNIT,
    VICE_MAYOR,
    Story,
    concluded,
    rectifying,
    reporting,
    small_rules,
    surveying,
    verifying,
)

K = MessageKind
NO_UNIT = small_rules(default_unit=None)


def _waiting(story: Story) -> list[tuple[str, str, datetime]]:
    return [(each.office, each.what.value, each.due_at) for each in waiting_for(story.case)]


def _day(days: float) -> datetime:
    return RECEIVED_AT + days * DAY


def test_the_asks_of_a_case_without_a_star() -> None:
    assert _waiting(Story()) == [
        (COUNTY_SECRETARY, "leader_instruction", _day(1)),
        (COUNTY_MAYOR, "leader_instruction", _day(1)),
        (STABILITY, "task_force", _day(1)),
        (VICE_MAYOR, "site_visit", _day(3)),
    ]


def test_the_asks_of_a_starred_case() -> None:
    story = Story(starred=True)
    assert _waiting(story) == [
        (SECRETARY, "leader_instruction", RECEIVED_AT + 2 * HOUR),
        (MAYOR, "leader_instruction", RECEIVED_AT + 2 * HOUR),
        (STABILITY, "task_force", RECEIVED_AT + 12 * HOUR),
        (SECRETARY, "site_visit", RECEIVED_AT + 24 * HOUR),
        (MAYOR, "site_visit", RECEIVED_AT + 24 * HOUR),
    ]
    story.dispatched().acknowledges().instructs(MAYOR).visits(MAYOR)
    assert _waiting(story)[1:] == [
        (SECRETARY, "leader_instruction", RECEIVED_AT + 2 * HOUR),
        (STABILITY, "task_force", RECEIVED_AT + 12 * HOUR),
    ]


def test_received_without_a_unit_waits_for_the_clerk_then_for_all_who_may() -> None:
    story = Story(NO_UNIT)
    assert _waiting(story)[0] == (INTAKE, "dispatch", RECEIVED_AT + HOUR)
    assert [what for _, what, _ in _waiting(story)].count("dispatch") == 1
    story.pass_time(HOUR)
    assert _waiting(story)[:2] == [
        (INTAKE, "dispatch", RECEIVED_AT + HOUR),
        (STABILITY, "dispatch", RECEIVED_AT + HOUR),
    ]


def test_received_with_a_unit_waits_for_nobody_but_the_notice_until_the_hour_is_over() -> None:
    story = Story()
    assert "dispatch" not in [what for _, what, _ in _waiting(story)]
    story.pass_time(HOUR)
    assert [office for office, what, _ in _waiting(story) if what == "dispatch"] == [INTAKE, STABILITY]


# A case with all coverages: then only the stage's own step is waited for. Design §3, stage by stage.
def test_the_step_of_every_stage() -> None:
    story = Story().dispatched().covered()
    assert _waiting(story) == [(UNIT, "acknowledgement", RECEIVED_AT + 4 * HOUR)]
    story.acknowledges()
    assert _waiting(story) == [(UNIT, "rectification_report", _day(5))]
    story.reports()
    assert _waiting(story) == [(SUPERVISION, "verification", _day(5))]
    story.verifies()
    assert _waiting(story) == [(STABILITY, "preliminary_review", _day(5))]
    story.reviews()
    assert _waiting(story) == [(REVISIT, "survey_result", _day(7))]
    story.surveys()
    assert may_report(story.case)
    assert _waiting(story) == []
    story.submits()
    assert _waiting(story) == []


@pytest.mark.parametrize("kind", [K.MERGE, K.WITHDRAWAL])
def test_a_closed_case_waits_for_nothing(kind: MessageKind) -> None:
    assert _waiting(rectifying().takes(kind, INTAKE)) == []
    assert _waiting(concluded()) == []


def test_a_case_that_cannot_report_waits_for_the_coverage_that_is_missing() -> None:
    assert _waiting(reporting().instructs().forms_task_force()) == [(VICE_MAYOR, "site_visit", _day(3))]


def test_after_the_review_the_report_sets_the_date() -> None:
    """Also in rework, where the review of day 5 is behind."""
    story = rectifying().covered().reports().verifies().reviews().surveys(0, 10)
    assert _waiting(story) == [(UNIT, "rectification_report", _day(7))]
    assert _waiting(story.reports()) == [(SUPERVISION, "verification", _day(7))]
    assert _waiting(story.verifies()) == [(STABILITY, "preliminary_review", _day(7))]


def test_a_step_whose_date_is_past_is_due_with_the_report() -> None:
    assert _waiting(rectifying().covered().on_day(5)) == [(UNIT, "rectification_report", _day(7))]
    assert _waiting(rectifying().covered().on_day(9)) == [(UNIT, "rectification_report", _day(7))]


def test_an_extension_moves_the_step() -> None:
    assert _waiting(rectifying().covered().extends(2)) == [(UNIT, "rectification_report", _day(7))]
    assert _waiting(surveying().covered().extends(2)) == [(REVISIT, "survey_result", _day(9))]


def test_reviewed_early_still_waits_for_the_verification() -> None:
    assert _waiting(verifying().covered().reviews()) == [(SUPERVISION, "verification", _day(7))]


def test_dispatched_anew_waits_for_the_new_unit_once_it_is_told() -> None:
    story = rectifying().covered().takes(K.DISPATCH, INTAKE, unit=BYSTANDER)
    assert _waiting(story) == []
    told_at = story.pass_time(HOUR).now
    assert _waiting(story.dispatched()) == [(BYSTANDER, "acknowledgement", told_at + 4 * HOUR)]


def test_an_ask_stays_due_when_it_was_due() -> None:
    """A chase presses; it does not give more time."""
    story = rectifying().instructs().visits().hourly_until(3 * DAY)
    assert _waiting(story)[1:] == [(STABILITY, "task_force", _day(1))]
