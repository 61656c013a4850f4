"""What the wall shows: a screenful of open cases as they stand now, or as they stood at any past moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from petitions.access import EVERYTHING, Sight
from petitions.case import Case
from petitions.case_rules import Durations
from petitions.outline import Outline
from petitions.regions import regions_of
from petitions.values import Instant, Name, Value
from petitions.vocabulary import Category, Coverage, Stage, Sticker
from store import queries
from store.connection import Pool, PooledConnection
from store.known_cases import Known, ToldCases, Version
from store.outlines import Outlines
from store.reading import sight_parameters
from store.states import state_of
from store.wall_figures import WallFigures, WallNumbers

_SQL = queries.load("wall")
_OPEN, _STATES, _MATCHING = _SQL["open"], _SQL["states"], _SQL["matching"]
_STANDING, _ENTRIES_UNTIL = _SQL["standing"], _SQL["entries_until"]
_LIST_SQL = queries.load("wall_list")
_LISTED, _FIRST, _DURATIONS = _LIST_SQL["listed"], _LIST_SQL["first"], _LIST_SQL["durations"]

LOOKED_AT = 1_000
"""Cases of a past moment that are looked at one by one at the most; a county's filter is applied before."""
LISTED = 20_000
"""Cases of a list at the most."""
_PORTION = 100
"""Cases that are folded in one go at the most: between two portions others get their turn."""


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

    def lets_through(self, case: Outline, now: datetime | None = None) -> bool:
        """Whether a case is shown, as the query would say; ``now`` as for ``wall_now``.

        Raises:
            TypeError: A coverage is asked for, and the outline is not whole.
        """
        if self.missing is not None and case.missing is None:
            raise TypeError("only a whole outline can be asked for a coverage")
        return (
            (self.county is None or self.county in regions_of(case.hand_over.county))
            and (self.category is None or self.category in case.hand_over.categories)
            and (self.unit is None or case.responsible_unit == self.unit)
            and (self.starred is None or case.starred == self.starred)
            and (self.overdue is None or is_overdue(case, now) == self.overdue)
            and (self.sticker is None or case.sticker is self.sticker)
            and (self.missing is None or self.missing in (case.missing or ()))
        )


NO_FILTERS = WallFilters()


def is_overdue(case: Outline, now: datetime | None) -> bool:
    """Whether a case is overdue: what is past its time is, also while nobody has recorded it yet."""
    return case.overdue or (now is not None and case.due_at < now)


class ListedCase(Value):
    """An open case as a list has it."""

    case_no: str
    starred: bool
    county: str
    responsible_unit: str | None
    """As ``unit/<name>``."""
    location: str
    summary: str
    categories: tuple[Category, ...]
    stage: Stage
    sticker: Sticker | None
    round: int
    received_at: Instant
    due_at: Instant
    overdue: bool
    has_instruction: bool
    has_supervision: bool
    has_task_force: bool
    has_revisit: bool


class Terms(NamedTuple):
    """By what the days of a case are counted."""

    durations: Durations
    clock_started_at: datetime


@dataclass(frozen=True)
class WallPage:
    """A screenful.

    Attributes:
        cases: In the order in which they are shown.
        matching: How many open cases pass the filters.
        numbers: Of all cases in sight; none: they were not asked for.
        cut_off: More cases were open at a past moment than are looked at.
    """

    cases: tuple[Case, ...]
    matching: int
    numbers: WallNumbers | None = None
    cut_off: bool = False


def by_urgency(case: Case | Outline) -> tuple[datetime, bool, datetime, str]:
    """Sorts open cases: what is due first comes first, so the longest overdue is at the top; of equals the starred."""
    return case.due_at, not case.starred, case.hand_over.received_at, case.case_no


class WallReading(WallFigures):
    """Reading for the wall. All methods raise ``StoreError`` as its kinds say."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self._known: Known[Case] = Known()
        self._told = ToldCases()
        self._durations: Known[Durations] = Known(LISTED)
        self._outlines = Outlines(whole=False)
        self._whole_outlines = Outlines(whole=True)

    async def wall_now(
        self,
        filters: WallFilters = NO_FILTERS,
        *,
        sight: Sight = EVERYTHING,
        offset: int = 0,
        limit: int = 60,
        now: datetime | None = None,
        with_numbers: bool = True,
    ) -> WallPage:
        """Open cases as they stand.

        Args:
            filters: Which of them.
            sight: Which of them whoever looks may see.
            offset: How many are passed over, the most urgent first.
            limit: How many are shown at the most.
            now: The procedure's time, which also tells what is overdue; none: what is recorded as overdue is.
            with_numbers: Also the numbers of all cases in sight, which look at every case.
        """
        given: dict[str, Any] = {"now": now, **filters.model_dump(mode="json"), **sight_parameters(sight)}
        async with self._connected() as connection:
            rows = await connection.fetch(*_OPEN(offset=offset, limit=limit, **given))
            matching = await connection.fetchval(*_MATCHING(**given))
            cases = await self._cases(connection, [Version.of(row) for row in rows])
        numbers = await self.wall_numbers(now, sight=sight) if with_numbers else None
        return WallPage(cases, matching, numbers)

    async def wall_list(
        self, filters: WallFilters, now: datetime, *, sight: Sight = EVERYTHING
    ) -> tuple[ListedCase, ...]:
        """All open cases that pass the filters, those due first at the front; ``LISTED`` at the most.

        Args:
            filters: Which of them.
            now: The procedure's time, which tells what is overdue.
            sight: Which of them whoever looks may see.
        """
        asked = _LISTED(now=now, limit=LISTED, **filters.model_dump(mode="json"), **sight_parameters(sight))
        async with self._connected() as connection:
            rows = await connection.fetch(*asked)
        return tuple(ListedCase.model_validate(dict(row)) for row in rows)

    async def _cases(self, connection: PooledConnection, versions: Sequence[Version]) -> tuple[Case, ...]:
        """These cases in their order, at least as new as these versions; those that are known need no reading."""
        found = {version.case_no: case for version in versions if (case := self._known.get(version)) is not None}
        unknown = [version.case_no for version in versions if version.case_no not in found]
        for row in await connection.fetch(*_STATES(case_nos=unknown)) if unknown else []:
            case = await state_of(connection, row["case_no"], row["state"])
            if case is not None:
                found[case.case_no] = case
                self._known.keep(Version.of(row), case)
        return tuple(found[version.case_no] for version in versions if version.case_no in found)

    async def terms(self, case_nos: Sequence[str]) -> dict[str, Terms]:
        """By which time limits these cases go, and since when."""
        async with self._connected() as connection:
            rows = await connection.fetch(*_FIRST(case_nos=list(case_nos)))
            first = {row["case_no"]: Version(row["case_no"], 1, row["hash"]) for row in rows}
            unknown = [case_no for case_no, version in first.items() if self._durations.get(version) is None]
            for row in await connection.fetch(*_DURATIONS(case_nos=unknown)) if unknown else []:
                durations = Durations.model_validate_json(row["durations"])
                for case_no in row["case_nos"]:
                    self._durations.keep(first[case_no], durations)
        return {
            row["case_no"]: Terms(durations, row["reopened_at"] or row["received_at"])
            for row in rows
            if (durations := self._durations.get(first[row["case_no"]])) is not None
        }

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

        Each is looked at in outline, to count and sort, and only the screenful whole. Where more were open than
        ``LOOKED_AT``, none but the screenful is looked at if there is no other filter than the county, the eldest
        hand-over first, which is the order of urgency where nothing was extended; with other filters the eldest so
        many are looked at.

        Args:
            at: The moment, on the cases' own clock.
            filters: Which of them; by how they stood.
            sight: Which of them whoever looks may see, as they stand now.
            offset: How many are passed over.
            limit: How many are shown at the most.
        """
        async with self._connected() as connection:
            stood, open_cases = await self._stood(connection, at, filters.county, sight)
            too_many = len(open_cases) > LOOKED_AT
            if too_many and filters == WallFilters(county=filters.county):
                screenful = await self._folded_at(connection, open_cases[offset : offset + limit], at)
                return WallPage(screenful, len(open_cases), WallNumbers(**stood, overdue=None, stickers=None))
            outlines = self._whole_outlines if filters.missing else self._outlines
            seen = await outlines.until(connection, open_cases[:LOOKED_AT], at)
            shown = sorted((case for case in seen if filters.lets_through(case, at)), key=by_urgency)
            on_page = [case.case_no for case in shown[offset : offset + limit]]
            screenful = await self._folded_at(connection, on_page, at)
        all_seen = len(seen) == stood["open"]
        numbers = WallNumbers(
            **stood,
            overdue=sum(is_overdue(case, at) for case in seen) if all_seen else None,
            stickers={colour: sum(case.sticker is colour for case in seen) for colour in Sticker} if all_seen else None,
        )
        return WallPage(screenful, len(shown), numbers, cut_off=too_many)

    async def outlines_at(
        self, at: datetime, filters: WallFilters = NO_FILTERS, *, sight: Sight = EVERYTHING
    ) -> tuple[tuple[Outline, ...], bool]:
        """All open cases as they stood at a moment, in whole outlines; and whether there were more.

        Args:
            at: As for ``wall_at``.
            filters: Likewise; of more than ``LOOKED_AT`` the eldest so many are looked at.
            sight: Likewise.
        """
        async with self._connected() as connection:
            _, open_cases = await self._stood(connection, at, filters.county, sight)
            seen = await self._whole_outlines.until(connection, open_cases[:LOOKED_AT], at)
        return tuple(case for case in seen if filters.lets_through(case, at)), len(open_cases) > LOOKED_AT

    async def _stood(
        self, connection: PooledConnection, at: datetime, county: str | None, sight: Sight
    ) -> tuple[dict[str, Any], list[str]]:
        """The numbers of a moment, and which cases of the county were open, the eldest first."""
        row = await connection.fetchrow(*_STANDING(at=at, county=county, **sight_parameters(sight)))
        assert row is not None  # an aggregate always gives a row
        stood = dict(row)
        return stood, stood.pop("open_cases")

    async def _folded_at(self, connection: PooledConnection, case_nos: Sequence[str], at: datetime) -> tuple[Case, ...]:
        """These cases in order, folded from their records up to a moment, from where they are known on."""
        cases: list[Case] = []
        for first in range(0, len(case_nos), _PORTION):
            rows = await connection.fetch(*_ENTRIES_UNTIL(case_nos=list(case_nos[first : first + _PORTION]), at=at))
            for case_no, of_case in groupby(rows, key=itemgetter("case_no")):
                cases.append(self._told.tell(case_no, list(of_case)))
        return tuple(sorted(cases, key=by_urgency))
