"""The cases' engine as a door from outside reaches it: cases are started, messages submitted, cases reopened.

Any client of the contract could do the same with Temporal's own tools. What is added: bounded waiting, one hierarchy
of errors (``intake.errors``), and the request's id, which goes along into Temporal's events and the record.
"""

import asyncio
import dataclasses
import hashlib
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import Enum
from typing import Any, cast
from weakref import WeakValueDictionary

from pydantic_core import from_json
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Interceptor,
    RPCError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import RawValue, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.runtime import Runtime
from temporalio.service import RetryConfig, RPCStatusCode

from intake.errors import EngineAwayError, NoSuchNamespaceError, NotRunningError
from intake.request_ids import SendRequestIds, sent_with
from intake.temporal import has_namespace, temporal_client
from petitions.case import answer_key
from petitions.hand_over import WORKFLOW_ID_PREFIX, HandOver, HandOverError, read_hand_over
from petitions.messages import Refusal
from petitions.procedure import Receipt
from petitions.reopening import ReopenedStart, read_reopened_start
from petitions.resuming import ResumedStart, read_resumed_start
from petitions.vocabulary import RefusalCode
from sealing.errors import SealingError
from sealing.payload_codec import Payloads, PlainPayloads, SealedPayloads
from sealing.settings import PayloadSettings
from workflows.names import TASK_QUEUE, WORKFLOW_TYPE
from workflows.patiently import short

_HEALTH = timedelta(seconds=1)
_AGAIN = {
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.ABORTED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.FAILED_PRECONDITION,
}
"""What the server says when an update is not answered and is to be sent again (docs/decisions/0010)."""
_STALLED = f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL"
_RUN_ENDED = "AcceptedUpdateCompletedWorkflow"
"""The type of an update's failure when its run ended before it answered."""
_UPDATES_ON_THEIR_WAY = 8
"""Updates of one case that are on their way at a time; the server takes ten, and throws all back with the eleventh."""
_PAUSE_SECONDS = 0.1
_WELL_SECONDS = 1.0
"""For how long a server that has answered counts as there; if it goes meanwhile, whoever asks waits for its time."""


class Started(Enum):
    """What became of a start."""

    NEW = "new"
    SAME = "same"
    """The case was there already, with the same content; it may be over by now."""
    OTHER = "other"
    """A case with this number and other content is there; it stays as it is."""


def client_data_converter(settings: PayloadSettings) -> DataConverter:
    """The converter of a client: it seals payloads if they are to be sealed, and says of others' that they are.

    Raises:
        KeyFileError: a payload key file is set and cannot be used.
        CipherMissingError: the cipher is not to be had here.
    """
    payloads = Payloads.of_settings(settings)
    if payloads is None:
        return dataclasses.replace(pydantic_data_converter, payload_codec=PlainPayloads())
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=SealedPayloads(payloads),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


async def connect_temporal(
    *,
    lazy: bool = False,
    settings: PayloadSettings | None = None,
    runtime: Runtime | None = None,
    around: Sequence[Interceptor] = (),
) -> Client:
    """A client of the Temporal server that ``TEMPORAL_*`` names.

    Args:
        lazy: connect when something is first asked of it, so that the server may be away now.
        settings: whether payloads are sealed; none: as the environment says.
        runtime: where the SDK counts; none: nowhere.
        around: what stands around its calls, such as tracing.

    Raises:
        EngineError: there is no way to the server, as ``temporal_client`` says.
        KeyFileError, CipherMissingError: payloads are to be sealed and cannot be.
    """
    return await temporal_client(
        lazy=lazy,
        data_converter=client_data_converter(settings or PayloadSettings()),
        interceptors=[*around, SendRequestIds()],
        runtime=runtime,
        # A door says at once that the engine is away; whoever asks comes again.
        retry_config=RetryConfig(max_elapsed_time_millis=2_000),
    )


async def start_case(client: Client, hand_over: HandOver, request_id: str | None = None) -> Started:
    """Start a case, once: the same hand-over again changes nothing.

    Only what the contract names is sent, whatever else came with the hand-over.

    Args:
        client: of the Temporal server; from ``connect_temporal`` if the request id is to go along.
        hand_over: with what the case starts.
        request_id: of the request from outside.

    Raises:
        RPCError: the server does not take it now.
        SealingError: it cannot be sealed, or what the case was started with does not open.
    """
    try:
        with sent_with(request_id):
            await client.start_workflow(
                WORKFLOW_TYPE,
                hand_over.model_dump(mode="json", exclude_none=True),
                id=hand_over.workflow_id,
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                # Not USE_EXISTING: it would not say whether the case is new, and this may be asked to tell.
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                static_summary=short(_summary(hand_over)),
            )
    except WorkflowAlreadyStartedError:
        return Started.SAME if await _given_before(client, hand_over) == hand_over else Started.OTHER
    return Started.NEW


async def start_resumed(client: Client, start: ResumedStart, *, instead_of_running: bool) -> bool:
    """Start the run with which an open case goes on from its record.

    Args:
        client: of the Temporal server.
        start: which case, and why.
        instead_of_running: terminate a run that is there, in the same step; else it stays.

    Returns:
        no if a run is there that stays.

    Raises:
        RPCError: the server does not take it now.
        SealingError: it cannot be sealed.
    """
    conflict = WorkflowIDConflictPolicy.TERMINATE_EXISTING if instead_of_running else WorkflowIDConflictPolicy.FAIL
    try:
        await client.start_workflow(
            WORKFLOW_TYPE,
            start.model_dump(mode="json", exclude_none=True),
            id=start.workflow_id,
            task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=conflict,
            static_summary=short(f"按档案恢复　{_summary(start.hand_over)}"),
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


class Engine:
    """The engine, asked with patience that ends.

    Args:
        client: from ``connect_temporal``.
        seconds: how long it may take to answer before it counts as away.
    """

    def __init__(self, client: Client, seconds: float) -> None:
        self._client = client
        self._seconds = seconds
        self._well_until = 0.0
        self._has_namespace = False
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def fault(self) -> str | None:
        """Why it cannot be used now, in one sentence; none: it answers."""
        try:
            healthy = await self._client.service_client.check_health(timeout=_HEALTH)
        except (RPCError, RuntimeError) as error:
            return f"the Temporal server does not answer ({str(error)[:200]})"
        if not healthy:
            return "the Temporal server says that it is not healthy"
        if not self._has_namespace:
            if not await has_namespace(self._client):
                return str(NoSuchNamespaceError(self._client.namespace))
            self._has_namespace = True
        return None

    async def stalled(self) -> int | None:
        """How many open cases stand still because their workflow tasks keep failing; none: it cannot be told now."""
        try:
            found = await self._client.count_workflows(_STALLED, rpc_timeout=_HEALTH)
        except (RPCError, RuntimeError):
            return None
        return found.count

    async def start(self, hand_over: HandOver, request_id: str | None = None) -> Started:
        """Start a case, once, as ``start_case``.

        Raises:
            EngineAwayError: it does not answer in time.
        """
        async with self._in_time():
            return await start_case(self._client, hand_over, request_id)

    async def knows(self, case_no: str) -> bool:
        """Whether the server has a workflow of this case; asked once, without patience.

        Raises:
            EngineAwayError: it does not answer at once.
        """
        handle = self._client.get_workflow_handle(f"{WORKFLOW_ID_PREFIX}{case_no}")
        try:
            await handle.describe(rpc_timeout=_HEALTH)
        except RPCError as error:
            if error.status in {RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT}:
                return False
            raise EngineAwayError(f"the Temporal server does not answer now ({error.message[:200]})") from None
        return True

    async def submit(self, case_no: str, workflow_id: str, body: bytes, request_id: str | None) -> Receipt | Refusal:
        """Submit a message to an open case by its update, whatever the bytes are: the case judges, and keeps it.

        Args:
            case_no: for the error.
            workflow_id: of the case.
            body: what was sent, with its ``kind``.
            request_id: of the request from outside.

        Raises:
            EngineAwayError: it does not answer in time; sent again, the message counts once.
            NotRunningError: the case has no running workflow.
        """
        payload = Payload(metadata={"encoding": b"json/plain"}, data=body)
        handle = self._client.get_workflow_handle(workflow_id)
        async with self._in_time(), self._turn(workflow_id):
            while True:
                try:
                    with sent_with(request_id):
                        answer = await handle.execute_update(  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it open
                            "submit", RawValue(payload), id=_update_id(body), result_type=Receipt
                        )
                except WorkflowUpdateFailedError as error:
                    if (refusal := _refusal(error)) is not None:
                        return refusal
                    await asyncio.sleep(_PAUSE_SECONDS)
                except RPCError as error:
                    if error.status is RPCStatusCode.NOT_FOUND:
                        raise NotRunningError(f"case {case_no} has no running workflow") from None
                    if error.status not in _AGAIN:
                        raise
                    await asyncio.sleep(_PAUSE_SECONDS)
                else:
                    assert isinstance(answer, Receipt)
                    return answer

    async def reopen(self, start: ReopenedStart, request_id: str | None) -> bool:
        """Start the run with which a concluded case goes on; no if one is running already.

        Raises:
            EngineAwayError: it does not answer in time.
        """
        try:
            async with self._in_time():
                with sent_with(request_id):
                    await self._client.start_workflow(
                        WORKFLOW_TYPE,
                        start.model_dump(mode="json", exclude_none=True),
                        id=start.workflow_id,
                        task_queue=TASK_QUEUE,
                        # Its former run is over, or forgotten; the record says that the case is concluded.
                        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                        static_summary=short(f"退回重办　{_summary(start.hand_over)}"),
                    )
        except WorkflowAlreadyStartedError:
            return False
        return True

    @asynccontextmanager
    async def _turn(self, workflow_id: str) -> AsyncGenerator[None]:
        """Wait until few enough updates of the case are on their way from here."""
        turns = self._turns.setdefault(workflow_id, asyncio.Semaphore(_UPDATES_ON_THEIR_WAY))
        async with turns:
            yield

    @asynccontextmanager
    async def _in_time(self) -> AsyncGenerator[None]:
        """The block may take so long; a server that is away is found out at once, not after all retries."""
        if time.monotonic() > self._well_until:
            if fault := await self.fault():
                raise EngineAwayError(fault)
            self._well_until = time.monotonic() + _WELL_SECONDS
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            raise EngineAwayError(f"the engine has not answered within {self._seconds:g} seconds") from None
        except SealingError as error:
            raise EngineAwayError(f"payloads cannot be sealed or opened: {error}") from None
        except RPCError as error:
            if error.status is RPCStatusCode.INVALID_ARGUMENT:
                raise
            raise EngineAwayError(f"the Temporal server does not take it now ({error.message[:200]})") from None


def _update_id(body: bytes) -> str:
    """The message's own id with a digest of the content: the same again is answered by the server itself."""
    digest = hashlib.sha256(body).hexdigest()[:24]
    try:
        fields: Any = from_json(body)
    except ValueError:
        return digest
    message_id: Any = cast("dict[str, Any]", fields).get("message_id") if isinstance(fields, dict) else None
    if not isinstance(message_id, str) or not message_id.isprintable():
        return digest
    return f"{answer_key(message_id)}-{digest}"


def _refusal(error: WorkflowUpdateFailedError) -> Refusal | None:
    """The refusal that the case has answered with; none: its run ended before it could, so it is to be asked again."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        if cause.type == _RUN_ENDED:
            return None
        if cause.type in set(RefusalCode):
            return Refusal(code=RefusalCode(cause.type), reason=cause.message)
    raise EngineAwayError(f"the case could not answer ({cause})") from None


def _summary(hand_over: HandOver) -> str:
    """What the Temporal UI says of a case at its start; plain text there even where payloads are encrypted."""
    star = "★" if hand_over.starred else ""
    kinds = "、".join(category.label for category in hand_over.categories)
    return f"{star}{hand_over.county} {hand_over.case_no}：{kinds}（{hand_over.channel.label}）"


async def _given_before(client: Client, hand_over: HandOver) -> HandOver | None:
    """The hand-over with which the case was started, from the first event of its first run."""
    described = await client.get_workflow_handle(hand_over.workflow_id).describe()
    first_run = described.raw_description.workflow_execution_info.first_run_id or described.run_id
    run = client.get_workflow_handle(hand_over.workflow_id, run_id=first_run)
    async for event in run.fetch_history_events(page_size=1):
        given = event.workflow_execution_started_event_attributes.input.payloads
        codec = client.data_converter.payload_codec
        for payload in await codec.decode(given) if codec else given:
            return _hand_over_in(payload.data)
        return None
    return None


def _hand_over_in(given: bytes) -> HandOver | None:
    try:
        start = read_reopened_start(given) or read_resumed_start(given)
        return start.hand_over if start else read_hand_over(given)
    except HandOverError:
        return None
