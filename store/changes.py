"""What has changed, as Postgres tells it at once: the numbers of cases that were written (LISTEN/NOTIFY).

One connection of its own for each process, however many are told of it. A connection that is lost is made anew; what
was told meanwhile cannot be known, so everybody is told that anything may have changed.
"""

import asyncio
import contextlib
import time
from collections.abc import Generator

import asyncpg
import structlog

from store.connection import CONNECT_SECONDS, Connection, store_errors
from store.errors import StoreError
from store.record import CASE_CHANNEL

_log = structlog.stdlib.get_logger()

_ALIVE_SECONDS = 20.0
"""A connection that has told nothing for so long is asked whether it lives."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_MOST_NAMED = 1_000
"""Changed cases that are named to one listener at a time; beyond that anything may have changed."""


class Listener:
    """Somebody who waits for changes."""

    def __init__(self) -> None:
        self._changed: set[str] = set()
        self._anything = False
        self._told = asyncio.Event()

    async def changed(self) -> frozenset[str] | None:
        """Wait for the next changes.

        Returns:
            the numbers of the cases written since the last call; none: anything may have changed.
        """
        await self._told.wait()
        self._told.clear()
        changed, anything = frozenset(self._changed), self._anything
        self._changed.clear()
        self._anything = False
        return None if anything else changed

    def tell(self, case_no: str | None) -> None:
        """A case was written; none: anything may have been."""
        if case_no is None or len(self._changed) >= _MOST_NAMED:
            self._anything = True
        else:
            self._changed.add(case_no)
        self._told.set()


class CaseChanges:
    """Listens for as long as ``listen`` runs.

    Args:
        dsn: ``postgresql://user@host/database``.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._listeners: set[Listener] = set()
        self._told_at = time.monotonic()
        self.listens = asyncio.Event()
        """Set while Postgres tells us of changes."""

    def told_at(self) -> float:
        """When Postgres last told of a change, by the monotonic clock; while it does not tell: now.

        Whatever was read since then misses nothing that anybody has been told of.
        """
        return self._told_at if self.listens.is_set() else time.monotonic()

    @contextlib.contextmanager
    def listener(self) -> Generator[Listener]:
        """Somebody who is told while the block runs."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def listen(self) -> None:
        """Listen until it is cancelled, also while Postgres comes and goes."""
        pause = _FIRST_PAUSE
        while True:
            try:
                with store_errors():
                    connection = await asyncpg.connect(self._dsn, timeout=CONNECT_SECONDS)
                try:
                    pause = _FIRST_PAUSE
                    await self._listen_on(connection)
                finally:
                    self.listens.clear()
                    connection.terminate()
            except StoreError as error:
                _log.warning("changes of cases are not told now", error=str(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _listen_on(self, connection: Connection) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        with store_errors():
            await connection.add_listener(CASE_CHANNEL, self._on_change)
        self.listens.set()
        # Whatever happened while nobody listened.
        self._tell(None)
        while not lost.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), _ALIVE_SECONDS)
                return
            with store_errors():
                await connection.execute("SELECT 1", timeout=CONNECT_SECONDS)

    def _on_change(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self._tell(str(payload))

    def _tell(self, case_no: str | None) -> None:
        self._told_at = time.monotonic()
        for listener in self._listeners:
            listener.tell(case_no)
