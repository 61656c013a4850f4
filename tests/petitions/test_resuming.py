"""Resuming (docs/decisions/0017): a case whose workflow was lost goes on from its record, and is no other for it."""

from datetime import timedelta

import pytest
from pydantic_core import from_json, to_json

from petitions.events import MilestoneReached, Resumed
from petitions.evolution import fold
from petitions.hand_over import HandOverError
from petitions.notices import notices_for
from petitions.procedure import let_time_pass, resume
from petitions.resuming import ResumedStart, Resumption, read_resumed_start
from tests.petitions.building import concluded, rectifying

REASON = "流程已被终止"


def test_nothing_of_the_case_changes_but_its_record() -> None:
    story = rectifying()
    step = resume(story.case, REASON, "run-2", story.now)
    (entry,) = step.entries
    assert entry.happened == Resumed(reason=REASON, run="run-2")
    assert (entry.by, entry.seq) == (None, story.case.seq + 1)
    assert entry.text == "办理流程中断，按档案恢复：流程已被终止"
    of_the_record = {"seq", "timeline"}
    assert step.case.model_dump(exclude=of_the_record) == story.case.model_dump(exclude=of_the_record)
    assert step.notices == notices_for(step.case, entry) == ()
    assert fold([*story.entries, entry]) == step.case


def test_what_fell_due_meanwhile_fires_then_with_how_late() -> None:
    story = rectifying()
    due = story.case.due_at
    step = resume(story.case, REASON, "run-2", due + timedelta(days=1))
    after = let_time_pass(step.case, due + timedelta(days=1))
    late = [entry.happened for entry in after.entries if isinstance(entry.happened, MilestoneReached)]
    assert late
    assert all(milestone.late_seconds > 0 for milestone in late)
    assert after.case.overdue


def test_a_case_that_is_over_is_not_resumed() -> None:
    story = concluded()
    assert resume(story.case, REASON, "run-2", story.now).entries == ()


def test_a_start_is_read_for_what_it_is() -> None:
    hand_over = rectifying().case.hand_over
    start = ResumedStart(resuming=Resumption(reason=REASON), hand_over=hand_over)
    assert read_resumed_start(to_json(start)) == start
    assert (start.case_no, start.workflow_id) == (hand_over.case_no, hand_over.workflow_id)
    assert read_resumed_start(to_json(hand_over)) is None
    assert read_resumed_start(b"\xff") is None
    without_reason = from_json(to_json(start)) | {"resuming": {}}
    with pytest.raises(HandOverError, match="resuming"):
        read_resumed_start(to_json(without_reason))
