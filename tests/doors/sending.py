"""An outside program that sends whatever it likes, at a pace that a Temporal server takes, and books what it sent."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import RawValue

from petitions.messages import Unreadable, content_digest
from tests.worker.worker_process import until
from tests.workflows.outside_program import OutsideCase
from workflows.payloads import message_of

UNHURRIED = timedelta(minutes=1)
"""The time limit of a workflow task of cases that much is sent to: ten seconds are little on a crowded machine."""
UPDATES_AT_ONCE = 8
"""Updates of one case on their way at a time; a server takes ten, and stumbles over the eleventh."""
SIGNALS_AT_ONCE = 30
"""Signals of one case on their way at a time."""
UNREAD = 80
"""Messages of one case that may wait for its worker; a server fails a workflow task during which a hundred arrive."""


@dataclass(frozen=True)
class Sent:
    """A message: the door it goes to, and what it brings.

    Attributes:
        door: The signal's name; none: the update ``submit``.
        payloads: Its arguments.
        times: How often it is sent, one after the other.
    """

    door: str | None
    payloads: tuple[Payload, ...]
    times: int = 1

    @property
    def arguments(self) -> list[RawValue]:
        """As a client takes them, whatever its converter."""
        return [RawValue(payload) for payload in self.payloads]


@dataclass
class Correspondence:
    """All that is sent to one case, and what its record must show for it."""

    case: OutsideCase
    codes: Counter[str] = field(default_factory=Counter[str])
    """How updates were answered."""
    _unreadable: Counter[str | None] = field(default_factory=Counter[str | None])
    _readable: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    _updates: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(UPDATES_AT_ONCE))
    _signals: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SIGNALS_AT_ONCE))

    async def send(self, messages: Sequence[Sent]) -> None:
        """Send all of these, many at a time, and more once the case has read them."""
        for first in range(0, len(messages), UNREAD):
            await asyncio.gather(*(self._send(message) for message in messages[first : first + UNREAD]))
            await until(f"{self.case.case_no} has read what came", self.case.is_at_rest)

    async def _send(self, message: Sent) -> None:
        for _ in range(message.times):
            if message.door is None:
                async with self._updates:
                    self.codes[await answer_to(self.case, message.arguments)] += 1
            else:
                async with self._signals:
                    await self.case.handle.signal(message.door, args=message.arguments)
            self.book(message)

    def book(self, message: Sent) -> None:
        """Note what the record must show of a message that the server has taken."""
        read = message_of(message.door, message.arguments)
        if isinstance(read, Unreadable):
            self._unreadable[read.message_id] += 1
        else:
            self._readable.setdefault(read.message_id, set()).add(content_digest(read))

    def due(self, received: Iterable[tuple[str | None, Sequence[Payload]]]) -> Counter[str | None]:
        """How many entries each message id must have: one for each content, however often that was sent.

        What cannot be read has no content to know it by: it is refused each time that it comes. That may be more often
        than it was sent: a client whose request is not answered in time asks again, unseen, and a case that has
        continued as new in between does not know that request any more.

        Args:
            received: what came in, as the histories have it.

        Raises:
            AssertionError: something that was sent never came.
        """
        came: Counter[str | None] = Counter()
        for door, payloads in received:
            read = message_of(door, [RawValue(payload) for payload in payloads])
            if isinstance(read, Unreadable):
                came[read.message_id] += 1
        assert self._unreadable <= came, self._unreadable - came
        known: Counter[str | None] = Counter({key: len(contents) for key, contents in self._readable.items()})
        return known + came


async def answer_to(case: OutsideCase, arguments: Sequence[Any]) -> str:
    """Send an update until it is answered.

    Args:
        case: to which.
        arguments: what it brings.

    Returns:
        the code of its refusal, or ``taken``.
    """
    try:
        await case.answer_to(*arguments, update_id=str(uuid.uuid4()))
    except WorkflowUpdateFailedError as error:
        return getattr(error.cause, "type", None) or str(error.cause)
    return "taken"


async def booked(database: Any, case_no: str) -> Counter[str | None]:
    """How many entries each message id has in the record: messages taken in, and messages refused."""
    rows = await database.fetch(_ENTRIES, case_no)
    return Counter({row["message_id"]: row["count"] for row in rows})


_ENTRIES = """
SELECT message_id, count(*) FROM case_event
WHERE case_no = $1 AND (event = 'refused' OR message_id IS NOT NULL) GROUP BY message_id
"""
