"""Putting the differences right: what Postgres has lost is written, what Temporal has lost is started again."""

from collections.abc import Sequence

from pydantic_core import to_json
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from guatu.reconciling.findings import Examined, Finding, Kind, examine
from guatu.reconciling.histories import Message
from intake.engine import start_resumed
from intake.late import answer_after_the_end
from petitions.events import Entry, Refused, Reopened, Taken
from petitions.hand_over import WORKFLOW_ID_PREFIX
from petitions.messages import read_message
from petitions.resuming import ResumedStart, Resumption
from petitions.values import Value
from petitions.vocabulary import MessageKind
from store import RecordConflictError, RecordGapError, Store

_STEPS = 4
"""What is wrong with one case at the most, one after the other: its record is filled, then its workflow is started."""
_PAGE = 200


class Done(Value):
    """What was done about a difference."""

    finding: Finding
    what: str
    is_right: bool = True
    """Whether that has put it right."""

    @property
    def line(self) -> str:
        """What was found and what was done about it, on one line."""
        return f"case {self.finding.case_no}: {self.finding.what}; {self.what}"


async def repair(store: Store, client: Client, case_no: str) -> list[Done]:
    """Put a case right, step by step, as it is found to be by now.

    Returns:
        What was done, in order; nothing if the case is as it should be.

    Raises:
        StoreError: Postgres cannot be read or written.
        RPCError: Temporal does not answer.
        SealingError: payloads are to be sealed and cannot be.
    """
    done: list[Done] = []
    for _ in range(_STEPS):
        found = await examine(store, client, case_no)
        if found.finding is None:
            break
        done.append(await _put_right(store, client, found, found.finding))
        if not done[-1].is_right:
            break
    return done


async def _put_right(store: Store, client: Client, found: Examined, finding: Finding) -> Done:
    match finding.kind:
        case Kind.RECORD_BEHIND:
            return await _fill_record(store, found, finding)
        case Kind.WORKFLOW_LOST:
            return await _resume(client, found, finding, instead_of_running=False)
        case Kind.WORKFLOW_BEHIND:
            return await _resume(client, found, finding, instead_of_running=True)
        case Kind.OVER_BUT_RUNNING:
            return await _end(store, client, found, finding)
        case Kind.ENTRIES_LOST | Kind.UNREADABLE:
            return Done(finding=finding, what=f"left as it is: {finding.remedy}", is_right=False)


async def _fill_record(store: Store, found: Examined, finding: Finding) -> Done:
    known = found.known
    upto = known.confirmed if known.runs else known.decided
    missing = [known.entries[seq] for seq in range(finding.recorded + 1, upto + 1)]
    try:
        for start in range(0, len(missing), _PAGE):
            await store.record(finding.case_no, missing[start : start + _PAGE], known.outcomes)
    except (RecordConflictError, RecordGapError) as error:
        return Done(finding=finding, what=f"the record does not take it: {error}", is_right=False)
    for report in known.reports:
        await store.submit_report(report.case_no, report.key, report.report, report.at)
    return Done(finding=finding, what=f"entries {finding.recorded + 1} to {upto} are written from its history")


async def _resume(client: Client, found: Examined, finding: Finding, *, instead_of_running: bool) -> Done:
    case = found.case
    assert case is not None, "only a case on record goes on from it"
    start = ResumedStart(resuming=Resumption(reason=finding.reason), hand_over=case.hand_over)
    if not await start_resumed(client, start, instead_of_running=instead_of_running):
        return Done(finding=finding, what="somebody else has started it meanwhile")
    handle = client.get_workflow_handle(start.workflow_id)
    again = _only_temporal_has(found)
    for message in again:
        await handle.signal(message.kind, message.body)
    return Done(finding=finding, what=f"it goes on from the record, from entry {finding.recorded} on{_sent(again)}")


async def _end(store: Store, client: Client, found: Examined, finding: Finding) -> Done:
    handle = client.get_workflow_handle(f"{WORKFLOW_ID_PREFIX}{finding.case_no}")
    try:
        await handle.terminate(reason="guatu reconcile: the case is over on record")
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:  # else it has ended by itself
            raise
    again = _only_temporal_has(found)
    for message in again:
        read = read_message(to_json(message.body), MessageKind(message.kind))
        await answer_after_the_end(store, finding.case_no, read, request_id=None)
    return Done(finding=finding, what=f"its workflow is terminated{_sent(again)}")


def _only_temporal_has(found: Examined) -> Sequence[Message]:
    """Messages that a run has received and that are not on record: sent again, each counts once."""
    recorded = {_message_id(entry) for entry in found.entries}
    return [message for message in found.known.messages if message.message_id not in recorded]


def _message_id(entry: Entry) -> str | None:
    match entry.happened:
        case Taken(message=message):
            return message.message_id
        case Reopened(reopening=reopening):
            return reopening.message_id
        case Refused(message_id=message_id):
            return message_id
        case _:
            return None


def _sent(messages: Sequence[Message]) -> str:
    told = ", ".join(f"{message.kind} {message.message_id}" for message in messages)
    return f"; sent again, since only Temporal had them: {told}" if messages else ""
