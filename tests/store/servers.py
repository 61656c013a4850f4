"""Postgres servers for the tests of the store."""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from guatu.embedded.data_directory import DataDirectory
from guatu.embedded.postgres import EmbeddedPostgres

NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""Settings of a Postgres whose data end with the tests; what must survive a crash is tested without them."""
_numbers = count(1)
_DROPS = 50
"""Tries to drop a database that Postgres itself is busy in."""


@dataclass(frozen=True)
class Server:
    """A Postgres server, by the address of its superuser's database."""

    superuser_url: str

    def url(self, database: str) -> str:
        """The superuser's address of a database."""
        return urlsplit(self.superuser_url)._replace(path=f"/{database}").geturl()

    async def execute(self, statement: str) -> None:
        """Run a statement from outside all databases of the tests."""
        connection = await asyncpg.connect(self.superuser_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def _drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it.

        Postgres itself may just be cleaning up in it (autovacuum), and that nobody but its own account may end.
        """
        for _ in range(_DROPS):
            try:
                await self.execute(f"DROP DATABASE {name} WITH (FORCE)")
            except asyncpg.InsufficientPrivilegeError:
                await asyncio.sleep(0.2)
            else:
                return
        raise AssertionError(f"Postgres does not let go of {name}")

    @asynccontextmanager
    async def database(self, options: str = "") -> AsyncGenerator[str]:
        """The address of a database that goes again at the end."""
        name = f"guatu_test_{os.getpid()}_{next(_numbers)}"
        await self.execute(f"CREATE DATABASE {name} {options}")
        try:
            yield self.url(name)
        finally:
            await self._drop(name)


def as_role(url: str, role: str) -> str:
    """The address of the same database for another role."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{role}@{place}").geturl()


@asynccontextmanager
async def own_postgres() -> AsyncGenerator[EmbeddedPostgres]:
    """A server of one's own, which may be stopped and started."""
    with tempfile.TemporaryDirectory(prefix="guatu-store-") as place:
        directory = await DataDirectory.open(Path(place) / "data", print)
        postgres = EmbeddedPostgres(directory, print, NOT_DURABLE)
        try:
            await postgres.start()
            yield postgres
        finally:
            await postgres.stop()
            directory.close()


class LossyLine:
    """A line to a server that loses one answer: of the request that has ``lose_answer_to`` in it.

    The answer is on its way, so the server has done what was asked; whoever asked only sees the line go dead.
    """

    def __init__(self, server_url: str) -> None:
        self.lose_answer_to: bytes | None = None
        self.lost = 0
        self._server_url = server_url

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[str]:
        """The address of the same database through this line."""
        given = urlsplit(self._server_url)
        with tempfile.TemporaryDirectory(prefix="guatu-line-") as place:
            line = await asyncio.start_unix_server(self._carry, Path(place) / ".s.PGSQL.5432")
            async with line:
                user = f"{given.username}:{given.password}" if given.password else given.username
                yield f"postgresql://{user}@{given.path}?host={place}&port=5432"

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        given = urlsplit(self._server_url)
        asked = parse_qs(given.query)
        host, port = asked.get("host", [given.hostname or ""])[0], asked.get("port", [given.port or 5432])[0]
        if host.startswith("/"):
            far_reader, far_writer = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
        losing = False

        async def there() -> None:
            nonlocal losing
            while data := await reader.read(1 << 20):
                losing = losing or (self.lose_answer_to is not None and self.lose_answer_to in data)
                far_writer.write(data)

        async def back() -> None:
            while data := await far_reader.read(1 << 20):
                if losing:
                    self.lost += 1
                    self.lose_answer_to = None
                    return
                writer.write(data)

        ways = [asyncio.ensure_future(way()) for way in (there, back)]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        far_writer.close()
        writer.close()
