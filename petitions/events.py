"""What can happen to a case: the events of its record.

The record is the case: folding its entries in order (``petitions.evolution``) gives the case at any moment. An
entry never changes once it is written.
"""

from typing import Annotated, Literal

from pydantic import Field

from petitions.case_rules import CaseRules
from petitions.hand_over import HandOver
from petitions.messages import AnyMessage
from petitions.reopening import Reopening
from petitions.values import Instant, Name, Person, Text, Value
from petitions.vocabulary import Coverage, MessageKind, Milestone, Outcome, RefusalCode, Stage, Sticker


class HandedOver(Value):
    """The case is open: the hand-over has come and the rules that hold for it are fixed."""

    event: Literal["received"] = "received"
    hand_over: HandOver
    rules: CaseRules
    responsible_unit: Name | None
    """The unit named at intake or found in the file; none: a clerk must dispatch."""
    unknown_unit: Name | None = None
    """A unit named at intake that the jurisdiction does not know."""


class Taken(Value):
    """A message was taken in; it stands here whole."""

    event: Literal["taken"] = "taken"
    message: AnyMessage
    digest: str


class Refused(Value):
    """A message was refused; nothing else changed."""

    event: Literal["refused"] = "refused"
    kind: str
    message_id: str | None
    code: RefusalCode
    reason: str
    digest: str | None = None
    """The content's digest, where the message could be read."""


class Dispatched(Value):
    """The unit's notice is out: the case is dispatched (分发)."""

    event: Literal["dispatched"] = "dispatched"
    unit: Name


class StageEntered(Value):
    """The case moves to a stage; ``round`` counts the surveys it takes."""

    event: Literal["stage_entered"] = "stage_entered"
    stage: Stage
    round: int


class SurveyJudged(Value):
    """The answers of a round are complete and decide (满意回访)."""

    event: Literal["survey_judged"] = "survey_judged"
    round: int
    responses: int
    content: int
    """How many were satisfied or basically satisfied."""
    satisfied: bool


class Chased(Value):
    """Something asked for was not done in its time and is chased (催办)."""

    event: Literal["chased"] = "chased"
    what: MessageKind
    times: int
    """This chase counted from 1; each goes one rung higher."""
    due_at: Instant
    told: tuple[Name, ...]


class MilestoneReached(Value):
    """A milestone of 1+3+5+7 came and was still needed."""

    event: Literal["milestone"] = "milestone"
    milestone: Milestone
    due_at: Instant
    late_seconds: int
    """How long after its time it fired: more than moments only after a late intake or an outage."""
    breached: bool
    told: tuple[Name, ...]
    detail: str | None = None


class MilestonesSkipped(Value):
    """Milestones that are no longer needed."""

    event: Literal["milestones_skipped"] = "milestones_skipped"
    milestones: tuple[Milestone, ...]
    reason: str


class StickerPut(Value):
    """A sticker goes on the wall (即时贴)."""

    event: Literal["sticker"] = "sticker"
    colour: Sticker
    due_at: Instant
    late_seconds: int


class BreachMet(Value):
    """What was breached has been done after all; the breach stays, with when it was met."""

    event: Literal["breach_met"] = "breach_met"
    milestone: Milestone


class CoverageMissing(Value):
    """The report goes out although coverages are missing, as the jurisdiction allows with a warning."""

    event: Literal["coverage_missing"] = "coverage_missing"
    missing: tuple[Coverage, ...]


class ReportSubmitted(Value):
    """The handling report (办理报告) has been submitted; ``sha256`` is of its text."""

    event: Literal["report_submitted"] = "report_submitted"
    sha256: str


class Closed(Value):
    """The procedure is over."""

    event: Literal["closed"] = "closed"
    outcome: Outcome
    within_target: bool
    within_mandate: bool
    into: Name | None = None
    """The case through which a merged one is answered."""


class Reopened(Value):
    """The inspection group has sent the concluded case back (退回重办): a clock of its own starts."""

    event: Literal["reopened"] = "reopened"
    reopening: Reopening
    digest: str
    due_at: Instant


class Resumed(Value):
    """The case's workflow was lost, or was behind the record, and goes on from the record (按档案恢复)."""

    event: Literal["resumed"] = "resumed"
    reason: Text
    run: Name
    """The run that goes on: asked once more to resume, the same run is recognised."""


Event = Annotated[
    HandedOver
    | Taken
    | Refused
    | Dispatched
    | StageEntered
    | SurveyJudged
    | Chased
    | MilestoneReached
    | MilestonesSkipped
    | StickerPut
    | BreachMet
    | CoverageMissing
    | ReportSubmitted
    | Closed
    | Reopened
    | Resumed,
    Field(discriminator="event"),
]
"""Anything that can happen to a case, told apart by ``event``."""


class Entry(Value):
    """One line of a case's record."""

    seq: Annotated[int, Field(ge=1)]
    at: Instant
    """When the case took it in, on the case's clock."""
    by: Person | None
    """Who caused it; none: the procedure itself."""
    happened: Event
    text: str
    """What the timeline says, in Chinese."""
    request_id: Annotated[Name | None, Field(exclude_if=lambda given: given is None)] = None
    """The id of the request from outside that caused it, where it came with one."""

    @property
    def event(self) -> str:
        """The event's name in the timeline: a message goes by its own kind."""
        happened = self.happened
        return str(happened.message.kind) if isinstance(happened, Taken) else happened.event
