"""Postgres goes away and comes back: a 503 that says when to try again, at once, and then all is as before."""

import asyncio

import httpx
import pytest

from api.app import create_app
from api.health import Ready
from store import Store, migrate, open_pool
from tests.api.conftest import House, client_of, settings_for
from tests.api.pages import Page
from tests.petitions.building import Story
from tests.store.servers import own_postgres

READING = ("/v1/cases", "/v1/cases/X1", "/v1/cases/X1/timeline", "/v1/figures")
PAGES = ("/", "/cases/X1", "/cases/X1/report")


def assert_away(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:guatu:problem:store-away"


async def test_postgres_goes_and_comes_back() -> None:
    async with own_postgres() as postgres:
        url = postgres.dsn()
        await migrate(url)
        async with (
            open_pool(url, min_size=0, max_size=4) as pool,
            client_of(create_app(settings_for(url), pool)) as client,
        ):
            story = Story(case_no="X1")
            await Store(pool).record("X1", story.entries)
            for path in (*READING, *PAGES, "/readyz"):
                assert (await client.get(path)).status_code == 200, path

            await postgres.stop()
            for path in (*READING, *PAGES):
                assert_away(await client.get(path))
            for path in PAGES:
                answer = await client.get(path, headers={"Accept": "text/html"})
                assert answer.status_code == 503
                assert int(answer.headers["retry-after"]) > 0
                assert "数据库暂时无法使用" in Page(answer.text).text
            ready = await client.get("/readyz")
            assert ready.status_code == 503
            assert "postgres" in Ready.model_validate(ready.json()).faults
            assert (await client.get("/livez")).status_code == 200

            await postgres.start()
            for path in (*READING, *PAGES, "/readyz"):
                assert (await client.get(path)).status_code == 200, path


async def test_a_postgres_that_does_not_answer_keeps_nobody_waiting(own: House) -> None:
    await own.records.keep(Story(case_no="X1"))
    async with open_pool(own.database, max_size=4) as pool:
        app = create_app(settings_for(own.database, api_store_seconds=0.3), pool)
        locker = await own.connect()
        async with client_of(app) as client, locker.transaction():
            await locker.execute("LOCK TABLE petition_case, case_event")
            answers = await asyncio.gather(*(client.get(path) for path in READING))
            for answer in answers:
                assert_away(answer)
        await locker.close()


@pytest.mark.parametrize("path", ["/v1/cases", "/readyz"])
async def test_another_schema_is_no_ready_one(own: House, path: str) -> None:
    connection = await own.connect()
    await connection.execute("UPDATE schema_migration SET version = version + 100; DROP TABLE petition_case CASCADE")
    await connection.close()
    assert (await own.client.get(path)).status_code == 503
