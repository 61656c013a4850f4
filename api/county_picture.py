"""The county picture: the counties as tiles, shaded by one number, and the cases that came and went by day; no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from api.wall import long_moment
from api.wall_query import WallQuery
from petitions.access import Sight
from petitions.jurisdiction.model import Jurisdiction
from store.wall import WallFilters
from store.wall_figures import NO_ANSWERS, CountyNumbers, DayNumbers, Satisfaction

BY: Final[Mapping[str, str]] = {"open": "在办件数", "overdue": "超期件数", "satisfaction": "满意率"}
"""What the tiles can be shaded by."""
_DAYS: Final = 31
_NOTHING = CountyNumbers(0, 0, 0, 0)
_SHADES: Final = 4
_LEFT, _TOP, _WIDTH, _HEIGHT = 40, 24, 1120, 200
"""The plot's place in the drawing, whose size is fixed; the page stretches it."""
_COLUMN: Final = 0.38
"""A column's share of its day's width."""
_DIGIT: Final = 7
"""How wide a digit is."""


@dataclass(frozen=True)
class Tile:
    """A county.

    Attributes:
        shade: 0 (nothing to see) to 4 (most, or worst).
        value: The number that is shown large.
        word: What that means, for who cannot tell shades apart.
    """

    name: str
    address: str
    shade: int
    value: str
    word: str
    numbers: CountyNumbers
    satisfaction: str


@dataclass(frozen=True)
class Bar:
    """A day of the trend: its two columns in the drawing, and the label under it, empty for most."""

    x: float
    width: float
    received: int
    received_y: float
    received_height: float
    concluded: int
    concluded_y: float
    concluded_height: float
    day: str
    label: str


@dataclass(frozen=True)
class Trend:
    """Cases received and concluded by day.

    Attributes:
        bars: The days.
        grid: The lines with their numbers.
        since: The first day.
        numbered: Each column's number has room above it.
    """

    bars: tuple[Bar, ...]
    grid: tuple[tuple[float, int], ...]
    since: str
    numbered: bool


@dataclass(frozen=True)
class Picture:
    """The whole page."""

    by: str
    mistake: str | None
    now: str
    tiles: tuple[Tile, ...]
    trend: Trend


def first_day(first: datetime | None, today: datetime) -> datetime:
    """The start of the trend's first day: that of the first hand-over, a month back at the most."""
    earliest = datetime.combine(today.date() - timedelta(days=_DAYS - 1), time(0), tzinfo=today.tzinfo)
    week = datetime.combine(today.date() - timedelta(days=6), time(0), tzinfo=today.tzinfo)
    if first is None:
        return week
    start = datetime.combine(first.astimezone(today.tzinfo).date(), time(0), tzinfo=today.tzinfo)
    return max(earliest, min(start, week))


def county_picture(
    by: str,
    jurisdiction: Jurisdiction,
    sight: Sight,
    numbers: Mapping[str, CountyNumbers],
    satisfaction: Mapping[str, Satisfaction],
    days: Sequence[DayNumbers],
    *,
    since: date,
    now: datetime,
) -> Picture:
    """The picture.

    Args:
        by: By what the tiles are shaded, as the address has it; empty: by the open cases.
        jurisdiction: Its counties have a tile each, also without a case.
        sight: Of whom: who sees one county's or one unit's cases gets tiles for what is in sight.
        numbers: By region.
        satisfaction: By region.
        days: What came and went.
        since: The first day of the trend.
        now: The moment, in local time.
    """
    names = jurisdiction.regions()
    if sight.county is not None:
        regions = [sight.county]
    elif sight.unit is not None:
        regions = sorted(numbers)
    else:
        regions = [*names, *sorted(numbers.keys() - names.keys())]
    chosen = by if by in BY else "open"
    most = max((getattr(each, chosen, 0) for each in numbers.values()), default=0)
    return Picture(
        by=chosen,
        mistake=f"“{by[:40]}”不能用来着色，可选{'、'.join(BY.values())}。" if by and by not in BY else None,
        now=long_moment(now, int((now.utcoffset() or timedelta(0)) / timedelta(minutes=1))),
        tiles=tuple(
            _tile(
                region,
                names.get(region, region),
                chosen,
                numbers.get(region, _NOTHING),
                satisfaction.get(region, NO_ANSWERS),
                most,
            )
            for region in regions
        ),
        trend=_trend(days, since, now.date()),
    )


def _tile(region: str, name: str, by: str, numbers: CountyNumbers, answered: Satisfaction, most: int) -> Tile:
    percent = answered.content * 100 // answered.responses if answered.responses else None
    said = "—" if percent is None else f"{percent}%"
    if by == "satisfaction":
        shade, value = _shade_of_percent(percent), said
        word = "无回访" if percent is None else "满意" if shade <= 1 else "一般" if shade == 2 else "不满意"
    else:
        number = numbers.overdue if by == "overdue" else numbers.open
        # Of few cases each counts for itself: one is not the worst because no county has two.
        shade = 0 if number == 0 else max(1, -(-number * _SHADES // max(most, _SHADES)))
        value = str(number)
        word = "件超期" if by == "overdue" else "件在办"
    return Tile(
        name=name,
        address=WallQuery(filters=WallFilters(county=region)).address(),
        shade=shade,
        value=value,
        word=word,
        numbers=numbers,
        satisfaction=said,
    )


def _shade_of_percent(percent: int | None) -> int:
    """The less satisfied, the darker; the steps are those of a survey's usual judgement, 80 % being enough."""
    if percent is None:
        return 0
    return 1 if percent >= 90 else 2 if percent >= 80 else 3 if percent >= 60 else 4


def _trend(days: Sequence[DayNumbers], since: date, until: date) -> Trend:
    known = {each.day: each for each in days}
    all_days = [since + timedelta(days=number) for number in range(max((until - since).days, 0) + 1)]
    most = max((max(each.received, each.concluded) for each in days), default=0)
    step = _step(most)
    top = max(step, -(-most // step) * step)
    width = _WIDTH / len(all_days)
    every = -(-len(all_days) // 16)
    bars = [
        _bar(known.get(day, DayNumbers(day, 0, 0)), _LEFT + place * width, width, top, labelled=place % every == 0)
        for place, day in enumerate(all_days)
    ]
    grid = tuple((_TOP + _HEIGHT * (1 - number / top), number) for number in range(0, top + 1, step))
    numbered = len(str(most)) * _DIGIT <= width * _COLUMN
    return Trend(tuple(bars), grid, f"{since.month}月{since.day}日", numbered)


def _step(most: int) -> int:
    """Between the lines of the grid: five lines at the most, at round numbers."""
    step = 1
    for factor in _round_factors():
        step = factor
        if most <= 5 * step:
            return step
    return step


def _round_factors() -> list[int]:
    return [digit * 10**power for power in range(9) for digit in (1, 2, 5)]


def _bar(day: DayNumbers, x: float, width: float, top: int, *, labelled: bool) -> Bar:
    def height(number: int) -> float:
        return round(_HEIGHT * number / top, 1)

    said = f"{day.day.month}月{day.day.day}日"
    return Bar(
        x=round(x, 1),
        width=round(width * _COLUMN, 1),
        received=day.received,
        received_y=round(_TOP + _HEIGHT - height(day.received), 1),
        received_height=height(day.received),
        concluded=day.concluded,
        concluded_y=round(_TOP + _HEIGHT - height(day.concluded), 1),
        concluded_height=height(day.concluded),
        day=said,
        label=said if labelled else "",
    )
