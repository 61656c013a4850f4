"""A case that may have worked for a query's sake is dropped with the answer, and begun again for its next task.

A query that comes by itself, and not with a workflow task, may be answered by another worker than the case's own, or by
that one anew, from the whole history as it is by then: with events that no task has taken in yet, or with a task that
another worker has begun, and that runs out of time there. The SDK (1.35.0) keeps the case in its cache as it stands
after them. The next task goes on from there: what the case decided for the query's sake is sent as this task's, often
without asking the workflow at all. A replay decides it at that task's own time, and takes in at once what was taken in
one after the other. So the history says another time than a replay, and may not be replayable at all; then the case
stands still for ever.

Nothing tells such work from a task's that is done. So whoever has worked and is then asked by itself is dropped from
the cache with the answer, and the next task brings the case up from its history.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.workflow import Info

if TYPE_CHECKING:
    from temporalio.worker._command_aware_visitor import CommandInfo
    from temporalio.workflow import _Definition  # pyright: ignore[reportPrivateUsage] - the interface names it

_DIRECT_QUERY = "legacy_query"
"""The id of a query that comes by itself, and not with a workflow task."""
_IDLE = {"query_workflow", "remove_from_cache"}

Drop = Callable[[str], None]
"""Has a run dropped from the cache, once what it is being asked is answered."""

_UPDATE_BYTES = 2 * 1024 * 1024 - 64 * 1024
"""What an update may bring at the most: a worker sends it back with its answer, in 2 MiB."""


def _leave_out_what_cannot_be_answered(act: WorkflowActivation) -> None:
    """Leave updates unprocessed that the server lets in (up to 4 MiB) and that no worker may send back.

    Accepted or rejected, such an update would fail this task and all that follow. One that its worker passes over is
    refused by the server itself. In no history is there one.
    """
    fitting = [
        job
        for job in act.jobs
        if job.WhichOneof("variant") != "do_update"
        or sum(payload.ByteSize() for payload in job.do_update.input) <= _UPDATE_BYTES
    ]
    if len(fitting) < len(act.jobs):
        del act.jobs[:]
        act.jobs.extend(fitting)


class BegunAgain(WorkflowRunner):
    """A runner that does not go on with a workflow that may have worked for a query's sake."""

    def __init__(self, runner: WorkflowRunner) -> None:
        self._runner = runner
        self._drop: Drop | None = None

    def drops_by(self, drop: Drop) -> None:
        """Tell how a run is dropped from its worker's cache; nobody goes on after what a replayer has replayed."""
        self._drop = drop

    def prepare_workflow(self, defn: "_Definition") -> None:
        """As the runner within."""
        self._runner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """An instance of the runner within, watched."""
        return _Watched(self._runner.create_instance(det), self._drop)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        """As the runner within."""
        self._runner.set_worker_level_failure_exception_types(types)


class _Watched(WorkflowInstance):
    def __init__(self, instance: WorkflowInstance, drop: Drop | None) -> None:
        self._instance = instance
        self._drop = drop
        self._has_worked = False
        """Whether it has done anything that is no replay, and may have been for a query's sake."""

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Hand on; a workflow that has worked and is asked directly is dropped once it has answered."""
        if any(job.WhichOneof("variant") not in _IDLE for job in act.jobs):
            self._has_worked |= not act.is_replaying
        elif self._has_worked and self._drop is not None and _is_asked_directly(act):
            self._drop(act.run_id)
        _leave_out_what_cannot_be_answered(act)
        return self._instance.activate(act)

    def get_serialization_context(self, command_info: "CommandInfo | None") -> SerializationContext | None:
        """As the instance within."""
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: "CommandInfo | None") -> StorageDriverStoreContext:
        """As the instance within."""
        return self._instance.get_external_store_context(command_info)

    def get_info(self) -> Info:
        """As the instance within."""
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        """As the instance within."""
        return self._instance.get_thread_id()


def _is_asked_directly(act: WorkflowActivation) -> bool:
    """Whether this is the question of somebody who does not come with a task; it comes alone."""
    return any(job.query_workflow.query_id == _DIRECT_QUERY for job in act.jobs)
