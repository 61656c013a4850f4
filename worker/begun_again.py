"""A case that was brought up only to answer a query is brought up again before it works.

A query that waits while its worker dies is answered by another one, which replays the case for it: the whole history
as it is by then, with events that no workflow task has taken in yet. The SDK (1.35.0) keeps the case in its cache as
it stands after them. The next task goes on from there, and so takes in one after the other what a replay will take in
at once, and may decide otherwise: from then on the history cannot be replayed, and the case stands still for ever.

Such a task is failed here instead, before anything has been decided. The SDK then drops the case from its cache, the
server gives the task out again at once, and the case is brought up from its whole history.
"""

from collections.abc import Sequence
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
    """A runner that does not go on with a workflow that a query has brought up on events without a task."""

    def __init__(self, runner: WorkflowRunner) -> None:
        self._runner = runner

    def prepare_workflow(self, defn: "_Definition") -> None:
        """As the runner within."""
        self._runner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """An instance of the runner within, watched."""
        return _Watched(self._runner.create_instance(det))

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        """As the runner within."""
        self._runner.set_worker_level_failure_exception_types(types)


class _Watched(WorkflowInstance):
    def __init__(self, instance: WorkflowInstance) -> None:
        self._instance = instance
        self._replayed_first: bool | None = None
        self._worked_at: set[int] = set()
        self._is_suspect = False

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Hand on, unless the workflow may have gone ahead of its history."""
        works = any(job.WhichOneof("variant") not in _IDLE for job in act.jobs)
        if works and self._is_suspect:
            completion = WorkflowActivationCompletion(run_id=act.run_id)
            completion.failed.failure.message = (
                "the case was brought up to answer a query, on events that no task had taken in yet; it begins again"
            )
            return completion
        if self._replayed_first is None:
            self._replayed_first = act.is_replaying
        if works and not act.is_replaying:
            self._worked_at.add(act.history_length)
        # A workflow that replayed what was complete, then worked once, and was asked at that very point: the work may
        # have been a task's, but nothing tells that from work that only the query brought about.
        asked = any(job.query_workflow.query_id == _DIRECT_QUERY for job in act.jobs)
        self._is_suspect |= asked and self._replayed_first and self._worked_at == {act.history_length}
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
