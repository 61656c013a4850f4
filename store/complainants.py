"""Complainants' details as they are kept: sealed, each once for its case, and the append-only list of looks at them.

Nothing is sealed or opened here; no key comes near the store.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from enum import StrEnum

from petitions.values import Instant, Value
from store import queries
from store.connection import OnPool, PooledConnection
from store.rows import storable

_SQL = queries.load("complainants")
_KEEP, _KEPT, _REWRAP, _NOTE = _SQL["keep"], _SQL["kept"], _SQL["rewrap"], _SQL["note"]
_WRAPPED_OTHERWISE, _WRAPPED_BY, _LOOKS = _SQL["wrapped_otherwise"], _SQL["wrapped_by"], _SQL["looks"]


class SealedDetails(Value):
    """A complainant's details, sealed."""

    case_no: str
    cipher: str
    key_id: str
    """The master key by which the data key is wrapped."""
    wrapped_key: bytes
    nonce: bytes
    sealed: bytes
    content_tag: bytes
    """Recognises the same details; 32 bytes."""
    request_id: str | None
    sealed_at: Instant | None = None
    """When they were kept, by Postgres's clock; none before."""


class LookKind(StrEnum):
    """What happened to sealed details."""

    LOOK = "look"
    """Somebody who may asked for them."""
    FAILED = "failed"
    """They did not open."""
    REWRAPPED = "rewrapped"
    """Their data key was wrapped by another master key."""


class Look(Value):
    """What is written before details are given, or of what happened to them."""

    case_no: str
    kind: LookKind
    given: bool = False
    """Whether details are given to who looks."""
    caller_id: str | None = None
    office: str | None = None
    name: str | None = None
    """Of the person who looks."""
    purpose: str | None = None
    """What for, in that person's words."""
    request_id: str | None = None
    note: str | None = None
    """Why they did not open; or from which master key to which."""


class WrittenLook(Look):
    """A look as it stands in the list."""

    id: int
    at: Instant
    """By Postgres's clock."""


class Looking:
    """One look, in a transaction: what is kept, and the events that are written with it."""

    def __init__(self, connection: PooledConnection, kept: SealedDetails | None) -> None:
        self._connection = connection
        self.kept = kept
        """The case's sealed details; none if it has none."""

    async def write(self, look: Look) -> None:
        """Write an event; it holds when the transaction has ended without an error.

        Raises:
            StoreError: As its kinds say.
        """
        await _write(self._connection, look)


class Complainants(OnPool):
    """Keeping sealed details, and writing down who looks at them."""

    async def keep_complainant(self, details: SealedDetails) -> SealedDetails | None:
        """Keep a case's sealed details, once: what is kept for the case already stays.

        Returns:
            None if these are kept now; else what is kept already.

        Raises:
            StoreError: As its kinds say.
        """
        given = details.model_dump(exclude={"sealed_at"})
        async with self._connected() as connection:
            if await connection.fetchval(*_KEEP(**{name: storable(value) for name, value in given.items()})):
                return None
            return await _kept(connection, details.case_no)

    @asynccontextmanager
    async def looking_at_complainant(self, case_no: str) -> AsyncGenerator[Looking]:
        """A case's sealed details, in one transaction with the events about them.

        Nothing may be given out before the block has ended without an error: only then the events stand.

        Raises:
            StoreError: As its kinds say; then no event stands.
        """
        async with self._connected() as connection, connection.transaction():
            yield Looking(connection, await _kept(connection, case_no))

    async def wrapped_otherwise(self, key_id: str, after: str = "", limit: int = 200) -> list[SealedDetails]:
        """Sealed details whose data key is wrapped by another master key, in the order of case numbers.

        Args:
            key_id: The master key by which theirs is not wrapped.
            after: Only cases after this number.
            limit: So many at the most.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(*_WRAPPED_OTHERWISE(key_id=key_id, after=after, limit=limit))
        return [SealedDetails.model_validate(dict(row)) for row in rows]

    async def wrapped_by(self, key_id: str) -> int:
        """How many cases' details are wrapped by this master key.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            return await connection.fetchval(*_WRAPPED_BY(key_id=key_id))

    async def rewrap_complainant(self, old: SealedDetails, key_id: str, wrapped_key: bytes) -> bool:
        """Give details another wrapped key, with the event of it in one transaction.

        Returns:
            Whether it was done; false: somebody else has rewrapped them since they were read.

        Raises:
            StoreError: As its kinds say.
        """
        rewrap = _REWRAP(case_no=old.case_no, key_id=key_id, wrapped_key=wrapped_key, old_wrapped_key=old.wrapped_key)
        look = Look(case_no=old.case_no, kind=LookKind.REWRAPPED, note=f"{old.key_id} -> {key_id}")
        async with self._connected() as connection, connection.transaction():
            done = await connection.fetchval(*rewrap) is not None
            if done:
                await _write(connection, look)
        return done

    async def write_look(self, look: Look) -> None:
        """Write an event that stands by itself.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            await _write(connection, look)

    async def complainant_looks(self, case_no: str | None = None, limit: int = 1_000) -> list[WrittenLook]:
        """The latest events, of a case or of all, the latest first.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(*_LOOKS(case_no=case_no, limit=limit))
        return [WrittenLook.model_validate(dict(row)) for row in rows]


async def _kept(connection: PooledConnection, case_no: str) -> SealedDetails | None:
    row = await connection.fetchrow(*_KEPT(case_no=case_no))
    return SealedDetails.model_validate(dict(row)) if row else None


async def _write(connection: PooledConnection, look: Look) -> None:
    values = look.model_dump(mode="json")
    await connection.execute(*_NOTE(**{name: storable(value) for name, value in values.items()}))
