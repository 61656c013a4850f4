"""What holds in every story, whatever is sent and whenever time passes."""

import json
from datetime import timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from petitions.case import Case
from petitions.days import milestone_due
from petitions.events import Entry
from petitions.evolution import fold
from petitions.messages import read_message
from petitions.notices import Notice, notices_for
from petitions.outline import Outline, events_of_outline, outline
from petitions.procedure import let_time_pass, open_case, take_in
from petitions.report import handling_report
from petitions.stickers import stickers_due
from petitions.view import case_result, case_view
from petitions.vocabulary import MessageKind, Milestone
from tests.petitions.building import DAY, HOUR, hand_over
from tests.petitions.random_stories import DEEDS, OPENED_AFTER, RULES, Deed, GoOn, Pass, Run

K = MessageKind
LONG_STORY: list[Deed] = [GoOn(20, K.SURVEY_RESULT), Pass(9 * DAY), GoOn(20)]


def _told(rules: str, opened_after: timedelta, deeds: list[Deed], *, starred: bool) -> Run:
    run = Run.start(rules, opened_after, starred=starred)
    for deed in deeds:
        run.do(deed)
    return run


@settings(max_examples=250)
@example(rules="plain", opened_after=timedelta(0), starred=True, deeds=[GoOn(20)])
@example(rules="plain", opened_after=6 * DAY, starred=False, deeds=LONG_STORY)
@given(rules=st.sampled_from(sorted(RULES)), opened_after=OPENED_AFTER, starred=st.booleans(), deeds=DEEDS)
def test_every_story(rules: str, opened_after: timedelta, starred: bool, deeds: list[Deed]) -> None:
    """Each step is checked by ``Run``; here, what holds of the whole."""
    run = _told(rules, opened_after, deeds, starred=starred)
    case = run.case

    # The record is the case, also as it was written down.
    assert fold(run.entries) == case
    written = [Entry.model_validate_json(entry.model_dump_json()) for entry in run.entries]
    assert written == run.entries
    assert fold(written) == case
    assert Case.model_validate_json(case.model_dump_json()) == case

    # In outline it is told by fewer entries.
    for until in (len(written), -(-len(written) // 2)):
        then = fold(written[:until])
        assert then is not None
        for is_whole in (True, False):
            events = events_of_outline(whole=is_whole)
            some = [entry for entry in written[:until] if entry.event in events]
            assert outline(some, whole=is_whole) == Outline.of(then, whole=is_whole)

    # What stands on the wall when can be told without it.
    days = {put.colour: milestone_due(case, put.day) for put in case.rules.durations.stickers}
    due = stickers_due(case.rules.durations, case.due_at, case.clock_started_at)
    assert {each.colour: each.at for each in due} == {
        colour: at for colour, at in days.items() if at > case.clock_started_at
    }

    # So are the notices.
    again, told = None, list[Notice]()
    for entry in written:
        again = fold([entry], again)
        assert again is not None
        told += notices_for(again, entry)
    assert told == run.notices
    keys = [notice.key for notice in told]
    assert len(keys) == len(set(keys))

    # Every message is answered again as it was, and changes nothing.
    for body, kind, answered in run.sent:
        repeat = take_in(case, read_message(body, kind), run.now)
        assert (repeat.receipt, repeat.refusal) == (answered.receipt, answered.refusal)
        if answered.receipt:
            assert repeat.entries == ()

    # People and programs can read it.
    json.dumps(case_view(case), allow_nan=False)
    assert handling_report(case).text
    if case.closed:
        result = case_result(case)
        assert result.within_mandate or not result.within_target


def test_the_random_stories_get_somewhere() -> None:
    """The strategies are worth something only if stories end, rework, and are late."""
    run = _told("plain", timedelta(0), [GoOn(20)], starred=True)
    assert run.case.closed
    slow = _told("plain", 6 * DAY, LONG_STORY, starred=False)
    assert slow.case.closed
    assert len(slow.case.breaches) >= 3


@given(
    st.sampled_from(sorted(RULES)),
    OPENED_AFTER,
    st.booleans(),
    st.lists(st.sampled_from([timedelta(minutes=20), HOUR, 9 * HOUR, DAY, 3 * DAY]), max_size=15),
)
def test_what_time_does_does_not_hang_on_how_often_it_is_looked_at(
    rules: str, opened_after: timedelta, starred: bool, spans: list[timedelta]
) -> None:
    """In one step after an outage or in many: the same milestones with the same dates, and the same next ones.

    Only repeated presses differ: those of a silence are made good by one.
    """
    opened = open_case(hand_over(starred=starred), RULES[rules], hand_over().received_at + opened_after)
    case, now = opened.case, opened.case.opened_at
    for span in (timedelta(0), *spans):
        now += span
        case = let_time_pass(case, now).case
    at_once = let_time_pass(opened.case, now).case
    assert {*case.passed} - {Milestone.OVERDUE} == {*at_once.passed} - {Milestone.OVERDUE}
    for name in ("breaches", "sticker", "stickers_put", "overdue", "due_at", "next_overdue_at", "stage"):
        assert getattr(case, name) == getattr(at_once, name), name
    assert {what: chase.next_at for what, chase in case.chases.items()} == {
        what: chase.next_at for what, chase in at_once.chases.items()
    }
    assert all(at_once.chases[what].times <= chase.times for what, chase in case.chases.items())
