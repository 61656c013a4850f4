"""The demonstration's timetable through the production topology, with TLS on both connections, and its API's replicas.

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
from guatu.demo.timetable import Timetable, jurisdiction_of, read_timetable, shipped_timetable
from petitions.clock import ShortClock
from tests.cluster.offices import Replicas, play
from tests.cluster.postgres import PASSWORD
from tests.cluster.temporal import NAMESPACE
from tests.cluster.topology import PATIENCE, Cluster, Serving

DAY_SECONDS = 6.0
BEFORE_FIRST_SECONDS = 20.0
"""The time for two workers to start before the first case. A slower machine gets more."""


@pytest.fixture(scope="module")
async def apis(cluster_with_tls: Cluster) -> tuple[Serving, Serving]:
    """Two replicas that answer however long the engine takes."""
    settings = {"GUATU_API_ENGINE_SECONDS": str(PATIENCE), "GUATU_API_STORE_SECONDS": str(PATIENCE)}
    one, other = await asyncio.gather(cluster_with_tls.api(settings), cluster_with_tls.api(settings))
    return one, other


async def started_workers(cluster: Cluster, timetable: Timetable) -> tuple[ShortClock, tuple[Serving, Serving]]:
    """Two workers that were ready before the first case of their clock."""
    seconds = BEFORE_FIRST_SECONDS
    while True:
        clock = clock_for_first_case_in(seconds, timetable, DAY_SECONDS)
        settings = {"GUATU_SHORT_CLOCK": clock.model_dump_json(), "GUATU_JURISDICTION": timetable.jurisdiction}
        workers = await asyncio.gather(cluster.worker(settings), cluster.worker(settings))
        if datetime.now(UTC) < clock.engine(min(case.handed_in for case in timetable.cases)):
            return clock, workers
        for worker in workers:
            await worker.stop()
        seconds *= 2


async def worked_by(client: Client) -> set[str]:
    """Which processes have worked on cases."""
    found: set[str] = set()
    async for run in client.list_workflows("WorkflowType = 'PetitionCase'"):
        async for event in client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history_events():
            if event.HasField("workflow_task_completed_event_attributes"):
                found.add(event.workflow_task_completed_event_attributes.identity)
    return found


async def test_the_timetable_comes_to_the_articles_figures(
    cluster_with_tls: Cluster, apis: tuple[Serving, Serving]
) -> None:
    """Two workers and two replicas, and all of the timetable through them; nothing is let in without TLS."""
    cluster, text = cluster_with_tls, shipped_timetable()
    timetable = read_timetable(text, Jurisdictions(jurisdiction_of(text)).get(None))
    clock, workers = await started_workers(cluster, timetable)
    async with Replicas(apis) as replicas, cluster.store() as store:
        await play(timetable, clock, replicas)
        outcome = await outcome_of(store, timetable, clock)
        assert outcome.wrong_figures == (), f"the latest step came {outcome.late_seconds} s late"
        assert outcome.as_published.received == 31
        assert (outcome.as_published.concluded, outcome.as_published.starred) == (9, 2)
        assert outcome.as_published.by_county["万源市"] == 6
        for answer in await replicas.each("/v1/figures", at=timetable.published_at.isoformat()):
            told = answer.json()
            assert (told["received"], told["concluded"], told["starred"]) == (31, 9, 2)
        assert [problem.line async for problem in store.verify()] == []
    for worker in workers:
        await worker.stop()
    assert len(await worked_by(await cluster.client())) == 2, "only one of the two workers has worked"

    with pytest.raises(RuntimeError):
        await Client.connect(cluster.temporal.address, namespace=NAMESPACE)
    without = f"postgresql://guatu:{PASSWORD}@127.0.0.1:{cluster.postgres.port}/guatu?sslmode=disable"
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(without)


async def test_what_a_replica_began_another_goes_on_with(
    cluster_with_tls: Cluster, apis: tuple[Serving, Serving]
) -> None:
    """No replica keeps anything to itself: a repeat is recognised, and what one was told the other tells."""
    worker = await cluster_with_tls.worker()
    one, other = (httpx.AsyncClient(base_url=api.url, timeout=PATIENCE) for api in apis)
    async with one, other, asyncio.timeout(PATIENCE):
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
        while not (await other.get("/v1/cases/R001")).is_success:  # noqa: ASYNC110 - another process opens it
            await asyncio.sleep(0.2)
        async with other.stream("GET", "/live") as live:
            assert live.status_code == 200
            events = (line async for line in live.aiter_lines() if line.startswith("event: "))
            assert await anext(events) == "event: connected"
            message = {
                "kind": "leader_instruction",
                "message_id": "m1",
                "by": {"office": "county/通川区/mayor", "name": "区长"},
                "text": "立即调查处理。",
            }
            assert (await one.post("/v1/cases/R001/messages", json=message)).status_code == 200
            # Entries from before the message may be told first.
            async for event in events:
                assert event == "event: changed"
                if (await other.get("/v1/cases/R001")).json()["coverage"]["instruction"]:
                    break
            else:
                pytest.fail("the page's connection ended before it told of the message")
    await worker.stop()
