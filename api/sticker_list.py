"""The stickers that are to be put up on a day, by colour: the list somebody carries to the wall in the morning."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from api.addresses import case_address
from api.wall_query import Known, WallQuery
from petitions.case import Case
from petitions.clock import local
from petitions.days import milestone_due
from petitions.jurisdiction.model import Jurisdiction
from petitions.regions import shown
from petitions.vocabulary import Sticker

_LONGEST = 7
"""Days between a sticker and the report, at the least looked through: rules of older files may have other stickers."""


@dataclass(frozen=True)
class ToPut:
    """A sticker to put up.

    Attributes:
        case: On whose row.
        colour: Which.
        due: When it falls due, local time.
        put: It has fallen due already.
    """

    case: Case
    address: str
    colour: Sticker
    county: str
    unit: str
    due: str
    put: bool


@dataclass(frozen=True)
class StickerList:
    """All of a day.

    Attributes:
        day: Which.
        colours: In the order of the days, each with its stickers, the earliest first.
        number: How many stickers.
        cut_off: There are too many open cases: not all were looked through.
    """

    day: str
    colours: tuple[tuple[Sticker, tuple[ToPut, ...]], ...]
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


def looked_through(day: date, jurisdiction: Jurisdiction, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Between which moments a case is due that may get a sticker on a day."""
    days = [sticker.day for sticker in jurisdiction.wall.stickers] or [jurisdiction.days.report]
    longest = max(_LONGEST, jurisdiction.days.report - min(days))
    earliest = max(0, max(days) - jurisdiction.days.report)
    midnight = datetime.combine(day, time(0), tzinfo=zone)
    return midnight - timedelta(days=earliest), midnight + timedelta(days=longest + 1)


def sticker_list(cases: Iterable[Case], day: date, now: datetime, *, cut_off: bool = False) -> StickerList:
    """The stickers of a local day.

    Args:
        cases: Open cases.
        day: Where they are.
        now: Tells what has fallen due already.
        cut_off: These are not all that could have one.
    """
    found = [one for case in cases for one in _of_day(case, day, now)]
    colours = [(colour, tuple(_in_order(found, colour))) for colour in Sticker]
    weekday = "一二三四五六日"[day.weekday()]
    return StickerList(
        day=f"{day.year}年{day.month}月{day.day}日 星期{weekday}",
        colours=tuple(colours),
        number=len(found),
        cut_off=cut_off,
    )


def _in_order(found: Sequence[ToPut], colour: Sticker) -> list[ToPut]:
    return sorted((one for one in found if one.colour is colour), key=lambda one: (one.due, one.case.case_no))


def _of_day(case: Case, day: date, now: datetime) -> list[ToPut]:
    """The case's sticker of that day; of several on one day the last, which covers the others."""
    durations = case.rules.durations
    due = [(milestone_due(case, put.day), put.colour) for put in durations.stickers]
    of_day = [
        (at, colour)
        for at, colour in due
        if local(at, durations.utc_offset_minutes).date() == day and at > case.clock_started_at
    ]
    return [
        ToPut(
            case=case,
            address=case_address(case.case_no),
            colour=colour,
            county=shown(case.hand_over.county, case.rules.region_names),
            unit=case.title_of(case.responsible_unit) if case.responsible_unit else "待分发",
            due=f"{local(at, durations.utc_offset_minutes):%H:%M}",
            put=at <= now,
        )
        for at, colour in of_day[-1:]
    ]
