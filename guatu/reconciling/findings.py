"""Where the record and Temporal differ, case by case, and what puts it right."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import Enum

from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.client import Client

from guatu.reconciling.histories import Known, UnreadableHistoryError, known_of
from petitions.case import Case
from petitions.events import Entry
from petitions.hand_over import WORKFLOW_ID_PREFIX
from petitions.values import Value
from store import Store
from workflows.console import CASE_ROUND
from workflows.names import WORKFLOW_TYPE

_AT_A_TIME = 8
_PAGE = 500
_REPLACED = "it is to be replaced by one that starts from the record"
_NOT_RUNNING = "is not running", "流程未在运行"
_ENDED = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED: ("was terminated", "流程已被终止"),
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED: ("was cancelled", "流程已被取消"),
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED: ("has failed", "流程已失败"),
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: ("has timed out", "流程已超时"),
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED: ("has ended", "流程已结束，档案未结束"),
}


class Kind(Enum):
    """What differs, by what puts it right."""

    RECORD_BEHIND = "record behind"
    """Postgres has lost entries that Temporal still has: they are written."""
    WORKFLOW_LOST = "workflow lost"
    """An open case has no running workflow: it is started from the record."""
    WORKFLOW_BEHIND = "workflow behind"
    """A workflow is behind the record, or says otherwise: it is replaced by one that starts from the record."""
    OVER_BUT_RUNNING = "over but running"
    """A workflow does not know that its case is over: it is terminated."""
    ENTRIES_LOST = "entries lost"
    """Neither has them any more."""
    UNREADABLE = "unreadable"
    """What Temporal has of the case cannot be read."""


class Finding(Value):
    """One difference."""

    case_no: str
    kind: Kind
    recorded: int
    """The last entry of the record; 0: there is none."""
    decided: int
    """The entry to which the workflow has come; 0: Temporal knows none."""
    what: str
    remedy: str
    reason: str = ""
    """Why the case is to go on from its record, in Chinese, for its timeline."""

    @property
    def can_be_repaired(self) -> bool:
        """Whether ``repair`` puts it right."""
        return self.kind not in {Kind.ENTRIES_LOST, Kind.UNREADABLE}

    @property
    def line(self) -> str:
        """The whole finding on one line."""
        return f"case {self.case_no}: {self.what}; {self.remedy}"


@dataclass(frozen=True)
class Examined:
    """A case as both have it.

    Attributes:
        case: As the record has it; none: there is no record.
        entries: The record.
        known: What Temporal knows.
        finding: What is wrong; none: nothing.
    """

    case: Case | None
    entries: tuple[Entry, ...]
    known: Known
    finding: Finding | None


async def findings(store: Store, client: Client) -> list[Finding]:
    """Every difference, by case number; nothing is changed.

    Raises:
        StoreError: Postgres cannot be read.
        RPCError: Temporal does not answer.
    """
    numbers = {*await store.open_case_numbers(), *[case_no async for case_no in _running(client)]}
    numbers |= {*await _ended_otherwise(store, client)}
    turns = asyncio.Semaphore(_AT_A_TIME)

    async def look(case_no: str) -> Finding | None:
        async with turns:
            return (await examine(store, client, case_no)).finding

    found = await asyncio.gather(*(look(case_no) for case_no in sorted(numbers)))
    return [finding for finding in found if finding]


async def examine(store: Store, client: Client, case_no: str) -> Examined:
    """Look at one case.

    The record is read before the histories and after them, since both go on meanwhile: what was recorded before must
    stand in a history, and what a history says is written must be recorded after.

    Raises:
        StoreError, RPCError: As ``findings``.
    """
    entries = await _record_after(store, case_no)
    before = len(entries)
    try:
        known = await known_of(client, case_no)
    except UnreadableHistoryError as error:
        finding = Finding(
            case_no=case_no,
            kind=Kind.UNREADABLE,
            recorded=before,
            decided=0,
            what=str(error),
            remedy="put back the key, or use the version that wrote it",
        )
        return Examined(None, entries, Known(status=None), finding)
    entries += await _record_after(store, case_no, before)
    case = await store.state(case_no)
    return Examined(case, entries, known, _judge(case, case_no, entries, before, known))


async def _running(client: Client) -> AsyncGenerator[str]:
    query = f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Running'"
    async for run in client.list_workflows(query, page_size=_PAGE):
        if run.id.startswith(WORKFLOW_ID_PREFIX):
            yield run.id.removeprefix(WORKFLOW_ID_PREFIX)


async def _ended_otherwise(store: Store, client: Client) -> list[str]:
    """Cases whose run has completed, by Temporal's list, and that the record has open, in a lower round, or not at all.

    This is how cases are found that were concluded after the moment to which Postgres was restored.
    """
    query = f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Completed'"
    listed: dict[str, int] = {}
    async for run in client.list_workflows(query, page_size=_PAGE):
        case_no = run.id.removeprefix(WORKFLOW_ID_PREFIX)
        listed[case_no] = max(listed.get(case_no, 0), run.typed_search_attributes.get(CASE_ROUND) or 0)
    found: list[str] = []
    numbers = sorted(listed)
    for start in range(0, len(numbers), _PAGE):
        page = numbers[start : start + _PAGE]
        rounds = await store.rounds(page)
        found += [no for no in page if no not in rounds or not rounds[no].closed or rounds[no].round < listed[no]]
    return found


async def _record_after(store: Store, case_no: str, seq: int = 0) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    while page := await store.entries(case_no, after=seq + len(entries)):
        entries += page
    return tuple(entries)


def _judge(case: Case | None, case_no: str, entries: tuple[Entry, ...], before: int, known: Known) -> Finding | None:
    """What is wrong with a case; none also while its run is only just beginning.

    Args:
        case: As the record has it.
        case_no: Its number.
        entries: The record, after the histories were read.
        before: How many of these there were before.
        known: What the histories say.
    """
    recorded, is_open = len(entries), case is not None and not case.closed
    if known.runs and known.is_opening:
        return None
    differ = _Differ(case_no, recorded, known.decided)
    if known.status is None:
        return differ.lost("is unknown to Temporal", "Temporal中没有本件的流程") if is_open else None
    both = (seq for seq in known.entries if seq <= recorded)
    other = min((seq for seq in both if known.entries[seq] != entries[seq - 1]), default=0)
    if other and is_open:
        return differ.otherwise(other)
    behind = known.confirmed if known.runs else known.decided
    if behind > recorded and not other:
        missing = [seq for seq in range(recorded + 1, behind + 1) if seq not in known.entries]
        if not missing:
            return differ.record_behind(behind)
        if known.runs:
            return differ.entries_lost(missing[0], missing[-1])
    if not known.runs:
        return differ.lost(*_ENDED.get(known.status, _NOT_RUNNING)) if is_open else None
    if known.decided < before or other:
        return differ.behind() if is_open else differ.over()
    return None


class _Differ:
    """Puts differences of one case into words."""

    def __init__(self, case_no: str, recorded: int, decided: int) -> None:
        self._case_no = case_no
        self._recorded = recorded
        self._decided = decided

    def lost(self, ended: str, reason: str) -> Finding:
        what = f"it is open on record (entry {self._recorded}), but its workflow {ended}"
        return self._finding(Kind.WORKFLOW_LOST, what, "a workflow is to be started from the record", reason)

    def otherwise(self, first: int) -> Finding:
        what = f"its workflow says otherwise than the record from entry {first} on (it was restored or reset)"
        reason = f"流程自第{first}条起与档案不一致"
        return self._finding(Kind.WORKFLOW_BEHIND, what, _REPLACED, reason)

    def behind(self) -> Finding:
        what = f"its workflow is at entry {self._decided}, the record ends with entry {self._recorded}"
        reason = f"流程停在第{self._decided}条，档案已至第{self._recorded}条"
        return self._finding(Kind.WORKFLOW_BEHIND, what, _REPLACED, reason)

    def record_behind(self, upto: int) -> Finding:
        what = f"its record ends with entry {self._recorded}, its workflow has had all up to entry {upto} written"
        if self._recorded == 0:
            what = f"there is no record of it, its workflow has had all up to entry {upto} written"
        missing = f"entries {self._recorded + 1} to {upto}"
        return self._finding(Kind.RECORD_BEHIND, what, f"{missing} are to be written from its history")

    def entries_lost(self, first: int, last: int) -> Finding:
        what = f"entries {first} to {last} are neither in the record nor in its history"
        remedy = "terminate its workflow, and it can go on from the record as it is"
        return self._finding(Kind.ENTRIES_LOST, what, remedy)

    def over(self) -> Finding:
        what = f"it is over on record (entry {self._recorded}), but its workflow is running, at entry {self._decided}"
        return self._finding(Kind.OVER_BUT_RUNNING, what, "the workflow is to be terminated")

    def _finding(self, kind: Kind, what: str, remedy: str, reason: str = "") -> Finding:
        return Finding(
            case_no=self._case_no,
            kind=kind,
            recorded=self._recorded,
            decided=self._decided,
            what=what,
            remedy=remedy,
            reason=reason,
        )
