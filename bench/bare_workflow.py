"""The yardstick: a workflow that takes the same messages and does nothing but write each of them, confirmed."""

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.common import SearchAttributeKey

with workflow.unsafe.imports_passed_through():
    from store.connection import Pool

TASK_QUEUE = "bench-bare"
MESSAGES = 8
_TIMER_DAYS = (1, 3, 5, 6, 7)
_ROUND = SearchAttributeKey.for_int("CaseRound")

MAKE_TABLE = """
    CREATE TABLE bench_message (
        case_no text, number integer, body jsonb NOT NULL, PRIMARY KEY (case_no, number)
    )
"""
_WRITE = "INSERT INTO bench_message (case_no, number, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"


class BareActivities:
    """One small INSERT."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="write")
    async def write(self, case_no: str, number: int, body: dict[str, Any]) -> None:
        """Write a message down, once."""
        await self._pool.execute(_WRITE, case_no, number, body)


@workflow.defn(name="BareCase")
class BareCase:
    """The start and then each of eight messages written as it comes, with five timers beside them."""

    def __init__(self) -> None:
        self._messages: list[dict[str, Any]] = []

    @workflow.run
    async def run(self, case_no: str) -> int:
        """Write the start, then the messages, those that came together at once; the timers never fire.

        Returns:
            how many messages were written.
        """
        timers = [asyncio.create_task(workflow.sleep(timedelta(days=days))) for days in _TIMER_DAYS]
        await self._write(case_no, 0, {})
        writes: list[asyncio.Task[None]] = []
        while len(writes) < MESSAGES:
            await workflow.wait_condition(lambda: len(self._messages) > len(writes))
            for body in self._messages[len(writes) :]:
                number = len(writes) + 1
                workflow.upsert_search_attributes([_ROUND.value_set(number)])  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it open
                writes.append(asyncio.create_task(self._write(case_no, number, body)))
        await asyncio.gather(*writes)
        for timer in timers:
            timer.cancel()
        await asyncio.gather(*timers, return_exceptions=True)
        return MESSAGES

    @workflow.signal
    def message(self, body: dict[str, Any]) -> None:
        """Take a message in."""
        self._messages.append(body)

    async def _write(self, case_no: str, number: int, body: dict[str, Any]) -> None:
        await workflow.execute_activity_method(
            BareActivities.write, args=[case_no, number, body], start_to_close_timeout=timedelta(seconds=30)
        )
