"""The demonstration's timetable through the production topology: in plain, and with TLS on both connections.

What is asserted are the article's figures, which depend on days: how late a busy machine was within a day is not.
"""

import asyncio
from datetime import UTC, datetime

import asyncpg
import httpx
import pytest
from temporalio.client import Client

from activities.jurisdictions import Jurisdictions
from guatu.demo.outcome import outcome_of
from guatu.demo.processes import clock_for_first_case_in
from guatu.demo.timetable import jurisdiction_of, read_timetable, shipped_timetable
from tests.cluster.offices import Replicas, play
from tests.cluster.postgres import PASSWORD
from tests.cluster.temporal import NAMESPACE
from tests.cluster.topology import Cluster

DAY_SECONDS = 6.0
BEFORE_FIRST_SECONDS = 40.0
"""What two workers and two replicas get to start at the least."""


async def played(cluster: Cluster) -> None:
    """Two workers and two replicas, and all of the timetable through them."""
    text = shipped_timetable()
    timetable = read_timetable(text, Jurisdictions(jurisdiction_of(text)).get(None))
    clock = clock_for_first_case_in(BEFORE_FIRST_SECONDS, timetable, DAY_SECONDS)
    settings = {"GUATU_SHORT_CLOCK": clock.model_dump_json(), "GUATU_JURISDICTION": timetable.jurisdiction}
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(cluster.worker(settings)) for _ in range(2)]
        apis = [group.create_task(cluster.api()) for _ in range(2)]
    async with Replicas([api.result() for api in apis]) as replicas, cluster.store() as store:
        await play(timetable, clock, replicas)
        outcome = await outcome_of(store, timetable, clock.shown(datetime.now(UTC)))
        assert outcome.wrong_figures == ()
        assert outcome.as_published.received == 31
        assert (outcome.as_published.concluded, outcome.as_published.starred) == (9, 2)
        assert outcome.as_published.by_county["万源市"] == 6
        for answer in await replicas.each("/v1/figures", at=timetable.published_at.isoformat()):
            told = answer.json()
            assert (told["received"], told["concluded"], told["starred"]) == (31, 9, 2)
        assert [problem.line async for problem in store.verify()] == []
    for worker in workers:
        await worker.result().stop()


async def worked_by(client: Client) -> set[str]:
    """Which processes have worked on cases."""
    found: set[str] = set()
    async for run in client.list_workflows("WorkflowType = 'PetitionCase'"):
        async for event in client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history_events():
            if event.HasField("workflow_task_completed_event_attributes"):
                found.add(event.workflow_task_completed_event_attributes.identity)
    return found


async def test_the_timetable_comes_to_the_articles_figures(cluster: Cluster) -> None:
    await played(cluster)
    assert len(await worked_by(await cluster.client())) == 2, "only one of the two workers has worked"


async def test_with_tls_on_both_it_is_the_same(cluster_with_tls: Cluster) -> None:
    """And nothing is let in without."""
    await played(cluster_with_tls)
    with pytest.raises(RuntimeError):
        await Client.connect(cluster_with_tls.temporal.address, namespace=NAMESPACE)
    without = f"postgresql://guatu:{PASSWORD}@127.0.0.1:{cluster_with_tls.postgres.port}/guatu?sslmode=disable"
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(without)


async def test_what_a_replica_began_another_goes_on_with(cluster: Cluster) -> None:
    """No replica keeps anything to itself: a repeat is recognised, and what one was told the other tells."""
    worker = await cluster.worker()
    apis = [await cluster.api() for _ in range(2)]
    one, other = (httpx.AsyncClient(base_url=api.url, timeout=60) for api in apis)
    async with one, other:
        body = {
            "case_no": "R001",
            "received_at": datetime.now(UTC).isoformat(),
            "channel": "phone",
            "starred": False,
            "county": "通川区",
            "location": "李家巷",
            "categories": ["water"],
            "summary": "脏水横流。",
        }
        first = await one.post("/v1/cases", json=body, headers={"Idempotency-Key": "same"})
        again = await other.post("/v1/cases", json=body, headers={"Idempotency-Key": "same"})
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert (await other.post("/v1/cases", json=body)).status_code == 200
        async with asyncio.timeout(60):
            while not (await other.get("/v1/cases/R001")).is_success:  # noqa: ASYNC110 - another process opens it
                await asyncio.sleep(0.2)
        async with other.stream("GET", "/v1/live") as live:
            message = {
                "kind": "leader_instruction",
                "message_id": "m1",
                "by": {"office": "county/通川区/mayor", "name": "区长"},
                "text": "立即调查处理。",
            }
            assert (await one.post("/v1/cases/R001/messages", json=message)).status_code == 200
            async with asyncio.timeout(60):
                # The first that is told of the case may be something of before the message.
                async for line in live.aiter_lines():
                    if "R001" in line and (await other.get("/v1/cases/R001")).json()["coverage"]["instruction"]:
                        break
    await worker.stop()
