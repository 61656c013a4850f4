"""Who is told what: every notice once, to those it concerns, under a key that never changes."""

import pytest

from petitions.case_rules import Durations, TaskForceProposal
from petitions.events import MilestoneReached
from petitions.evolution import fold
from petitions.notices import Notice, has_address, notices_for
from petitions.vocabulary import MessageKind, RefusalCode
from tests.petitions.building import (
    ASSISTING,
    BYSTANDER,
    COUNTY_MAYOR,
    COUNTY_SECRETARY,
    HOUR,
    INTAKE,
    LEAD,
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
    small_rules,
    surveying,
    verifying,
)

K = MessageKind


def _since(story: Story, known: int) -> list[str]:
    return [notice.to for notice in story.notices[known:]]


def test_at_the_start() -> None:
    """The unit gets the case; instruction, task force and supervision are asked for at once."""
    story = Story()
    assert [(notice.key, notice.to, notice.urgent, notice.dispatches) for notice in story.notices] == [
        (f"X1/1/{UNIT}/dispatch", UNIT, True, True),
        (f"X1/1/{COUNTY_SECRETARY}/leader_instruction", COUNTY_SECRETARY, False, False),
        (f"X1/1/{COUNTY_MAYOR}/leader_instruction", COUNTY_MAYOR, False, False),
        (f"X1/1/{STABILITY}/task_force", STABILITY, False, False),
        (f"X1/1/{VICE_MAYOR}/site_visit", VICE_MAYOR, False, False),
    ]
    dispatch = story.notices[0]
    assert dispatch.title == "【X1】交办通知"
    assert "甲县河边" in dispatch.body
    assert "电站断流" in dispatch.body
    assert "9月3日 10:00" in dispatch.body, "by when, in local time"
    assert "8月28日 10:00" in story.notices[1].body


def test_at_the_start_of_a_starred_case() -> None:
    story = Story(starred=True)
    assert [(notice.to, notice.key.rsplit("/", 1)[1]) for notice in story.notices[1:]] == [
        (SECRETARY, "leader_instruction"),
        (MAYOR, "leader_instruction"),
        (STABILITY, "task_force"),
        (SECRETARY, "site_visit"),
        (MAYOR, "site_visit"),
    ]
    assert all(notice.title.startswith("【★X1】") for notice in story.notices)


def test_without_a_unit_the_clerks_are_told() -> None:
    rules = small_rules(default_unit=None, durations=Durations(dispatch=HOUR * 1.5))
    story = Story(rules)
    clerks = [notice for notice in story.notices if notice.key.endswith("/dispatch")]
    assert [notice.to for notice in clerks] == [INTAKE, STABILITY]
    assert not any(notice.dispatches for notice in clerks), "this does not dispatch the case"
    assert "1小时30分钟内" in clerks[0].body
    known = len(story.notices)
    story.takes(K.DISPATCH, INTAKE, unit=BYSTANDER)
    assert [(notice.to, notice.dispatches) for notice in story.notices[known:]] == [(BYSTANDER, True)]


def test_the_proposed_task_force_is_told() -> None:
    proposal = TaskForceProposal(lead_leader=COUNTY_MAYOR, lead_department=LEAD, assisting_departments=(ASSISTING,))
    story = Story(small_rules(proposal=proposal))
    asked = next(notice for notice in story.notices if notice.key.endswith("/task_force"))
    assert "建议由甲县县长包案，生态环境局主办。" in asked.body


def test_each_step_tells_who_is_next() -> None:
    story = Story().dispatched().acknowledges()
    for deed, told in (
        (story.reports, [SUPERVISION]),
        (story.verifies, [STABILITY]),
        (story.reviews, [REVISIT]),
    ):
        known = len(story.notices)
        deed()
        assert _since(story, known) == told
    known = len(story.notices)
    story.surveys(0, 10)
    assert _since(story, known) == [UNIT], "rework: the unit hears that its case comes back"
    assert story.notices[-1].urgent
    assert "第2轮" in story.notices[-1].body


def test_a_report_sent_back_is_told_to_the_unit() -> None:
    story = verifying()
    known = len(story.notices)
    story.verifies(confirmed=False)
    assert _since(story, known) == [UNIT]


def test_what_the_unit_hears_of() -> None:
    story = rectifying()
    known = len(story.notices)
    story.instructs(COUNTY_MAYOR).extends(2)
    assert _since(story, known) == [UNIT, UNIT]
    assert "甲县县长批示" in story.notices[known].body
    assert "延期2天" in story.notices[known + 1].body


def test_the_end_is_told_to_the_unit() -> None:
    story = concluded()
    assert story.notices[-1].to == UNIT
    assert "办结" in story.notices[-1].body


def test_chases_and_milestones_go_to_those_they_name() -> None:
    story = rectifying().hourly_until(24 * HOUR)
    known = len(story.notices)
    story.hourly_until(48 * HOUR)
    assert _since(story, known) == [COUNTY_SECRETARY, COUNTY_MAYOR, STABILITY, STABILITY]
    story.covered()
    known = len(story.notices)
    story.on_day(3)
    assert _since(story, known) == [UNIT]
    assert story.notices[-1].urgent, "the mandate's clock knows no night"
    known = len(story.notices)
    story.on_day(5)
    assert _since(story, known) == [UNIT, STABILITY, UNIT]  # the review; the yellow sticker
    assert [notice.urgent for notice in story.notices[known:]] == [True, True, False]


def test_the_escalation_goes_to_those_who_may_dispatch() -> None:
    story = Story()
    known = len(story.notices)
    story.pass_time(HOUR)
    assert _since(story, known) == [INTAKE, STABILITY]


def test_words_of_the_settings_are_nobody_to_be_told() -> None:
    """Where the table names a part in the case, an office is told, never the word."""
    rules = small_rules(may_send={**small_rules().may_send, K.PRELIMINARY_REVIEW: ("any_team", STABILITY)})
    story = Story(rules).pass_time(HOUR).dispatched().on_day(8)
    assert "any_team" not in {notice.to for notice in story.notices}
    assert STABILITY in {notice.to for notice in story.notices}


def test_a_refusal_tells_nobody() -> None:
    story = rectifying()
    known = len(story.notices)
    story.refuses(RefusalCode.NOT_YOURS, K.VERIFICATION, MAYOR)
    assert _since(story, known) == []


@pytest.mark.parametrize("starred", [True, False])
def test_keys_are_unique_and_always_the_same(starred: bool) -> None:
    """The notices follow from the record: folding it anew gives the same ones."""
    story = surveying(starred=starred).surveys(0, 10).extends(1).stars(starred=not starred).hourly_until(12 * 24 * HOUR)
    keys = [notice.key for notice in story.notices]
    assert len(keys) == len(set(keys)) > 40
    case, again = None, list[Notice]()
    for entry in story.entries:
        case = fold([entry], case)
        assert case is not None
        again += notices_for(case, entry)
    assert again == story.notices


def test_the_ledger_alone_where_there_is_no_address() -> None:
    story = Story(small_rules(reachable=(UNIT,)))
    assert [has_address(story.case, notice) for notice in story.notices] == [True, False, False, False, False]
    assert story.now == RECEIVED_AT


@pytest.mark.parametrize(
    ("ladder", "told"),
    [
        ((COUNTY_MAYOR, VICE_MAYOR, MAYOR), (COUNTY_MAYOR, VICE_MAYOR)),
        ((COUNTY_MAYOR,), (COUNTY_MAYOR, COUNTY_MAYOR)),  # the ladder has an end
    ],
)
def test_each_missed_milestone_is_taken_one_rung_higher(ladder: tuple[str, ...], told: tuple[str, ...]) -> None:
    """Unit → county leader → city leader."""
    story = rectifying(small_rules(missed_ladder=ladder)).covered()
    known = len(story.notices)
    story.on_day(3)
    assert _since(story, known) == [UNIT], "the reminder is no miss"
    for day, above in zip((5, 7), told, strict=True):
        known = len(story.notices)
        story.on_day(day)
        reached = [each for each in story.happened(MilestoneReached) if each.breached][-1]
        assert reached.told == (UNIT, STABILITY, above)
        assert above in _since(story, known)


def test_a_case_of_before_has_no_such_ladder() -> None:
    story = rectifying().covered().on_day(5)
    assert story.happened(MilestoneReached)[-1].told == (UNIT, STABILITY)
    assert "missed_ladder" not in small_rules().model_dump()
    assert "missed_ladder" in small_rules(missed_ladder=(MAYOR,)).model_dump()


def test_a_starred_cases_leaders_are_asked_at_any_hour() -> None:
    asked = [notice for notice in Story(starred=True).notices if not notice.dispatches]
    assert asked
    assert all(notice.urgent for notice in asked)
