"""Temporal, the workers or Postgres away: 503 with Retry-After, at once; sent again, nothing counts twice."""

import asyncio

import httpx
import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from api.app import create_app
from api.settings import ApiSettings
from guatu.embedded.ports import free_port
from intake.engine import Engine
from store import open_pool
from tests.http.cases import handed_over, message, new_case
from tests.http.conftest import http_client, settings
from tests.places import SharedStack


async def lazy_engine(address: str, namespace: str, seconds: float = 5) -> Engine:
    client = await Client.connect(address, namespace=namespace, lazy=True, data_converter=pydantic_data_converter)
    return Engine(client, seconds)


async def test_the_namespace_is_not_there(stack: SharedStack) -> None:
    nowhere = await Client.connect(stack.temporal_address, namespace="nowhere", lazy=True)
    fault = await Engine(nowhere, 5).fault()
    assert fault == "the Temporal server has no namespace 'nowhere': create it, or set TEMPORAL_NAMESPACE"
    assert await (await lazy_engine(stack.temporal_address, stack.namespace)).fault() is None


@pytest.mark.usefixtures("worker")
async def test_temporal_is_away(stack: SharedStack, http: httpx.AsyncClient) -> None:
    case_no = await handed_over(http)
    engine = await lazy_engine(f"127.0.0.1:{free_port()}", stack.namespace)
    async with (
        open_pool(stack.database_url, max_size=2) as pool,
        http_client(create_app(settings(stack), pool, engine=engine)) as caller,
    ):
        answers = [
            await caller.post("/v1/cases", json=new_case()),
            await caller.post(
                f"/v1/cases/{case_no}/messages", json=message("withdrawal", "city/intake", "w", reason="x")
            ),
            await caller.post(
                "/v1/batches", content=b'{"case_no": "1"}\n', headers={"content-type": "application/x-ndjson"}
            ),
        ]
        for answer in answers:
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:guatu:problem:engine-away"), answer.text
            assert answer.headers["retry-after"] == "5"
        assert (await caller.get(f"/v1/cases/{case_no}")).status_code == 200, "reading goes on"
        ready = await caller.get("/readyz")
        assert (ready.status_code, list(ready.json()["warnings"])) == (200, ["temporal"])


async def test_no_worker_answers_and_the_message_counts_once_when_one_does(stack: SharedStack) -> None:
    """On a task queue of its own there is no worker: the update is admitted, and nobody answers."""
    client = await stack.connect()
    await client.start_workflow("PetitionCase", {}, id="case-UNWORKED", task_queue="nobody")
    engine = await lazy_engine(stack.temporal_address, stack.namespace, seconds=1)
    async with (
        open_pool(stack.database_url, max_size=2) as pool,
        http_client(create_app(settings(stack), pool, engine=engine)) as caller,
    ):
        answer = await caller.post(
            "/v1/cases/UNWORKED/messages", json=message("withdrawal", "city/intake", "w", reason="x")
        )
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:guatu:problem:engine-away")
    await client.get_workflow_handle("case-UNWORKED").terminate()


async def test_postgres_is_away(engine: Engine) -> None:
    nowhere = f"postgresql://guatu@127.0.0.1:{free_port()}/guatu"
    away = ApiSettings(database_url=nowhere)
    async with (
        open_pool(nowhere, min_size=0, max_size=2) as pool,
        http_client(create_app(away, pool, engine=engine)) as caller,
    ):
        answers = await asyncio.gather(
            caller.post("/v1/cases", json=new_case()),
            caller.post("/v1/cases/X/messages", json=message("withdrawal", "city/intake", "w", reason="x")),
            caller.post("/v1/cases/X/reopen", json={}),
        )
    for answer in answers:
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:guatu:problem:store-away"), answer.text
        assert "retry-after" in answer.headers
