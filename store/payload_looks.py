"""The append-only list of who had payloads of Temporal opened; nothing of what they hold."""

from petitions.values import Instant, Value
from store import queries
from store.connection import OnPool
from store.rows import storable

_SQL = queries.load("payload_looks")
_WRITE, _LATEST = _SQL["write"], _SQL["latest"]


class PayloadLook(Value):
    """A request to open payloads."""

    caller_id: str
    acts_as: str
    """The office's id, ``system/<name>`` or ``local``."""
    namespace: str
    """As the Temporal UI says it; empty if whoever asked did not say."""
    payloads: int
    """How many were sent."""
    opened: int
    """Of them: how many came sealed and were opened."""
    request_id: str | None = None


class WrittenPayloadLook(PayloadLook):
    """A look as it stands in the list."""

    id: int
    at: Instant
    """By Postgres's clock."""


class PayloadLooks(OnPool):
    """Writing down who has payloads opened."""

    async def write_payload_look(self, look: PayloadLook) -> None:
        """Write a look; nothing may be given out before.

        Raises:
            StoreError: As its kinds say.
        """
        values = look.model_dump(mode="json")
        async with self._connected() as connection:
            await connection.execute(*_WRITE(**{name: storable(value) for name, value in values.items()}))

    async def payload_looks(self, limit: int = 1_000) -> list[WrittenPayloadLook]:
        """The latest looks, the latest first.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(*_LATEST(limit=limit))
        return [WrittenPayloadLook.model_validate(dict(row)) for row in rows]
