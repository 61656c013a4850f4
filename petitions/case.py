"""The case as it stands: everything that its record amounts to, in one frozen, serialisable model.

Only ``petitions.evolution`` and ``petitions.taken_messages`` make one from another. Its size is bounded, so that it can
always be carried into a new run of the workflow: free texts are cut (the record has them whole) and lists have limits.
"""

import hashlib

from pydantic import Field

from petitions.case_rules import AskLimits, CaseRules
from petitions.hand_over import HandOver
from petitions.messages import MeasuresTaken, Refusal
from petitions.values import Instant, Name, Person, Value
from petitions.vocabulary import (
    Completion,
    Finding,
    MessageKind,
    Milestone,
    Outcome,
    Purpose,
    RefusalCode,
    Stage,
    Sticker,
)

KEPT_TEXT = 400
"""Characters of a free text that the case carries along; fewer if they take more than three bytes each."""
KEPT_TIMELINE = 200
"""Timeline lines that the case carries along, the latest; the record has all."""
KEPT_LINE = 300
"""Characters of a timeline line that the case carries along."""
KEPT_REPORTS = 30
"""Final reports that the case carries along, the latest."""
KEPT_REFUSALS = 20
"""Refusals that the case shows, the latest; all are counted and recorded."""
KEPT_REFUSED_ANSWERS = 200
"""Refused message ids that are remembered for a repeat, the latest."""
KEPT_TAKEN_ANSWERS = 1_250
"""Taken message ids that are remembered for a repeat, the latest: more than ``MOST_MESSAGES``, so in effect all."""
MOST_OF_A_KIND = 100
"""Messages of one kind that a case takes; a real one has a dozen."""
MOST_MESSAGES = 1_000
"""Messages that a case takes in all: their ids are remembered for as long as it runs."""


_ID_BYTES = 64
_BYTES_OF_CHINESE = 3


def answer_key(message_id: str) -> str:
    """Under what an answer is remembered: the message's id, or a digest of one that is longer than ids need be."""
    known = message_id.encode()
    return message_id if len(known) <= _ID_BYTES else hashlib.sha256(known).hexdigest()[:_ID_BYTES]


class Line(Value):
    """A line of the timeline."""

    seq: int
    at: Instant
    event: str
    by: Person | None
    text: str


class Breach(Value):
    """A milestone that was missed; it stays, also when it is met afterwards."""

    milestone: Milestone
    due_at: Instant
    met_at: Instant | None = None


class Answer(Value):
    """How a message was answered, so that a repeat is answered the same."""

    digest: str
    seq: int
    at: Instant
    refusal: Refusal | None = None


class RefusedMessage(Value):
    """A refusal as the case shows it."""

    kind: str
    message_id: str | None
    code: RefusalCode
    reason: str
    at: Instant


class Instruction(Value):
    """A leader's instruction (批示)."""

    by: Person
    at: Instant
    text: str
    complete_by: Instant | None
    limit_passed: bool = False
    """Its own time limit came before the conclusion."""


class Visit(Value):
    """Somebody on site."""

    by: Person
    at: Instant
    purpose: Purpose
    notes: str


class TaskForceMade(Value):
    """The task force (专班) as last named."""

    at: Instant
    lead_leader: Person
    lead_department: Name
    assisting_departments: tuple[Name, ...]
    members: tuple[Name | Person, ...]

    @property
    def offices(self) -> frozenset[str]:
        """The offices that sit in it."""
        named = {member.office if isinstance(member, Person) else member for member in self.members}
        return frozenset({self.lead_leader.office, self.lead_department, *self.assisting_departments, *named})

    @property
    def people(self) -> frozenset[str]:
        """The names of the persons who sit in it."""
        named = {member.name if isinstance(member, Person) else member for member in self.members}
        return frozenset({self.lead_leader.name, *named})


class ReportIn(Value):
    """A final rectification report (整改报告)."""

    by: Person
    at: Instant
    round: int
    finding: Finding
    facts: str
    measures: str
    completion: Completion
    outcome: MeasuresTaken | None
    attachments: int


class Judgement(Value):
    """A verification or a preliminary review."""

    by: Person
    at: Instant
    passed: bool
    opinion: str


class SurveyRound(Value):
    """The answers of one round so far; ``satisfied`` is none until they are complete."""

    round: int
    opinions: dict[str, int] = Field(default_factory=dict)
    respondents: tuple[str, ...] = ()
    """Digests of the pseudonyms that have answered, while the round is open."""
    satisfied: bool | None = None
    judged_at: Instant | None = None

    @property
    def responses(self) -> int:
        """How many residents have answered."""
        return sum(self.opinions.values())


class Chase(Value):
    """How often something asked for has been chased, and when it is next."""

    times: int
    next_at: Instant


class SentBack(Value):
    """A reopening: the case was concluded, and the inspection group sent it back (退回重办)."""

    by: Person
    at: Instant
    reason: str
    days: int
    authority: str


class Closing(Value):
    """How the case ended."""

    outcome: Outcome
    at: Instant
    within_target: bool
    within_mandate: bool
    into: Name | None


class Case(Value):
    """A petition case as it stands after ``seq`` entries of its record."""

    hand_over: HandOver
    rules: CaseRules
    seq: int
    opened_at: Instant
    """When the case was taken in, on its own clock; the hand-over itself was at ``received_at``."""
    stage: Stage
    round: int
    starred: bool
    asked_at: Instant
    """From when the time limits of the asks count: the hand-over, or a later starring."""
    responsible_unit: Name | None
    unit_notified: bool = False
    """The responsible unit's notice is out."""
    dispatched_at: Instant | None = None
    acknowledged_at: Instant | None = None

    clock_start: Instant | None = None
    """From when the milestones count since the last reopening; none: from the hand-over."""
    days_moved: int = 0
    """By how many days a reopening has moved the milestones, so that they end with its own time limit."""
    original_due_at: Instant
    due_at: Instant
    extended_days: int = 0
    target_missed: bool = False
    """The city's own target had passed already when an extension moved it."""
    overdue: bool = False
    overdue_notices: int = 0
    next_overdue_at: Instant | None = None
    sticker: Sticker | None = None
    stickers_put: int = 0
    passed: tuple[Milestone, ...] = ()
    """Milestones that have fired or were skipped."""
    breaches: tuple[Breach, ...] = ()
    chases: dict[MessageKind, Chase] = Field(default_factory=dict[MessageKind, Chase])

    instructions: tuple[Instruction, ...] = ()
    visits: tuple[Visit, ...] = ()
    task_force: TaskForceMade | None = None
    handlers: tuple[Person, ...] = ()
    """Who handled the case for the unit: they may neither verify it nor survey its residents."""
    reports: tuple[ReportIn, ...] = ()
    progress_reports: int = 0
    verification: Judgement | None = None
    review: Judgement | None = None
    """Verification and review of the report that is in; a new round, or sending back, clears them."""
    reviewed_at: Instant | None = None
    """When a review first passed: that meets the milestone of day 5."""
    surveys: tuple[SurveyRound, ...] = ()
    report_submitted_at: Instant | None = None
    closing: Closing | None = None
    former_closings: tuple[Closing, ...] = ()
    reopenings: tuple[SentBack, ...] = ()

    answers: dict[str, Answer] = Field(default_factory=dict)
    """By ``answer_key``."""
    refused: tuple[RefusedMessage, ...] = ()
    refused_count: int = 0
    timeline: tuple[Line, ...] = ()

    @property
    def case_no(self) -> str:
        """The case number (受理编号)."""
        return self.hand_over.case_no

    @property
    def clock_started_at(self) -> Instant:
        """From when the milestones count: the hand-over, or the last reopening."""
        return self.clock_start or self.hand_over.received_at

    @property
    def closed(self) -> bool:
        """Whether the procedure is over."""
        return self.stage.closed

    @property
    def ask_limits(self) -> AskLimits:
        """The time limits of the asks, as the star has it."""
        durations = self.rules.durations
        return durations.asks_starred if self.starred else durations.asks_plain

    @property
    def messages_taken(self) -> int:
        """How many messages the case has taken in."""
        return sum(answer.refusal is None for answer in self.answers.values())

    @property
    def survey(self) -> SurveyRound | None:
        """The survey of the present round, if any answer has come."""
        return next((survey for survey in self.surveys if survey.round == self.round), None)

    def called(self, person: Person) -> str:
        """How a person is called: the office's title and the name, once if somebody signs by the office alone."""
        title = self.title_of(person.office)
        return title if person.name == title else f"{title}{person.name}"

    def title_of(self, office: str) -> str:
        """How an office is called in Chinese; a unit is called by its own name."""
        return self.rules.titles.get(office, office.removeprefix("unit/"))


def changed(case: Case, **changes: object) -> Case:
    """The case with some fields as they are now."""
    return case.model_copy(update=changes)


def cut(text: str, most: int = KEPT_TEXT) -> str:
    """A text, or its beginning: Chinese is cut by characters, what is written in wider ones (of four bytes) sooner."""
    known = text.encode()
    if len(text) <= most and len(known) <= most * _BYTES_OF_CHINESE:
        return text
    return known[: most * _BYTES_OF_CHINESE - 3].decode(errors="ignore")[: most - 1] + "…"
