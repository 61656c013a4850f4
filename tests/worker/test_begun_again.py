"""What a case's runner tells of a workflow that may have worked for a query's sake, activation by activation.

The same on real servers, where it needs a worker that dies at the right moment: ``test_killed.py``.
"""

from collections.abc import Sequence
from typing import Any, cast

import pytest
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

from worker.begun_again import BegunAgain

START, SIGNAL, DONE = "initialize_workflow", "signal_workflow", "resolve_activity"
DIRECT, WITH_TASK = "legacy_query", "22986a4b"


class Willing(WorkflowInstance):
    """A workflow that does whatever it is given."""

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        done = WorkflowActivationCompletion(run_id=act.run_id)
        done.successful.SetInParent()
        return done

    def get_serialization_context(self, command_info: Any) -> None:
        return None

    def get_external_store_context(self, command_info: Any) -> Any:
        raise NotImplementedError

    def get_info(self) -> Any:
        raise NotImplementedError

    def get_thread_id(self) -> int | None:
        return None


class Runner(WorkflowRunner):
    """A runner of these."""

    def prepare_workflow(self, defn: Any) -> None:
        pass

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return Willing()

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        pass


def activation(length: int, second: int, *jobs: str, replaying: bool = False) -> WorkflowActivation:
    """What a worker is told: so much history, at the time of which task, and what there is to do or to answer."""
    act = WorkflowActivation(run_id="run", history_length=length, is_replaying=replaying)
    act.timestamp.FromSeconds(second)
    for job in jobs:
        if job in {DIRECT, WITH_TASK}:
            act.jobs.add().query_workflow.query_id = job
        else:
            added: WorkflowActivationJob = act.jobs.add()
            getattr(added, job).SetInParent()
    return act


BROUGHT_UP = (activation(3, 10, START, replaying=True), activation(9, 20, DONE, replaying=True))
"""By a replay of its history."""
FROM_THE_START = (activation(3, 10, START), activation(9, 20, DONE))
"""By its tasks, one after the other, in this worker's cache."""
AHEAD = (activation(12, 20, SIGNAL), activation(12, 20, DIRECT, replaying=True))
"""A question comes with a message that no task has taken in: there is more history, and no later task."""
BEGUN_ELSEWHERE = (activation(13, 30, SIGNAL), activation(13, 30, DIRECT, replaying=True))
"""A question comes with a task that another worker has begun, and that may run out of time there."""


@pytest.mark.parametrize(
    ("told", "dropped"),
    [
        ((*BROUGHT_UP, *AHEAD), True),
        # The worker lives, and was asked anew with the whole history, since it was too busy for its own queue.
        ((*FROM_THE_START, *AHEAD), True),
        ((*BROUGHT_UP, *BEGUN_ELSEWHERE), True),
        # It may as well have been a task of its own: nothing tells.
        ((*FROM_THE_START, activation(9, 20, DIRECT, replaying=True)), True),
        ((*BROUGHT_UP, activation(9, 20, DIRECT, replaying=True)), False),
        ((*FROM_THE_START, activation(13, 30, SIGNAL), activation(13, 30, WITH_TASK, replaying=True)), False),
    ],
    ids=["brought up", "in the cache", "begun elsewhere", "after a task", "only replayed", "asked with a task"],
)
def test_a_workflow_that_may_have_worked_for_a_question_is_dropped_with_the_answer(
    told: Sequence[WorkflowActivation], dropped: bool
) -> None:
    runner, drops = BegunAgain(Runner()), list[str]()
    runner.drops_by(drops.append)
    instance = runner.create_instance(cast("WorkflowInstanceDetails", None))
    for act in told[:-1]:
        assert instance.activate(act).HasField("successful")
        assert drops == [], "the question would go without an answer"
    assert instance.activate(told[-1]).HasField("successful")
    assert drops == (["run"] if dropped else [])
