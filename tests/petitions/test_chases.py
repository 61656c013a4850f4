"""What is asked for at once is chased when its time is over, then daily and one rung higher; leaders' own limits."""

from datetime import datetime, timedelta

import pytest

from petitions.case_rules import AskLimits, Durations
from petitions.events import Chased, MilestoneReached
from petitions.vocabulary import MessageKind, Milestone
from tests.petitions.building import (
    BYSTANDER,
    COUNTY_MAYOR,
    COUNTY_SECRETARY,
    DAY,
    HOUR,
    INTAKE,
    MAYOR,
    RECEIVED_AT,
    SECRETARY,
    STABILITY,
    UNIT,
    VICE_MAYOR,
    Story,
    concluded,
    rectifying,
    reporting,
    small_rules,
)

K = MessageKind


def _chased(story: Story, what: MessageKind) -> list[tuple[datetime, int, tuple[str, ...]]]:
    """When, the how-manyeth, and who was told."""
    return [
        (entry.at, entry.happened.times, entry.happened.told)
        for entry in story.entries
        if isinstance(entry.happened, Chased) and entry.happened.what is what
    ]


# Design §3.1 and §3.2: who is asked, and after how many hours they are chased, starred and not.
@pytest.mark.parametrize(
    ("starred", "what", "hours", "asked"),
    [
        (True, K.LEADER_INSTRUCTION, 2, (SECRETARY, MAYOR)),
        (False, K.LEADER_INSTRUCTION, 24, (COUNTY_SECRETARY, COUNTY_MAYOR)),
        (True, K.TASK_FORCE, 12, (STABILITY,)),
        (False, K.TASK_FORCE, 24, (STABILITY,)),
        (True, K.SITE_VISIT, 24, (SECRETARY, MAYOR)),
        (False, K.SITE_VISIT, 72, (VICE_MAYOR,)),
    ],
)
def test_asks_are_chased_after_their_time(starred: bool, what: MessageKind, hours: int, asked: tuple[str, ...]) -> None:
    story = rectifying(starred=starred)
    story.hourly_until(hours * HOUR - HOUR)
    assert _chased(story, what) == []
    story.hourly_until(hours * HOUR)
    assert _chased(story, what) == [(RECEIVED_AT + hours * HOUR, 1, asked)]


def test_chases_climb_the_ladder_daily() -> None:
    story = rectifying().instructs().visits().hourly_until(5 * DAY)
    assert _chased(story, K.TASK_FORCE) == [
        (RECEIVED_AT + 1 * DAY, 1, (STABILITY,)),
        (RECEIVED_AT + 2 * DAY, 2, (STABILITY,)),  # the first rung is the office itself
        (RECEIVED_AT + 3 * DAY, 3, (STABILITY, COUNTY_MAYOR)),
        (RECEIVED_AT + 4 * DAY, 4, (STABILITY, MAYOR)),
        (RECEIVED_AT + 5 * DAY, 5, (STABILITY, MAYOR)),
    ]
    assert "催办“组建工作专班”第3次，通知维稳组、甲县县长" in story.texts()


def test_without_a_ladder_the_office_alone_is_told() -> None:
    story = rectifying(small_rules(ladder=())).hourly_until(3 * DAY)
    assert {told for _, _, told in _chased(story, K.TASK_FORCE)} == {(STABILITY,)}


def test_the_acknowledgement_is_chased_from_the_dispatch_on() -> None:
    story = Story().pass_time(HOUR / 2).dispatched()
    story.at(RECEIVED_AT + HOUR / 2 + 4 * HOUR - timedelta(seconds=1))
    assert _chased(story, K.ACKNOWLEDGEMENT) == []
    story.pass_time(timedelta(seconds=1))
    assert [(times, told) for _, times, told in _chased(story, K.ACKNOWLEDGEMENT)] == [(1, (UNIT,))]
    story.acknowledges().on_day(3)
    assert len(_chased(story, K.ACKNOWLEDGEMENT)) == 1


def test_a_unit_that_was_dispatched_anew_has_its_full_time() -> None:
    """From its own notice on, and from the first rung; the time of the former unit does not count."""
    story = Story().dispatched().pass_time(30 * HOUR)
    assert [times for _, times, _ in _chased(story, K.ACKNOWLEDGEMENT)] == [1]
    story.takes(K.DISPATCH, INTAKE, unit=BYSTANDER).pass_time(HOUR)
    assert len(_chased(story, K.ACKNOWLEDGEMENT)) == 1, "not told yet, so not chased"
    story.dispatched().pass_time(4 * HOUR - timedelta(seconds=1))
    assert len(_chased(story, K.ACKNOWLEDGEMENT)) == 1
    story.pass_time(timedelta(seconds=1))
    assert _chased(story, K.ACKNOWLEDGEMENT)[-1] == (story.now, 1, (BYSTANDER,))


def test_a_new_round_needs_no_new_acknowledgement() -> None:
    story = rectifying().reports().verifies(confirmed=False).on_day(6)
    assert _chased(story, K.ACKNOWLEDGEMENT) == []


def test_one_chase_after_a_long_silence() -> None:
    story = rectifying().instructs().visits().pass_time(10 * DAY)
    assert [times for _, times, _ in _chased(story, K.TASK_FORCE)] == [1]
    chase = story.case.chases[K.TASK_FORCE]
    assert (chase.times, chase.next_at) == (1, RECEIVED_AT + 11 * DAY)
    story.at(chase.next_at)
    assert [times for _, times, _ in _chased(story, K.TASK_FORCE)] == [1, 2]


def test_what_is_done_is_not_chased() -> None:
    story = rectifying().covered()
    story.hourly_until(9 * DAY)
    assert story.happened(Chased) == []


def test_half_of_two_instructions_is_still_chased_for_the_other() -> None:
    story = Story(starred=True).instructs(MAYOR).dispatched()
    story.hourly_until(2 * DAY)
    told = [told for _, _, told in _chased(story, K.LEADER_INSTRUCTION)]
    assert told == [(SECRETARY,), (SECRETARY, STABILITY)]
    story.instructs(SECRETARY)
    story.hourly_until(4 * DAY)
    assert len(_chased(story, K.LEADER_INSTRUCTION)) == 2


def test_chases_go_on_until_the_report_is_out() -> None:
    """Coverage holds the report up, so it is pressed for while the case waits to report."""
    story = reporting()
    story.hourly_until(2 * DAY)
    assert len(_chased(story, K.TASK_FORCE)) == 2
    assert concluded().on_day(9).happened(Chased) == []


def test_time_limits_are_settings() -> None:
    limits = AskLimits(instruction=HOUR, task_force=2 * HOUR, supervision=3 * HOUR)
    rules = small_rules(durations=Durations(asks_plain=limits, chase_every=6 * HOUR, acknowledgement=2 * HOUR))
    story = Story(rules).dispatched().hourly_until(8 * HOUR)
    assert [at - RECEIVED_AT for at, _, _ in _chased(story, K.LEADER_INSTRUCTION)] == [1 * HOUR, 7 * HOUR]
    assert [at - RECEIVED_AT for at, _, _ in _chased(story, K.TASK_FORCE)] == [2 * HOUR, 8 * HOUR]
    assert [at - RECEIVED_AT for at, _, _ in _chased(story, K.SITE_VISIT)] == [3 * HOUR]
    assert [at - RECEIVED_AT for at, _, _ in _chased(story, K.ACKNOWLEDGEMENT)] == [2 * HOUR, 8 * HOUR]


# A leader's own time limit ------------------------------------------------------------------------------------


def _limits(story: Story) -> list[MilestoneReached]:
    return [r for r in story.happened(MilestoneReached) if r.milestone is Milestone.INSTRUCTION_LIMIT]


def test_an_instructions_own_limit_is_supervised() -> None:
    limit = RECEIVED_AT + 2 * DAY + HOUR / 2
    story = rectifying().instructs(COUNTY_MAYOR, complete_by=limit.isoformat())
    story.at(limit - timedelta(seconds=1))
    assert _limits(story) == []
    story.at(limit)
    assert [(r.due_at, r.breached, r.told) for r in _limits(story)] == [(limit, True, (UNIT, COUNTY_MAYOR))]
    assert any("甲县县长" in text and "批示的时限已到" in text for text in story.texts())
    assert story.case.breaches[-1].milestone is Milestone.INSTRUCTION_LIMIT
    assert len(_limits(story.on_day(6))) == 1, "once"


def test_a_limit_is_met_by_the_conclusion() -> None:
    limit = RECEIVED_AT + DAY
    story = reporting().covered().instructs(COUNTY_SECRETARY, complete_by=limit.isoformat()).on_day(2).submits()
    breach = story.case.breaches[0]
    assert (breach.milestone, breach.due_at, breach.met_at) == (Milestone.INSTRUCTION_LIMIT, limit, story.now)
    in_time = reporting().covered().instructs(COUNTY_SECRETARY, complete_by=limit.isoformat()).submits().on_day(2)
    assert in_time.case.breaches == ()


def test_two_leaders_with_two_limits() -> None:
    first, second = RECEIVED_AT + DAY, RECEIVED_AT + 2 * DAY
    story = rectifying(starred=True)
    story.instructs(SECRETARY, complete_by=second.isoformat()).instructs(MAYOR, complete_by=first.isoformat())
    story.on_day(2.5)
    assert [(r.due_at, r.told) for r in _limits(story)] == [(first, (UNIT, MAYOR)), (second, (UNIT, SECRETARY))]


def test_two_leaders_with_the_same_limit() -> None:
    """One breach, and both hear of it."""
    limit = RECEIVED_AT + DAY
    story = rectifying(starred=True)
    story.instructs(SECRETARY, complete_by=limit.isoformat()).instructs(MAYOR, complete_by=limit.isoformat())
    story.on_day(1.5)
    assert [r.told for r in _limits(story)] == [(UNIT, SECRETARY, MAYOR)]
    assert any("市委书记" in text and "市长" in text and "时限已到" in text for text in story.texts())
    assert [breach.milestone for breach in story.case.breaches] == [Milestone.INSTRUCTION_LIMIT]


def test_a_limit_that_is_over_when_it_is_set() -> None:
    story = rectifying().instructs(COUNTY_MAYOR, complete_by=RECEIVED_AT.isoformat()).pass_time(timedelta(0))
    assert [r.late_seconds for r in _limits(story)] == [2 * 3600]
