"""A message sent twice counts once: the same content is answered as the first time, other content is refused."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from petitions.case import KEPT_REFUSALS, KEPT_REFUSED_ANSWERS, MOST_OF_A_KIND
from petitions.procedure import Answered
from petitions.vocabulary import MessageKind, RefusalCode, Stage
from tests.petitions.building import (
    BODIES,
    COUNTY_MAYOR,
    INTAKE,
    REVISIT,
    STABILITY,
    SUPERVISION,
    UNIT,
    VICE_MAYOR,
    Story,
    answers,
    rectifying,
    surveying,
    verifying,
)

K = MessageKind
R = RefusalCode


def _send(story: Story, message_id: str, kind: MessageKind, office: str, **body: Any) -> Answered:
    fields = {"message_id": message_id, "by": {"office": office, "name": "张三"}, **BODIES[kind], **body}
    return story.send_bytes(json.dumps(fields).encode(), kind)


def test_a_repeat_gets_the_same_receipt_and_changes_nothing() -> None:
    story = rectifying()
    first = _send(story, "a", K.LEADER_INSTRUCTION, COUNTY_MAYOR)
    assert first.receipt is not None
    assert (first.receipt.case_no, first.receipt.message_id) == ("X1", "a")
    assert story.entries[first.receipt.seq - 1].event == "leader_instruction"
    before = story.case
    again = _send(story, "a", K.LEADER_INSTRUCTION, COUNTY_MAYOR)
    assert again.receipt == first.receipt
    assert again.entries == ()
    assert again.notices == ()
    assert story.case == before


def test_a_repeat_of_a_message_that_moved_the_case_on() -> None:
    """At a stage that would refuse it now."""
    story = rectifying()
    first = _send(story, "a", K.RECTIFICATION_REPORT, UNIT)
    assert story.case.stage is Stage.VERIFYING
    again = _send(story, "a", K.RECTIFICATION_REPORT, UNIT)
    assert again.receipt == first.receipt
    assert again.refusal is None


def test_a_repeat_of_a_survey_counts_its_answers_once() -> None:
    story = surveying()
    survey: dict[str, Any] = {"responses": answers(5), "complete": False}
    _send(story, "a", K.SURVEY_RESULT, REVISIT, **survey)
    assert _send(story, "a", K.SURVEY_RESULT, REVISIT, **survey).receipt is not None
    assert story.case.survey is not None
    assert story.case.survey.responses == 5


def test_a_repeat_after_the_end() -> None:
    story = rectifying()
    first = _send(story, "a", K.WITHDRAWAL, INTAKE)
    again = _send(story, "a", K.WITHDRAWAL, INTAKE)
    assert story.case.stage is Stage.WITHDRAWN
    assert again.receipt == first.receipt
    assert again.entries == ()


def test_a_repeat_of_a_refused_message_gets_the_same_refusal() -> None:
    """Also when the case would take it by now: whoever wants that sends a new message."""
    story = rectifying()
    first = _send(story, "a", K.VERIFICATION, SUPERVISION)
    assert first.refusal is not None
    assert first.refusal.code is R.NOT_NOW
    story.reports()
    before = story.case
    again = _send(story, "a", K.VERIFICATION, SUPERVISION)
    assert again.refusal == first.refusal
    assert again.entries == ()
    assert story.case == before
    assert _send(story, "b", K.VERIFICATION, SUPERVISION).refusal is None


def test_the_same_id_with_other_content() -> None:
    story = rectifying()
    _send(story, "a", K.LEADER_INSTRUCTION, COUNTY_MAYOR)
    other = _send(story, "a", K.LEADER_INSTRUCTION, COUNTY_MAYOR, text="另一条")
    assert other.refusal is not None
    assert other.refusal.code is R.MESSAGE_ID_REUSED
    assert "“a”" in other.refusal.reason
    other_kind = _send(story, "a", K.SITE_VISIT, VICE_MAYOR)
    assert other_kind.refusal is not None
    assert other_kind.refusal.code is R.MESSAGE_ID_REUSED
    assert len(story.case.instructions) == 1
    assert story.case.visits == ()
    first_again = _send(story, "a", K.LEADER_INSTRUCTION, COUNTY_MAYOR)
    assert first_again.receipt is not None, "the first content is still known"


def test_the_id_of_a_refused_message_is_used_too() -> None:
    story = rectifying()
    _send(story, "a", K.VERIFICATION, SUPERVISION)
    reused = _send(story, "a", K.PRELIMINARY_REVIEW, STABILITY)
    assert reused.refusal is not None
    assert reused.refusal.code is R.MESSAGE_ID_REUSED


def test_another_sender_under_the_same_id() -> None:
    story = rectifying()
    _send(story, "a", K.EXTENSION, INTAKE)
    other = _send(story, "a", K.EXTENSION, STABILITY)
    assert other.refusal is not None
    assert other.refusal.code is R.MESSAGE_ID_REUSED
    assert story.case.extended_days == 2


def test_what_could_not_be_read_may_be_put_right_under_its_id() -> None:
    story = rectifying()
    wrong = _send(story, "a", K.EXTENSION, INTAKE, days="2")
    assert wrong.refusal is not None
    assert wrong.refusal.code is R.MALFORMED
    assert story.case.refused[-1].message_id == "a"
    assert _send(story, "a", K.EXTENSION, INTAKE, days=2).receipt is not None


def test_a_refusal_is_on_record() -> None:
    story = verifying()
    stage, timeline = story.case.stage, story.case.timeline
    refused = _send(story, "a", K.SURVEY_RESULT, REVISIT)
    assert refused.refusal is not None
    shown = story.case.refused[-1]
    assert (shown.kind, shown.message_id, shown.code) == ("survey_result", "a", R.NOT_NOW)
    assert shown.reason == refused.refusal.reason
    assert shown.at == story.now
    assert story.case.refused_count == 1
    assert (story.case.stage, story.case.timeline) == (stage, timeline)
    entry = story.entries[-1]
    assert (entry.event, entry.seq, entry.at) == ("refused", story.case.seq, story.now)
    assert entry.by is not None
    assert entry.by.office == REVISIT


def test_bytes_that_are_no_message_are_on_record_too() -> None:
    story = rectifying()
    story.send_bytes(b"\xff", "dispatch")
    story.send_bytes(b'{"message_id": "b"}', "nope")
    assert [(refused.kind, refused.message_id, refused.code) for refused in story.case.refused] == [
        ("dispatch", None, R.MALFORMED),
        ("nope", "b", R.UNKNOWN_KIND),
    ]
    assert story.entries[-1].by is None


def test_only_the_latest_refusals_are_shown_and_all_are_counted() -> None:
    story = rectifying()
    for number in range(KEPT_REFUSALS + 5):
        _send(story, f"r{number}", K.VERIFICATION, SUPERVISION)
    assert story.case.refused_count == KEPT_REFUSALS + 5
    assert [refused.message_id for refused in story.case.refused] == [f"r{n}" for n in range(5, KEPT_REFUSALS + 5)]


def test_old_refused_ids_are_forgotten_taken_ones_never() -> None:
    story = rectifying()
    _send(story, "taken", K.SITE_VISIT, VICE_MAYOR)
    for number in range(KEPT_REFUSED_ANSWERS + 2):
        _send(story, f"r{number}", K.MERGE, INTAKE, into="X1")
    assert "taken" in story.case.answers
    assert {"r0", "r1"}.isdisjoint(story.case.answers)
    assert {"r2", f"r{KEPT_REFUSED_ANSWERS + 1}"} <= set(story.case.answers)


def test_more_of_a_kind_than_any_real_case_has() -> None:
    story = rectifying()
    for _ in range(MOST_OF_A_KIND):
        story.reports(final=False)
    story.refuses(R.TOO_LARGE, K.RECTIFICATION_REPORT, UNIT, final=False)
    story.instructs()
    story.takes(K.WITHDRAWAL, INTAKE)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y", "z"])), max_size=12))
def test_of_each_id_the_first_content_counts(sent: list[tuple[str, str]]) -> None:
    story = rectifying()
    first: dict[str, str] = {}
    for message_id, text in sent:
        answered = _send(story, message_id, K.LEADER_INSTRUCTION, COUNTY_MAYOR, text=text)
        if first.setdefault(message_id, text) == text:
            assert answered.receipt is not None
        else:
            assert answered.refusal is not None
            assert answered.refusal.code is R.MESSAGE_ID_REUSED
    assert [instruction.text for instruction in story.case.instructions] == list(first.values())
