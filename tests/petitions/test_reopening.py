"""Reopening (docs/decisions/0013): a concluded case sent back goes on in its next round, on a clock of its own."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petitions.coverage import coverage
from petitions.deadlines import deadlines
from petitions.events import Entry, MilestoneReached, StickerPut
from petitions.evolution import fold
from petitions.report import handling_report
from petitions.view import case_result, case_view
from petitions.vocabulary import MessageKind, Milestone, Outcome, RefusalCode, Stage, Sticker
from petitions.waiting import waiting_for
from tests.petitions.building import (
    DAY,
    HOUR,
    INTAKE,
    STABILITY,
    UNIT,
    Story,
    concluded,
    rectifying,
    reporting,
    small_rules,
)


def again(story: Story) -> Story:
    """The reopened case is rectified, verified, reviewed and surveyed once more."""
    return story.reports().verifies().reviews().surveys()


def test_the_next_round_begins_with_the_record_continued() -> None:
    story = concluded()
    last, first_end = story.case.seq, story.case.closing
    story.reopens()
    case = story.case
    assert (case.stage, case.round, case.closing) == (Stage.RECTIFYING, 2, None)
    assert case.former_closings == (first_end,)
    assert [entry.seq for entry in story.entries] == list(range(1, case.seq + 1))
    assert [entry.event for entry in story.entries[last:]] == ["reopened", "stage_entered"]
    assert "退回重办（督察组转办函3号），3天内" in story.texts()[-2]
    assert [waiting.what for waiting in waiting_for(case)] == [MessageKind.RECTIFICATION_REPORT]


def test_the_first_conclusion_stays_in_the_timeline_and_in_the_view() -> None:
    story = concluded()
    end = case_result(story.case).concluded_at
    story.reopens()
    assert [line.event for line in story.case.timeline].count("closed") == 1
    view = case_view(story.case)
    assert view["closing"] is None
    assert view["former_closings"][0]["outcome"] == "concluded"
    assert view["former_closings"][0]["at"] == end.isoformat()
    assert view["reopenings"][0]["days"] == 3


def test_instruction_visit_and_task_force_hold_and_the_residents_are_asked_again() -> None:
    story = concluded().reopens()
    has = coverage(story.case)
    assert (has.instruction, has.supervision, has.task_force, has.revisit) == (True, True, True, False)
    again(story).submits()
    assert story.case.stage is Stage.CONCLUDED
    assert [survey.round for survey in story.case.surveys] == [1, 2]
    assert case_result(story.case).rounds == 2
    assert "退回重办" in handling_report(story.case).text


def test_its_clock_starts_with_the_reopening() -> None:
    story = concluded().on_day(30)
    assert story.case.due_at == story.case.hand_over.received_at + 7 * DAY
    story.reopens(days=3)
    start = story.now
    assert story.case.due_at == story.case.original_due_at == start + 3 * DAY
    assert not story.case.overdue
    story.at(start + 5 * DAY)
    reached = [event for event in story.happened(MilestoneReached) if event.due_at > start]
    assert [
        (event.milestone, event.due_at - start) for event in reached if event.milestone is not Milestone.OVERDUE
    ] == [
        (Milestone.REVIEW, 1 * DAY),
        (Milestone.REPORT, 3 * DAY),
    ]
    assert [(put.colour, put.due_at - start) for put in story.happened(StickerPut)] == [
        (Sticker.YELLOW, 1 * DAY),
        (Sticker.BLUE, 2 * DAY),
        (Sticker.RED, 3 * DAY),
    ]
    assert story.case.overdue


def test_what_was_breached_stays_breached_and_may_be_breached_again() -> None:
    story = rectifying().on_day(8).reports().verifies().reviews().surveys().covered().submits()
    former = story.case.breaches
    assert {breach.milestone for breach in former} == {Milestone.REVIEW, Milestone.REPORT}
    story.reopens(days=2)
    assert story.case.breaches == former
    again(story.pass_time(3 * DAY)).submits()
    assert [breach.milestone for breach in story.case.breaches] == [
        Milestone.REVIEW,
        Milestone.REPORT,
        Milestone.REPORT,
    ]
    assert all(breach.met_at for breach in story.case.breaches)
    assert case_result(story.case).within_mandate is False


def test_within_its_own_time_limit_it_is_concluded_in_time() -> None:
    story = rectifying().on_day(8).reports().verifies().reviews().surveys().covered().submits()
    assert case_result(story.case).within_mandate is False
    result = case_result(again(story.reopens(days=1)).submits().case)
    assert (result.within_target, result.within_mandate) == (True, True)


@pytest.mark.parametrize("days", [1, 2, 3, 7, 30])
def test_milestones_keep_their_distance_to_the_report(days: int) -> None:
    story = concluded().reopens(days=days)
    start = story.now
    due = {deadline.label: (deadline.due_at - start) / DAY for deadline in deadlines(story.case)}
    expected = {"第3天催办": days - 4, "第5天初审": days - 2, "第7天办结上报": days}
    assert {label: at for label, at in due.items() if label in expected} == {
        label: at for label, at in expected.items() if at >= 1
    }


def test_a_leaders_limit_that_was_kept_is_no_breach_afterwards() -> None:
    story = reporting()
    story.instructs(complete_by=(story.now + 2 * DAY).isoformat())
    story.instructs(complete_by=(story.now + 20 * DAY).isoformat())
    story.covered().submits().on_day(10).reopens(days=30)
    story.on_day(15)
    assert [breach.milestone for breach in story.case.breaches] == []
    story.on_day(25)
    assert [breach.milestone for breach in story.case.breaches] == [Milestone.INSTRUCTION_LIMIT]


def test_a_repeat_is_answered_the_same_and_changes_nothing() -> None:
    story = concluded()
    first = story.asks_to_reopen(message_id="r")
    seq = story.case.seq
    assert story.asks_to_reopen(message_id="r").receipt == first.receipt
    assert story.case.seq == seq
    again(story).submits()
    assert story.asks_to_reopen(message_id="r").receipt == first.receipt, "also after the next conclusion"


@pytest.mark.parametrize(
    ("office", "code"),
    [(STABILITY, RefusalCode.NOT_YOURS), (UNIT, RefusalCode.NOT_YOURS), ("nobody", RefusalCode.UNKNOWN_OFFICE)],
)
def test_only_intake_sends_a_case_back(office: str, code: RefusalCode) -> None:
    story = concluded()
    answered = story.asks_to_reopen(office)
    assert answered.refusal is not None
    assert answered.refusal.code is code
    assert story.case.stage is Stage.CONCLUDED
    assert story.case.refused[-1].kind == "reopen"


@pytest.mark.parametrize("end", ["open", "withdrawn", "merged"])
def test_only_a_concluded_case_is_sent_back(end: str) -> None:
    story = rectifying()
    if end == "withdrawn":
        story.takes(MessageKind.WITHDRAWAL, INTAKE)
    if end == "merged":
        story.takes(MessageKind.MERGE, INTAKE)
    answered = story.asks_to_reopen()
    assert answered.refusal is not None
    assert answered.refusal.code is RefusalCode.NOT_NOW


def test_an_id_that_was_used_is_refused() -> None:
    story = concluded()
    answered = story.asks_to_reopen(message_id="m1")
    assert answered.refusal is not None
    assert answered.refusal.code is RefusalCode.MESSAGE_ID_REUSED


def test_another_city_with_other_days() -> None:
    rules = small_rules(
        durations={"report_day": 10, "review_day": 8, "target_day": 8, "reminder_day": 5, "stickers": []}
    )
    story = concluded(rules).reopens(days=4)
    start = story.now
    assert story.case.due_at == start + 4 * DAY
    assert [deadline.due_at - start for deadline in deadlines(story.case)] == [2 * DAY, 4 * DAY]


@given(days=st.lists(st.integers(1, 40), min_size=1, max_size=4), passed=st.integers(0, 400))
def test_whatever_is_reopened_folds_to_the_same_case_and_concludes(days: list[int], passed: int) -> None:
    story = concluded()
    for each in days:
        story.reopens(each).pass_time(timedelta(hours=passed))
        assert story.case.due_at - story.case.clock_started_at == each * DAY
        again(story).submits()
    assert story.case.closing is not None
    assert story.case.closing.outcome is Outcome.CONCLUDED
    assert story.case.round == len(days) + 1
    entries = [Entry.model_validate_json(entry.model_dump_json()) for entry in story.entries]
    assert fold(entries) == story.case
    assert story.now - story.case.closing.at < HOUR
