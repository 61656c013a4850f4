"""What the histories of a case say, over all its runs: what went wrong in them, and what came in."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

SERVERS_OWN = frozenset(
    {WorkflowTaskFailedCause.Name(WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND)}
)
"""A message came in the moment in which the workflow was to end or to continue as new: the server asks once more."""
TOO_MANY_AT_ONCE = WorkflowTaskFailedCause.Name(WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND)
"""More than a hundred signals came during one workflow task: the server gives it out anew, with all of them."""


@dataclass
class Runs:
    """The runs of a case.

    Attributes:
        ids: The run ids, the latest first.
        failed: Workflow tasks that failed, by cause; what the server does of its own accord is left out.
        events: The events of all runs, by type.
        received: The signals and updates that came in: the signal's name (none: an update), and its arguments.
    """

    ids: list[str] = field(default_factory=list[str])
    failed: Counter[str] = field(default_factory=Counter[str])
    events: Counter[str] = field(default_factory=Counter[str])
    received: list[tuple[str | None, Sequence[Payload]]] = field(
        default_factory=list[tuple[str | None, Sequence[Payload]]]
    )


async def runs_of(client: Client, workflow_id: str) -> Runs:
    """Read all histories of a case."""
    runs = Runs()
    run_id = (await client.get_workflow_handle(workflow_id).describe()).run_id
    while run_id:
        runs.ids.append(run_id)
        former = ""
        async for event in _events(client, workflow_id, run_id):
            runs.events[EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")] += 1
            if event.HasField("workflow_execution_started_event_attributes"):
                former = event.workflow_execution_started_event_attributes.continued_execution_run_id
            if event.HasField("workflow_task_failed_event_attributes"):
                cause = WorkflowTaskFailedCause.Name(event.workflow_task_failed_event_attributes.cause)
                if cause not in SERVERS_OWN:
                    runs.failed[cause] += 1
            runs.received += _received(event)
        run_id = former
    return runs


def _received(event: HistoryEvent) -> list[tuple[str | None, Sequence[Payload]]]:
    if event.HasField("workflow_execution_signaled_event_attributes"):
        signal = event.workflow_execution_signaled_event_attributes
        return [(signal.signal_name, signal.input.payloads)]
    if event.HasField("workflow_execution_update_accepted_event_attributes"):
        given = event.workflow_execution_update_accepted_event_attributes.accepted_request.input
        return [(None, given.args.payloads)]
    return []


def _events(client: Client, workflow_id: str, run_id: str) -> AsyncIterator[HistoryEvent]:
    return client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history_events()
