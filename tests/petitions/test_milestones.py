"""1+3+5+7: what fires when, what is skipped, what is breached, and what stays breached."""

from datetime import timedelta

import pytest

from petitions.case_rules import Durations, StickerDay
from petitions.events import BreachMet, MilestoneReached, MilestonesSkipped, StickerPut
from petitions.procedure import let_time_pass, may_report
from petitions.vocabulary import MessageKind, Milestone, Sticker
from tests.petitions.building import (
    COUNTY_MAYOR,
    DAY,
    HOUR,
    INTAKE,
    MAYOR,
    RECEIVED_AT,
    STABILITY,
    UNIT,
    Story,
    concluded,
    rectifying,
    reporting,
    small_rules,
    surveying,
    verifying,
)

K = MessageKind
M = Milestone
SECOND = timedelta(seconds=1)


def _fired(story: Story) -> list[Milestone]:
    return [reached.milestone for reached in story.happened(MilestoneReached)]


def _skipped(story: Story) -> list[tuple[Milestone, ...]]:
    return [skipped.milestones for skipped in story.happened(MilestonesSkipped)]


def _breaches(story: Story) -> list[Milestone]:
    return [breach.milestone for breach in story.case.breaches]


# Hour 1 -------------------------------------------------------------------------------------------------------


def test_not_dispatched_within_the_hour() -> None:
    story = Story().at(RECEIVED_AT + HOUR - SECOND)
    assert _fired(story) == []
    story.at(RECEIVED_AT + HOUR)
    reached = story.happened(MilestoneReached)[0]
    assert (reached.milestone, reached.due_at, reached.late_seconds) == (M.DISPATCH, RECEIVED_AT + HOUR, 0)
    assert reached.breached
    assert reached.told == (INTAKE, STABILITY), "escalated to the petition-stability team and who may dispatch"
    breach = story.case.breaches[0]
    assert (breach.milestone, breach.due_at, breach.met_at) == (M.DISPATCH, RECEIVED_AT + HOUR, None)


def test_a_late_dispatch_meets_the_breach_and_leaves_it() -> None:
    story = Story().pass_time(3 * HOUR).dispatched()
    assert [(breach.milestone, breach.met_at) for breach in story.case.breaches] == [
        (M.DISPATCH, RECEIVED_AT + 3 * HOUR)
    ]
    assert story.happened(BreachMet)[0].milestone is M.DISPATCH


def test_dispatched_within_the_hour() -> None:
    story = Story().pass_time(HOUR - SECOND).dispatched().pass_time(DAY)
    assert _breaches(story) == []
    assert M.DISPATCH not in _fired(story)


# Day 3 --------------------------------------------------------------------------------------------------------


def test_the_reminder_goes_to_the_unit() -> None:
    story = rectifying().covered().on_day(3)
    reached = story.happened(MilestoneReached)[-1]
    assert (reached.milestone, reached.breached, reached.told) == (M.REMINDER, False, (UNIT,))
    assert reached.due_at == RECEIVED_AT + 3 * DAY
    assert _breaches(story) == []
    assert "第3天催办：整改报告尚未提交，通知水务局" in story.texts()
    before = story.case
    assert story.on_day(4.9).case == before, "once"


def test_no_reminder_once_the_report_is_in() -> None:
    story = verifying().covered().on_day(3)
    assert _fired(story) == []
    assert _skipped(story) == [(M.REMINDER,)]
    assert "跳过第3天催办：整改报告已提交，无需催办" in story.texts()


def test_a_report_that_was_sent_back_is_not_in() -> None:
    story = verifying().covered().verifies(confirmed=False).on_day(3)
    assert _fired(story) == [M.REMINDER]


# Day 5 --------------------------------------------------------------------------------------------------------


def test_the_review_is_due_on_day_5() -> None:
    story = verifying().covered().on_day(5)
    reached = story.happened(MilestoneReached)[-1]
    assert (reached.milestone, reached.breached, reached.told) == (M.REVIEW, True, (UNIT, STABILITY))
    assert _breaches(story) == [M.REVIEW]
    story.verifies().reviews()
    assert story.case.breaches[0].met_at == story.now
    assert story.case.breaches[0].due_at == RECEIVED_AT + 5 * DAY


def test_a_review_in_time_meets_day_5() -> None:
    story = surveying().covered().on_day(5)
    assert _skipped(story) == [(M.REMINDER,), (M.REVIEW,)]
    assert _breaches(story) == []


def test_rework_after_a_review_in_time_does_not_breach_day_5() -> None:
    story = surveying().surveys(0, 10).covered().on_day(6)
    assert _breaches(story) == []
    assert _fired(story) == [M.REMINDER]


def test_a_review_that_was_returned_does_not_meet_day_5() -> None:
    story = verifying().covered().verifies().reviews(passed=False).on_day(5)
    assert _breaches(story) == [M.REVIEW]


# Day 7 and after ----------------------------------------------------------------------------------------------


def test_the_report_is_due_on_day_7() -> None:
    story = reporting().on_day(7)
    assert not may_report(story.case), "coverage is missing"
    reached = story.happened(MilestoneReached)[-1]
    assert (reached.milestone, reached.breached, reached.told) == (M.REPORT, True, (UNIT, STABILITY))
    assert story.case.overdue
    story.covered().submits()
    assert story.case.breaches[-1].milestone is M.REPORT
    assert story.case.breaches[-1].met_at == story.now


def test_overdue_daily_up_the_ladder() -> None:
    story = rectifying().covered().hourly_until(11 * DAY + HOUR)
    overdue = [reached for reached in story.happened(MilestoneReached) if reached.milestone is M.OVERDUE]
    assert [reached.due_at for reached in overdue] == [RECEIVED_AT + day * DAY for day in (8, 9, 10, 11)]
    assert [reached.told for reached in overdue] == [
        (UNIT, STABILITY),  # the ladder's first rung is told anyway
        (UNIT, STABILITY, COUNTY_MAYOR),
        (UNIT, STABILITY, MAYOR),
        (UNIT, STABILITY, MAYOR),  # the ladder has an end, the notices have none
    ]
    assert not any(reached.breached for reached in overdue)
    assert _breaches(story) == [M.REVIEW, M.REPORT], "one breach, however many notices"
    assert "超期通报第4次" in story.texts()[-1]


def test_overdue_notices_end_with_the_case() -> None:
    story = reporting().on_day(9).covered().submits()
    before = len(story.entries)
    assert len(story.on_day(30).entries) == before
    assert story.case.next_overdue_at is None


def test_one_overdue_notice_after_a_long_silence() -> None:
    """An outage of days makes one notice, not one for each day that it missed."""
    story = rectifying().covered().on_day(7)
    story.on_day(20.25)
    overdue = [reached for reached in story.happened(MilestoneReached) if reached.milestone is M.OVERDUE]
    assert len(overdue) == 1
    assert overdue[0].late_seconds == int(12.25 * 86400)
    assert story.case.next_overdue_at == RECEIVED_AT + 21 * DAY


# The wall -----------------------------------------------------------------------------------------------------


def test_the_colours() -> None:
    story = rectifying().covered()
    seen = [story.on_day(day).case.sticker for day in (4.99, 5, 5.99, 6, 6.99, 7, 20)]
    assert seen == [None, "yellow", "yellow", "blue", "blue", "red", "red"]
    story.reports().verifies().reviews().surveys().submits()
    assert story.case.sticker is None, "it comes off the wall with the case"


@pytest.mark.parametrize(
    ("stickers", "expected"),
    [
        ([(2, "red")], [None, "red", "red", "red"]),
        ([(3, "blue"), (4, "yellow"), (9, "red")], [None, "blue", "yellow", "yellow"]),
        ([], [None, None, None, None]),
    ],
)
def test_other_cities_other_colours(stickers: list[tuple[int, str]], expected: list[str | None]) -> None:
    days = tuple(StickerDay(day=day, colour=Sticker(colour)) for day, colour in stickers)
    story = rectifying(small_rules(durations=Durations(stickers=days)))
    assert [story.on_day(day).case.sticker for day in (1, 3, 4, 8)] == expected
    assert len(story.happened(StickerPut)) == sum(day <= 8 for day, _ in stickers)


def test_other_days() -> None:
    durations = Durations(reminder_day=1, review_day=2, target_day=3, report_day=4, dispatch=timedelta(minutes=30))
    story = Story(small_rules(durations=durations))
    assert story.case.due_at == RECEIVED_AT + 4 * DAY
    story.pass_time(timedelta(minutes=30))
    assert _breaches(story) == [M.DISPATCH]
    story.dispatched().on_day(4)
    assert _fired(story) == [M.DISPATCH, M.REMINDER, M.REVIEW, M.REPORT]


# Late intake --------------------------------------------------------------------------------------------------


def test_late_intake_fires_everything_at_once_in_order_with_its_lateness() -> None:
    """The clocks start at the hand-over: a case that comes in on day 6 finds its milestones missed."""
    story = Story(opened_after=6 * DAY + 6 * HOUR)
    by_time = [e.happened for e in story.entries[1:] if isinstance(e.happened, MilestoneReached | StickerPut)]
    assert [(e.milestone if isinstance(e, MilestoneReached) else e.colour) for e in by_time] == [
        M.DISPATCH,
        M.REMINDER,
        M.REVIEW,
        Sticker.YELLOW,
        Sticker.BLUE,
    ]
    assert [e.late_seconds // 3600 for e in by_time] == [149, 78, 30, 30, 6]
    assert [e.due_at for e in by_time] == sorted(e.due_at for e in by_time)
    assert {entry.at for entry in story.entries} == {RECEIVED_AT + 6 * DAY + 6 * HOUR}
    assert story.case.sticker is Sticker.BLUE
    assert _breaches(story) == [M.DISPATCH, M.REVIEW]
    assert "逾期未分发，升级督办（迟6天5小时），通知受理中心、维稳组" in story.texts()
    story.dispatched()
    assert story.case.breaches[0].met_at == story.now
    assert story.case.breaches[1].met_at is None


def test_late_intake_after_red_is_overdue_at_once() -> None:
    story = Story(opened_after=8 * DAY + HOUR).dispatched()
    assert story.case.overdue
    assert _breaches(story) == [M.DISPATCH, M.REVIEW, M.REPORT]
    assert story.case.next_overdue_at == RECEIVED_AT + 9 * DAY, "at the usual hour, not at once"
    assert not [r for r in story.happened(MilestoneReached) if r.milestone is M.OVERDUE]


def test_intake_before_the_hand_over() -> None:
    """The clock of one machine may lag: nothing is due yet."""
    story = Story(opened_after=-HOUR)
    assert len(story.entries) == 1
    story.dispatched().at(RECEIVED_AT + 3 * HOUR)
    assert _breaches(story) == []


# What is no longer needed -------------------------------------------------------------------------------------


def test_conclusion_skips_the_rest_and_says_so() -> None:
    story = concluded()
    assert _skipped(story) == [(M.REMINDER, M.REVIEW, M.REPORT)]
    assert "跳过第3天催办、第5天初审、第7天办结上报：本件已办结" in story.texts()
    late = reporting().on_day(4).covered().submits()
    assert _skipped(late) == [(M.REMINDER,), (M.REVIEW, M.REPORT)]
    overdue = reporting().covered().on_day(8).submits()
    assert _skipped(overdue) == [(M.REMINDER,), (M.REVIEW,)]


@pytest.mark.parametrize(("kind", "word"), [(K.WITHDRAWAL, "撤回"), (K.MERGE, "并案")])
def test_an_end_before_the_end_skips_too(kind: MessageKind, word: str) -> None:
    story = rectifying().takes(kind, INTAKE)
    assert _skipped(story) == [(M.REMINDER, M.REVIEW, M.REPORT)]
    assert any(text.endswith(f"本件已{word}") for text in story.texts())
    assert len(story.on_day(30).entries) == len(story.entries)
    assert story.case.sticker is None


def test_breaches_stay() -> None:
    """Whatever comes after: review, extension, conclusion."""
    story = Story().pass_time(2 * HOUR).dispatched().acknowledges().reports().on_day(5).covered()
    story.verifies().reviews().extends(10).surveys().submits()
    assert _breaches(story) == [M.DISPATCH, M.REVIEW]
    assert all(breach.met_at is not None for breach in story.case.breaches)


def test_letting_time_pass_twice_is_letting_it_pass_once() -> None:
    story = rectifying().on_day(6)
    again = let_time_pass(story.case, story.now)
    assert again.entries == ()
    assert again.case == story.case
    earlier = let_time_pass(story.case, RECEIVED_AT)
    assert earlier.entries == ()


def test_the_cases_time_never_runs_backwards() -> None:
    """Whatever the clocks of two machines say; refusals count as well."""
    story = rectifying()
    story.send(K.VERIFICATION, UNIT)
    story.now -= 2 * HOUR
    story.covered()
    times = [entry.at for entry in story.entries]
    assert times == sorted(times)
