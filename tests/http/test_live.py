"""``/live``: whoever looks at a page is told at once that something has changed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest

from api.process import run_api
from tests.http.cases import handed_over, message
from tests.http.conftest import settings
from tests.places import SharedStack


async def events(answer: httpx.Response) -> AsyncIterator[str]:
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            yield line.removeprefix("event: ")


async def next_of(told: AsyncIterator[str]) -> str:
    async with asyncio.timeout(10):
        return await anext(told)


@pytest.mark.usefixtures("worker")
async def test_a_message_is_told_and_the_end_of_the_process_ends_it(
    stack: SharedStack, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", stack.temporal_address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", stack.namespace)
    its_settings = settings(stack, api_port=0, api_metrics_port=0, api_drain_seconds=5)
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    process = asyncio.create_task(run_api(its_settings, stop, port.set_result))
    address = f"http://127.0.0.1:{await port}"
    case_no = await handed_over(http)
    async with httpx.AsyncClient(base_url=address, timeout=None) as client, client.stream("GET", "/live") as answer:  # noqa: S113 - it lasts
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = events(answer)
        assert await next_of(told) == "connected"
        body = message("leader_instruction", "city/mayor", "live", text="立即办理")
        assert (await client.post(f"/v1/cases/{case_no}/messages", json=body)).status_code == 200
        assert await next_of(told) == "changed"
        stop.set()
        with contextlib.suppress(StopAsyncIteration):
            while await next_of(told):
                pass
    async with asyncio.timeout(5):
        await process
