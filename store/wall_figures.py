"""What stands around the wall's rows: the summary line's numbers, residents' satisfaction, counties and days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from petitions.access import EVERYTHING, Sight
from petitions.regions import regions_of
from petitions.values import Instant, Value
from petitions.vocabulary import Outcome, Sticker
from store import queries
from store.connection import OnPool
from store.reading import sight_parameters

_SQL = queries.load("wall_figures")
_NUMBERS, _SATISFACTION, _FIRST = _SQL["numbers"], _SQL["satisfaction"], _SQL["first"]
_CHOICES, _CLOSED, _COUNTIES, _DAYS = _SQL["choices"], _SQL["closed"], _SQL["counties"], _SQL["days"]

SATISFACTION_OF = 500
"""Cases whose residents' answers are counted, the latest hand-overs: all of them would be read for every page."""


@dataclass(frozen=True)
class WallNumbers:
    """What the summary line says of all cases in sight, at one moment.

    Attributes:
        received: Cases received.
        concluded: Of them concluded.
        on_time: Of the concluded ones those within the mandate.
        elsewhere: Cases that were merged or withdrawn.
        starred: Cases that carry a star.
        open: Cases that are open.
        overdue: Open cases past their mandate; none: of a past moment with too many open cases to look at.
        stickers: How many open cases carry each colour; none as before.
    """

    received: int
    concluded: int
    on_time: int
    elsewhere: int
    starred: int
    open: int
    overdue: int | None
    stickers: Mapping[Sticker, int] | None
    closed_last: datetime | None = None
    """When the last one closed; of a past moment it is not told."""


@dataclass(frozen=True)
class Satisfaction:
    """What residents answered in the rounds of surveys that were judged.

    Attributes:
        content: Answers that said satisfied or basically satisfied.
        responses: Answers in all.
    """

    content: int
    responses: int

    def __add__(self, other: "Satisfaction") -> "Satisfaction":
        return Satisfaction(self.content + other.content, self.responses + other.responses)


NO_ANSWERS = Satisfaction(0, 0)


@dataclass(frozen=True)
class WallChoices:
    """What the filters can be set to, of the open cases in sight: regions, and units as ``unit/<name>``; sorted."""

    counties: tuple[str, ...]
    units: tuple[str, ...]


class ClosedCase(Value):
    """A case that is over, as the wall lists it."""

    case_no: str
    starred: bool
    county: str
    location: str
    received_at: Instant
    closed_at: Instant
    outcome: Outcome
    within_target: bool | None
    within_mandate: bool | None


@dataclass(frozen=True)
class CountyNumbers:
    """The numbers of a county; a joint case counts in each of its own."""

    received: int
    concluded: int
    open: int
    overdue: int


@dataclass(frozen=True)
class DayNumbers:
    """What came and went on one day."""

    day: date
    received: int
    concluded: int


class WallFigures(OnPool):
    """Reading them. All methods raise ``StoreError`` as its kinds say."""

    async def wall_numbers(self, now: datetime | None = None, *, sight: Sight = EVERYTHING) -> WallNumbers:
        """The numbers of all cases in sight, as they stand now.

        Args:
            now: The procedure's time, which also tells what is overdue; none: what is recorded as overdue is.
            sight: Of which cases.
        """
        async with self._connected() as connection:
            row = await connection.fetchrow(*_NUMBERS(now=now, **sight_parameters(sight)))
        assert row is not None  # an aggregate always gives a row
        counted = dict(row)
        stickers = {sticker: int(counted.pop(sticker.value)) for sticker in Sticker}
        return WallNumbers(**counted, stickers=stickers)

    async def satisfaction(self, at: datetime, *, sight: Sight = EVERYTHING) -> dict[str, Satisfaction]:
        """Residents' satisfaction by region, up to a moment, of the latest ``SATISFACTION_OF`` cases in sight.

        A joint case counts in each of its regions; under the empty name stands the sum, each case once.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(*_SATISFACTION(at=at, latest=SATISFACTION_OF, **sight_parameters(sight)))
        found = {"": NO_ANSWERS}
        for row in rows:
            answered = Satisfaction(row["content"], row["responses"])
            for region in ("", *regions_of(row["county"])):
                found[region] = found.get(region, NO_ANSWERS) + answered
        return found

    async def first_hand_over(self, *, sight: Sight = EVERYTHING) -> datetime | None:
        """When the first case in sight was handed over; none: there is no case."""
        async with self._connected() as connection:
            return await connection.fetchval(*_FIRST(**sight_parameters(sight)))

    async def wall_choices(self, *, sight: Sight = EVERYTHING) -> WallChoices:
        """What the filters can be set to."""
        async with self._connected() as connection:
            rows = await connection.fetch(*_CHOICES(**sight_parameters(sight)))
        counties = {region for row in rows for region in regions_of(row["county"])}
        units = {str(row["responsible_unit"]) for row in rows if row["responsible_unit"]}
        return WallChoices(tuple(sorted(counties)), tuple(sorted(units)))

    async def closed_lately(
        self, county: str | None = None, *, sight: Sight = EVERYTHING, limit: int = 60
    ) -> list[ClosedCase]:
        """The cases in sight that closed last, of one region if it is named."""
        async with self._connected() as connection:
            rows = await connection.fetch(*_CLOSED(county=county, limit=limit, **sight_parameters(sight)))
        return [ClosedCase.model_validate(dict(row)) for row in rows]

    async def county_numbers(
        self, now: datetime | None = None, *, sight: Sight = EVERYTHING
    ) -> dict[str, CountyNumbers]:
        """The numbers of each region that has a case in sight; ``now`` as for ``wall_numbers``."""
        async with self._connected() as connection:
            rows = await connection.fetch(*_COUNTIES(now=now, **sight_parameters(sight)))
        return {row["region"]: CountyNumbers(*list(row.values())[1:]) for row in rows}

    async def by_day(
        self, since: datetime, utc_offset_minutes: int, *, sight: Sight = EVERYTHING
    ) -> tuple[DayNumbers, ...]:
        """How many cases in sight were handed over and concluded on each local day since a moment.

        Args:
            since: The start of the first day.
            utc_offset_minutes: Local time.
            sight: Only cases that are in sight.

        Returns:
            the days on which anything happened, in order.
        """
        offset = timedelta(minutes=utc_offset_minutes)
        async with self._connected() as connection:
            rows = await connection.fetch(*_DAYS(since=since, offset=offset, **sight_parameters(sight)))
        return tuple(DayNumbers(row["day"], row["received"], row["concluded"]) for row in rows)
