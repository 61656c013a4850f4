"""An extension moves what remains and keeps what was; a star in mid-course asks other offices anew."""

import pytest

from petitions.case_rules import DayRule, Durations
from petitions.coverage import coverage
from petitions.events import Chased, MilestoneReached, StickerPut
from petitions.procedure import may_report
from petitions.view import case_result
from petitions.vocabulary import MessageKind, Milestone, Sticker
from tests.petitions.building import (
    COUNTY_MAYOR,
    DAY,
    HOUR,
    INTAKE,
    MAYOR,
    RECEIVED_AT,
    SECRETARY,
    STABILITY,
    VICE_MAYOR,
    Story,
    rectifying,
    reporting,
    small_rules,
)

K = MessageKind
M = Milestone


def _fired(story: Story) -> list[tuple[Milestone, int]]:
    """Which milestones fired, with the day since the hand-over on which they were due."""
    return [(r.milestone, (r.due_at - RECEIVED_AT).days) for r in story.happened(MilestoneReached)]


def _put(story: Story) -> list[tuple[Sticker, int]]:
    return [(put.colour, (put.due_at - RECEIVED_AT).days) for put in story.happened(StickerPut)]


# Extension ----------------------------------------------------------------------------------------------------


def test_an_early_extension_moves_everything() -> None:
    story = rectifying().covered().extends(2)
    assert story.case.due_at == RECEIVED_AT + 9 * DAY
    assert story.case.original_due_at == RECEIVED_AT + 7 * DAY
    assert story.case.extended_days == 2
    story.hourly_until(10 * DAY)
    assert _fired(story) == [(M.REMINDER, 5), (M.REVIEW, 7), (M.REPORT, 9), (M.OVERDUE, 10)]
    assert _put(story) == [("yellow", 7), ("blue", 8), ("red", 9)]


def test_extensions_add_up() -> None:
    story = rectifying().extends(2).extends(3)
    assert story.case.due_at == RECEIVED_AT + 12 * DAY
    assert story.case.extended_days == 5


def test_an_extension_after_yellow_moves_what_remains() -> None:
    """What came stays: the yellow sticker, the reminder, the missed review."""
    story = rectifying().covered().on_day(5).extends(3).hourly_until(10 * DAY)
    assert _fired(story) == [(M.REMINDER, 3), (M.REVIEW, 5), (M.REPORT, 10)]
    assert _put(story) == [("yellow", 5), ("blue", 9), ("red", 10)]
    assert [breach.milestone for breach in story.case.breaches] == [M.REVIEW, M.REPORT]


def test_an_extension_after_red_leaves_the_breach_and_starts_the_daily_notice_anew() -> None:
    story = rectifying().covered().hourly_until(9 * DAY)
    assert story.case.overdue
    story.extends(5)
    assert story.case.due_at == RECEIVED_AT + 12 * DAY
    assert not story.case.overdue
    assert [breach.milestone for breach in story.case.breaches] == [M.REVIEW, M.REPORT]
    known = len(_fired(story))
    story.hourly_until(12 * DAY - HOUR)
    assert len(_fired(story)) == known
    story.hourly_until(13 * DAY)
    assert _fired(story)[known:] == [(M.OVERDUE, 12), (M.OVERDUE, 13)]
    assert story.case.overdue
    assert len(story.case.breaches) == 2, "the mandate is missed once"


def test_an_extension_that_does_not_reach_today() -> None:
    story = rectifying().covered().hourly_until(9 * DAY).extends(1)
    assert story.case.overdue
    story.hourly_until(10 * DAY)
    assert _fired(story)[-1] == (M.OVERDUE, 10)


def test_a_conclusion_within_the_extension_is_within_the_mandate() -> None:
    story = reporting().covered().extends(4).on_day(10).submits()
    assert case_result(story.case).within_mandate
    assert not case_result(story.case).within_target
    late = reporting().covered().on_day(7).extends(4).on_day(10).submits()
    assert not case_result(late.case).within_mandate, "it was missed before it was extended"


def test_a_target_that_was_missed_is_not_met_by_an_extension_afterwards() -> None:
    story = reporting().covered().on_day(6).extends(4).submits()
    assert not case_result(story.case).within_target
    assert case_result(story.case).within_mandate
    in_time = reporting().covered().on_day(4).extends(4).on_day(8.5).submits()
    assert case_result(in_time.case).within_target


def test_extension_of_calendar_days() -> None:
    rules = small_rules(durations=Durations(day_rule=DayRule.CALENDAR, day_ends_at_minute=18 * 60))
    story = rectifying(rules).extends(1)
    assert story.case.due_at.isoformat() == "2021-09-04T18:00:00+08:00"
    assert story.case.original_due_at.isoformat() == "2021-09-03T18:00:00+08:00"


def test_the_asks_are_not_extended() -> None:
    story = rectifying().extends(10).hourly_until(DAY)
    assert [chased.what for chased in story.happened(Chased)] == [K.LEADER_INSTRUCTION, K.TASK_FORCE]


# Starring -----------------------------------------------------------------------------------------------------


def test_a_star_in_mid_course_asks_other_offices_from_now_on() -> None:
    story = rectifying().covered()
    story.on_day(2).stars()
    starred_at = story.now
    has = coverage(story.case)
    assert (has.instruction, has.supervision, has.task_force) == (False, False, True)
    assert story.case.asked_at == starred_at
    known = len(story.happened(Chased))
    while story.now < starred_at + 24 * HOUR:
        story.pass_time(HOUR)
    assert [(c.what, c.times, c.due_at - starred_at) for c in story.happened(Chased)[known:]] == [
        (K.LEADER_INSTRUCTION, 1, 2 * HOUR),
        (K.SITE_VISIT, 1, 24 * HOUR),
    ]
    assert {office for c in story.happened(Chased)[known:] for office in c.told} == {SECRETARY, MAYOR}


def test_chases_start_from_the_first_rung_after_a_star() -> None:
    story = rectifying().hourly_until(2 * DAY)
    assert story.case.chases[K.TASK_FORCE].times == 2
    story.stars()
    assert K.TASK_FORCE not in story.case.chases
    story.pass_time(12 * HOUR)
    assert story.case.chases[K.TASK_FORCE].times == 1


def test_a_star_that_is_there_already_changes_nothing() -> None:
    story = rectifying(starred=True).hourly_until(3 * HOUR)
    before = story.case
    story.stars()
    assert story.case.asked_at == before.asked_at
    assert story.case.chases == before.chases
    assert [line.event for line in story.case.timeline[len(before.timeline) :]] == ["starring"]
    assert story.notices[-1].key.split("/")[1] != str(story.case.seq), "and nobody is asked again"


def test_what_the_main_leaders_did_before_the_star_counts_after_it() -> None:
    story = rectifying().instructs(SECRETARY).instructs(MAYOR).visits(MAYOR)
    assert not coverage(story.case).instruction
    story.stars()
    assert coverage(story.case).instruction
    assert coverage(story.case).supervision


def test_a_star_taken_away_asks_the_county() -> None:
    story = rectifying(starred=True).instructs(SECRETARY).instructs(MAYOR)
    assert coverage(story.case).instruction
    story.stars(starred=False)
    assert not story.case.starred
    assert not coverage(story.case).instruction
    assert coverage(story.instructs(COUNTY_MAYOR).case).instruction


def test_a_star_on_the_last_metres_holds_the_report_up() -> None:
    story = reporting().covered()
    assert may_report(story.case)
    story.stars()
    assert not may_report(story.case)
    story.instructs(SECRETARY).instructs(MAYOR).visits(SECRETARY)
    assert may_report(story.case)


@pytest.mark.parametrize("office", [INTAKE, STABILITY])
def test_a_star_before_the_number(office: str) -> None:
    """As the lists print it; and a clerk may take it away."""
    story = Story(case_no="*X9")
    assert (story.case.case_no, story.case.starred) == ("X9", True)
    story.takes(K.STARRING, office, starred=False)
    assert not story.case.starred
    assert story.case.hand_over.starred, "the hand-over stays what it was"


def test_only_the_asks_still_open_are_asked_by_a_star() -> None:
    story = rectifying().forms_task_force().instructs(MAYOR).visits(VICE_MAYOR)
    known = len(story.notices)
    story.stars()
    told = {(notice.to, notice.key.rsplit("/", 1)[1]) for notice in story.notices[known:]}
    assert told == {
        (SECRETARY, "leader_instruction"),
        (SECRETARY, "site_visit"),
        (MAYOR, "site_visit"),
    }
