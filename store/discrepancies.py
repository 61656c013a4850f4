"""Where the record and Temporal were found to differ: what stands, and what was."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from petitions.access import EVERYTHING, Sight
from petitions.discrepancies import Discrepancy, DiscrepancyKind
from petitions.values import Instant, Value
from store import queries
from store.connection import OnPool
from store.reading import sight_parameters
from store.record import CASE_CHANNEL
from store.rows import storable

_SQL = queries.load("discrepancies")
_LOCK, _KEEP, _END = _SQL["lock"], _SQL["keep"], _SQL["end"]
_TELL, _STANDING, _OF_CASE = _SQL["tell"], _SQL["standing"], _SQL["of_case"]

_LOCK_KEY = int.from_bytes(b"differ")


class KeptDiscrepancy(Value):
    """A discrepancy as it is kept. The moments are Postgres's own."""

    id: int
    case_no: str
    kind: DiscrepancyKind
    what: str
    """As it was seen last."""
    found_at: Instant
    seen_at: Instant
    gone_at: Instant | None
    """When it was no longer found; none: it stands."""


@dataclass(frozen=True)
class Reconciled:
    """What a reconciliation has changed.

    Attributes:
        new: What was not known before.
        gone: What is over.
        standing: How many stand now, the new ones among them.
    """

    new: tuple[KeptDiscrepancy, ...]
    gone: tuple[KeptDiscrepancy, ...]
    standing: int


class Discrepancies(OnPool):
    """Keeping what a reconciliation has found. All methods raise ``StoreError`` as its kinds say."""

    async def keep_discrepancies(
        self, found: Sequence[Discrepancy], looked_for: Collection[DiscrepancyKind]
    ) -> Reconciled:
        """Keep what was found, and mark as over what stood, was looked for and was not found.

        Args:
            found: At the most one of a kind for each case.
            looked_for: The kinds that could have been found.
        """
        columns = {"case_nos": [each.case_no for each in found], "kinds": [each.kind.value for each in found]}
        async with self._connected() as connection, connection.transaction():
            await connection.execute(*_LOCK(key=_LOCK_KEY))
            kept = await connection.fetch(*_KEEP(**columns, whats=[storable(each.what) for each in found]))
            gone = await connection.fetch(*_END(**columns, looked_for=[kind.value for kind in looked_for]))
            changed = sorted({row["case_no"] for row in (*gone, *kept) if row["gone_at"] or row["is_new"]})
            await connection.execute(*_TELL(notify_on=CASE_CHANNEL, case_nos=changed))
        return Reconciled(
            new=tuple(_kept(row) for row in kept if row["is_new"]),
            gone=tuple(_kept(row) for row in gone),
            standing=len(kept),
        )

    async def standing_discrepancies(self, *, sight: Sight = EVERYTHING) -> tuple[KeptDiscrepancy, ...]:
        """What stands of the cases in sight, the eldest first."""
        async with self._connected() as connection:
            return tuple(_kept(row) for row in await connection.fetch(*_STANDING(**sight_parameters(sight))))

    async def discrepancies_of(self, case_no: str) -> tuple[KeptDiscrepancy, ...]:
        """All that was ever found of a case, the latest first."""
        async with self._connected() as connection:
            return tuple(_kept(row) for row in await connection.fetch(*_OF_CASE(case_no=case_no)))


def _kept(row: Any) -> KeptDiscrepancy:
    return KeptDiscrepancy.model_validate({name: row[name] for name in KeptDiscrepancy.model_fields})
