"""Keys of offices and intake systems: issued once, kept only as keyed hashes, revoked for good.

A key reads ``guatu_<id>_<secret>``: eight hex digits that may be shown, and 64 that may not. Kept is HMAC-SHA-256 of
the whole key, with the pepper as its key: a secret of the process, from a file, that is never in the database.

What the pepper adds, plainly: a secret has 256 random bits, so nobody finds it from its hash, with a pepper or
without one. But whoever can write to the database could put in the hash of a key of their own making; with a pepper
that they do not have they cannot. Without a file the HMAC's key is a fixed word, and that door is open to them.
A key is good only with the pepper it was issued with: a new pepper ends all keys that were issued before.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, Self

from petitions.values import Instant, Value
from store import queries
from store.connection import OnPool
from store.rows import storable

_SQL = queries.load("api_keys")
_ISSUE, _ONE, _ALL, _ANY = _SQL["issue"], _SQL["one"], _SQL["all"], _SQL["any"]
_REVOKE, _TOUCH = _SQL["revoke"], _SQL["touch"]

PREFIX: Final = "guatu_"
"""How every key begins, so that it is known for one wherever it is found."""
_KEY = re.compile(r"guatu_([0-9a-f]{8})_([0-9a-f]{64})")
_TRIES = 20
LEAST_PEPPER: Final = 16
"""Bytes of a pepper at the least."""


class WeakPepperError(ValueError):
    """A pepper is too short to be one."""


@dataclass(frozen=True)
class Pepper:
    """What keys are hashed with.

    Attributes:
        secret: The secret of the process; empty: none.
    """

    secret: bytes = b""

    @classmethod
    def from_text(cls, text: bytes) -> Self:
        """A pepper as a file holds it; white space around it does not count.

        Raises:
            WeakPepperError: It is shorter than ``LEAST_PEPPER`` bytes.
        """
        secret = text.strip()
        if len(secret) < LEAST_PEPPER:
            raise WeakPepperError(f"it holds {len(secret)} bytes; a pepper has at least {LEAST_PEPPER}")
        return cls(secret)

    def __repr__(self) -> str:
        return f"Pepper({self.mark or 'none'})"

    @property
    def mark(self) -> str:
        """By which a hash tells what pepper it was made with; nothing of the pepper follows from it."""
        return hmac.new(self.secret, b"guatu pepper mark", sha256).hexdigest()[:12] if self.secret else ""

    def hash(self, key: str) -> bytes:
        """The keyed hash of a whole key."""
        return hmac.new(self.secret or b"guatu api key", key.encode(), sha256).digest()


NO_PEPPER: Final = Pepper()


def key_id(key: str) -> str | None:
    """The id of what is written like a key; none of anything else."""
    found = _KEY.fullmatch(key)
    return found[1] if found else None


class ApiKey(Value):
    """A key as it is kept."""

    id: str
    office: str | None
    system: str | None
    label: str
    """Whose it is, as whoever issued it wrote it."""
    key_hash: bytes
    pepper: str
    """``Pepper.mark`` of what it was hashed with."""
    created_at: Instant
    last_used_at: Instant | None
    """To within a minute."""
    expires_at: Instant | None
    revoked_at: Instant | None
    revoked_why: str | None

    def fits(self, key: str, pepper: Pepper) -> bool:
        """Whether this is the key, compared in constant time."""
        return hmac.compare_digest(self.key_hash, pepper.hash(key))

    def ended(self, now: datetime) -> str | None:
        """``revoked`` or ``expired`` if the key is not good any more at that moment, else none."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else None


class ApiKeys(OnPool):
    """Issuing, finding and revoking keys. All methods raise ``StoreError`` as its kinds say."""

    async def issue_key(
        self,
        *,
        label: str,
        office: str | None = None,
        system: str | None = None,
        expires_at: datetime | None = None,
        pepper: Pepper = NO_PEPPER,
    ) -> str:
        """Issue a key for an office or an intake system.

        Args:
            label: Whose it is.
            office: The office's id, which the caller has checked.
            system: The intake system's name.
            expires_at: From when on it is no longer good; none: it does not expire.
            pepper: What to hash it with.

        Returns:
            The key; it cannot be had again.
        """
        async with self._connected() as connection:
            for _ in range(_TRIES):
                id_ = secrets.token_hex(4)
                key = f"{PREFIX}{id_}_{secrets.token_hex(32)}"
                values = {"id": id_, "office": office, "system": system, "label": storable(label)}
                kept = {"key_hash": pepper.hash(key), "pepper": pepper.mark, "expires_at": expires_at}
                if await connection.fetchval(*_ISSUE(**values, **kept)):
                    return key
        raise RuntimeError("twenty random ids in a row were taken")

    async def api_key(self, id_: str) -> ApiKey | None:
        """The key of this id, however it stands with it, or none."""
        async with self._connected() as connection:
            row = await connection.fetchrow(*_ONE(id=id_))
        return ApiKey.model_validate(dict(row)) if row else None

    async def api_keys(self) -> list[ApiKey]:
        """Every key that was ever issued, in that order."""
        async with self._connected() as connection:
            rows = await connection.fetch(*_ALL())
        return [ApiKey.model_validate(dict(row)) for row in rows]

    async def any_api_key(self) -> bool:
        """Whether a key was ever issued, good or not any more."""
        async with self._connected() as connection:
            return bool(await connection.fetchval(*_ANY()))

    async def revoke_key(self, id_: str, reason: str) -> bool:
        """Take a key out of use; whether it was in use."""
        async with self._connected() as connection:
            return await connection.fetchval(*_REVOKE(id=id_, reason=storable(reason))) is not None

    async def touch_key(self, id_: str) -> None:
        """Write down that a key was used, once a minute at the most."""
        async with self._connected() as connection:
            await connection.execute(*_TOUCH(id=id_))
