"""The stickers that are to be put up on a day, by colour: the list somebody carries to the wall in the morning."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from api.addresses import case_address
from api.wall_query import Known, WallQuery
from petitions.clock import local
from petitions.jurisdiction.model import Jurisdiction
from petitions.outline import Outline
from petitions.regions import shown
from petitions.stickers import StickerDue, stickers_due
from petitions.vocabulary import Stage, Sticker
from store.wall import ListedCase, Terms

LISTED_OF_A_COLOUR = 400
"""Stickers of a colour that stand on one page at the most: more of them nobody carries along."""


@dataclass(frozen=True)
class Candidate:
    """An open case, with what is read of it from the list.

    Attributes:
        county: As its hand-over has it.
        unit: As ``unit/<name>``.
        stickers: When each of its stickers falls due.
        utc_offset_minutes: Of its local time.
    """

    case_no: str
    starred: bool
    county: str
    unit: str | None
    location: str
    stage: Stage
    stickers: tuple[StickerDue, ...]
    utc_offset_minutes: int

    @classmethod
    def now(cls, case: ListedCase, terms: Terms) -> Self:
        """A case as it stands."""
        return cls(
            case_no=case.case_no,
            starred=case.starred,
            county=case.county,
            unit=case.responsible_unit,
            location=case.location,
            stage=case.stage,
            stickers=stickers_due(terms.durations, case.due_at, terms.clock_started_at),
            utc_offset_minutes=terms.durations.utc_offset_minutes,
        )

    @classmethod
    def then(cls, case: Outline) -> Self:
        """A case as it stood, of its whole outline."""
        assert case.stage is not None
        return cls(
            case_no=case.case_no,
            starred=case.starred,
            county=case.hand_over.county,
            unit=case.responsible_unit,
            location=case.hand_over.location,
            stage=case.stage,
            stickers=stickers_due(case.durations, case.due_at, case.clock_started_at),
            utc_offset_minutes=case.durations.utc_offset_minutes,
        )


@dataclass(frozen=True)
class ToPut:
    """A sticker to put up.

    Attributes:
        case: On whose row.
        address: Of the case's page.
        county: What people read for the case's county.
        unit: What they read for its unit.
        due: When it falls due, local time.
        put: It has fallen due already.
    """

    case: Candidate
    address: str
    county: str
    unit: str
    due: str
    put: bool


@dataclass(frozen=True)
class OfColour:
    """The stickers of one colour.

    Attributes:
        colour: Which.
        number: How many there are.
        puts: The earliest of them, ``LISTED_OF_A_COLOUR`` at the most.
    """

    colour: Sticker
    number: int
    puts: tuple[ToPut, ...]


@dataclass(frozen=True)
class StickerList:
    """All of a day.

    Attributes:
        day: Which.
        colours: In the order of the days.
        number: How many stickers.
        cut_off: There are too many open cases: not all were looked through.
    """

    day: str
    colours: tuple[OfColour, ...]
    number: int
    cut_off: bool


@dataclass(frozen=True)
class RegionOf:
    """A region whose stickers alone can be listed; none chosen: all of them."""

    name: str
    address: str
    chosen: bool


def regions(query: WallQuery, known: Known, jurisdiction: Jurisdiction) -> tuple[RegionOf, ...]:
    """The lists of single regions: somebody carries each to its own part of the wall."""
    names = jurisdiction.regions()
    chosen = query.filters.county
    each = [("全部", None), *((names.get(county, county), county) for county in known.counties)]
    return tuple(RegionOf(name, query.filtered(county=county).address(), chosen == county) for name, county in each)


def sticker_list(
    cases: Iterable[Candidate],
    day: date,
    now: datetime,
    region_names: Mapping[str, str],
    *,
    cut_off: bool = False,
) -> StickerList:
    """The stickers of a local day.

    Args:
        cases: Open cases.
        day: Where they are.
        now: Tells what has fallen due already.
        region_names: What people read for regions that are not shown by their own id.
        cut_off: These are not all that could have one.
    """
    found = [(case, put) for case in cases if (put := _of_day(case, day)) is not None]
    weekday = "一二三四五六日"[day.weekday()]
    return StickerList(
        day=f"{day.year}年{day.month}月{day.day}日 星期{weekday}",
        colours=tuple(_of_colour(colour, found, now, region_names) for colour in Sticker),
        number=len(found),
        cut_off=cut_off,
    )


def _of_day(case: Candidate, day: date) -> StickerDue | None:
    """The case's sticker of that day; of several on one day the last, which covers the others."""
    of_day = [each for each in case.stickers if local(each.at, case.utc_offset_minutes).date() == day]
    return of_day[-1] if of_day else None


def _of_colour(
    colour: Sticker, found: Sequence[tuple[Candidate, StickerDue]], now: datetime, region_names: Mapping[str, str]
) -> OfColour:
    of_it = [(case, put) for case, put in found if put.colour is colour]
    first = sorted(of_it, key=lambda one: (one[1].at, one[0].case_no))[:LISTED_OF_A_COLOUR]
    return OfColour(colour, len(of_it), tuple(_to_put(case, put, now, region_names) for case, put in first))


def _to_put(case: Candidate, put: StickerDue, now: datetime, region_names: Mapping[str, str]) -> ToPut:
    return ToPut(
        case=case,
        address=case_address(case.case_no),
        county=shown(case.county, region_names),
        unit=case.unit.removeprefix("unit/") if case.unit else "待分发",
        due=f"{local(put.at, case.utc_offset_minutes):%H:%M}",
        put=put.at <= now,
    )
