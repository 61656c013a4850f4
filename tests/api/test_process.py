"""The process: its ports, its start and its end."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import ValidationError

from api.process import run_api
from api.serving import PortInUseError
from api.settings import ApiSettings
from store import SchemaError
from tests.api.conftest import House, settings_for
from tests.petitions.building import Story


@asynccontextmanager
async def running(settings: ApiSettings) -> AsyncGenerator[tuple[str, asyncio.Event, asyncio.Task[None]]]:
    """The process in this loop: its address, the order to stop, and its task."""
    stop = asyncio.Event()
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run_api(settings, stop, ready.set_result))
    try:
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        yield f"http://127.0.0.1:{ready.result()}", stop, task
    finally:
        stop.set()
        await asyncio.wait({task})


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


async def test_it_serves_and_counts_on_a_private_port(own: House) -> None:
    await own.records.keep(Story(case_no="X1"))
    private = free_port()
    async with (
        running(settings_for(own.database, api_metrics_port=private)) as (address, _, _),
        httpx.AsyncClient(base_url=address, timeout=60) as client,
    ):
        ready = (await client.get("/readyz")).json()
        assert (ready["status"], ready["faults"]) == ("ready", {})
        assert (await client.get("/v1/cases/X1")).status_code == 200
        assert (await client.get("/metrics")).status_code == 404
        metrics = (await client.get(f"http://127.0.0.1:{private}/metrics")).text
    counted = 'guatu_http_request_seconds_count{method="GET",route="/v1/cases/{no}",status="200"} 1.0'
    assert counted in metrics
    assert "X1" not in metrics


async def test_a_request_under_way_is_answered_before_the_end(own: House) -> None:
    await own.records.keep(Story(case_no="X1"))
    locker = await own.connect()
    transaction = locker.transaction()
    await transaction.start()
    await locker.execute("LOCK TABLE petition_case")
    async with (
        running(settings_for(own.database)) as (address, stop, task),
        httpx.AsyncClient(base_url=address, timeout=60) as client,
    ):
        asked = asyncio.create_task(client.get("/v1/cases/X1"))
        # It waits for the lock: Postgres itself says so.
        while not await locker.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            assert not asked.done()
            await asyncio.sleep(0.02)
        stop.set()
        await transaction.rollback()
        assert (await asked).json()["case_no"] == "X1"
        await task
    await locker.close()


@pytest.mark.parametrize("setting", ["api_port", "api_metrics_port"])
async def test_a_port_in_use_is_one_sentence(bare: House, setting: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"127.0.0.1:{port}.*GUATU_{setting.upper()}"):
            await run_api(settings_for(bare.database, **{setting: port}), asyncio.Event())


async def test_after_the_end_its_port_is_free(bare: House) -> None:
    port = free_port()
    for _ in range(2):
        async with running(settings_for(bare.database, api_port=port)) as (address, _, _):
            assert address.endswith(f":{port}")


async def test_it_starts_while_postgres_is_away() -> None:
    settings = settings_for("postgresql://guatu@127.0.0.1:1/guatu")
    async with running(settings) as (address, _, _), httpx.AsyncClient(base_url=address, timeout=60) as client:
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
        answer = await client.get("/v1/cases")
        assert answer.status_code == 503
        assert "retry-after" in answer.headers


async def test_a_schema_of_a_newer_version_is_refused(own: House) -> None:
    connection = await own.connect()
    await connection.execute("INSERT INTO schema_migration (version, name, sha256) VALUES (999, 'later', '')")
    await connection.close()
    with pytest.raises(SchemaError):
        await run_api(settings_for(own.database), asyncio.Event())


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUATU_DATABASE_URL", "postgresql://guatu@/guatu")
    monkeypatch.setenv("GUATU_API_PORT", "9000")
    monkeypatch.setenv("GUATU_TEMPORAL_UI_URL", "https://ui.example/")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "dazhou")
    settings = ApiSettings()  # pyright: ignore[reportCallIssue] - the environment gives what is required
    assert (settings.api_port, settings.temporal_namespace) == (9000, "dazhou")
    assert str(settings.temporal_ui_url) == "https://ui.example/"
    assert settings.api_host == "127.0.0.1"


@pytest.mark.parametrize(
    "changes", [{"api_port": 70000}, {"temporal_ui_url": "javascript:alert(1)"}, {"short_clock": "{}"}]
)
def test_wrong_settings_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings_for("postgresql://guatu@/guatu", **changes)
