"""Cases in outline as they stood at a moment, by the hundred: to fold whole ones would keep people waiting."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from petitions.events import Entry
from petitions.outline import Outline, events_of_outline, outline
from store import queries
from store.connection import PooledConnection
from store.known_cases import Known, Version

_SQL = queries.load("outlines")
_LAST, _ENTRIES = _SQL["last"], _SQL["entries"]

_MOST = 5_000
"""Outlines that are kept at the most, some kilobytes each: a few times what one look at a moment takes."""
_PORTION = 100
"""Cases that are told in one go at the most: between two portions others get their turn."""


class Outlines:
    """Outlines by the last entry on which they hang: it and those before it never change.

    Who looks back goes from moment to moment, and most cases stood the same in the last one.

    Args:
        whole: Whether they say all that outlines can, which takes longer.
    """

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self._events = sorted(events_of_outline(whole=whole))
        self._known: Known[Outline] = Known(_MOST)

    async def until(self, connection: PooledConnection, case_nos: Sequence[str], at: datetime) -> list[Outline]:
        """These cases up to a moment, in any order; those that had no record yet are left out."""
        rows = await connection.fetch(*_LAST(case_nos=list(case_nos), at=at, events=self._events))
        found: list[Outline] = []
        unknown: list[Version] = []
        for version in (Version(row["case_no"], row["seq"], row["hash"]) for row in rows):
            known = self._known.get(version)
            if known is None:
                unknown.append(version)
            else:
                found.append(known)
        for first in range(0, len(unknown), _PORTION):
            found += await self._told(connection, unknown[first : first + _PORTION])
        return found

    async def _told(self, connection: PooledConnection, versions: Sequence[Version]) -> list[Outline]:
        last = {version.case_no: version for version in versions}
        rows = await connection.fetch(
            *_ENTRIES(
                case_nos=list(last), last_seqs=[version.revision for version in last.values()], events=self._events
            )
        )
        told: list[Outline] = []
        for case_no, of_case in groupby(rows, key=itemgetter("case_no")):
            entries = (Entry.model_validate_json(row["entry"]) for row in of_case)
            told.append(outline(entries, whole=self._whole))
            self._known.keep(last[case_no], told[-1])
        return told
