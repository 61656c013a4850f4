"""The rehearsal of an upgrade: this version replays the history of every open case, and says which would stand still.

Two things are looked at. Commands: a case whose history asks for others stands still with the first task that this
version works on. And content: what the case had written must come out the same, else it would go on from another state
than the one on record. Texts alone may differ; those of the record stay as they were.

The offices' out-trays live as long as cases do, and are replayed as well: for their commands alone, since what they
send is nothing that the record holds.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from temporalio.client import Client, WorkflowHistory
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import (
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle

from intake.engine import client_data_converter
from petitions.hand_over import WORKFLOW_ID_PREFIX
from petitions.values import Value
from sealing.errors import KeyFileError, NoPayloadKeysError, SealingError
from sealing.settings import PayloadSettings
from worker.process import case_replayer, data_converter_for
from workflows import activity_interface
from workflows.names import WORKFLOW_TYPE
from workflows.notice_interface import OFFICE_NOTICES

_AHEAD = 8
"""Histories that are fetched while others are replayed."""
_PAGE = 500
_SHOWN = 300
_WORDS = {"text", "title", "body"}
"""What may read otherwise."""
_OF_THE_RUN = {"run"}
"""What a replay cannot know: the id of the run."""
_GIVEN: Mapping[str, type[BaseModel]] = {
    "open_case": activity_interface.OpenCase,
    "reopen_case": activity_interface.ReopenCase,
    "resume_case": activity_interface.ResumeCase,
    "record": activity_interface.Record,
    "notify": activity_interface.Notify,
    "submit_report": activity_interface.SubmitReport,
}


class Fault(Value):
    """An open case, or an office's out-tray, that this version must not be let at."""

    whose: str
    """Such as ``case 0001``, or the out-tray's workflow id."""
    why: str

    @property
    def line(self) -> str:
        """The whole of it on one line."""
        return f"{self.whose}: {self.why}"


class Rehearsal(Value):
    """What came of it."""

    cases: int
    """How many open cases were replayed."""
    faults: tuple[Fault, ...]
    reworded: tuple[str, ...]
    """Cases in which texts alone read otherwise."""
    out_trays: int = 0
    """How many offices' out-trays were replayed."""
    out_tray_faults: tuple[Fault, ...] = ()


async def rehearse(client: Client, settings: PayloadSettings) -> Rehearsal:
    """Replay every open case with the workflow of this version; nothing is changed on the server.

    Args:
        client: Of the server whose cases they are.
        settings: How payloads are sealed.

    Raises:
        RPCError: Temporal does not answer.
        KeyFileError, NoPayloadKeysError, CipherMissingError: Payloads are sealed, and cannot be opened here.
    """
    cases, faults, reworded = 0, list[Fault](), list[str]()
    out_trays, out_tray_faults = 0, list[Fault]()
    # What cannot be replayed is told here, case by case; the SDK's own lines about it would stand between.
    quiet = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    runtime = Runtime(telemetry=TelemetryConfig(logging=quiet))
    async for history in _histories(client, OFFICE_NOTICES):
        out_trays += 1
        why, _ = await replayed(history, settings, runtime)
        if why:
            out_tray_faults.append(Fault(whose=f"out-tray {history.workflow_id}", why=why))
    async for history in _histories(client, WORKFLOW_TYPE):
        cases += 1
        case_no = history.workflow_id.removeprefix(WORKFLOW_ID_PREFIX)
        why, is_reworded = await replayed(history, settings, runtime)
        if why:
            faults.append(Fault(whose=f"case {case_no}", why=why))
        elif is_reworded:
            reworded.append(case_no)
    return Rehearsal(
        cases=cases,
        faults=_in_order(faults),
        reworded=tuple(sorted(reworded)),
        out_trays=out_trays,
        out_tray_faults=_in_order(out_tray_faults),
    )


def _in_order(faults: list[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda fault: fault.whose))


async def replayed(
    history: WorkflowHistory, settings: PayloadSettings, runtime: Runtime | None = None
) -> tuple[str | None, bool]:
    """Why this version must not be let at a case with this history, if so; and whether texts alone read otherwise.

    Args:
        history: Of an open case, or of one that is over.
        settings: How payloads are sealed.
        runtime: Of the SDK; none: the process's own.
    """
    return await _Replay(settings, runtime).of(history)


async def _histories(client: Client, workflow_type: str) -> AsyncGenerator[WorkflowHistory]:
    """The histories of all open workflows of a type; some are always on their way."""
    query = f"WorkflowType = '{workflow_type}' AND ExecutionStatus = 'Running'"
    waiting: list[asyncio.Task[WorkflowHistory | None]] = []
    try:
        async for run in client.list_workflows(query, page_size=_PAGE):
            waiting.append(asyncio.create_task(_history(client, run.id, run.run_id)))
            if len(waiting) >= _AHEAD and (history := await waiting.pop(0)):
                yield history
        while waiting:
            if history := await waiting.pop(0):
                yield history
    finally:
        for task in waiting:
            task.cancel()


async def _history(client: Client, workflow_id: str, run_id: str) -> WorkflowHistory | None:
    try:
        return await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:  # else it has been deleted meanwhile
            raise
        return None


class _Replay:
    """One case, replayed and compared."""

    def __init__(self, settings: PayloadSettings, runtime: Runtime | None) -> None:
        self._settings = settings
        self._runtime = runtime
        self._given: list[tuple[str, bytes]] = []
        """What this version gives its activities, in order, as JSON."""

    async def of(self, history: WorkflowHistory) -> tuple[str | None, bool]:
        """Why this version must not be let at the case, if so; and whether texts alone read otherwise."""
        if closed := await self._closed(history):
            return f"its history cannot be replayed: {closed}", False
        replayer = case_replayer(self._settings, [_Listening(self._given)], self._runtime)
        result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
        if (failure := result.replay_failure) is not None:
            return f"its history cannot be replayed: {_first_line(failure)}", False
        return await self._compare(history)

    async def _closed(self, history: WorkflowHistory) -> str | None:
        """Why this process cannot open what the history began with; none: it can."""
        codec = client_data_converter(self._settings).payload_codec
        assert codec is not None
        try:
            await codec.decode(history.events[0].workflow_execution_started_event_attributes.input.payloads)
        except (KeyFileError, NoPayloadKeysError):
            raise  # none of them can be replayed here
        except SealingError as error:
            return str(error)
        return None

    async def _compare(self, history: WorkflowHistory) -> tuple[str | None, bool]:
        codec = data_converter_for(self._settings).payload_codec
        scheduled = [event for event in history.events if event.HasField("activity_task_scheduled_event_attributes")]
        is_reworded = False
        # The last task may have asked for more than the history shows yet.
        for event, (name, given) in zip(scheduled, self._given, strict=False):
            attributes = event.activity_task_scheduled_event_attributes
            if (model := _GIVEN.get(name)) is None:
                continue
            payloads = attributes.input.payloads
            before = (await codec.decode(payloads) if codec else payloads)[0].data
            try:
                read = [model.model_validate_json(data).model_dump(mode="json") for data in (before, given)]
            except ValidationError as error:
                told = _first_line(error)
                return f"what its activity {name} was given (event {event.event_id}) cannot be read: {told}", False
            if read[0] == read[1]:
                continue
            where = _differing(read[0], read[1])
            if where:
                told = f"at event {event.event_id} its activity {name} would be given another {where}"
                return f"this version decides otherwise: {told}", False
            is_reworded = True
        return None, is_reworded


def _differing(before: Any, now: Any, path: str = "") -> str:
    """Where two JSON values first differ in more than words; empty if in nothing."""
    if isinstance(before, dict) and isinstance(now, dict):
        one, other = cast("dict[str, Any]", before), cast("dict[str, Any]", now)
        for name in dict.fromkeys((*one, *other)):
            if name in _OF_THE_RUN or (name in _WORDS and isinstance(one.get(name), str) and name in other):
                continue
            if found := _differing(one.get(name), other.get(name), f"{path}.{name}".lstrip(".")):
                return found
        return ""
    if isinstance(before, list) and isinstance(now, list):
        ones, others = cast("list[Any]", before), cast("list[Any]", now)
        for place, (one, other) in enumerate(zip(ones, others, strict=False)):
            if found := _differing(one, other, f"{path}[{place}]"):
                return found
        return "" if len(ones) == len(others) else f"number of {path}"
    return "" if before == now else path


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:_SHOWN]


class _Listening(Interceptor):
    """Notes what activities are given. The notes are kept as JSON: the workflow's classes are the sandbox's own."""

    def __init__(self, given: list[tuple[str, bytes]]) -> None:
        self._given = given

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002 - the SDK's name
        """The listener."""
        given = self._given

        class Outbound(WorkflowOutboundInterceptor):
            def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:  # noqa: A002
                values: Sequence[Any] = input.args
                given.append((input.activity, values[0].model_dump_json().encode()))
                return super().start_activity(input)

        class Inbound(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(Outbound(outbound))

        return Inbound
