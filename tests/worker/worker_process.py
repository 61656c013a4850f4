"""``guatu worker`` as an operator runs it: a process of its own, set by its environment alone."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from guatu.embedded.process import Command, GuardedProcess

PATIENCE = 120.0
"""Seconds after which something that should have happened has not; generous, so that no test depends on it."""


@dataclass
class WorkerProcess:
    """A worker process; it never outlives the test.

    Attributes:
        log: The file with what it writes to standard error.
    """

    log: Path
    _process: GuardedProcess

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def lines(self) -> list[str]:
        """What it has written."""
        return self.log.read_text(encoding="utf-8").splitlines()

    def events(self, event: str) -> list[dict[str, Any]]:
        """Its log entries of one kind."""
        entries = [json.loads(line) for line in self.lines() if line.startswith("{")]
        return [entry for entry in entries if entry["event"] == event]

    async def ready(self) -> "WorkerProcess":
        """Wait until it says that it is ready, and ``/readyz`` agrees."""
        await self.says("the worker is ready")
        await self.answers("/readyz", 200)
        return self

    async def says(self, event: str) -> dict[str, Any]:
        """Wait for a log entry."""

        async def is_there_or_never() -> bool:
            return bool(self.events(event)) or self._process.exit_code is not None

        await until(f"the worker says {event!r}", is_there_or_never)
        assert self.events(event), f"it ended without saying {event!r}: {self.lines()}"
        return self.events(event)[0]

    async def answers(self, path: str, status: int) -> str:
        """Wait until its private port answers with a status; the body."""
        found = (0, "")

        async def it_does() -> bool:
            nonlocal found
            found = await self.get(path)
            return found[0] == status

        await until(f"{path} answers {status}", it_does)
        return found[1]

    @property
    def port(self) -> int:
        """Its health endpoint's port, as its log tells it."""
        return self.events("the worker is ready")[0]["health_port"]

    async def get(self, path: str) -> tuple[int, str]:
        """Ask its private port.

        Returns:
            the status and the body.
        """
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=30) as http:
            answer = await http.get(path)
        return answer.status_code, answer.text

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    async def ended(self) -> int:
        """Wait for its end; its exit status, negative: the signal that ended it."""
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()


async def until(what: str, holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds."""
    began = time.monotonic()
    while not await holds():
        assert time.monotonic() - began < PATIENCE, f"waited in vain until {what}"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def worker_process(log: Path, settings: dict[str, str]) -> AsyncGenerator[WorkerProcess]:
    """Run ``guatu worker`` with these settings and no other; at the end it is killed if it still runs.

    Args:
        log: Where its standard error goes.
        settings: ``GUATU_*`` and ``TEMPORAL_*``.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GUATU_", "TEMPORAL_"))}
    command = Command(
        argv=(sys.executable, "-P", "-m", "guatu", "worker"),
        log=log,
        stop=((signal.SIGKILL, 5.0),),
        cwd=log.parent,
        env=kept | {"TEMPORAL_CONFIG_FILE": os.devnull, "GUATU_WORKER_PORT": "0"} | settings,
    )
    process = await GuardedProcess.start(command)
    try:
        yield WorkerProcess(log, process)
    finally:
        await process.stop()


async def refusal(log: Path, settings: dict[str, str]) -> str:
    """Run a worker that must not start.

    Returns:
        its one sentence.
    """
    async with worker_process(log, settings) as worker:
        status = await worker.ended()
    told = "\n".join(worker.lines())
    assert status == 1, told
    assert "Traceback" not in told
    said = [line for line in worker.lines() if not line.startswith("{")]
    assert said[0].startswith("guatu: "), told
    return "\n".join(said).removeprefix("guatu: ")
