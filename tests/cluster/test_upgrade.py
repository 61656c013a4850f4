"""A rolling upgrade with 100 open cases; and versions that the rehearsal refuses."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from store import schema_state
from store.connection import open_pool
from tests.cluster.cases import Office, for_each
from tests.cluster.topology import Cluster
from tests.cluster.versions import (
    THAT_DECIDES_OTHERWISE,
    WITH_A_PATCHED_CHANGE,
    WITH_A_PLANTED_FAULT,
    add_a_migration,
    version,
)

CASES = [f"U{number:03d}" for number in range(100)]
HALF, BEFORE, MEANWHILE = CASES[:50], CASES[50:60], CASES[60:]
"""Cases that have come further, those acknowledged before the promotion, and those acknowledged during it."""
_HUNG = "TMPRL1101"
"""By this the SDK says that a task took longer than two seconds to compute."""


@pytest.fixture(scope="module")
async def open_cases(cluster: Cluster) -> AsyncIterator[Office]:
    """100 open cases on two workers of this version; half of them have come further."""
    settings = {"GUATU_WORKER_BUILD_ID": "one"}
    await asyncio.gather(cluster.worker(settings), cluster.worker(settings))
    status, printed, told = await cluster.guatu("deployment", "promote", "one")
    assert (status, printed) == (0, "all cases run on version one\n"), told
    async with cluster.store() as store:
        office = Office(await cluster.client(), store)
        await for_each(CASES, office.hand_over)
        await for_each(HALF, office.acknowledge)
        await for_each(HALF, office.cover)
        await office.until_listed(CASES)
        yield office


@pytest.mark.usefixtures("open_cases")
async def test_the_rehearsal_refuses_a_change_without_a_patch(cluster: Cluster) -> None:
    faulty = version(cluster.place, "faulty", *WITH_A_PLANTED_FAULT)
    status, printed, told = await cluster.guatu("rehearse", source=faulty)
    assert status == 1, printed + told
    lines = printed.splitlines()
    assert lines[-1] == "no-go: 100 of 100 open cases cannot go on with this version"
    assert lines[0].startswith("case U000: its history cannot be replayed: ")
    assert "Nondeterminism" in lines[0]


@pytest.mark.usefixtures("open_cases")
async def test_the_rehearsal_refuses_a_version_that_decides_otherwise(cluster: Cluster) -> None:
    """Only the cases that it concerns: those that have taken messages in."""
    otherwise = version(cluster.place, "otherwise", *THAT_DECIDES_OTHERWISE)
    status, printed, told = await cluster.guatu("rehearse", source=otherwise)
    assert status == 1, printed + told
    lines = printed.splitlines()
    assert lines[-1] == "no-go: 50 of 100 open cases cannot go on with this version"
    assert [line.partition(":")[0] for line in lines[:-1]] == [f"case {number}" for number in HALF]
    assert "this version decides otherwise: at event " in lines[0]


async def test_a_rolling_upgrade_touches_no_case(cluster: Cluster, open_cases: Office) -> None:
    """Workers are replaced while messages come in; a worker of the version before is started once more on the way."""
    client = await cluster.client()
    runs = await runs_of(client)
    assert len(runs) == len(CASES)
    new = version(cluster.place, "new", *WITH_A_PATCHED_CHANGE)
    migration = add_a_migration(new)
    status, printed, told = await cluster.guatu("rehearse", source=new)
    assert status == 0, printed + told
    assert printed.splitlines()[-1] == "go: all 100 open cases go on with this version"
    assert migration.startswith(printed.partition("makes it ")[2].split()[0].zfill(4))

    former = cluster.started()
    settings = {"GUATU_WORKER_BUILD_ID": "two"}
    await asyncio.gather(cluster.worker(settings, new), cluster.worker(settings, new))
    async with open_pool(cluster.postgres.url()) as pool:
        assert (await schema_state(pool)).state == "ahead"
    again = await cluster.worker({"GUATU_WORKER_BUILD_ID": "one"})
    await for_each(BEFORE, open_cases.acknowledge)

    half_way = asyncio.create_task(for_each(MEANWHILE, open_cases.acknowledge))
    status, printed, told = await cluster.guatu("deployment", "promote", "two")
    assert status == 0, told
    for worker in (*former, again):
        await worker.stop()
    await half_way
    await for_each([*BEFORE, *MEANWHILE], open_cases.cover)
    await for_each(CASES, open_cases.finish)

    assert await runs_of(client) == runs, "a case was started anew"
    versions: set[str] = set()
    for number, run_id in runs.items():
        patched = False
        async for event in client.get_workflow_handle(f"case-{number}", run_id=run_id).fetch_history_events():
            assert not failed_by_the_version(event), f"{number}: {event}"
            patched |= event.HasField("marker_recorded_event_attributes")
            if event.HasField("workflow_task_completed_event_attributes"):
                versions.add(event.workflow_task_completed_event_attributes.deployment_version.build_id)
        assert patched, f"{number} did not go by the new version's way"
    assert versions == {"one", "two"}
    async with cluster.store() as store:
        assert [problem.line async for problem in store.verify()] == []
        assert (await store.open_case_numbers()) == ()
    status, printed, told = await cluster.guatu("deployment", "list")
    assert printed.splitlines()[0] == "two  current", printed + told


def failed_by_the_version(event: HistoryEvent) -> bool:
    """Whether a workflow task failed for what a version does, and not for how busy the machine or the case was."""
    if not event.HasField("workflow_task_failed_event_attributes"):
        return False
    failed = event.workflow_task_failed_event_attributes
    is_of_the_server = failed.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND
    return not is_of_the_server and _HUNG not in failed.failure.message


async def runs_of(client: Client) -> dict[str, str]:
    """The run of every case; each has one only."""
    found = [run async for run in client.list_workflows("WorkflowType = 'PetitionCase'")]
    runs = {run.id.removeprefix("case-"): run.run_id for run in found}
    assert len(runs) == len(found)
    return runs
