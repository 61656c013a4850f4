"""What went wrong in the histories of a case, over all its runs."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

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
    """

    ids: list[str] = field(default_factory=list[str])
    failed: Counter[str] = field(default_factory=Counter[str])
    events: Counter[str] = field(default_factory=Counter[str])


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
        run_id = former
    return runs


def _events(client: Client, workflow_id: str, run_id: str) -> AsyncIterator[HistoryEvent]:
    return client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history_events()
