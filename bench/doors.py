"""The doors of the HTTP API: what intake costs beside a bare start, and when a message can be read by others."""

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

import httpx

from bench.eight_messages import UNIT, hand_over
from bench.surroundings import WITHOUT_ADDRESSES, Surroundings
from petitions.vocabulary import Stage
from store.record import CASE_CHANNEL
from workflows.names import TASK_QUEUE, WORKFLOW_TYPE

STARTS = 200
"""Cases started in each way, one after the other, the ways taking turns case by case."""
MESSAGES = 400
AT_A_TIME = 8
"""Messages under way at a time, each to a case of its own."""
_WARM = 10
_CHARACTERS = "河路街巷村镇桥山水厂矿店场园里坪坝沟塘"
_PATIENCE = 30.0
_LOOK_EVERY = 0.02


@dataclass
class Waits:
    """How long something took, time after time.

    Attributes:
        name: What was measured.
        seconds: Of each time.
    """

    name: str
    seconds: list[float] = field(default_factory=list[float])

    @property
    def median(self) -> float:
        """In seconds."""
        return median(self.seconds)

    @property
    def most(self) -> float:
        """The 99th percentile, in seconds."""
        return quantiles(self.seconds, n=100, method="inclusive")[98]


async def starts(around: Surroundings, say: Callable[[str], None], times: int = STARTS) -> list[Waits]:
    """Start cases by the bare client and by HTTP, in turns; the bare client comes first."""
    async with _caller(around) as http:

        async def bare(case_no: str) -> None:
            body = _matter_of(case_no)
            await around.client.start_workflow(WORKFLOW_TYPE, body, id=f"case-{case_no}", task_queue=TASK_QUEUE)

        async def by_http(case_no: str) -> None:
            (await http.post("/v1/cases", json=_matter_of(case_no))).raise_for_status()

        ways: Mapping[str, Callable[[str], Awaitable[None]]] = {"start_workflow": bare, "POST /v1/cases": by_http}
        waits = [Waits(name) for name in ways]
        for number in range(-_WARM, times):
            for one, (way, start) in zip(waits, enumerate(ways.values()), strict=True):
                case_no = f"D{way}-{number + _WARM:05}"
                began = time.perf_counter()
                await start(case_no)
                if number >= 0:
                    one.seconds.append(time.perf_counter() - began)
                await _dispatched(around, case_no)
    say(f"doors: {times} cases started in each of {len(waits)} ways")
    return waits


async def messages(around: Surroundings, say: Callable[[str], None], count: int = MESSAGES) -> list[Waits]:
    """Send messages by HTTP, and measure until the answer, and until somebody who listens reads it in Postgres."""
    answered, shown = Waits("answered"), Waits("in the read model")
    numbers = iter(range(count))
    async with _caller(around) as http, around.pool.acquire() as listening:
        written: dict[str, asyncio.Event] = {}

        def hear(_connection: object, _pid: int, _channel: str, payload: object) -> None:
            if event := written.get(str(payload)):
                event.set()

        async def one_case(case_no: str) -> None:
            written[case_no] = asyncio.Event()
            (await http.post("/v1/cases", json=hand_over(case_no, WITHOUT_ADDRESSES))).raise_for_status()
            for number in itertools.chain((None,), numbers):
                took = await _send(around, http, case_no, written[case_no], f"{case_no}-{number}")
                if number is not None:
                    answered.seconds.append(took[0])
                    shown.seconds.append(took[1])

        await listening.add_listener(CASE_CHANNEL, hear)
        try:
            async with asyncio.TaskGroup() as group:
                for place in range(AT_A_TIME):
                    group.create_task(one_case(f"M{place}"))
        finally:
            await listening.remove_listener(CASE_CHANNEL, hear)
    say(f"doors: {count} messages, {AT_A_TIME} at a time")
    return [answered, shown]


async def _send(
    around: Surroundings, http: httpx.AsyncClient, case_no: str, written: asyncio.Event, message_id: str
) -> tuple[float, float]:
    """Send a message: the seconds until its answer, and until a reader who was told of a write has seen it."""
    body: dict[str, Any] = {
        "kind": "site_visit",
        "message_id": message_id,
        "by": {"office": UNIT, "name": "经办人"},
        "purpose": "investigation",
        "notes": "夜间到现场查看。",
    }
    written.clear()
    began = time.perf_counter()

    async def post() -> tuple[int, float]:
        answer = (await http.post(f"/v1/cases/{case_no}/messages", json=body)).raise_for_status()
        return answer.json()["seq"], time.perf_counter() - began

    posting = asyncio.create_task(post())
    seen: list[tuple[int, float]] = []
    async with asyncio.timeout(_PATIENCE):
        while True:
            await written.wait()
            written.clear()
            case = await around.store.case(case_no)
            seen.append((case["seq"] if case else 0, time.perf_counter() - began))
            # The answer may come before or after the write.
            if posting.done() or not written.is_set():
                seq, answered = await posting
                if shown := [seconds for known, seconds in seen if known >= seq]:
                    return answered, shown[0]


def _matter_of(case_no: str) -> dict[str, Any]:
    """A hand-over of a matter of its own: that of hundreds of alike cases is compared with each for duplicates."""
    chance = random.Random(case_no)  # noqa: S311 - the same in every run
    place, summary = ("".join(chance.choices(_CHARACTERS, k=length)) for length in (5, 25))
    return {**hand_over(case_no, WITHOUT_ADDRESSES), "location": place, "summary": summary}


async def _dispatched(around: Surroundings, case_no: str) -> None:
    """Wait until a case is on its way: the next start is not to compete with the work that this one has made."""
    for _ in range(int(_PATIENCE / _LOOK_EVERY)):
        case = await around.store.case(case_no)
        if case and case["stage"] != Stage.RECEIVED:
            return
        await asyncio.sleep(_LOOK_EVERY)
    raise TimeoutError(f"case {case_no} was not dispatched within {_PATIENCE:.0f} s")


def _caller(around: Surroundings) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=around.api_address, timeout=_PATIENCE)
