"""What operators do to workflows shows against the record: ``guatu reconcile``, and ``rebuild --against-temporal``."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities import reconciliation
from activities.reconciliation import discrepancies
from intake.engine import connect_temporal
from petitions.discrepancies import Discrepancy, DiscrepancyKind
from petitions.events import Entry
from petitions.view import CaseResult
from store import Store
from tests.guatu.running import guatu
from tests.places import SharedStack
from tests.worker.conftest import has_event
from tests.worker.worker_process import until
from tests.workflows.outside_program import OutsideCase, by, hand_over
from workflows.names import WORKFLOW_TYPE
from workflows.petition_case import PetitionCase

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch, stack: SharedStack) -> None:  # pyright: ignore[reportUnusedFunction] - pytest calls it
    monkeypatch.setattr(reconciliation, "_PAUSE_SECONDS", 0.2)
    monkeypatch.setenv("TEMPORAL_ADDRESS", stack.temporal_address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", stack.namespace)


async def found_of(store: Store, case_no: str, *, asking: bool = True) -> Discrepancy | None:
    """What is found of a case; other tests leave cases of their own."""
    found = await discrepancies(store, await connect_temporal(), asking=asking)
    return next((each for each in found if each.case_no == case_no), None)


async def differing(store: Store, case: OutsideCase) -> str | None:
    """What is told of a case."""
    found = await found_of(store, case.case_no)
    return found.line if found else None


async def withdrawn(case: OutsideCase) -> None:
    await case.signal("withdrawal", by("city/intake"), reason="结束")
    await case.handle.result()


async def test_a_case_that_is_as_it_should_be_is_not_told(client: Client, store: Store) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.cover()
    assert await differing(store, case) is None
    await withdrawn(case)
    assert await differing(store, case) is None


async def test_a_workflow_that_an_operator_terminated_is_told(client: Client, store: Store) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.handle.terminate()
    found = await found_of(store, case.case_no)
    assert found is not None
    assert found.kind is DiscrepancyKind.STOPPED
    assert found.line.startswith(f"case {case.case_no}: it is open on record (entry ")
    assert "but its workflow was terminated; " in found.line
    assert await found_of(store, case.case_no, asking=False) == found


async def test_the_command_tells_it_and_fails(client: Client, store: Store, stack: SharedStack) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.handle.terminate()
    settings = stack.settings
    done = await guatu("rebuild", "--against-temporal", settings=settings)
    assert done.returncode == 1, done.stderr
    assert f"case {case.case_no}: it is open on record" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("cases differ from Temporal")
    assert await store.discrepancies_of(case.case_no) == (), "a listing keeps nothing"
    done = await guatu("reconcile", settings=settings)
    assert done.returncode == 1, done.stderr
    assert f"case {case.case_no}: it is open on record" in done.stdout
    (kept,) = await store.discrepancies_of(case.case_no)
    assert (kept.kind, kept.gone_at) == (DiscrepancyKind.STOPPED, None)


async def test_a_workflow_that_temporal_does_not_know_is_told(client: Client, store: Store) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.handle.terminate()
    await case.forgotten()
    line = await differing(store, case)
    assert line is not None
    assert "is unknown to Temporal" in line


async def test_a_workflow_that_an_operator_reset_is_told_and_changes_no_record(client: Client, store: Store) -> None:
    """It runs anew from its beginning, at other times: the record keeps what it has and refuses the rest."""
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.cover()
    await until("it is on record", lambda: has_event(store, case.case_no, "site_visit"))
    entries = await store.entries(case.case_no)
    first = None
    async for event in case.handle.fetch_history_events():
        if event.HasField("workflow_task_completed_event_attributes"):
            first = event.event_id
            break
    assert first is not None
    execution = WorkflowExecution(workflow_id=f"case-{case.case_no}")
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=execution,
            reason="an operator's mistake",
            workflow_task_finish_event_id=first,
            request_id="reset",
        )
    )
    line: str | None = None

    async def it_is_told() -> bool:
        nonlocal line
        line = await differing(store, case)
        return line is not None and "another entry is recorded in its place" in line

    await until("the reset is told", it_is_told)
    assert line is not None
    assert "its activity record fails (entry 1 of case" in line
    found = await found_of(store, case.case_no, asking=False)
    assert found is not None
    assert found.kind is DiscrepancyKind.RESET
    assert await store.entries(case.case_no) == entries
    await client.get_workflow_handle(f"case-{case.case_no}").terminate()


async def test_a_workflow_without_a_record_is_told(client: Client, store: Store) -> None:
    """Of a case whose worker never came: its hand-over waits in a queue of its own."""
    handle: Any = await client.start_workflow("PetitionCase", {}, id="case-NORECORD1", task_queue="nobody-works-here")
    case = OutsideCase(client, store, "NORECORD1", handle, None, None)  # pyright: ignore[reportArgumentType] - not used
    try:
        line: str | None = None

        async def it_is_told() -> bool:
            nonlocal line
            line = await differing(store, case)
            return line is not None

        await until("it is told", it_is_told)  # it is, once it can be listed
        assert line is not None
        assert line.startswith("case NORECORD1: its workflow is running, but there is no record of it; ")
    finally:
        await handle.terminate()


async def test_a_record_that_is_ahead_of_its_workflow_is_told(client: Client, store: Store) -> None:
    """As after a reset: the record has an entry that the workflow has not made."""
    case = await hand_over(client, store)
    view = await case.until("dispatched")
    # The case answers before it has written.
    await until("all of it is on record", lambda: ends_with(store, case, view["seq"]))
    entries = await store.entries(case.case_no)
    last = entries[-1]
    assert last.seq == view["seq"]
    more = Entry.model_validate(last.model_dump() | {"seq": last.seq + 1})
    await store.record(case.case_no, [more])
    line = await differing(store, case)
    assert line is not None
    assert (
        f"its workflow is behind the record: it is at entry {last.seq}, the record ends with entry {last.seq + 1}; "
        in line
    )
    await case.handle.terminate()


async def ends_with(store: Store, case: OutsideCase, seq: int) -> bool:
    """True if a case's record ends with this entry."""
    entries = await store.entries(case.case_no)
    return bool(entries) and entries[-1].seq == seq


@workflow.defn(name=WORKFLOW_TYPE)
class Broken(PetitionCase):
    """A planted fault: a version whose tasks fail."""

    @workflow.init
    def __init__(self, *arguments: RawValue) -> None:
        super().__init__(*arguments)

    @workflow.run
    async def run(self, *arguments: RawValue) -> CaseResult:
        raise RuntimeError("a planted fault")


async def test_a_case_whose_tasks_keep_failing_is_told_and_listed_by_temporal(client: Client, store: Store) -> None:
    queue = "broken-cases"
    async with Worker(client, task_queue=queue, workflows=[Broken], workflow_runner=UnsandboxedWorkflowRunner()):
        # A task that fails again is tried again when its time limit is over.
        handle: Any = await client.start_workflow(
            WORKFLOW_TYPE, {}, id="case-STALLED1", task_queue=queue, task_timeout=timedelta(seconds=1)
        )
        found: Discrepancy | None = None
        listed: list[str] = []
        try:
            # From its fifth try on; a moment later the server itself says so, and why.
            async def it_is_told_why() -> bool:
                nonlocal found
                found = await found_of(store, "STALLED1", asking=False)
                assert found is None or found.kind in {DiscrepancyKind.STALLED, DiscrepancyKind.UNRECORDED}
                return found is not None and "cause=" in found.what

            async def are_any_listed() -> bool:
                nonlocal listed
                listed = [one.id async for one in client.list_workflows("TemporalReportedProblems IS NOT NULL")]
                return bool(listed)

            await until("it is told, with the cause", it_is_told_why)
            assert found is not None
            assert found.kind is DiscrepancyKind.STALLED
            assert "cause=WorkflowTaskFailedCauseWorkflowWorkerUnhandledFailure" in found.what
            await until("Temporal lists it", are_any_listed)
            assert listed == ["case-STALLED1"]
        finally:
            await handle.terminate()


def test_what_lags_and_what_differs_is_told_apart() -> None:
    recorded = {"seq": 5, "stage": "dispatched", "round": 1}
    compared = reconciliation._compared  # pyright: ignore[reportPrivateUsage] - the moment of a lag cannot be held
    assert compared("X", recorded, dict(recorded)) is None
    lag = compared("X", recorded, recorded | {"seq": 7})
    assert lag is not None
    assert lag.what == "its record lags: it ends with entry 5, the workflow is at entry 7"
    other = compared("X", recorded, recorded | {"stage": "rectifying"})
    assert other is not None
    assert other.what == "its workflow answers otherwise than the record says: stage"
