"""What one case costs in history events, its messages sent one by one."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from temporalio.api.enums.v1 import EventType

from bench.bare_workflow import TASK_QUEUE as BARE_TASK_QUEUE
from bench.eight_messages import eight_messages, hand_over
from bench.surroundings import WITHOUT_ADDRESSES, Surroundings
from workflows.names import TASK_QUEUE, WORKFLOW_TYPE

Handle = Any
"""A workflow handle; what it calls is named by strings, as the contract names it."""

_PATIENCE = 60.0
"""Seconds after which something that should have happened is at fault."""
_PAUSE = 0.01


@dataclass(frozen=True)
class History:
    """The history of one case.

    Attributes:
        name: What was measured.
        events: The types of its events, in order.
        notices: How many notices went out.
    """

    name: str
    events: tuple[str, ...]
    notices: int = 0

    @property
    def by_type(self) -> Counter[str]:
        """How many events there are of each type."""
        return Counter(self.events)


async def petition_case(
    around: Surroundings, name: str, case_no: str, *, with_addresses: bool, by_update: bool
) -> History:
    """Take one case along the happy path, each message after the one before is in Postgres and all is quiet."""
    body = hand_over(case_no, None if with_addresses else WITHOUT_ADDRESSES)
    taken = around.receiver.taken
    handle: Handle = await around.client.start_workflow(
        WORKFLOW_TYPE, body, id=f"case-{case_no}", task_queue=TASK_QUEUE
    )
    await _until("the first entry is written", lambda: _has_stage(around, case_no, "dispatched"))
    await _quiet(handle)
    for kind, message in eight_messages():
        before = await around.store.case(case_no)
        assert before is not None
        seq = before["seq"]
        if by_update:
            await handle.execute_update("submit", {"kind": kind, **message}, id=message["message_id"])
        else:
            await handle.signal(kind, message)
        await _until(f"{kind} is written", lambda: _is_past(around, case_no, seq))  # noqa: B023 - awaited here
        await _quiet(handle)
    result = await handle.result()
    view = await handle.query("case")
    if result["outcome"] != "concluded" or view["refused_count"] or await around.store.case(case_no) != view:
        raise RuntimeError(f"{case_no} did not go along the happy path: {result}, refused: {view['refused']}")
    return History(name, await _events(handle), around.receiver.taken - taken)


async def bare_case(around: Surroundings, name: str, case_no: str) -> History:
    """Take one bare workflow through the same messages, spaced the same."""
    handle: Handle = await around.client.start_workflow(
        "BareCase", case_no, id=f"bare-{case_no}", task_queue=BARE_TASK_QUEUE
    )
    await _until("the start is written", lambda: _has_messages(around, case_no, 1))
    await _quiet(handle)
    for number, (kind, message) in enumerate(eight_messages(), 2):
        await handle.signal("message", {"kind": kind, **message})
        await _until(f"{kind} is written", lambda: _has_messages(around, case_no, number))  # noqa: B023 - awaited here
        await _quiet(handle)
    await handle.result()
    return History(name, await _events(handle))


async def _has_stage(around: Surroundings, case_no: str, stage: str) -> bool:
    case = await around.store.case(case_no)
    return case is not None and case["stage"] == stage


async def _is_past(around: Surroundings, case_no: str, seq: int) -> bool:
    case = await around.store.case(case_no)
    return case is not None and case["seq"] > seq


async def _has_messages(around: Surroundings, case_no: str, count: int) -> bool:
    return await around.bare_messages(case_no) >= count


async def _quiet(handle: Handle) -> None:
    """Wait until the workflow only waits: nothing is on its way that the next message could share a task with."""

    async def is_quiet() -> bool:
        found = (await handle.describe()).raw_description
        return not found.pending_activities and not found.HasField("pending_workflow_task")

    await _until(f"{handle.id} is quiet", is_quiet)


async def _until(what: str, holds: Callable[[], Awaitable[bool]]) -> None:
    began = time.monotonic()
    while not await holds():
        if time.monotonic() - began > _PATIENCE:
            raise TimeoutError(f"waited {_PATIENCE:g} seconds in vain until {what}")
        await asyncio.sleep(_PAUSE)


async def _events(handle: Handle) -> tuple[str, ...]:
    history = await handle.fetch_history()
    return tuple(EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").lower() for event in history.events)
