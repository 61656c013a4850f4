"""The marks on the strip of days."""

from datetime import timedelta

import pytest

from api.marks import Day, Sign, headings, signs, strip
from petitions.case_rules import Durations, StickerDay
from petitions.vocabulary import Sticker
from tests.petitions.building import (
    DAY,
    INTAKE,
    K,
    Story,
    concluded,
    rectifying,
    reporting,
    small_rules,
    surveying,
    verifying,
)


def shown(story: Story, last: int = 7) -> list[str]:
    """The characters of each day."""
    return ["".join(mark.sign.character * mark.times for mark in day.marks) for day in days(story, last)]


def days(story: Story, last: int = 7) -> tuple[Day, ...]:
    return strip(story.case, story.now, last)


def test_every_step_has_its_mark() -> None:
    story = reporting().covered().submits()
    assert "".join(shown(story)) == "发签报核审访批专督结"


def test_marks_stand_on_the_day_on_which_it_was_done() -> None:
    story = Story(received_at="2021-08-27T23:30:00+08:00").dispatched().acknowledges()
    # The acknowledgement came an hour later: the next date.
    assert shown(story)[:2] == ["发", "签"]
    story.on_day(2).instructs()
    assert "批" in shown(story)[3]


def test_a_day_counts_from_the_date_of_the_hand_over_in_local_time() -> None:
    # 23:30 in UTC is the next morning where the case is.
    story = Story(received_at="2021-08-26T23:30:00+00:00")
    assert days(story)[0].label == "交办当日 8月27日"
    assert [day.number for day in days(story)] == list(range(9))


def test_what_was_sent_back_is_told_from_what_passed() -> None:
    story = verifying().verifies(confirmed=False).reports().verifies().reviews(passed=False).reports()
    story.verifies().reviews()
    judged = [sign for line, sign in signs(story.case) if line.event in {"verification", "preliminary_review"}]
    assert judged == [Sign.RETURNED, Sign.VERIFIED, Sign.RETURNED, Sign.VERIFIED, Sign.REVIEWED]


@pytest.mark.parametrize("passed_first", [True, False])
def test_what_was_sent_back_last_is_known_before_the_next_report(passed_first: bool) -> None:
    story = verifying()
    if passed_first:
        story.verifies().reviews(passed=False)
    else:
        story.reviews(passed=False)
    assert [sign for _, sign in signs(story.case)][-1] is Sign.RETURNED


def test_a_dissatisfied_survey_is_a_rework_and_no_return() -> None:
    story = surveying().surveys(2, 10).reports().verifies().reviews().surveys(12)
    characters = [sign.character for _, sign in signs(story.case)]
    assert characters == list("发签报核审返报核审访")


def test_visits_and_reports_are_told_apart() -> None:
    story = rectifying().visits().visits(purpose="investigation").reports(final=False)
    assert [sign for _, sign in signs(story.case)][-3:] == [Sign.SUPERVISED, Sign.INVESTIGATED, Sign.PROGRESS]


def test_what_is_done_twice_on_a_day_has_one_mark_with_its_number() -> None:
    (day, *_) = days(rectifying().instructs().instructs())
    (mark,) = [mark for mark in day.marks if mark.sign is Sign.INSTRUCTED]
    assert mark.times == 2
    assert len(mark.told.splitlines()) == 2


def hourly(story: Story, until_day: float) -> Story:
    """Time passes hour by hour, as it does for the workflow."""
    end = story.case.hand_over.received_at + until_day * DAY
    while story.now < end:
        story.pass_time(timedelta(hours=1))
    return story


def test_stickers_and_breaches_stand_on_their_days() -> None:
    story = hourly(rectifying().covered(), 8.5)
    strip = days(story)
    assert [day.sticker for day in strip] == [None] * 5 + [Sticker.YELLOW, Sticker.BLUE, Sticker.RED, None]
    assert [day.number for day in strip if any(mark.sign is Sign.BREACHED for mark in day.marks)] == [5, 7]
    # The reminder of day 3 and the overdue notice after day 7 are chases, no breaches.
    assert shown(story)[3] == "催"
    assert shown(story)[8] == "催"


def test_of_stickers_put_at_once_the_last_is_shown() -> None:
    # Late intake: all three on the day on which it came in.
    story = Story(opened_after=timedelta(days=7, hours=2))
    assert [day.sticker for day in days(story) if day.sticker] == [Sticker.RED]
    assert shown(story)[7].count("逾") == 3


def test_today_and_the_due_day_are_marked() -> None:
    story = rectifying().on_day(2)
    assert [day.when for day in days(story)] == ["past"] * 2 + ["today"] + ["ahead"] * 6
    assert [day.number for day in days(story) if day.due] == [7]
    assert [day.number for day in days(story.extends(3)) if day.due] == [8]


def test_long_after_all_stands_in_the_last_column() -> None:
    story = rectifying().extends(20)
    story.on_day(15).reports()
    assert "报" in shown(story)[8]
    assert days(story)[8].when == "today"


def test_a_closed_case_ends_with_its_mark() -> None:
    assert shown(concluded())[0].endswith("结")
    assert shown(rectifying().takes(K.WITHDRAWAL, INTAKE))[0].endswith("结")


def test_the_heads_follow_the_jurisdictions_days() -> None:
    durations = Durations(
        report_day=3, review_day=2, reminder_day=1, stickers=(StickerDay(day=2, colour=Sticker.BLUE),)
    )
    heads = headings(durations)
    assert [head.day for head in heads] == ["当日", "第1天", "第2天", "第3天", "3天后"]
    assert [head.due for head in heads] == ["交办分发", "催办", "初审", "办结上报", ""]
    assert [head.sticker for head in heads] == [None, None, Sticker.BLUE, None, None]
    assert len(days(Story(small_rules(durations=durations)), 3)) == len(heads)


def test_a_reopened_case_counts_its_days_from_then() -> None:
    story = concluded().pass_time(3 * DAY).reopens(days=3)
    assert shown(story)[0] == "重"
    assert days(story)[0].label == "退回重办当日 8月30日"
    assert [day.number for day in days(story) if day.due] == [3]
    assert [day.number for day in days(story) if day.when == "today"] == [0]
    # What was done before stands in the record, and not on these days.
    hourly_from(story, 0.7)
    story.reports()
    assert "".join(shown(story)) == "重报"


def test_stickers_of_a_reopened_case_stand_on_its_own_days() -> None:
    story = hourly(rectifying().covered(), 6.5).reports().verifies().reviews().surveys().submits()
    story.reopens(days=3)
    hourly_from(story, 3.2)
    put = {day.number: day.sticker for day in days(story) if day.sticker}
    assert put == {1: Sticker.YELLOW, 2: Sticker.BLUE, 3: Sticker.RED}


def hourly_from(story: Story, until_day: float) -> Story:
    """As ``hourly``, by the days since the reopening."""
    end = story.case.clock_started_at + until_day * DAY
    while story.now < end:
        story.pass_time(timedelta(hours=1))
    return story
