"""Offices as they come by HTTP: every request goes to the next of the API's replicas, whoever had the one before."""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self

import httpx

from guatu.demo.timetable import PlannedCase, Timetable
from petitions.clock import ShortClock
from tests.cluster.topology import PATIENCE, Serving

_AGAIN = {404, 429, 502, 503}
"""The case is not open yet, or something is away for a moment: the same again can succeed."""
_PAUSE_SECONDS = 0.3
_LINES = 5
"""Lines that are cut one after the other, after which something is wrong."""


class Replicas:
    """The API's replicas, asked in turn as a balancer would; used as a context."""

    def __init__(self, apis: Sequence[Serving]) -> None:
        self._clients = [httpx.AsyncClient(base_url=api.url, timeout=PATIENCE) for api in apis]
        self._next = itertools.cycle(self._clients)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        for client in self._clients:
            await client.aclose()

    async def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Post to the next replica."""
        return await self._answered("POST", path, json=body)

    async def get(self, path: str) -> httpx.Response:
        """Ask the next replica."""
        return await self._answered("GET", path)

    async def _answered(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Send it again for as long as the answer is to come again."""
        while True:
            answer = await self._ask(method, path, **given)
            if answer.status_code not in _AGAIN:
                return answer
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Ask the next replica; where the line is cut, as when an idle one is just being closed, the one after it."""
        for _ in range(_LINES):
            with suppress(httpx.TransportError):
                return await next(self._next).request(method, path, **given)
        raise AssertionError(f"no replica answers {method} {path}")

    async def each(self, path: str, **parameters: str) -> list[httpx.Response]:
        """Ask all of them."""
        return [await client.get(path, params=parameters) for client in self._clients]


async def play(timetable: Timetable, clock: ShortClock, replicas: Replicas) -> None:
    """Hand over every case and send every message by HTTP when the clock says so; returns when all cases are over."""
    async with asyncio.TaskGroup() as group:
        for case in timetable.cases:
            group.create_task(_see_through(case, clock, replicas))


async def _see_through(case: PlannedCase, clock: ShortClock, replicas: Replicas) -> None:
    number = case.hand_over.case_no
    await _until(clock, case.handed_in)
    body = case.hand_over.model_dump(mode="json", exclude_none=True)
    handed = await replicas.post("/v1/cases", body)
    assert handed.status_code in {200, 201}, handed.text  # 200: sent again after no answer
    for message in case.messages:
        await _until(clock, message.at)
        answer = await replicas.post(f"/v1/cases/{number}/messages", {**message.body, "kind": message.kind.value})
        assert message.refused or answer.is_success, answer.text
    while True:
        view = (await replicas.get(f"/v1/cases/{number}")).json()
        if view["stage"] in {"concluded", "merged", "withdrawn"}:
            return
        await asyncio.sleep(_PAUSE_SECONDS)


async def _until(clock: ShortClock, moment: datetime) -> None:
    await asyncio.sleep(max(0.0, (clock.engine(moment) - datetime.now(UTC)).total_seconds()))
