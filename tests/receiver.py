"""A notice channel of our own: a small HTTP receiver that takes, fails or hangs as it is told."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Receiver:
    """What arrived, and how the next ones are answered."""

    port: int = 0
    status: int = 200
    delay: float = 0
    held: asyncio.Event | None = None
    """Answers wait until it is set."""
    retry_after: str | None = None
    body: str = ""
    """What is answered, as a robot would."""
    answer_lost: bool = False
    """It takes what comes, and whoever sent it hears nothing of that."""
    failing: Callable[[], bool] | None = None
    """Asked at each request whether it is to fail, whatever ``status`` says."""
    taken: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What was acknowledged."""
    keys: list[str] = field(default_factory=list[str])
    """``Idempotency-Key`` of each request, acknowledged or not."""
    at: list[float] = field(default_factory=list[float])
    """When each request came, by the loop's clock."""
    refused: int = 0

    @property
    def address(self) -> str:
        """The receiver as an Apprise address."""
        return f"json://127.0.0.1:{self.port}/notices"

    def titles(self, case_no: str) -> list[str]:
        """The headings of the notices of a case, whether they came alone or with others."""
        heading = re.compile(rf"【★?{re.escape(case_no)}】([^\n]*)")
        said = (f"{message['title']}\n{message['message']}" for message in self.taken)
        return [found for text in said for found in heading.findall(text)]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            self.at.append(asyncio.get_running_loop().time())
            self.keys += re.findall(r"idempotency-key: *(\S+)", head)
            await asyncio.sleep(self.delay)
            if self.held:
                await self.held.wait()
            if self.answer_lost:
                self.taken.append(body)
                writer.close()
                return
            status = 500 if self.failing and self.failing() else self.status
            pause = f"retry-after: {self.retry_after}\r\n" if self.retry_after else ""
            said = self.body.encode()
            writer.write(
                f"HTTP/1.1 {status} X\r\n{pause}content-length: {len(said)}\r\nconnection: close\r\n\r\n".encode()
                + said
            )
            if status == 200:
                self.taken.append(body)
            else:
                self.refused += 1
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver]:
    """A receiver on a free port of the loopback."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver
