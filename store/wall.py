"""What the wall shows: a screenful of open cases as they stand now, or as they stood at any past moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from petitions.access import EVERYTHING, Sight
from petitions.case import Case
from petitions.coverage import coverage
from petitions.events import Entry
from petitions.evolution import fold
from petitions.regions import regions_of
from petitions.values import Name, Value
from petitions.vocabulary import Category, Coverage, Sticker
from store import queries
from store.connection import OnPool
from store.reading import sight_parameters
from store.states import state_of

_SQL = queries.load("wall")
_OPEN, _COUNT, _OPEN_AT, _ENTRIES_UNTIL = _SQL["open"], _SQL["count"], _SQL["open_at"], _SQL["entries_until"]

FOLDED_AT_A_MOMENT = 1_000
"""Cases that are folded for a past moment at the most; a county's filter is applied before."""
_FOLDED_AT_A_TIME = 100


class WallFilters(Value):
    """Which open cases are shown; every filter given must hold, ``None`` lets everything through."""

    county: Name | None = None
    category: Category | None = None
    unit: Name | None = None
    """The responsible unit, as ``unit/<name>``."""
    starred: bool | None = None
    overdue: bool | None = None
    sticker: Sticker | None = None
    missing: Coverage | None = None
    """A coverage that the case has not."""

    def lets_through(self, case: Case) -> bool:
        """Whether a case is shown, as the query would say."""
        return (
            (self.county is None or self.county in regions_of(case.hand_over.county))
            and (self.category is None or self.category in case.hand_over.categories)
            and (self.unit is None or case.responsible_unit == self.unit)
            and (self.starred is None or case.starred == self.starred)
            and (self.overdue is None or case.overdue == self.overdue)
            and (self.sticker is None or case.sticker is self.sticker)
            and (self.missing is None or self.missing in coverage(case).missing)
        )


NO_FILTERS = WallFilters()


@dataclass(frozen=True)
class WallNumbers:
    """What the summary line says of all cases in sight, as they stand now.

    Attributes:
        received: Cases received.
        concluded: Of them concluded.
        on_time: Of the concluded ones those within the mandate.
        starred: Cases that carry a star.
        open: Cases that are open.
        overdue: Open cases past their mandate.
    """

    received: int
    concluded: int
    on_time: int
    starred: int
    open: int
    overdue: int


@dataclass(frozen=True)
class WallPage:
    """A screenful.

    Attributes:
        cases: In the order in which they are shown.
        matching: How many open cases pass the filters.
        numbers: Of all cases in sight; none for a past moment: the figures tell that.
        cut_off: Of a past moment: more cases were open than are looked at.
    """

    cases: tuple[Case, ...]
    matching: int
    numbers: WallNumbers | None = None
    cut_off: bool = False


def by_urgency(case: Case) -> tuple[datetime, bool, datetime, str]:
    """Sorts open cases: what is due first comes first, so the longest overdue is at the top; of equals the starred."""
    return case.due_at, not case.starred, case.hand_over.received_at, case.case_no


class WallReading(OnPool):
    """Reading for the wall. All methods raise ``StoreError`` as its kinds say."""

    async def wall_now(
        self, filters: WallFilters = NO_FILTERS, *, sight: Sight = EVERYTHING, offset: int = 0, limit: int = 60
    ) -> WallPage:
        """Open cases as they stand.

        Args:
            filters: Which of them.
            sight: Which of them whoever looks may see.
            offset: How many are passed over, the most urgent first.
            limit: How many are shown at the most.
        """
        given: dict[str, Any] = {**filters.model_dump(mode="json"), **sight_parameters(sight)}
        async with self._connected() as connection:
            rows = await connection.fetch(*_OPEN(offset=offset, limit=limit, **given))
            numbers = await connection.fetchrow(*_COUNT(**given))
            assert numbers is not None  # an aggregate always gives a row
            cases = [await state_of(connection, row["case_no"], row["state"]) for row in rows]
        counted = dict(numbers)
        matching: int = counted.pop("matching")
        return WallPage(tuple(case for case in cases if case is not None), matching, WallNumbers(**counted))

    async def wall_at(
        self,
        at: datetime,
        filters: WallFilters = NO_FILTERS,
        *,
        sight: Sight = EVERYTHING,
        offset: int = 0,
        limit: int = 60,
    ) -> WallPage:
        """Open cases as they stood at a moment, entries at that very moment included.

        Without other filters than the county only a screenful is folded, the eldest hand-over first, which is the
        order of urgency where nothing was extended; with others all that were open, up to ``FOLDED_AT_A_MOMENT``.

        Args:
            at: The moment, on the cases' own clock.
            filters: Which of them; by how they stood.
            sight: Which of them whoever looks may see, as they stand now.
            offset: How many are passed over.
            limit: How many are shown at the most.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(*_OPEN_AT(at=at, everything=sight.everything, **sight_parameters(sight)))
            numbers = [
                row["case_no"] for row in rows if filters.county is None or filters.county in regions_of(row["county"])
            ]
            all_at_once = filters == WallFilters(county=filters.county) and len(numbers) > FOLDED_AT_A_MOMENT
            looked_at = numbers[offset : offset + limit] if all_at_once else numbers[:FOLDED_AT_A_MOMENT]
            cases: list[Case] = []
            for first in range(0, len(looked_at), _FOLDED_AT_A_TIME):
                some = looked_at[first : first + _FOLDED_AT_A_TIME]
                cases += _folded(
                    [row["entry"] for row in await connection.fetch(*_ENTRIES_UNTIL(case_nos=some, at=at))]
                )
        if all_at_once:
            return WallPage(tuple(sorted(cases, key=by_urgency)), len(numbers))
        shown = sorted(filter(filters.lets_through, cases), key=by_urgency)
        return WallPage(tuple(shown[offset : offset + limit]), len(shown), cut_off=len(numbers) > FOLDED_AT_A_MOMENT)


def _folded(texts: Sequence[str]) -> list[Case]:
    """The cases whose entries these are, one case after the other."""
    cases: list[Case] = []
    case: Case | None = None
    for text in texts:
        entry = Entry.model_validate_json(text)
        if entry.seq == 1:
            if case is not None:
                cases.append(case)
            case = None
        case = fold((entry,), case)
    return [*cases, case] if case is not None else cases
