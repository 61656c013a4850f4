"""``python -m bench.wall_live``: how long after it was sent a message stands on a wall that hangs somewhere.

Everything is real: the message goes in by HTTP, through the case's workflow and a worker into Postgres, which tells the
API, which tells the walls; each asks for its rows as the page's script does, and looks for what the message said. All
in this process, beside 10,000 open and 100,000 closed cases.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from bench.doors import Waits
from bench.eight_messages import UNIT, hand_over
from bench.surroundings import WITHOUT_ADDRESSES, Surroundings, surroundings
from bench.wall import fill, load_line
from guatu.embedded.errors import EmbeddedStackError

SHOWN_SECONDS = 1.0
"""Within what time of its acceptance a message must stand on an open wall, at the 99th percentile."""
_WALLS, _CASES, _MESSAGES = 3, 4, 200
_PAUSE_SECONDS = 0.25
"""Between the messages to one case: people send them, one now and one then."""
_AGAIN_SECONDS = 3.0
_PATIENCE = 60.0


class _Wall:
    """A wall as a browser has it: it is told of changes, asks for its rows, and remembers when it first showed what."""

    def __init__(self, address: str) -> None:
        self._http = httpx.AsyncClient(base_url=address, timeout=_PATIENCE)
        self.connected = asyncio.Event()
        self.awaited: dict[str, asyncio.Future[float]] = {}

    def shows(self, text: str) -> "asyncio.Future[float]":
        """The moment, by the clock of ``time.perf_counter``, at which the text stands on it."""
        return self.awaited.setdefault(text, asyncio.get_running_loop().create_future())

    async def hang(self) -> None:
        """Stay open until it is cancelled."""
        rows = f"/?{urlencode({'unit': UNIT, 'part': 'rows'})}"
        told = asyncio.Event()

        async def listen() -> None:
            async with self._http.stream("GET", "/live") as events:
                async for line in events.aiter_lines():
                    if line.startswith("event:"):
                        self.connected.set()
                        told.set()

        async with self._http, asyncio.TaskGroup() as group:
            group.create_task(listen())
            while True:
                await told.wait()
                told.clear()
                answer = await self._http.get(rows)
                if answer.status_code >= 500:
                    # As the page's script does: a wall that gets no answer asks again.
                    await asyncio.sleep(_AGAIN_SECONDS)
                    told.set()
                    continue
                text, now = answer.raise_for_status().text, time.perf_counter()
                for awaited in [each for each in self.awaited if each in text]:
                    self.awaited.pop(awaited).set_result(now)


async def shown(around: Surroundings, say: Callable[[str], None]) -> list[Waits]:
    """Send messages, and measure until the answer, and from there until the last of the walls shows it."""
    answered, on_walls = Waits("answered"), Waits("on every wall, since its answer")
    walls = [_Wall(around.api_address) for _ in range(_WALLS)]
    hanging = [asyncio.create_task(wall.hang()) for wall in walls]
    numbers = iter(range(_MESSAGES))

    async def one_case(http: httpx.AsyncClient, case_no: str) -> None:
        given = hand_over(case_no, WITHOUT_ADDRESSES) | {"received_at": datetime.now(UTC).isoformat()}
        (await http.post("/v1/cases", json=given)).raise_for_status()
        for number in itertools.chain((None,), numbers):
            notes = f"第{case_no}件现场查看，记录{number}。"
            seen = [wall.shows(notes) for wall in walls]
            began = time.perf_counter()
            body = _visit(f"{case_no}-{number}", notes)
            (await http.post(f"/v1/cases/{case_no}/messages", json=body)).raise_for_status()
            accepted = time.perf_counter()
            async with asyncio.timeout(_PATIENCE):
                last = max(await asyncio.gather(*seen))
            if number is not None:
                answered.seconds.append(accepted - began)
                # It may stand there before its sender has the answer.
                on_walls.seconds.append(max(0.0, last - accepted))
            await asyncio.sleep(_PAUSE_SECONDS)

    try:
        async with asyncio.timeout(_PATIENCE):
            await asyncio.gather(*(wall.connected.wait() for wall in walls))
        async with (
            httpx.AsyncClient(base_url=around.api_address, timeout=_PATIENCE) as http,
            asyncio.TaskGroup() as group,
        ):
            for place in range(_CASES):
                group.create_task(one_case(http, f"L{place}"))
    finally:
        for task in hanging:
            task.cancel()
        for task in hanging:
            with suppress(asyncio.CancelledError):
                await task
    say(f"wall: {_MESSAGES} messages to {_CASES} cases, {_WALLS} walls")
    return [answered, on_walls]


def _visit(message_id: str, notes: str) -> dict[str, Any]:
    by = {"office": UNIT, "name": "经办人"}
    return {"kind": "site_visit", "message_id": message_id, "by": by, "purpose": "investigation", "notes": notes}


async def measure(say: Callable[[str], None]) -> tuple[str, bool]:
    """Measure.

    Args:
        say: Is told what goes on.

    Returns:
        the table, and whether the budget was kept.

    Raises:
        EmbeddedStackError: The servers cannot be had.
    """
    async with surroundings(say) as around:
        await fill(around.database_url, say)
        answered, on_walls = await shown(around, say)
    kept = on_walls.most <= SHOWN_SECONDS
    lines = [f"a message until open walls show it, ms{'median':>16}{'99th':>12}"]
    lines += [f"  {one.name:<34}{one.median * 1000:>10.1f}{one.most * 1000:>12.1f}" for one in (answered, on_walls)]
    lines[-1] += f"   {'within' if kept else 'ABOVE'} {SHOWN_SECONDS * 1000:.0f}"
    return "\n".join((*lines, load_line())), kept


def main() -> int:
    """Measure and print.

    Returns:
        the exit status.
    """

    def say(line: str) -> None:
        print(f"bench: {line}", file=sys.stderr, flush=True)

    try:
        table, kept = asyncio.run(measure(say))
    except EmbeddedStackError as error:
        say(str(error))
        return 2
    print(table)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
