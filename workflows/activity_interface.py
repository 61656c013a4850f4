"""What a case needs done in the world: the activities' names, inputs and results, as the workflow calls them.

``activities`` implements it; the workflow knows nothing else of that room.
"""

from temporalio import activity

from petitions.case_rules import CaseRules
from petitions.events import Entry
from petitions.hand_over import HandOver
from petitions.notices import Notice, NoticeOutcome
from petitions.report import HandlingReport
from petitions.values import Instant, Value


class Record(Value):
    """Entries of a case's record to be written, and what became of notices since the last time."""

    case_no: str
    entries: tuple[Entry, ...]
    outcomes: tuple[NoticeOutcome, ...] = ()


class Notify(Value):
    """Notices to be sent."""

    notices: tuple[Notice, ...]
    at: Instant
    """The time of the procedure at which they were asked for; the ledger shows it."""
    insist: bool = False
    """Fail, and so be tried again, until every one of them is sent; else report which were."""


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


class RefusedHandOver(Value):
    """A start that could not open a case."""

    workflow_id: str
    run_id: str
    given: str
    """The beginning of what was given."""
    reason: str


class CaseWork:
    """The activities of a case. Every one may be repeated: a repeat changes nothing."""

    @activity.defn(name="take_rules")
    async def take_rules(self, hand_over: HandOver) -> CaseRules:
        """The part of the jurisdiction file that concerns this case, with the file's version."""
        raise NotImplementedError

    @activity.defn(name="record")
    async def record(self, record: Record) -> int:
        """Write entries and the read model that follows from them, in one transaction.

        Returns:
            the sequence number up to which the record is now written.
        """
        raise NotImplementedError

    @activity.defn(name="notify")
    async def notify(self, notify: Notify) -> NotifyResult:
        """Send notices; one that the ledger knows as sent is not sent again."""
        raise NotImplementedError

    @activity.defn(name="submit_report")
    async def submit_report(self, submit: SubmitReport) -> str:
        """Submit the handling report and keep it.

        Returns:
            the SHA-256 of its text, in hex.
        """
        raise NotImplementedError

    @activity.defn(name="refuse_hand_over")
    async def refuse_hand_over(self, refused: RefusedHandOver) -> None:
        """Keep on record a start that could not open a case."""
        raise NotImplementedError
