"""``guatu reconcile``: the record and Temporal brought together, whichever of the two has lost something."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowUpdateFailedError

from guatu.reconciling import Kind, findings, repair
from guatu.reconciling.findings import Finding, examine
from intake.engine import connect_temporal
from petitions.events import Entry
from petitions.vocabulary import Stage
from store import Store, open_pool
from tests.guatu.running import guatu
from tests.places import SharedStack
from tests.store.servers import Server
from tests.worker.worker_process import until
from tests.workflows.outside_program import OutsideCase, by, hand_over

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
async def own(stack: SharedStack, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client as the command has it."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", stack.temporal_address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", stack.namespace)
    return await connect_temporal()


@pytest.fixture
async def restored(server: Server, template: str) -> AsyncIterator[Store]:
    """Another database, to hold what a restored one would hold."""
    async with server.database(f"TEMPLATE {template}") as url, open_pool(url, max_size=2) as pool:
        yield Store(pool)


async def covered(client: Client, store: Store) -> OutsideCase:
    """A case with some entries, all of them on record."""
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.cover()
    await recorded(case, "site_visit")
    return case


async def recorded(case: OutsideCase, event: str) -> tuple[Entry, ...]:
    """The record once it has such an entry."""
    entries: tuple[Entry, ...] = ()

    async def it_has() -> bool:
        nonlocal entries
        entries = await case.store.entries(case.case_no)
        return event in {entry.event for entry in entries}

    await until(f"{event} is on record", it_has)
    return entries


def latest(case: OutsideCase) -> OutsideCase:
    handle = case.client.get_workflow_handle(f"case-{case.case_no}")
    return OutsideCase(case.client, case.store, case.case_no, handle, case.received_at, case.skipper)


async def to_the_end(case: OutsideCase) -> dict[str, Any]:
    """What is still to be done, by messages with ids of their own."""
    again = latest(case)
    again._ids = case._ids  # pyright: ignore[reportPrivateUsage] - the same sender
    return await again.conclude(covered=True)


async def whole(store: Store, case_no: str) -> Sequence[str]:
    """What ``guatu verify`` has to say of a case."""
    return [problem.line async for problem in store.verify() if problem.case_no == case_no]


async def test_a_case_in_order_is_no_finding(client: Client, store: Store, own: Client) -> None:
    case = await covered(client, store)
    assert (await examine(store, own, case.case_no)).finding is None
    assert await repair(store, own, case.case_no) == []
    await to_the_end(case)
    assert (await examine(store, own, case.case_no)).finding is None


@pytest.mark.parametrize("how", ["terminated", "forgotten"])
async def test_a_lost_case_goes_on_from_its_record(client: Client, store: Store, own: Client, how: str) -> None:
    case = await covered(client, store)
    before = await store.entries(case.case_no)
    await case.handle.terminate()
    if how == "forgotten":
        await case.forgotten()
    finding = next(each for each in await findings(store, own) if each.case_no == case.case_no)
    assert (finding.kind, finding.recorded) == (Kind.WORKFLOW_LOST, len(before))
    said = "was terminated" if how == "terminated" else "is unknown to Temporal"
    assert finding.what == f"it is open on record (entry {len(before)}), but its workflow {said}"
    (done,) = await repair(store, own, case.case_no)
    assert done.is_right
    result = await to_the_end(case)
    assert (result["outcome"], result["within_mandate"]) == ("concluded", True)
    entries = await store.entries(case.case_no)
    assert entries[: len(before)] == before
    assert entries[len(before)].event == "resumed"
    assert [entry.event for entry in entries].count("resumed") == 1
    assert await whole(store, case.case_no) == []
    assert (await examine(store, own, case.case_no)).finding is None


async def test_a_case_that_was_lost_before_its_notice_was_out_is_dispatched(
    client: Client, store: Store, own: Client
) -> None:
    """The record of a case lost in its first moment has the hand-over alone."""
    case = await covered(client, store)
    first = (await store.entries(case.case_no))[0]
    number = f"{case.case_no}F"
    given = first.model_dump(mode="json")
    given["happened"]["hand_over"]["case_no"] = number
    await store.record(number, [Entry.model_validate(given)])
    (done,) = await repair(store, own, number)
    assert done.is_right
    lost = OutsideCase(
        client, store, number, client.get_workflow_handle(f"case-{number}"), case.received_at, case.skipper
    )
    view = await lost.until("dispatched")
    assert [line["event"] for line in view["timeline"]][:3] == ["received", "resumed", "dispatched"]
    await lost.handle.terminate()
    await case.handle.terminate()


async def test_a_workflow_that_was_reset_is_replaced_and_what_only_it_had_is_sent_again(
    client: Client, store: Store, own: Client
) -> None:
    """As after a restore of Temporal: its workflow stands at an earlier moment, and takes in what comes."""
    case = await covered(client, store)
    before = await store.entries(case.case_no)
    first: int | None = None
    async for event in case.handle.fetch_history_events():
        if event.HasField("workflow_task_completed_event_attributes"):
            first = event.event_id
            break
    assert first is not None
    request = ResetWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=f"case-{case.case_no}"),
        reason="a restore",
        workflow_task_finish_event_id=first,
        request_id="restore",
    )
    await client.workflow_service.reset_workflow_execution(request)
    stale = latest(case)
    await stale.handle.signal("acknowledgement", {"message_id": "only-here", "by": by("unit/通川区商务局")})
    found: Finding | None = None

    async def it_is_found() -> bool:
        nonlocal found
        found = (await examine(store, own, case.case_no)).finding
        return found is not None

    await until("it is found", it_is_found)
    assert found is not None
    assert found.kind is Kind.WORKFLOW_BEHIND
    (done,) = await repair(store, own, case.case_no)
    assert done.what.endswith("; sent again, since only Temporal had them: acknowledgement only-here")
    entries = await recorded(case, "acknowledgement")
    assert entries[: len(before)] == before
    events = [entry.event for entry in entries[len(before) :]]
    assert events[:2] == ["resumed", "acknowledgement"]
    assert [entry.event for entry in entries].count("leader_instruction") == 1
    assert (await to_the_end(case))["outcome"] == "concluded"
    assert await whole(store, case.case_no) == []
    assert (await examine(store, own, case.case_no)).finding is None


@pytest.mark.parametrize("kept", [0, 1, 3])
async def test_a_record_that_lost_entries_gets_them_back(
    client: Client, store: Store, own: Client, restored: Store, kept: int
) -> None:
    """As after a restore of Postgres, of a case that is open, and again of the same when it is over."""
    case = await covered(client, store)
    entries = await store.entries(case.case_no)
    if kept:
        await restored.record(case.case_no, entries[:kept])
    found = (await examine(restored, own, case.case_no)).finding
    assert found is not None
    assert (found.kind, found.recorded) == (Kind.RECORD_BEHIND, kept)
    (done,) = await repair(restored, own, case.case_no)
    assert done.what == f"entries {kept + 1} to {len(entries)} are written from its history"
    assert await restored.entries(case.case_no) == entries
    await to_the_end(case)
    whole_record = await store.entries(case.case_no)
    assert case.case_no in {each.case_no for each in await findings(restored, own)}
    (done,) = await repair(restored, own, case.case_no)
    assert done.is_right
    assert await restored.entries(case.case_no) == whole_record
    state = await restored.state(case.case_no)
    assert state is not None
    assert state.stage is Stage.CONCLUDED
    assert await restored.report(case.case_no) is not None
    assert await whole(restored, case.case_no) == []
    assert [problem.line async for problem in restored.verify_reports()] == []
    mine, theirs = await store.notices(case.case_no), await restored.notices(case.case_no)
    assert {(each.key, each.state) for each in theirs} == {(each.key, each.state) for each in mine}


@pytest.mark.parametrize("kind", [{}, {"kind": "dispatch"}, [], 0, None, "dispatch\0", "no such kind"])
async def test_no_message_in_a_history_stops_the_reading_of_it(
    client: Client, store: Store, own: Client, kind: object
) -> None:
    case = await covered(client, store)
    body = {"kind": kind, "message_id": "odd", "by": by("city/intake")}
    with pytest.raises(WorkflowUpdateFailedError):
        await case.handle.execute_update("submit", body)
    await case.handle.signal("acknowledgement", {**body, "message_id": {}})
    await recorded(case, "refused")
    assert (await examine(store, own, case.case_no)).finding is None
    await case.handle.terminate()
    (done,) = await repair(store, own, case.case_no)
    assert done.is_right
    assert await recorded(case, "resumed")
    await latest(case).handle.terminate()


async def test_a_workflow_whose_case_is_over_is_terminated(client: Client, store: Store, own: Client) -> None:
    """As after a restore of Temporal, of a case that was concluded since."""
    case = await covered(client, store)
    await to_the_end(case)
    handle = await client.start_workflow("PetitionCase", {}, id=f"case-{case.case_no}", task_queue="nobody-works-here")
    found = (await examine(store, own, case.case_no)).finding
    assert found is None, "its former run is as far as the record"
    await handle.terminate()


async def test_the_command_says_what_it_found_and_did(
    client: Client, store: Store, own: Client, stack: SharedStack
) -> None:
    case = await covered(client, store)
    await case.handle.terminate()
    settings = stack.settings
    listed = await guatu("reconcile", "--histories", settings=settings)
    assert listed.returncode == 1
    line = f"case {case.case_no}: it is open on record"
    assert line in listed.stdout
    assert listed.stdout.splitlines()[-1].endswith(" differ from Temporal: --repair puts them right")
    mended = await guatu("reconcile", "--repair", settings=settings)
    assert mended.returncode == 0, mended.stdout
    assert line in mended.stdout
    again = await guatu("reconcile", "--histories", settings=settings)
    assert (again.returncode, again.stdout) == (0, "the record and the histories agree\n")
    described = await client.get_workflow_handle(f"case-{case.case_no}").describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    await latest(case).handle.terminate()
