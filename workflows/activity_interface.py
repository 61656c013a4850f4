"""What a case needs done in the world: the activities' names, inputs and results, as the workflow calls them.

``activities`` implements it; the workflow knows nothing else of that room.
"""

from temporalio import activity

from petitions.case import Case
from petitions.case_rules import CaseRules
from petitions.events import Entry
from petitions.hand_over import HandOver
from petitions.messages import Refusal
from petitions.notices import Notice, NoticeOutcome
from petitions.reopening import ReopenedStart
from petitions.report import HandlingReport
from petitions.resuming import ResumedStart
from petitions.values import Instant, Name, Value


class OpenCase(Value):
    """A hand-over that opens a case."""

    hand_over: HandOver
    engine_now: Instant
    """The engine's time at which the workflow asked; the case is opened at it, by the case's own clock."""
    request_id: str | None = None
    """Of the request from outside that started the case."""


class Opened(Value):
    """A case is open: its rules, and how far the first entry of its record and its notices have come."""

    rules: CaseRules
    written: bool
    """Whether Postgres has the first entry; else it is to be written again."""
    outcomes: tuple[NoticeOutcome, ...] = ()
    in_ledger: bool = True


class ReopenCase(Value):
    """A concluded case is to go on from its record."""

    start: ReopenedStart
    engine_now: Instant
    """The engine's time at which the workflow asked; by the case's own clock it is reopened at it."""
    request_id: str | None = None


class ReopenedCase(Value):
    """The case after its reopening, which is on record, or why it is not reopened."""

    case: Case | None
    """None: there is no such record."""
    refusal: Refusal | None = None
    notices: tuple[Notice, ...] = ()
    """Those that are still to be sent."""
    entries: tuple[Entry, ...] = ()
    """What the record gained by it: the workflow's history is to know all of the record."""


class ResumeCase(Value):
    """An open case whose workflow was lost is to go on from its record."""

    start: ResumedStart
    run: str
    """The run that asks: asked once more by the same run, the answer is the same."""
    engine_now: Instant
    """The engine's time at which the workflow asked."""


class ResumedCase(Value):
    """The case as its record has it, this resumption included."""

    case: Case | None
    """None: there is no such record."""
    notices: tuple[Notice, ...] = ()
    """Those that are still to be sent, or whose sending the case has still to take in."""
    entries: tuple[Entry, ...] = ()
    """What the record gained by it; nothing if the case is over."""


class Record(Value):
    """Entries of a case's record to be written, and the notices that they give rise to."""

    case_no: str
    entries: tuple[Entry, ...]
    outcomes: tuple[NoticeOutcome, ...] = ()
    """What became of earlier notices, where the ledger could not be told."""
    notices: tuple[Notice, ...] = ()
    at: Instant
    """The time of the procedure; the ledger shows it."""
    jurisdiction: Name | None = None
    """The file that has the addresses, as the case names it; none: the worker's own."""
    insist: bool = False
    """Fail, and so be tried again, until it is written; else report whether it was."""


class Recorded(Value):
    """How far entries and their notices have come."""

    written: bool
    outcomes: tuple[NoticeOutcome, ...] = ()
    in_ledger: bool = True


class Notify(Value):
    """Notices by themselves: those that no record takes along."""

    notices: tuple[Notice, ...]
    at: Instant
    jurisdiction: Name | None = None
    """The file that has the addresses, as the case names it; none: the worker's own."""
    insist: bool = False
    """Fail, and so be tried again, until every one of them is handed over; else report which were."""


class NotifyResult(Value):
    """What became of notices, and whether the ledger could be told (else the record tells it later)."""

    outcomes: tuple[NoticeOutcome, ...]
    in_ledger: bool


class SubmitReport(Value):
    """A handling report to be submitted, once for its key."""

    case_no: str
    key: str
    """``<case number>/<round>``: submitting it again is recognised as the same."""
    report: HandlingReport
    at: Instant
    record: Record | None = None
    """What of the record is to be written before it."""


class RefusedHandOver(Value):
    """A start that could not open a case."""

    workflow_id: str
    run_id: str
    given: str
    """The beginning of what was given."""
    reason: str


class CaseWork:
    """The activities of a case. Every one may be repeated: a repeat changes nothing."""

    @activity.defn(name="open_case")
    async def open_case(self, opening: OpenCase) -> Opened:
        """Take the part of the jurisdiction file that concerns the case, write its first entry, hand over its notices.

        Repeated, it answers with the rules that are on record, whatever the file says by then.
        """
        raise NotImplementedError

    @activity.defn(name="reopen_case")
    async def reopen_case(self, asked: ReopenCase) -> ReopenedCase:
        """Reopen a case on its record, which alone is sure to be whole; tried until Postgres answers."""
        raise NotImplementedError

    @activity.defn(name="resume_case")
    async def resume_case(self, asked: ResumeCase) -> ResumedCase:
        """Take an open case up from its record, in one writing; tried until Postgres answers."""
        raise NotImplementedError

    @activity.defn(name="record")
    async def record(self, record: Record) -> Recorded:
        """Write entries and the read model that follows from them in one transaction; then hand the notices over.

        With Postgres away the notices are handed over all the same.
        """
        raise NotImplementedError

    @activity.defn(name="notify")
    async def notify(self, notify: Notify) -> NotifyResult:
        """Hand notices over to their offices' out-trays; tell which of them are known to be out."""
        raise NotImplementedError

    @activity.defn(name="submit_report")
    async def submit_report(self, submit: SubmitReport) -> str:
        """Write what of the record comes before it; then submit the handling report and keep it.

        Returns:
            the SHA-256 of its text, in hex.
        """
        raise NotImplementedError

    @activity.defn(name="refuse_hand_over")
    async def refuse_hand_over(self, refused: RefusedHandOver) -> None:
        """Keep on record a start that could not open a case."""
        raise NotImplementedError
