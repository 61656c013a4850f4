"""The record against Temporal: whether every open case has its workflow, and both know the same.

Temporal is the truth while a case is open: an operator who terminates, pauses or resets a workflow changes nothing in
the record, and a workflow whose tasks keep failing says so nowhere but in Temporal. This is where all that is seen.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from pydantic_core import from_json, to_json
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse
from temporalio.client import Client, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.service import RPCError, RPCStatusCode

from petitions.discrepancies import Discrepancy, DiscrepancyKind
from petitions.hand_over import WORKFLOW_ID_PREFIX
from petitions.view import case_view
from store import Store
from workflows.names import WORKFLOW_TYPE

LOOKED_FOR = frozenset(DiscrepancyKind) - {DiscrepancyKind.SILENT, DiscrepancyKind.DIFFERING}
"""What is found without asking the workflows themselves."""
PROBLEMS = "TemporalReportedProblems"
"""The search attribute that the server (from 1.30 on) sets on a workflow whose tasks keep failing."""

_AT_A_TIME = 16
_ANSWER = timedelta(seconds=10)
_LOOKS = 5
"""How often a case is looked at before it counts as different: the record follows its workflow by moments."""
_PAUSE_SECONDS = 1.0
_FAILED_TASKS = 5
"""A workflow task that is tried for so many times does not fail by accident; a server before 1.30 says it so alone."""
_FAILED_TRIES = 3
"""An activity that is tried for so many times does not fail by accident."""
_PAGE = 500
_SHOWN = 200
_ENDED = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED: "was terminated",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED: "was cancelled",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED: "has failed",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: "has timed out",
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED: "has ended",
}
_RUNNING = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING
_PAUSED = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED

_Description = DescribeWorkflowExecutionResponse


async def discrepancies(store: Store, client: Client, *, asking: bool = True) -> list[Discrepancy]:
    """Where open cases and their workflows differ, by case number; nothing is changed.

    Args:
        store: The record.
        client: Temporal, with the keys if payloads are sealed.
        asking: Whether each workflow is asked how its case stands: that brings up every open case on a worker. Else
            only what the server knows is looked at (``LOOKED_FOR``).

    Raises:
        StoreError: The store cannot be read.
        RPCError: Temporal does not answer.
    """
    open_numbers = await store.open_case_numbers()
    running = [case_no async for case_no in _running(client)]
    turns = asyncio.Semaphore(_AT_A_TIME)

    async def look(case_no: str) -> Discrepancy | None:
        async with turns:
            return await _discrepancy(_Look(store, client, case_no, asking=asking))

    found = await asyncio.gather(*(look(case_no) for case_no in sorted({*open_numbers, *running})))
    return [each for each in found if each]


async def _running(client: Client) -> AsyncGenerator[str]:
    query = f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Running'"
    async for workflow in client.list_workflows(query, page_size=_PAGE):
        if workflow.id.startswith(WORKFLOW_ID_PREFIX):
            yield workflow.id.removeprefix(WORKFLOW_ID_PREFIX)


async def _discrepancy(look: "_Look") -> Discrepancy | None:
    """Looked at again for a while: only what stays different differs."""
    found: Discrepancy | None = None
    for turn in range(_LOOKS):
        if turn:
            await asyncio.sleep(_PAUSE_SECONDS)
        found = await look.once()
        if found is None:
            return None
    return found


class _Look:
    """Looks at one case."""

    def __init__(self, store: Store, client: Client, case_no: str, *, asking: bool) -> None:
        self._store = store
        self._client = client
        self._case_no = case_no
        self._asking = asking

    async def once(self) -> Discrepancy | None:
        """What differs at this moment."""
        described = await self._described()
        status = described.workflow_execution_info.status if described else None
        case = await self._store.state(self._case_no)
        if described is None or status != _RUNNING:
            if case is None or case.closing is not None:
                return None
            return self._standing_still(case.seq, status)
        if (stalled := self._stalled(described)) is not None:
            return stalled
        failing = _failing(described)
        if case is None:
            what = f"its workflow is running, but there is no record of it{failing}"
            todo = "see in the Temporal UI which of its activities fails, and why"
            return self._found(DiscrepancyKind.UNRECORDED, what, todo)
        if case.closing is not None:
            # A finished case waits a while for its last notices.
            if not (self._asking or failing):
                return None
            what = f"it is over on record, but its workflow is running{failing}"
            todo = "if it stays so, see in the Temporal UI what it waits for"
            return self._found(DiscrepancyKind.LEFT_RUNNING, what, todo)
        if described.workflow_extended_info.HasField("last_reset_time") and failing:
            what = f"its workflow was reset, and its record refuses what it now does otherwise{failing}"
            return self._found(DiscrepancyKind.RESET, what, _RESET_TODO)
        if failing and not self._asking:
            return self._found(DiscrepancyKind.LAGGING, f"its record lags{failing}", _LAGGING_TODO)
        return await self._asked(failing) if self._asking else None

    async def _described(self) -> _Description | None:
        # Not by the SDK's own method: it does not know every status that a server of today has.
        execution = WorkflowExecution(workflow_id=f"{WORKFLOW_ID_PREFIX}{self._case_no}")
        request = DescribeWorkflowExecutionRequest(namespace=self._client.namespace, execution=execution)
        try:
            return await self._client.workflow_service.describe_workflow_execution(request, timeout=_ANSWER)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return None

    def _standing_still(self, seq: int, status: "WorkflowExecutionStatus.ValueType | None") -> Discrepancy:
        todo = "its timers stand still and it takes no messages: guatu reconcile --repair takes it up again"
        on_record = f"it is open on record (entry {seq}), but its workflow"
        if status == _PAUSED:
            return self._found(DiscrepancyKind.PAUSED, f"{on_record} was paused", todo)
        ended = "is unknown to Temporal" if status is None else _ENDED.get(status, "is not running")
        return self._found(DiscrepancyKind.STOPPED, f"{on_record} {ended}", todo)

    def _stalled(self, described: _Description) -> Discrepancy | None:
        attempt = described.pending_workflow_task.attempt
        fields = described.workflow_execution_info.search_attributes.indexed_fields
        if PROBLEMS not in fields and attempt < _FAILED_TASKS:
            return None
        said = fields[PROBLEMS].data.decode(errors="replace")[:_SHOWN] if PROBLEMS in fields else "no reason given"
        what = f"its workflow tasks keep failing, the latest for the {attempt}. time ({said})"
        todo = "read the failure in its history in the Temporal UI; it goes on by itself once the cause is mended"
        return self._found(DiscrepancyKind.STALLED, what, todo)

    async def _asked(self, failing: str) -> Discrepancy | None:
        handle = self._client.get_workflow_handle(f"{WORKFLOW_ID_PREFIX}{self._case_no}")
        try:
            answer: Any = await handle.query("case", rpc_timeout=_ANSWER)  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it open
        except (RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError) as error:
            what = f"its workflow does not answer ({str(error)[:_SHOWN]})"
            todo = "see that a worker is running, and the workflow in the Temporal UI"
            return self._found(DiscrepancyKind.SILENT, what, todo)
        # What was recorded since the answer was asked for is not held against it.
        case = await self._store.state(self._case_no)
        if case is None:
            return None
        found = _compared(self._case_no, _as_json(case_view(case)), cast("Mapping[str, Any]", answer))
        return found.model_copy(update={"what": found.what + failing}) if found else None

    def _found(self, kind: DiscrepancyKind, what: str, todo: str) -> Discrepancy:
        return Discrepancy(case_no=self._case_no, kind=kind, what=what, todo=todo)


_LAGGING_TODO = "see in the Temporal UI whether its activity record fails"
_RESET_TODO = "what contradicts the record is refused: guatu reconcile --repair goes on from the record"


def _failing(described: _Description) -> str:
    """Which of its activities keeps failing, and why, where one does: mostly the reason of all the rest."""
    for activity in described.pending_activities:
        if activity.last_failure.message and activity.attempt >= _FAILED_TRIES:
            name, said = activity.activity_type.name, activity.last_failure.message[:_SHOWN]
            return f"; its activity {name} fails ({said})"
    return ""


def _compared(case_no: str, recorded: Mapping[str, Any], answer: Mapping[str, Any]) -> Discrepancy | None:
    here, there = recorded["seq"], answer.get("seq")
    if not isinstance(there, int) or here < there:
        return Discrepancy(
            case_no=case_no,
            kind=DiscrepancyKind.LAGGING,
            what=f"its record lags: it ends with entry {here}, the workflow is at entry {there}",
            todo=_LAGGING_TODO,
        )
    if here > there:
        return Discrepancy(
            case_no=case_no,
            kind=DiscrepancyKind.RESET,
            what=f"its workflow is behind the record: it is at entry {there}, the record ends with entry {here}",
            todo=f"it was reset: {_RESET_TODO}",
        )
    other = _differing(recorded, answer)
    if not other:
        return None
    return Discrepancy(
        case_no=case_no,
        kind=DiscrepancyKind.DIFFERING,
        what=f"its workflow answers otherwise than the record says: {', '.join(other)}",
        todo="run guatu verify; if the record is whole, the workflow was reset",
    )


def _differing(recorded: Mapping[str, Any], answer: Mapping[str, Any]) -> Sequence[str]:
    return [key for key in recorded if recorded[key] != answer.get(key)]


def _as_json(view: Mapping[str, Any]) -> Mapping[str, Any]:
    return from_json(to_json(view))
