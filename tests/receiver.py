"""A notice channel of our own: a small HTTP receiver that takes, fails or hangs as it is told."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Receiver:
    """What arrived, and how the next ones are answered."""

    port: int = 0
    status: int = 200
    delay: float = 0
    taken: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    refused: int = 0

    @property
    def address(self) -> str:
        """The receiver as an Apprise address."""
        return f"json://127.0.0.1:{self.port}/notices"

    def titles(self, case_no: str) -> list[str]:
        """The titles of the notices of a case."""
        return [notice["title"] for notice in self.taken if f"{case_no}】" in notice["title"]]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            await asyncio.sleep(self.delay)
            if self.status == 200:
                self.taken.append(body)
            else:
                self.refused += 1
            writer.write(f"HTTP/1.1 {self.status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
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
