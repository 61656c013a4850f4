"""The product's own processes as children: started, watched, and started again when they die.

Each is kept by a guardian (``guatu.embedded.process``), so none outlives this program, however it ends.
"""

import asyncio
import contextlib
import http.client
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from guatu.embedded.logs import lines_since, make_room
from guatu.embedded.ports import LOOPBACK
from guatu.embedded.process import Command, GuardedProcess
from guatu.errors import ServiceFailedError

_READY_SECONDS = 120.0
"""How long a child may take to become ready at first: a slow machine loads for some time."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_SETTLED_SECONDS = 60.0
"""A child that has run so long has the shortest pause again when it dies."""
_DRAIN_SECONDS = 30.0


@dataclass(frozen=True)
class Service:
    """A process of the product.

    Attributes:
        name: What it is called in messages.
        arguments: The arguments of ``guatu`` that start it.
        environment: Its whole environment.
        port: The port on loopback that answers ``/readyz``.
        log: Where what it writes is kept; none: it goes where this program's own goes.
        drain_seconds: How long it may take to end in order.
    """

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    port: int
    log: Path | None
    drain_seconds: float = _DRAIN_SECONDS

    def command(self) -> Command:
        """How it is run. ``-P``: the directory it runs in must not lend it modules."""
        return Command(
            argv=(sys.executable, "-P", "-m", "guatu", *self.arguments),
            log=self.log,
            stop=((signal.SIGTERM, self.drain_seconds), (signal.SIGKILL, 5.0)),
            cwd=Path.cwd(),
            env=self.environment,
        )


class SupervisedService:
    """A service that is kept running. Start it, then run ``keep`` beside whatever else is done."""

    def __init__(self, service: Service, say: Callable[[str], None]) -> None:
        self._service = service
        self._say = say
        self._process: GuardedProcess | None = None
        self._log_begin = 0
        self._started_at = 0.0
        self.restarts = 0
        """How often it had to be started again."""

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.exit_code is None else None

    async def start(self, patience: float = _READY_SECONDS) -> None:
        """Start it and wait until it is ready.

        Raises:
            ServiceFailedError: it ended, or was not ready in time.
            TimeoutError: it was not ready within ``patience`` seconds, and less than the usual was given; it is
                stopped.
        """
        await self._start()
        began = time.monotonic()
        while not await asyncio.to_thread(is_ready, self._service.port):
            assert self._process is not None
            if self._process.exit_code is not None:
                raise ServiceFailedError(
                    self._service.name, f"ended before it was ready{self._last_words()}", self._service.log
                )
            if time.monotonic() - began > patience:
                await self.stop()
                if patience < _READY_SECONDS:
                    raise TimeoutError
                told = f"was not ready after {patience:.0f} seconds{self._last_words()}"
                raise ServiceFailedError(self._service.name, told, self._service.log)
            await asyncio.sleep(0.1)

    async def keep(self) -> None:
        """Start it again whenever it dies, after a pause that grows; never returns."""
        pause = _FIRST_PAUSE
        while True:
            assert self._process is not None, "it must have been started"
            code = await self._process.wait()
            if time.monotonic() - self._started_at > _SETTLED_SECONDS:
                pause = _FIRST_PAUSE
            self.restarts += 1
            self._say(
                f"the {self._service.name} {_ended(code)}{self._last_words()}; it is started again in {pause:g} s"
                f"{f' (log: {self._service.log})' if self._service.log else ''}"
            )
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            with contextlib.suppress(OSError):  # no process to be had now: the next pause is longer
                await self._start()
                self._say(f"the {self._service.name} has been started again (process {self.pid})")

    def ask_to_stop(self) -> None:
        """Begin stopping without waiting."""
        if self._process is not None:
            self._process.ask_to_stop()

    async def stop(self) -> None:
        """Stop it and wait until it has ended."""
        if self._process is not None:
            await self._process.stop()

    async def _start(self) -> None:
        self._log_begin = make_room(self._service.log) if self._service.log else 0
        self._started_at = time.monotonic()
        self._process = await GuardedProcess.start(self._service.command())

    def _last_words(self) -> str:
        """What it said of its end: its own sentence, or a traceback's last line; its log's events are none of it."""
        if self._service.log is None:
            return ""
        said = [line for line in lines_since(self._service.log, self._log_begin) if not line.startswith("{")]
        own = [line.removeprefix("guatu: ") for line in said if line.startswith("guatu: ")]
        return f" ({(own or said)[-1][:300]})" if said else ""


def is_ready(port: int) -> bool:
    """Whether ``/readyz`` on this port of the loopback interface says that all is well."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def inherited_settings() -> dict[str, str]:
    """The ``GUATU_*`` of this program that its children are to have too.

    A short clock is never inherited, nor how to get into a database that is not the embedded one.
    """
    own = ("GUATU_SHORT_CLOCK", "GUATU_DATABASE_URL", "GUATU_DATABASE_PASSWORD")
    names = (name for name in os.environ if name.startswith("GUATU_") and name.removesuffix("_FILE") not in own)
    return {name: os.environ[name] for name in names}


def child_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: this program's, but of ``GUATU_*`` and ``TEMPORAL_*`` only these settings.

    What else is set of them is for other servers than the embedded ones; so is the SDK's configuration file.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GUATU_", "TEMPORAL_"))}
    return kept | {"TEMPORAL_CONFIG_FILE": os.devnull} | dict(settings)


def _ended(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended by itself (status {code})"
