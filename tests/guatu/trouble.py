"""Trouble for a demonstration: a notice receiver that fails half of the time, a Postgres that stands still, a kill."""

import asyncio
import contextlib
import json
import re
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import cycle
from pathlib import Path
from typing import Any

import psutil

HANGS_SECONDS = 7.0
"""Longer than a channel is waited for."""
PAUSE_SECONDS = 2
"""What a receiver that has too much asks for."""
_MOST_FAILURES = 2
"""So often in a row a message fails at the most: half of the time is not for ever."""


class Fault(Enum):
    """How a request goes wrong."""

    FAILS = auto()
    HANGS = auto()
    TOO_MANY = auto()
    ANSWER_LOST = auto()
    """It is accepted, and nobody is told."""


@dataclass
class Request:
    """One request as it came, and what became of it.

    Attributes:
        key: Its ``Idempotency-Key``.
        at: When, by the loop's clock.
        fault: How it went wrong; none: it was acknowledged.
    """

    key: str
    at: float
    fault: Fault | None


@dataclass
class TroubledReceiver:
    """A webhook that every second request finds in trouble; one kind of trouble after the other.

    It does what ``Idempotency-Key`` is for: a message that it has accepted it does not accept again.
    """

    port: int = 0
    requests: list[Request] = field(default_factory=list[Request])
    accepted: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Every message once, by its key."""
    on_acknowledged: Callable[[], None] | None = None
    """Is called once, when an acknowledgement has just gone out."""
    _faults: "cycle[Fault]" = field(default_factory=lambda: cycle(Fault))

    @property
    def address(self) -> str:
        """The receiver as an Apprise address."""
        return f"json://127.0.0.1:{self.port}/notices"

    @property
    def acknowledged(self) -> Counter[str]:
        """How often each key was acknowledged with 2xx."""
        return Counter(request.key for request in self.requests if request.fault is None)

    def of(self, key: str) -> list[Request]:
        """All requests of a message, in their order."""
        return [request for request in self.requests if request.key == key]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = int(re.findall(r"(?im)^content-length: *(\d+)", head)[0])
            body = json.loads(await reader.readexactly(length))
            [key] = re.findall(r"(?im)^idempotency-key: *(\S+)", head)
            fault = self._fault(key)
            self.requests.append(Request(key, asyncio.get_running_loop().time(), fault))
            if fault in {None, Fault.ANSWER_LOST}:
                self.accepted.setdefault(key, body)
            if fault is Fault.HANGS:
                await asyncio.sleep(HANGS_SECONDS)
            if fault in {None, Fault.FAILS, Fault.TOO_MANY}:
                status = {
                    None: "200 OK",
                    Fault.FAILS: "500 X",
                    Fault.TOO_MANY: f"429 X\r\nretry-after: {PAUSE_SECONDS}",
                }
                writer.write(f"HTTP/1.1 {status[fault]}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
                await writer.drain()
            if fault is None and self.on_acknowledged:
                told, self.on_acknowledged = self.on_acknowledged, None
                told()
        writer.close()

    def _fault(self, key: str) -> Fault | None:
        before = [request.fault for request in self.of(key)[-_MOST_FAILURES:]]
        if len(self.requests) % 2 or (len(before) == _MOST_FAILURES and None not in before):
            return None
        return next(self._faults)


@contextlib.asynccontextmanager
async def troubled_receiver() -> AsyncGenerator[TroubledReceiver]:
    """A receiver on a free port of the loopback."""
    receiver = TroubledReceiver()
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver


_ALONE = re.compile(r"^【★?[^【】]+】(.*)$", re.MULTILINE)
_TOGETHER = re.compile(r"^([^（\n]+)（(\d+)项）：", re.MULTILINE)


def told_in(messages: Iterable[dict[str, Any]]) -> Counter[str]:
    """How many notices these messages tell, by heading; a long one has but numbers, and may end with "and so on"."""
    told: Counter[str] = Counter()
    for message in messages:
        title, body = message["title"], message["message"]
        if not title.endswith("项通知"):
            told.update(_ALONE.findall(title))
        elif found := _ALONE.findall(body):
            told.update(found)
        else:
            for heading, number in _TOGETHER.findall(body):
                told[heading] += int(number)
    return told


def told_too_often(acknowledged: Counter[str]) -> list[str]:
    """The keys that were acknowledged more than once."""
    return sorted(key for key, times in acknowledged.items() if times > 1)


def part_of(process: psutil.Process, name: str) -> psutil.Process:
    """The process of this name (``worker``, ``postgres``) among all that a command has started."""
    found = [each for each in process.children(recursive=True) if _is(each, name)]
    # Of Postgres, the one that has started the others.
    return min(found, key=lambda each: each.create_time())


def _is(process: psutil.Process, name: str) -> bool:
    with contextlib.suppress(psutil.Error):
        line = process.cmdline()
        return line[-3:] == ["-m", "guatu", name] or Path(line[0] if line else "").name == name
    return False


@contextlib.contextmanager
def standing_still(server: psutil.Process) -> Generator[None]:
    """All processes of a server take connections and do nothing more."""
    processes = [server, *server.children(recursive=True)]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in reversed(processes):
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGCONT)
