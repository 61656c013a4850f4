"""How many cases a second, a few at a time, their messages sent without waiting for one another's effects."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from temporalio.client import WorkflowHandle

from bench.bare_workflow import TASK_QUEUE as BARE_TASK_QUEUE
from bench.eight_messages import eight_messages, hand_over
from bench.surroundings import WITHOUT_ADDRESSES, Surroundings
from workflows.names import TASK_QUEUE, WORKFLOW_TYPE

CASES = 100
"""Of each kind."""
AT_A_TIME = 10
_BLOCKS = 4
"""The kinds take turns, so that a machine that is busy for a while is busy for all of them."""

Handle = WorkflowHandle[Any, Any]
Case = Callable[[Surroundings, str], Awaitable[Handle]]
"""Takes one case to its end."""


@dataclass
class Throughput:
    """What was reached in all blocks together.

    Attributes:
        name: What was measured.
        cases: How many cases came to their end.
        seconds: How long they took.
        events: How many history events they have together.
    """

    name: str
    cases: int = 0
    seconds: float = 0.0
    events: int = 0

    @property
    def cases_a_second(self) -> float:
        """Cases that came to their end in a second."""
        return self.cases / self.seconds

    @property
    def messages_a_second(self) -> float:
        """Messages taken in and written in a second."""
        return self.cases_a_second * len(eight_messages())

    @property
    def events_a_case(self) -> float:
        """History events of one case on average; fewer than one by one, since messages share tasks."""
        return self.events / self.cases


async def petition_with_notices(around: Surroundings, number: str) -> Handle:
    """A case whose notices go out."""
    return await _petition(around, f"N{number}", None)


async def petition_with_ledger(around: Surroundings, number: str) -> Handle:
    """A case whose notices stand in the ledger alone."""
    return await _petition(around, f"L{number}", WITHOUT_ADDRESSES)


async def bare(around: Surroundings, number: str) -> Handle:
    """A bare workflow."""
    handle: Handle = await around.client.start_workflow(
        "BareCase", f"T{number}", id=f"bare-T{number}", task_queue=BARE_TASK_QUEUE
    )
    for kind, message in eight_messages():
        await handle.signal("message", {"kind": kind, **message})
    await handle.result()
    return handle


async def _petition(around: Surroundings, case_no: str, jurisdiction: str | None) -> Handle:
    handle: Handle = await around.client.start_workflow(
        WORKFLOW_TYPE, hand_over(case_no, jurisdiction), id=f"case-{case_no}", task_queue=TASK_QUEUE
    )
    for kind, message in eight_messages():
        await handle.signal(kind, message)
    result = await handle.result()
    if result["outcome"] != "concluded":
        raise RuntimeError(f"{case_no} did not go along the happy path: {result}")
    return handle


async def take_turns(
    around: Surroundings, kinds: Mapping[str, Case], say: Callable[[str], None], cases: int = CASES
) -> list[Throughput]:
    """Measure each kind in several blocks, one block after the other; a few cases before them warm everything up."""
    for kind in kinds.values():
        await _block(around, kind, [f"W{number}" for number in range(AT_A_TIME)])
    reached = [Throughput(name) for name in kinds]
    size = cases // _BLOCKS
    for block in range(_BLOCKS):
        for one, kind in zip(reached, kinds.values(), strict=True):
            numbers = [f"{block:02}{number:04}" for number in range(size)]
            began = time.perf_counter()
            handles = await _block(around, kind, numbers)
            one.seconds += time.perf_counter() - began
            one.cases += len(handles)
            described = [await handle.describe() for handle in handles]
            one.events += sum(one_case.history_length for one_case in described)
        say(f"throughput: {block + 1} of {_BLOCKS} blocks")
    return reached


async def _block(around: Surroundings, kind: Case, numbers: list[str]) -> list[Handle]:
    """Take cases of a kind to their end, ``AT_A_TIME`` at once."""
    left = iter(numbers)
    done: list[Handle] = []

    async def one_after_another() -> None:
        for number in left:
            done.append(await kind(around, number))  # noqa: PERF401 - each takes the next that nobody has taken

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_A_TIME):
            group.create_task(one_after_another())
    return done
