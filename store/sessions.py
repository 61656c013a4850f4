"""Sessions of people at the desk, kept as a digest of an id that only the browser has."""

from datetime import timedelta
from hashlib import sha256

from petitions.values import Instant, Value
from store import queries
from store.connection import OnPool
from store.rows import storable

_SQL = queries.load("sessions")
_OPEN, _ONE, _SEEN, _END, _FORGET = _SQL["open"], _SQL["one"], _SQL["seen"], _SQL["end"], _SQL["forget"]


def _digest(id_: str) -> bytes:
    """An id has 256 random bits: no salt, and nothing slow, would keep it better."""
    return sha256(id_.encode()).digest()


class Session(Value):
    """A session as it is kept."""

    key_id: str | None
    """Of the key it was opened with."""
    subject: str | None = None
    """As whom the OIDC issuer knows the person; neither this nor a key: the operator of this machine."""
    office: str
    name: str
    """Of the person, in their own words."""
    opened_at: Instant
    holds: bool
    """Whether it is neither ended nor too old, by Postgres's clock; its key may have ended nevertheless."""


class Sessions(OnPool):
    """Opening, finding and ending sessions. All methods raise ``StoreError`` as its kinds say."""

    async def open_session(
        self, id_: str, *, office: str, name: str, key_id: str | None = None, subject: str | None = None
    ) -> None:
        """Open a session.

        Args:
            id_: Its id, random and secret.
            office: For which the person acts.
            name: The person's own.
            key_id: Of the key that the person has shown.
            subject: As whom the OIDC issuer knows the person; neither: the operator of this machine.
        """
        async with self._connected() as connection:
            await connection.execute(*_FORGET())
            await connection.execute(
                *_OPEN(
                    id_hash=_digest(id_),
                    key_id=key_id,
                    subject=subject,
                    office=storable(office),
                    name=storable(name),
                )
            )

    async def session(self, id_: str, *, idle: timedelta, most: timedelta) -> Session | None:
        """The session of this id, also if it does not hold any more; none: there is none.

        Args:
            id_: Its id.
            idle: How long it holds unused.
            most: How long it holds at all.
        """
        async with self._connected() as connection:
            row = await connection.fetchrow(*_ONE(id_hash=_digest(id_), idle=idle, most=most))
        return Session.model_validate(dict(row)) if row else None

    async def session_seen(self, id_: str) -> None:
        """Write down that a session was used, once a minute at the most."""
        async with self._connected() as connection:
            await connection.execute(*_SEEN(id_hash=_digest(id_)))

    async def end_session(self, id_: str) -> None:
        """End a session for good."""
        async with self._connected() as connection:
            await connection.execute(*_END(id_hash=_digest(id_)))
