"""The cast of the demonstration: every case is handed in and every message sent when the clock says so.

It is an outside program like any other: a plain Temporal client with JSON, that knows the contract and nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar, cast

from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from guatu.demo.timetable import PlannedCase, PlannedMessage, Timetable
from guatu.errors import CommandError
from intake.engine import Started, start_case
from petitions.clock import ShortClock
from petitions.vocabulary import RefusalCode, Stage

Result = TypeVar("Result")

_PASSING = {
    RPCStatusCode.ABORTED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.FAILED_PRECONDITION,  # an update whose task was lost with its worker (docs/decisions/0010)
    RPCStatusCode.INTERNAL,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.UNKNOWN,
}
"""What a server says that is busy or away: the same again can succeed."""
_AGAIN_SECONDS = 0.5


class Driver:
    """Walks the timetable by its clock.

    Args:
        client: A plain client of the Temporal server.
        timetable: What happens when.
        clock: When that is.
        tell: Is told, in Chinese, of what did not arrive.
    """

    def __init__(self, client: Client, timetable: Timetable, clock: ShortClock, tell: Callable[[str], None]) -> None:
        self._client = client
        self._timetable = timetable
        self._clock = clock
        self._tell = tell
        self.not_delivered: list[str] = []
        """What could not be sent, or did not end, and why; nothing if all goes as planned."""
        self.open: set[str] = {case.hand_over.case_no for case in timetable.cases}
        """The numbers of the cases that are not over yet."""

    async def run(self) -> None:
        """Send everything, and return when every case is over."""
        async with asyncio.TaskGroup() as group:
            for case in self._timetable.cases:
                group.create_task(self._see_through(case))

    async def _see_through(self, case: PlannedCase) -> None:
        """One case from its hand-over to its end.

        A message is sent when the one before it has arrived: an office acts on what has happened. So nothing comes in
        another order, even if no worker is there for a while.
        """
        hand_over = case.hand_over
        await self._until(case.handed_in)
        if await insist(lambda: start_case(self._client, hand_over)) is Started.OTHER:
            raise CommandError(f"another case {hand_over.case_no} is on this server already")
        handle = self._client.get_workflow_handle(hand_over.workflow_id)
        for message in case.messages:
            await self._until(message.at)
            await self._send(handle, case, message)
        try:
            await insist(handle.result)
        except WorkflowFailureError as error:
            self._failed(f"【{hand_over.case_no}】流程失败：{error.cause}")
        self.open.discard(hand_over.case_no)

    async def _send(self, handle: WorkflowHandle[Any, Any], case: PlannedCase, message: PlannedMessage) -> None:
        """Send one message by its door. A refusal is the case's answer: it is on record, and shown from there.

        But an office that is too early, since the case is not dispatched to anybody yet, waits for that and sends
        its message anew: with another id, as the refused one has had its answer.
        """
        try:
            refused = await self._sent(handle, message, message.message_id)
            if refused == RefusalCode.NOT_NOW.value and message.refused is None:
                await _until_dispatched(handle)
                await self._sent(handle, message, f"{message.message_id}-again")
        except RPCError as error:
            self._failed(f"【{case.hand_over.case_no}】{message.kind.label}（{message.message_id}）未送达：{error}")

    async def _sent(self, handle: WorkflowHandle[Any, Any], message: PlannedMessage, message_id: str) -> str | None:
        """Send it under this id; the code of the refusal, if it is refused and says so."""
        body = {**message.body, "message_id": message_id}
        if not message.by_update:
            await insist(lambda: handle.signal(message.kind.value, body))
            return None
        submit = partial(handle.execute_update, "submit", {**body, "kind": message.kind.value}, id=message_id)  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it open
        try:
            await insist(submit)
        except WorkflowUpdateFailedError as error:
            return error.cause.type if isinstance(error.cause, ApplicationError) else None
        return None

    async def _until(self, moment: datetime) -> None:
        seconds = (self._clock.engine(moment) - datetime.now(UTC)).total_seconds()
        await asyncio.sleep(max(0.0, seconds))

    def _failed(self, what: str) -> None:
        self.not_delivered.append(what)
        self._tell(what)


async def _until_dispatched(handle: WorkflowHandle[Any, Any]) -> None:
    """Wait until somebody has the case: the office looks at it from time to time."""
    query = partial(handle.query, "case")  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it open
    while cast("dict[str, Any]", await insist(query))["stage"] == Stage.RECEIVED.value:  # noqa: ASYNC110 - another process dispatches
        await asyncio.sleep(_AGAIN_SECONDS)


async def insist(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Try until the server answers; what is sent carries an id of its own, so it counts once."""
    while True:
        try:
            return await attempt()
        except RPCTimeoutOrCancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                # The SDK puts its own error in the place of the cancellation.
                raise asyncio.CancelledError from None
        except RPCError as error:
            if error.status not in _PASSING:
                raise
        await asyncio.sleep(_AGAIN_SECONDS)
