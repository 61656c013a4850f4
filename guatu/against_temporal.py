"""The record against Temporal: whether every open case has its workflow, and both know the same.

Temporal is the truth while a case is open: an operator who terminates or resets a workflow changes nothing in the
record, and this is where that is seen.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from pydantic_core import from_json, to_json
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.service import RPCError, RPCStatusCode

from petitions.hand_over import WORKFLOW_ID_PREFIX
from petitions.values import Value
from petitions.view import case_view
from store import Store
from workflows.petition_case import WORKFLOW_TYPE

_AT_A_TIME = 16
_ANSWER = timedelta(seconds=10)
_LOOKS = 5
"""How often a case is looked at before it counts as different: the record follows its workflow by moments."""
_PAUSE_SECONDS = 1.0
_PAGE = 500
_SHOWN = 200
_ENDED = {
    WorkflowExecutionStatus.TERMINATED: "was terminated",
    WorkflowExecutionStatus.CANCELED: "was cancelled",
    WorkflowExecutionStatus.FAILED: "has failed",
    WorkflowExecutionStatus.TIMED_OUT: "has timed out",
    WorkflowExecutionStatus.COMPLETED: "has ended",
}


class Mismatch(Value):
    """Where the record and Temporal differ."""

    case_no: str
    what: str
    todo: str

    @property
    def line(self) -> str:
        """The whole finding on one line."""
        return f"case {self.case_no}: {self.what}; {self.todo}"


async def mismatches(store: Store, client: Client) -> list[Mismatch]:
    """Where open cases and running workflows differ, by case number; nothing is changed.

    Raises:
        StoreError: The store cannot be read.
        RPCError: Temporal does not answer.
    """
    open_numbers = await store.open_case_numbers()
    running = [case_no async for case_no in _running(client)]
    turns = asyncio.Semaphore(_AT_A_TIME)

    async def look(case_no: str) -> Mismatch | None:
        async with turns:
            return await _mismatch(store, client, case_no)

    found = await asyncio.gather(*(look(case_no) for case_no in sorted({*open_numbers, *running})))
    return [mismatch for mismatch in found if mismatch]


async def _running(client: Client) -> AsyncGenerator[str]:
    query = f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Running'"
    async for workflow in client.list_workflows(query, page_size=_PAGE):
        if workflow.id.startswith(WORKFLOW_ID_PREFIX):
            yield workflow.id.removeprefix(WORKFLOW_ID_PREFIX)


async def _mismatch(store: Store, client: Client, case_no: str) -> Mismatch | None:
    """Looked at again for a while: only what stays different differs."""
    found: Mismatch | None = None
    for look in range(_LOOKS):
        if look:
            await asyncio.sleep(_PAUSE_SECONDS)
        found = await _look(store, client, case_no)
        if found is None:
            return None
    return found


async def _look(store: Store, client: Client, case_no: str) -> Mismatch | None:
    handle = client.get_workflow_handle(f"{WORKFLOW_ID_PREFIX}{case_no}")
    described: WorkflowExecutionDescription | None = None
    try:
        described = await handle.describe(rpc_timeout=_ANSWER)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
    status = described.status if described else None
    case = await store.state(case_no)
    if status is not WorkflowExecutionStatus.RUNNING:
        if case is None or case.closing is not None:
            return None
        ended = _ENDED.get(status, "is not running") if status else "is unknown to Temporal"
        return Mismatch(
            case_no=case_no,
            what=f"it is open on record (entry {case.seq}), but its workflow {ended}",
            todo="its timers stand still and it takes no messages: whoever keeps the system must see to it",
        )
    if case is None:
        what = f"its workflow is running, but there is no record of it{_failing(described)}"
        return Mismatch(
            case_no=case_no, what=what, todo="see in the Temporal UI which of its activities fails, and why"
        )
    if case.closing is not None:
        what = f"it is over on record, but its workflow is running{_failing(described)}"
        return Mismatch(case_no=case_no, what=what, todo="if it stays so, see in the Temporal UI what it waits for")
    try:
        answer: Any = await handle.query("case", rpc_timeout=_ANSWER)  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it open
    except (RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError) as error:
        what = f"its workflow does not answer ({str(error)[:_SHOWN]})"
        return Mismatch(
            case_no=case_no, what=what, todo="see that a worker is running, and the workflow in the Temporal UI"
        )
    # What was recorded since the case was read is not held against it.
    case = await store.state(case_no) or case
    found = _compared(case_no, _as_json(case_view(case)), cast("Mapping[str, Any]", answer))
    return found.model_copy(update={"what": found.what + _failing(described)}) if found else None


def _failing(described: WorkflowExecutionDescription | None) -> str:
    """Which of its activities fails, and why, where one does: mostly the reason of all the rest."""
    for activity in described.raw_description.pending_activities if described else ():
        if activity.last_failure.message:
            name, said = activity.activity_type.name, activity.last_failure.message[:_SHOWN]
            return f"; its activity {name} fails ({said})"
    return ""


def _compared(case_no: str, recorded: Mapping[str, Any], answer: Mapping[str, Any]) -> Mismatch | None:
    here, there = recorded["seq"], answer.get("seq")
    if not isinstance(there, int) or here < there:
        return Mismatch(
            case_no=case_no,
            what=f"its record lags: it ends with entry {here}, the workflow is at entry {there}",
            todo="see in the Temporal UI whether its activity record fails",
        )
    if here > there:
        return Mismatch(
            case_no=case_no,
            what=f"its workflow is behind the record: it is at entry {there}, the record ends with entry {here}",
            todo="it was reset: what contradicts the record will be refused, so watch its activities",
        )
    other = _differing(recorded, answer)
    if not other:
        return None
    what = f"its workflow answers otherwise than the record says: {', '.join(other)}"
    return Mismatch(case_no=case_no, what=what, todo="run guatu verify; if the record is whole, the workflow was reset")


def _differing(recorded: Mapping[str, Any], answer: Mapping[str, Any]) -> Sequence[str]:
    return [key for key in recorded if recorded[key] != answer.get(key)]


def _as_json(view: Mapping[str, Any]) -> Mapping[str, Any]:
    return from_json(to_json(view))
