"""An outside program: it knows the contract and a plain Temporal client, and nothing else of the product."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from store import Store
from tests.worker.worker_process import PATIENCE, until
from tests.workflows import steps
from tests.workflows.steps import UNIT, Step, satisfied, send_all

__all__ = ["CHINA", "UNIT", "OutsideCase", "StoreHistory", "by", "hand_over", "satisfied"]

CHINA = timezone(timedelta(hours=8))
_ASK_AGAIN = {RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.UNAVAILABLE, RPCStatusCode.FAILED_PRECONDITION}
"""With these the server does not answer an update *now* (docs/decisions/0010)."""
_RUN_ENDED = "AcceptedUpdateCompletedWorkflow"
_numbers = itertools.count(1)


def by(office: str, name: str | None = None) -> dict[str, str]:
    """A sender; without a name, somebody of that office."""
    return {"office": office, "name": name or f"{office}经办人"}


@dataclass
class OutsideCase:
    """A case as an outside program drives it."""

    client: Client
    store: Store
    case_no: str
    handle: Any
    """A workflow handle; what it calls is named by strings, as the contract names it."""
    received_at: datetime
    skipper: TimeSkipper
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def signal(self, kind: str, sender: dict[str, str], **body: Any) -> None:
        """Send a message as a signal."""
        await self.handle.signal(kind, {"message_id": f"s{next(self._ids)}", "by": sender, **body})

    async def submit(self, kind: str, sender: dict[str, str], **body: Any) -> dict[str, Any]:
        """Send a message by the update; its receipt."""
        message_id = f"u{next(self._ids)}"
        message = {"kind": kind, "message_id": message_id, "by": sender, **body}
        return await self.answer_to(message, update_id=message_id)

    async def answer_to(self, *arguments: Any, update_id: str) -> dict[str, Any]:
        """Send an update until it is answered, always under the same id; the receipt.

        Raises:
            WorkflowUpdateFailedError: it is refused.
            RPCError: there is no such open case.
        """
        while True:
            try:
                return await self.handle.execute_update("submit", args=arguments, id=update_id)
            except WorkflowUpdateFailedError as error:
                if getattr(error.cause, "type", None) != _RUN_ENDED:
                    raise
            except RPCError as error:
                if error.status not in _ASK_AGAIN:
                    raise
            await asyncio.sleep(0.2)

    async def view(self) -> dict[str, Any]:
        """The query ``case``."""
        return await self.handle.query("case")

    async def until(self, stage: str) -> dict[str, Any]:
        """Wait until the case is in a stage (real seconds)."""
        view = await self.view()
        began = time.monotonic()
        while view["stage"] != stage:
            waited = time.monotonic() - began
            assert waited < PATIENCE, f"{self.case_no} is {view['stage']}, not {stage}: {view['timeline'][-3:]}"
            await asyncio.sleep(0.05)
            view = await self.view()
        return view

    async def skip(self, **span: float) -> dict[str, Any]:
        """Let time pass on the case's own clock."""
        await self.skipper.fast_forward(self.handle, timedelta(**span))
        return await self.view()

    async def forgotten(self) -> None:
        """Have Temporal delete the workflow, and wait until it has."""
        execution = WorkflowExecution(workflow_id=self.handle.id)
        request = DeleteWorkflowExecutionRequest(namespace=self.client.namespace, workflow_execution=execution)
        await self.client.workflow_service.delete_workflow_execution(request)
        handle = self.client.get_workflow_handle(self.handle.id)

        async def it_is_unknown() -> bool:
            try:
                await handle.describe()
            except RPCError as error:
                return error.status is RPCStatusCode.NOT_FOUND
            return False

        await until(f"Temporal has forgotten {self.case_no}", it_is_unknown)

    async def is_at_rest(self) -> bool:
        """Whether no task and no activity of it is under way: what is asked then does not come with a task."""
        described = (await self.handle.describe()).raw_description
        return not described.HasField("pending_workflow_task") and not described.pending_activities

    async def events(self) -> list[str]:
        """The timeline's events, in order."""
        return [line["event"] for line in (await self.view())["timeline"]]

    # The steps of a case that goes as it should, by the offices whose they are.

    async def cover(self, *, starred: bool = False) -> None:
        """Instruction, task force and supervision."""
        await send_all(self.by_signal, steps.coverage(starred=starred))

    async def report(self, **changes: Any) -> None:
        """The unit's final report."""
        await self.by_signal(steps.final_report(**changes))

    async def verify(self, *, confirmed: bool = True) -> None:
        """The case-supervision team."""
        await self.by_signal(steps.verification(confirmed=confirmed))

    async def review(self, *, passed: bool = True) -> None:
        """The petition-stability team."""
        await self.by_signal(steps.review(passed=passed))

    async def survey(self, round_: int = 1, *, content: int = 22, discontent: int = 0) -> None:
        """The revisit team, complete."""
        await self.by_signal(steps.survey(round_, content=content, discontent=discontent))

    async def conclude(self, round_: int = 1, *, covered: bool = False) -> dict[str, Any]:
        """Send what brings the case to its conclusion; its result."""
        await send_all(self.by_signal, steps.to_the_conclusion(round_, covered=covered))
        return await self.handle.result()

    async def by_signal(self, step: Step) -> None:
        """Send a step as a signal."""
        await self.signal(step.kind, by(step.office), **step.body)


StoreHistory = Callable[[str, "OutsideCase | WorkflowHandle[Any, Any]"], Awaitable[None]]
"""Keeps a workflow's history under the name of its path, if histories are to be stored and it is not there yet."""


async def hand_over(
    client: Client,
    store: Store,
    *,
    late: timedelta = timedelta(0),
    workflow_id: str | None = None,
    task_timeout: timedelta | None = None,
    **changes: Any,
) -> OutsideCase:
    """Start a case as an intake system does; its clock can then be moved on.

    Args:
        client: A client of the case's namespace.
        store: The record.
        late: How long ago the case was received.
        workflow_id: Another workflow id than the contract's.
        task_timeout: The time limit of a workflow task. A worker reports the first failure of a task alone; each
            further one shows, and is tried again, when this time is over: ten seconds if nothing is given.
        **changes: Fields of the hand-over.
    """
    skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
    case_no = changes.pop("case_no", f"T{next(_numbers):05d}")
    received_at = datetime.now(CHINA) - late
    body: dict[str, Any] = {
        "case_no": case_no,
        "received_at": received_at.isoformat(),
        "channel": "phone",
        "starred": False,
        "county": "通川区",
        "location": "李家巷",
        "categories": ["water", "air"],
        "summary": "商户夜间在巷内清洗二手电器，脏水横流，气味难闻。",
        "responsible_unit": UNIT,
    } | changes
    handle: Any = await skipper.client.start_workflow(
        "PetitionCase",
        body,
        id=workflow_id or f"case-{case_no}",
        task_queue="petition-cases",
        task_timeout=task_timeout,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    return OutsideCase(client, store, case_no, handle, received_at, skipper)
