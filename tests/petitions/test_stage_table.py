"""What each stage takes and refuses, and where each message leads: design §3 as a table."""

from typing import Any

import pytest

from petitions.procedure import unit_notified
from petitions.vocabulary import MessageKind, RefusalCode, Stage
from tests.petitions.building import (
    ASSISTING,
    BYSTANDER,
    COUNTY_MAYOR,
    HOUR,
    INTAKE,
    LEAD,
    RECEIVED_AT,
    REVISIT,
    STABILITY,
    SUPERVISION,
    UNIT,
    VICE_MAYOR,
    Story,
    answers,
    concluded,
    rectifying,
    reporting,
    small_rules,
    surveying,
    verifying,
)

K = MessageKind
R = RefusalCode


def _reviewed_early() -> Story:
    return verifying().reviews()


STORIES = {
    "no unit": lambda: Story(small_rules(default_unit=None)).forms_task_force(),
    "received": Story,
    "dispatched": lambda: Story().dispatched(),
    "rectifying": rectifying,
    "verifying": verifying,
    "verifying, reviewed": _reviewed_early,
    "reviewing": lambda: verifying().verifies(),
    "surveying": surveying,
    "reporting": reporting,
    "concluded": concluded,
    "withdrawn": lambda: rectifying().takes(K.WITHDRAWAL, INTAKE),
    "merged": lambda: rectifying().takes(K.MERGE, INTAKE),
}
SURVEY = {"round": 1, "responses": answers(10, first=100), "complete": True}
SENT: dict[str, tuple[MessageKind, str, dict[str, Any]]] = {
    "dispatch": (K.DISPATCH, INTAKE, {"unit": BYSTANDER}),
    "acknowledgement": (K.ACKNOWLEDGEMENT, UNIT, {}),
    "instruction": (K.LEADER_INSTRUCTION, COUNTY_MAYOR, {}),
    "task force": (K.TASK_FORCE, STABILITY, {}),
    "visit": (K.SITE_VISIT, VICE_MAYOR, {}),
    "progress": (K.RECTIFICATION_REPORT, UNIT, {"final": False}),
    "final report": (K.RECTIFICATION_REPORT, UNIT, {"final": True}),
    "confirmed": (K.VERIFICATION, SUPERVISION, {"confirmed": True}),
    "sent back": (K.VERIFICATION, SUPERVISION, {"confirmed": False}),
    "review passed": (K.PRELIMINARY_REVIEW, STABILITY, {"passed": True}),
    "review returned": (K.PRELIMINARY_REVIEW, STABILITY, {"passed": False}),
    "survey, part": (K.SURVEY_RESULT, REVISIT, SURVEY | {"complete": False}),
    "survey, satisfied": (K.SURVEY_RESULT, REVISIT, SURVEY),
    "survey, dissatisfied": (
        K.SURVEY_RESULT,
        REVISIT,
        SURVEY | {"responses": answers(7, 3, first=100)},
    ),
    "extension": (K.EXTENSION, INTAKE, {}),
    "starring": (K.STARRING, INTAKE, {}),
    "merge": (K.MERGE, INTAKE, {}),
    "withdrawal": (K.WITHDRAWAL, INTAKE, {}),
}

BY_TIME = {"milestone", "chased"}
"""What happens by itself in the hour before a message."""

_SHORT = {
    ".": R.NOT_NOW,
    "=": "stays",
    "D": Stage.DISPATCHED,
    "T": Stage.RECTIFYING,
    "V": Stage.VERIFYING,
    "I": Stage.REVIEWING,
    "S": Stage.SURVEYING,
    "P": Stage.REPORTING,
    "W": Stage.WITHDRAWN,
    "M": Stage.MERGED,
}
# Columns: the stories in order. A dot: refused as not_now; "=": taken, the stage stays; a letter: the stage it enters.
TABLE = """
                      no unit received dispatched rectifying verifying reviewed reviewing surveying reporting  over
dispatch            :    =       =         =          D          .        .         .         .         .     . . .
acknowledgement     :    .       T         T          =          .        .         .         .         .     . . .
instruction         :    =       =         =          =          =        =         =         =         =     . . .
task force          :    =       =         =          =          =        =         =         =         =     . . .
visit               :    =       =         =          =          =        =         =         =         =     . . .
progress            :    .       T         T          =          =        =         =         =         =     . . .
final report        :    .       .         V          V          .        .         .         .         .     . . .
confirmed           :    .       .         .          .          I        S         .         .         .     . . .
sent back           :    .       .         .          .          T        T         .         .         .     . . .
review passed       :    .       .         .          .          =        .         S         .         .     . . .
review returned     :    .       .         .          .          T        .         T         .         .     . . .
survey, part        :    .       .         .          .          .        .         .         =         .     . . .
survey, satisfied   :    .       .         .          .          .        .         .         P         .     . . .
survey, dissatisfied:    .       .         .          .          .        .         .         T         .     . . .
extension           :    =       =         =          =          =        =         =         =         =     . . .
starring            :    =       =         =          =          =        =         =         =         =     . . .
merge               :    M       M         M          M          M        M         M         M         M     . . .
withdrawal          :    W       W         W          W          W        W         W         W         W     . . .
"""
CELLS = [
    (story, row.split(":")[0].strip(), cell)
    for row in TABLE.strip().splitlines()[1:]
    for story, cell in zip(STORIES, row.split(":")[1].split(), strict=True)
]


def test_the_table_is_whole() -> None:
    assert len(CELLS) == len(STORIES) * len(SENT)
    assert {kind for kind, _, _ in SENT.values()} == set(MessageKind)
    stages = {build().case.stage for build in STORIES.values()}
    assert stages == set(Stage)


@pytest.mark.parametrize(("before", "sent", "cell"), CELLS)
def test_stage_and_message(before: str, sent: str, cell: str) -> None:
    story = STORIES[before]()
    stage, known = story.case.stage, len(story.entries)
    kind, office, body = SENT[sent]
    expected = _SHORT[cell]
    if isinstance(expected, RefusalCode):
        story.refuses(expected, kind, office, **body)
        assert story.case.stage is stage
        assert [entry.event for entry in story.entries[known:] if entry.event not in BY_TIME] == ["refused"]
        return
    story.takes(kind, office, **body)
    assert story.case.stage is (stage if expected == "stays" else expected)


def test_dispatched_is_not_received_when_the_unit_is_dispatched_anew() -> None:
    """In the table above a dispatched case stays *dispatched*; but the new unit has yet to be told."""
    story = Story().dispatched().takes(K.DISPATCH, INTAKE, unit=BYSTANDER)
    assert story.case.stage is Stage.DISPATCHED
    assert not story.case.unit_notified
    story.dispatched()
    assert story.case.unit_notified
    assert story.case.stage is Stage.DISPATCHED


def test_dispatched_again_to_the_same_unit_stays_where_it_is() -> None:
    """Also before the notice of an earlier dispatch is known to be out."""
    story = rectifying().takes(K.DISPATCH, INTAKE, unit=UNIT)
    assert story.case.stage is Stage.RECTIFYING
    story.takes(K.DISPATCH, INTAKE, unit=BYSTANDER).acknowledges(BYSTANDER)
    assert not story.case.unit_notified
    story.takes(K.DISPATCH, INTAKE, unit=BYSTANDER)
    assert story.case.stage is Stage.RECTIFYING


def test_another_unit_acknowledges_for_itself() -> None:
    story = rectifying().takes(K.DISPATCH, INTAKE, unit=BYSTANDER)
    assert (story.case.acknowledged_at, story.case.dispatched_at) == (None, None)
    story.dispatched().acknowledges(BYSTANDER)
    assert story.case.acknowledged_at == story.now


def test_the_whole_procedure() -> None:
    story = Story()
    assert story.case.stage is Stage.RECEIVED
    story.dispatched()
    assert story.case.stage is Stage.DISPATCHED
    story.acknowledges()
    assert story.case.stage is Stage.RECTIFYING
    story.reports()
    assert story.case.stage is Stage.VERIFYING
    story.verifies()
    assert story.case.stage is Stage.REVIEWING
    story.reviews()
    assert story.case.stage is Stage.SURVEYING
    story.surveys()
    assert story.case.stage is Stage.REPORTING
    story.covered().submits()
    assert story.case.stage is Stage.CONCLUDED
    assert story.case.round == 1
    assert story.case.refused_count == 0


def test_a_refusal_says_where_the_case_is_and_when_to_send() -> None:
    reason = rectifying().refuses(R.NOT_NOW, K.VERIFICATION, SUPERVISION)
    assert "整改中" in reason
    assert "核实" in reason
    assert "收到最终整改报告之后" in reason
    assert "已办结" in concluded().refuses(R.NOT_NOW, K.SITE_VISIT, VICE_MAYOR)


def test_the_last_progress_report_is_not_the_final_one() -> None:
    story = Story().dispatched().reports(final=False).reports(final=False)
    assert story.case.stage is Stage.RECTIFYING
    assert (story.case.progress_reports, len(story.case.reports)) == (2, 0)
    assert story.case.acknowledged_at == RECEIVED_AT + HOUR, "the first of them says that the unit has the case"


@pytest.mark.parametrize("by", [UNIT, LEAD])
def test_the_unit_answers_before_its_notice_is_known_to_be_out(by: str) -> None:
    """Then it evidently has the case; the confirmation that comes later changes nothing."""
    story = Story().forms_task_force().acknowledges(by)
    assert story.case.unit_notified
    assert story.case.stage is Stage.RECTIFYING
    entries = len(story.entries)
    story.dispatched()
    assert len(story.entries) == entries


def test_a_notice_to_a_former_unit_does_not_dispatch() -> None:
    story = Story().takes(K.DISPATCH, INTAKE, unit=BYSTANDER)
    assert unit_notified(story.case, UNIT, story.now).entries == ()
    assert unit_notified(story.case, BYSTANDER, story.now).case.stage is Stage.DISPATCHED


def test_merge_into_what() -> None:
    story = rectifying()
    story.refuses(R.MALFORMED, K.MERGE, INTAKE, into="X1")
    story.refuses(R.MALFORMED, K.MERGE, INTAKE, into="*X1")
    story.refuses(R.MALFORMED, K.MERGE, INTAKE, into="X 2/3")
    story.takes(K.MERGE, INTAKE, into="*X2")
    assert story.case.closing is not None
    assert story.case.closing.into == "X2"


def test_dispatch_at_intake() -> None:
    """Named at intake; else found in the file; named but unknown: a clerk must dispatch, and the timeline says why."""
    assert Story(responsible_unit="街道办").case.responsible_unit == ASSISTING
    assert Story(responsible_unit=BYSTANDER).case.responsible_unit == BYSTANDER
    assert Story().case.responsible_unit == UNIT
    unknown = Story(responsible_unit="没有的局")
    assert unknown.case.responsible_unit is None
    assert "没有的局" in unknown.texts()[0]
    assert "待受理人员分发" in unknown.texts()[0]
    assert Story(small_rules(default_unit=None)).case.responsible_unit is None


def test_a_unit_named_at_intake_goes_by_its_short_name_in_the_county() -> None:
    """As the jurisdiction file resolves it: 商务局 in 甲县 is 甲县商务局."""
    rules = small_rules(units=(UNIT, "unit/甲县商务局"), default_unit="unit/甲县商务局")
    story = Story(rules, responsible_unit="商务局")
    assert story.case.responsible_unit == "unit/甲县商务局"
    assert "不在名录中" not in story.texts()[0]
