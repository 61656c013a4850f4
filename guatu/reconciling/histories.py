"""What Temporal knows of a case, read from the histories of its runs: entries, notices' outcomes, reports, messages.

Every entry of the record passes through a history before it is written (docs/decisions/0004), so what Postgres has lost
can be taken from there.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from pydantic import ValidationError
from pydantic_core import from_json
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.enums.v1 import ContinueAsNewInitiator, WorkflowExecutionStatus
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from petitions.case import Case
from petitions.clock import local
from petitions.events import Entry
from petitions.hand_over import WORKFLOW_ID_PREFIX
from petitions.notices import NoticeOutcome
from petitions.procedure import open_case
from petitions.values import Value
from petitions.vocabulary import MessageKind
from sealing.errors import KeyFileError, NoPayloadKeysError, SealingError
from workflows.activity_interface import (
    Notify,
    NotifyResult,
    OpenCase,
    Opened,
    Record,
    Recorded,
    ReopenCase,
    ReopenedCase,
    ResumeCase,
    ResumedCase,
    SubmitReport,
)
from workflows.case_in_hand import Carried

_Read = TypeVar("_Read", bound=Value)
_GIVEN: dict[str, type[Value]] = {
    "open_case": OpenCase,
    "reopen_case": ReopenCase,
    "resume_case": ResumeCase,
    "record": Record,
    "notify": Notify,
    "submit_report": SubmitReport,
}
_RUNS = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED,
}
_ENDED = ("Completed", "Terminated", "Failed", "Canceled", "TimedOut", "ContinuedAsNew")
_OPENING = {"open_case", "reopen_case", "resume_case"}
"""Activities that write entries which the history shows only when they are done."""
_SEALED = b"binary/encrypted"


class UnreadableHistoryError(Exception):
    """A history has something in it that does not open or that this version cannot read; the text says what."""


@dataclass(frozen=True)
class Message:
    """A message as a run received it, by whichever door."""

    kind: str
    message_id: str
    body: dict[str, Any]


@dataclass
class Known:
    """What Temporal knows of a case.

    Attributes:
        status: Of its latest run; none: Temporal has no run of it.
        entries: Entries of the record that its runs have made, by number; not all if runs are forgotten already.
        confirmed: Up to which entry Postgres has told a run that all is written.
        decided: Up to which entry its runs have come, as far as their histories show.
        is_opening: Whether what the latest run begins with is not done yet: then nothing can be said of it.
        outcomes: What became of notices.
        reports: Reports that were submitted.
        messages: All messages that its runs have received, in their order.
    """

    status: "WorkflowExecutionStatus.ValueType | None"
    entries: dict[int, Entry] = field(default_factory=dict[int, Entry])
    confirmed: int = 0
    decided: int = 0
    is_opening: bool = False
    outcomes: list[NoticeOutcome] = field(default_factory=list[NoticeOutcome])
    reports: list[SubmitReport] = field(default_factory=list[SubmitReport])
    messages: list[Message] = field(default_factory=list[Message])

    @property
    def runs(self) -> bool:
        """Whether its workflow is running, or was paused and can run on."""
        return self.status in _RUNS

    def add(self, entries: Iterable[Entry]) -> None:
        """Take in entries; of two runs that made different ones the later counts."""
        for entry in entries:
            self.entries[entry.seq] = entry
            self.decided = max(self.decided, entry.seq)

    def taken_from_record(self, case: Case | None, entries: Sequence[Entry]) -> None:
        """A run went on from the record as it was then: what former runs made otherwise does not count.

        Args:
            case: As the record had it, these entries included.
            entries: What the record gained by it.
        """
        if case is None:
            return
        lines = {line.seq: line for line in case.timeline}
        since = min(lines, default=case.seq)
        for seq, entry in list(self.entries.items()):
            line = lines.get(seq)
            is_other = (line.at, line.event) != (entry.at, entry.event) if line else entry.event != "refused"
            if since <= seq <= case.seq and is_other:
                del self.entries[seq]
        self.add(entries)
        self.decided = self.confirmed = case.seq


async def known_of(client: Client, case_no: str) -> Known:
    """Read what Temporal knows of a case.

    Raises:
        UnreadableHistoryError: A payload does not open, or was written by a version that this one cannot read.
        RPCError: Temporal does not answer.
    """
    described = await _described(client, case_no)
    if described is None:
        return Known(status=None)
    known = Known(status=described.status)
    reader = _Reader(client, known)
    for run_id in await _runs(client, case_no, described.execution.run_id):
        await reader.read(_events(client, case_no, run_id))
    return known


async def _described(client: Client, case_no: str) -> WorkflowExecutionInfo | None:
    # Not by the SDK's own method: it does not know every status that a server of today has.
    execution = WorkflowExecution(workflow_id=f"{WORKFLOW_ID_PREFIX}{case_no}")
    request = DescribeWorkflowExecutionRequest(namespace=client.namespace, execution=execution)
    try:
        return (await client.workflow_service.describe_workflow_execution(request)).workflow_execution_info
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None


async def _runs(client: Client, case_no: str, latest: str) -> list[str]:
    """The ids of all runs that Temporal still has, from the first to the latest.

    Visibility lags by moments, so the latest comes from the workflow itself, and what it continues from its start.
    """
    # Former runs have ended; of the latest the SDK might not know the status.
    ended = ", ".join(f"'{status}'" for status in _ENDED)
    query = f"WorkflowId = '{WORKFLOW_ID_PREFIX}{case_no}' AND ExecutionStatus IN ({ended})"
    listed = {run.run_id: run.start_time async for run in client.list_workflows(query)}
    before = [run_id for run_id in sorted(listed, key=lambda run_id: listed[run_id]) if run_id != latest]
    chain = [latest]
    while (former := await _continued_by(client, case_no, chain[0])) and former not in chain:
        chain.insert(0, former)
    return [*(run_id for run_id in before if run_id not in chain), *chain]


async def _continued_by(client: Client, case_no: str, run_id: str) -> str | None:
    async for event in _events(client, case_no, run_id, page_size=1):
        return event.workflow_execution_started_event_attributes.continued_execution_run_id or None
    return None


async def _events(
    client: Client, case_no: str, run_id: str, page_size: int | None = None
) -> AsyncGenerator[HistoryEvent]:
    """The events of a run; none of one that has been deleted meanwhile."""
    handle = client.get_workflow_handle(f"{WORKFLOW_ID_PREFIX}{case_no}", run_id=run_id)
    try:
        async for event in handle.fetch_history_events(page_size=page_size):
            yield event
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


def _written_with(given: Record | SubmitReport) -> Sequence[Entry]:
    """The entries that an activity is to write; a report takes along those that led to it."""
    record = given if isinstance(given, Record) else given.record
    return record.entries if record else ()


class _Reader:
    """Reads the runs of a case, in their order, into what is known of it."""

    def __init__(self, client: Client, known: Known) -> None:
        self._codec = client.data_converter.payload_codec
        self._known = known
        self._under_way: dict[int, tuple[str, Value]] = {}
        """Activities that are not done, by the event that scheduled them: what they are and were given."""

    async def read(self, events: AsyncIterable[HistoryEvent]) -> None:
        """Read one run.

        Raises:
            UnreadableHistoryError: As ``known_of``.
        """
        self._under_way.clear()
        self._known.is_opening = True
        async for event in events:
            match event.WhichOneof("attributes"):
                case "workflow_execution_started_event_attributes":
                    await self._started(event)
                case "activity_task_scheduled_event_attributes":
                    await self._scheduled(event)
                case "activity_task_completed_event_attributes":
                    await self._completed(event)
                case "workflow_execution_signaled_event_attributes":
                    signal = event.workflow_execution_signaled_event_attributes
                    await self._received(signal.signal_name, signal.input.payloads)
                case "workflow_execution_update_accepted_event_attributes":
                    update = event.workflow_execution_update_accepted_event_attributes.accepted_request.input
                    await self._received(None, update.args.payloads)
                case "workflow_execution_update_admitted_event_attributes":
                    update = event.workflow_execution_update_admitted_event_attributes.request.input
                    await self._received(None, update.args.payloads)
                case _:
                    pass

    async def _started(self, event: HistoryEvent) -> None:
        started = event.workflow_execution_started_event_attributes
        if not started.continued_execution_run_id:
            return
        try:
            carried = await self._model(Carried, started.input.payloads)
        except UnreadableHistoryError:
            if started.initiator is ContinueAsNewInitiator.CONTINUE_AS_NEW_INITIATOR_WORKFLOW:
                raise
            return  # started anew by somebody's retry policy, with the start's own argument
        self._known.is_opening = False
        self._known.add(carried.unwritten)
        self._known.decided = max(self._known.decided, carried.case.seq)
        self._known.confirmed = max(self._known.confirmed, carried.case.seq - len(carried.unwritten))
        self._known.outcomes += carried.outcomes

    async def _scheduled(self, event: HistoryEvent) -> None:
        scheduled = event.activity_task_scheduled_event_attributes
        name = scheduled.activity_type.name
        if (model := _GIVEN.get(name)) is None:
            return
        given = await self._model(model, scheduled.input.payloads)
        self._under_way[event.event_id] = name, given
        if isinstance(given, Record | SubmitReport):
            self._known.add(_written_with(given))

    async def _completed(self, event: HistoryEvent) -> None:
        completed = event.activity_task_completed_event_attributes
        name, given = self._under_way.pop(completed.scheduled_event_id, ("", None))
        if given is None:
            return
        known = self._known
        if name in _OPENING:
            known.is_opening = False
        match given:
            case OpenCase():
                opened = await self._model(Opened, completed.result.payloads)
                at = local(opened.rules.clock.now(given.engine_now), opened.rules.durations.utc_offset_minutes)
                known.add(open_case(given.hand_over, opened.rules, at, given.request_id).entries)
                known.confirmed = max(known.confirmed, int(opened.written))
                known.outcomes += opened.outcomes
            case ReopenCase():
                reopened = await self._model(ReopenedCase, completed.result.payloads)
                known.taken_from_record(reopened.case, reopened.entries)
            case ResumeCase():
                resumed = await self._model(ResumedCase, completed.result.payloads)
                known.taken_from_record(resumed.case, resumed.entries)
            case Record():
                recorded = await self._model(Recorded, completed.result.payloads)
                if recorded.written and given.entries:
                    known.confirmed = max(known.confirmed, given.entries[-1].seq)
                known.outcomes += recorded.outcomes
            case Notify():
                known.outcomes += (await self._model(NotifyResult, completed.result.payloads)).outcomes
            case SubmitReport():
                if entries := _written_with(given):
                    known.confirmed = max(known.confirmed, entries[-1].seq)
                known.reports.append(given)
            case _:
                pass

    async def _received(self, kind: str | None, payloads: Sequence[Payload]) -> None:
        """Keep a message that can be sent again: what had no id, or could not be read, was refused already."""
        try:
            opened = await self._opened(payloads)
        except UnreadableHistoryError:
            return  # the case refused it; if it could read it then, what it did by it does not open either
        if len(opened) != 1:
            return
        try:
            body: Any = from_json(opened[0].data)
        except ValueError:
            return
        if not isinstance(body, dict):
            return
        fields = cast("dict[str, Any]", body)
        kind = kind or fields.get("kind")
        message_id = fields.get("message_id")
        # Anything can stand in either field: what a raw signal says was not read by a model on its way in.
        if isinstance(kind, str) and kind in set(MessageKind) and isinstance(message_id, str) and message_id:
            without_kind = {name: value for name, value in fields.items() if name != "kind"}
            self._known.messages.append(Message(kind=kind, message_id=message_id, body=without_kind))

    async def _model(self, model: type[_Read], payloads: Sequence[Payload]) -> _Read:
        opened = await self._opened(payloads)
        if any(payload.metadata.get("encoding") == _SEALED for payload in opened):
            raise UnreadableHistoryError("its history is sealed by a key that is not in the payload key file")
        try:
            return model.model_validate_json(opened[0].data if opened else b"")
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in wrong["loc"])
            told = f"its history has a {model.__name__} that this version cannot read ({place}: {wrong['msg']})"
            raise UnreadableHistoryError(told) from None

    async def _opened(self, payloads: Sequence[Payload]) -> Sequence[Payload]:
        try:
            return await self._codec.decode(payloads) if self._codec else payloads
        except (KeyFileError, NoPayloadKeysError):
            raise  # of no history anything can be read
        except SealingError as error:
            raise UnreadableHistoryError(f"its history does not open: {error}") from None
