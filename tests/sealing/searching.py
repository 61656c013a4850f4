"""Searching everything that a run has left for words that must not be there, however they may be written."""

import base64
import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, quote_plus

import asyncpg
from google.protobuf.message import Message
from temporalio.client import Client


class Place(Protocol):
    """Somewhere that is searched."""

    def contents(self) -> AsyncIterator[tuple[str, bytes]]:
        """All that is there, with where each part stands."""
        ...


@dataclass(frozen=True)
class Finding:
    """A word that was found, in which writing and where."""

    needle: str
    writing: str
    where: str


def writings(needle: str) -> dict[str, bytes]:
    """A word as bytes, in every way in which the product or one of its servers might write it."""
    plain = needle.encode()
    escaped = json.dumps(needle)[1:-1]
    written = {
        "utf-8": plain,
        "gb18030": needle.encode("gb18030"),
        "utf-16": needle.encode("utf-16-le"),
        "json": escaped.encode(),
        "json in json": json.dumps(escaped)[1:-1].encode(),
        "percent": quote(needle).encode(),
        "form": quote_plus(needle).encode(),
        "hex": plain.hex().encode(),
        "repr": ascii(needle)[1:-1].encode(),
        "repr of bytes": repr(plain)[2:-1].encode(),
    }
    for shift in range(3):
        # Within other text base64 looks in three ways; what the neighbours have a part in is cut off.
        whole = base64.b64encode(bytes(shift) + plain)
        first, last = (0, 2, 3)[shift], (len(plain) + shift) * 8 // 6
        written[f"base64 {shift}"] = whole[first:last]
        written[f"base64url {shift}"] = base64.urlsafe_b64encode(bytes(shift) + plain)[first:last]
    return written


async def search_everything(needles: Sequence[str], *places: Place) -> list[Finding]:
    """Every word, in every writing, that stands anywhere.

    Raises:
        AssertionError: There is nothing in one of the places: a search that sees nothing finds nothing.
    """
    sought = [(needle, name, text) for needle in needles for name, text in writings(needle).items()]
    found: list[Finding] = []
    for place in places:
        seen = 0
        async for where, content in place.contents():
            seen += 1
            found += (Finding(needle, name, where) for needle, name, text in sought if text in content)
        assert seen, f"there is nothing in {place}"
    return found


@dataclass(frozen=True)
class Texts:
    """What somebody was told, by where."""

    told: dict[str, str]

    async def contents(self) -> AsyncIterator[tuple[str, bytes]]:
        """One after the other."""
        for where, text in self.told.items():
            yield where, text.encode()


@dataclass(frozen=True)
class Files:
    """All files below a directory as they are: logs, and the raw files of servers."""

    directory: Path

    async def contents(self) -> AsyncIterator[tuple[str, bytes]]:
        """Each file whole."""
        for path in sorted(self.directory.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(self.directory)), path.read_bytes()


@dataclass(frozen=True)
class Postgres:
    """Every row of every table of a database: each row as Postgres shows it, and the bytes of each value."""

    url: str

    async def contents(self) -> AsyncIterator[tuple[str, bytes]]:
        """Row by row."""
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(self.url)
        try:
            tables = await connection.fetch(
                "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
                "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            )
            for table in tables:
                rows = await connection.fetch(f"SELECT each.*, each::text AS whole_row FROM {table['name']} AS each")  # noqa: S608 - names of our own
                for row in rows:
                    yield table["name"], row["whole_row"].encode()
                    for column, value in row.items():
                        if isinstance(value, bytes):
                            yield f"{table['name']}.{column}", value
        finally:
            await connection.close()


@dataclass(frozen=True)
class Temporal:
    """Every workflow of a namespace: its record in visibility, its description and every event of its history."""

    client: Client

    async def contents(self) -> AsyncIterator[tuple[str, bytes]]:
        """Workflow by workflow."""
        async for execution in self.client.list_workflows():
            yield f"visibility of {execution.id}", _bytes(execution.raw_info)
            handle = self.client.get_workflow_handle(execution.id, run_id=execution.run_id)
            yield f"description of {execution.id}", _bytes((await handle.describe()).raw_description)
            async for event in handle.fetch_history_events():
                yield f"event {event.event_id} of {execution.id}", _bytes(event)


def _bytes(message: Message) -> bytes:
    return message.SerializeToString()


def places_in(found: Sequence[Finding]) -> set[str]:
    """Where the findings stand, numbers aside."""
    return {re.sub(r"\d+", "#", finding.where) for finding in found}
