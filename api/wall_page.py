"""The wall's page (``/``): the summary line, the filters, the days to look back at, and the rows; no I/O."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from markupsafe import Markup

from api.addresses import case_address
from api.kept_rows import KeptRows
from api.marks import Heading, headings
from api.related import Merged, merged_case
from api.wall import COVERAGE_SIGNS, long_moment, span
from api.wall_query import LABELS, Known, WallQuery, end_of_day, local_text
from petitions.case_rules import Durations
from petitions.jurisdiction.model import Jurisdiction
from petitions.telling import moment
from petitions.vocabulary import Category, Coverage, Outcome, Sticker
from store.duplicates import MergedCase
from store.wall import NO_FILTERS, WallPage
from store.wall_figures import ClosedCase, Satisfaction, WallNumbers

ROWS: Final = 60
"""Rows of a screenful: more do not hang on one wall."""
SCREEN_ROWS: Final = 12
"""Rows of a screenful on a television, to be read from five metres; each has room for two lines."""


@dataclass(frozen=True)
class Figure:
    """A number of the summary line.

    Attributes:
        label: What it counts.
        value: The number, or that there is none.
        more: What stands small beside it.
        told: What it says when pointed at.
        address: The wall with just these cases; none: it counts other things.
        tone: How it looks: a class of the stylesheet.
    """

    label: str
    value: str
    more: str = ""
    told: str = ""
    address: str | None = None
    tone: str = ""


@dataclass(frozen=True)
class Option:
    """What a filter can be set to."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Filter:
    """A filter: its name in the address, its label, and what it can be set to."""

    name: str
    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Set:
    """A filter that is set, in words, and the address of the wall without it."""

    said: str
    without: str


@dataclass(frozen=True)
class Days:
    """The days one can look back at.

    Attributes:
        last: The number of today; 0 is the day of the first hand-over.
        chosen: The number of the day that is shown.
        said: That day in words.
        before: The wall of the day before; none: it is the first.
        after: The wall of the day after; none: it is today.
        moment: The moment that is shown, as a field of date and time holds it.
        first: The earliest moment for that field.
        latest: The latest.
    """

    last: int
    chosen: int
    said: str
    before: str | None
    after: str | None
    moment: str
    first: str
    latest: str


@dataclass(frozen=True)
class ClosedRow:
    """A case that is over, as the compact list shows it.

    Attributes:
        into: Of a merged case the number of the one that answers it.
        into_address: The page of that one; none: it is not here yet.
        merged: The cases that are answered with it.
    """

    case_no: str
    address: str
    starred: bool
    county: str
    location: str
    outcome: str
    closed: str
    took: str
    verdict: str
    late: bool
    into: str | None
    into_address: str | None
    merged: tuple[Merged, ...]


@dataclass(frozen=True)
class Pages:
    """Where one is among the screenfuls: the numbers of the first and the last row, of how many, and the ways on."""

    page: int
    pages: int
    first: int
    last: int
    matching: int
    before: str | None
    after: str | None
    end: str


@dataclass(frozen=True)
class Wall:
    """All that the page shows.

    Attributes:
        query: What was asked for.
        now: The moment that is shown, in words.
        instant: The same, RFC 3339, for the script that lets the clocks go on; none: they stand still.
        offset: Local time's minutes east of UTC.
        live: The page asks for what has changed.
        hidden: The filters that the address holds, for forms beside them.
        cut_off: Of a past moment: not all open cases were looked at.
        more_closed: There are older closed cases than those listed.
        target_days: Within how many days the city itself wants cases concluded.
        mandate_days: Within how many days they must be.
    """

    query: WallQuery
    now: str
    instant: str | None
    offset: int
    live: bool
    figures: tuple[Figure, ...]
    filters: tuple[Filter, ...]
    set: tuple[Set, ...]
    hidden: tuple[tuple[str, str], ...]
    mistakes: tuple[str, ...]
    days: Days | None
    headings: tuple[Heading, ...]
    rows: tuple[Markup, ...]
    pages: Pages
    cut_off: bool
    closed: tuple[ClosedRow, ...]
    more_closed: bool
    target_days: int
    mandate_days: int


def wall(
    query: WallQuery,
    known: Known,
    jurisdiction: Jurisdiction,
    shown: WallPage,
    satisfaction: Satisfaction,
    rows: KeptRows,
    *,
    live: bool,
    ticks: bool,
    closed: Sequence[ClosedCase] = (),
    closed_rows: int = 60,
    merged: Mapping[str, MergedCase] = MappingProxyType({}),
    answered: Mapping[str, Sequence[MergedCase]] = MappingProxyType({}),
) -> Wall:
    """The wall.

    Args:
        query: What is asked for.
        known: What it was read against.
        jurisdiction: Names the regions, and has the columns of an empty wall.
        shown: The screenful, with the numbers.
        satisfaction: What residents answered, up to the moment that is shown.
        rows: Renders the rows.
        live: Changes are told to the page.
        ticks: The procedure's clock goes as clocks on walls do.
        closed: The cases that closed last.
        closed_rows: How many of them are listed at the most.
        merged: The merged cases by their number.
        answered: The merged cases by the number of the one that answers them.
    """
    at = query.at or known.now
    offset = offset_of(known, at)
    standard = Durations(report_day=jurisdiction.days.report)
    durations = max((case.rules.durations for case in shown.cases), key=lambda each: each.report_day, default=standard)
    assert shown.numbers is not None
    return Wall(
        query=query,
        now=long_moment(at, offset),
        instant=at.isoformat() if ticks and query.at is None else None,
        offset=offset,
        live=live and query.at is None,
        figures=figures(query, shown.numbers, satisfaction),
        filters=tuple(_filters(query, known, jurisdiction)),
        set=tuple(_set(query, jurisdiction)),
        hidden=tuple(replace(query, page=1, at=None).pairs()),
        mistakes=query.mistakes,
        days=_days(query, known),
        headings=headings(durations),
        rows=tuple(
            rows.row(case, at, durations.report_day, _merged(answered.get(case.case_no, ()), offset))
            for case in shown.cases
        ),
        pages=_pages(query, shown),
        cut_off=shown.cut_off,
        closed=tuple(
            _closed(each, offset, merged.get(each.case_no), _merged(answered.get(each.case_no, ()), offset))
            for each in closed[:closed_rows]
        ),
        more_closed=len(closed) > closed_rows,
        target_days=jurisdiction.days.target,
        mandate_days=jurisdiction.days.report,
    )


def figures(query: WallQuery, numbers: WallNumbers, satisfaction: Satisfaction) -> tuple[Figure, ...]:
    """The summary line: of all cases in sight, whatever the filters let through."""
    every = replace(query, filters=NO_FILTERS, page=1)
    found = [
        Figure("接收", str(numbers.received)),
        Figure("办结", str(numbers.concluded)),
        Figure(
            "按时办结",
            _percent(numbers.on_time, numbers.concluded),
            more=f"{numbers.on_time}件" if numbers.concluded else "",
            told=f"已办结{numbers.concluded}件，其中{numbers.on_time}件在规定时限内",
        ),
        Figure(
            "满意率",
            _percent(satisfaction.content, satisfaction.responses),
            told=f"最近交办各件的满意回访共{satisfaction.responses}份问卷，满意和基本满意{satisfaction.content}份",
        ),
        Figure("加星", str(numbers.starred), address=every.filtered(starred=True).address(), told="只看在办的加星件"),
        Figure("在办", str(numbers.open), address=every.address(), told="看全部在办件"),
    ]
    if numbers.overdue is not None:
        found.append(
            Figure(
                "超期",
                str(numbers.overdue),
                address=every.filtered(overdue=True).address(),
                told="只看超期件",
                tone="alarm" if numbers.overdue else "",
            )
        )
    for colour, number in (numbers.stickers or {}).items():
        address = every.filtered(sticker=colour).address()
        told = f"只看贴{colour.label}色即时贴的"
        found.append(Figure(f"{colour.label}贴", str(number), address=address, told=told, tone=colour.value))
    if numbers.elsewhere:
        found.append(Figure("并案、撤回", str(numbers.elsewhere), tone="minor"))
    return tuple(found)


def offset_of(known: Known, at: datetime) -> int:
    """Local time at a moment, in minutes east of UTC."""
    return int((at.astimezone(known.zone).utcoffset() or timedelta(0)) / timedelta(minutes=1))


def _percent(part: int, whole: int) -> str:
    # Rounded down: nothing is called all that is not all.
    return f"{part * 100 // whole}%" if whole else "—"


def _filters(query: WallQuery, known: Known, jurisdiction: Jurisdiction) -> list[Filter]:
    names = jurisdiction.regions()
    chosen = dict(query.pairs())
    options: Mapping[str, list[tuple[str, str]]] = {
        "county": [(county, names.get(county, county)) for county in known.counties],
        "category": [(word.value, word.label) for word in Category],
        "unit": [(unit, unit.removeprefix("unit/")) for unit in _with(known.units, query.filters.unit)],
        "starred": [("1", "加星"), ("0", "未加星")],
        "sticker": [(word.value, f"{word.label}色") for word in Sticker],
        "missing": [(word.value, f"缺{word.label}") for word in Coverage],
        "overdue": [("1", "已超期"), ("0", "未超期")],
    }
    return [
        Filter(name, label, tuple(Option(value, said, chosen.get(name) == value) for value, said in options[name]))
        for name, label in LABELS.items()
    ]


def _with(names: Collection[str], chosen: str | None) -> list[str]:
    return [*names, *([chosen] if chosen and chosen not in names else [])]


def _set(query: WallQuery, jurisdiction: Jurisdiction) -> list[Set]:
    filters = query.filters
    said: dict[str, str | None] = {
        "county": jurisdiction.regions().get(filters.county, filters.county) if filters.county else None,
        "category": filters.category.label if filters.category else None,
        "unit": filters.unit.removeprefix("unit/") if filters.unit else None,
        "starred": _either(filters.starred, "加星件", "未加星件"),
        "sticker": f"{filters.sticker.label}色即时贴" if filters.sticker else None,
        "missing": f"缺{filters.missing.label}（{COVERAGE_SIGNS[filters.missing]}）" if filters.missing else None,
        "overdue": _either(filters.overdue, "已超期", "未超期"),
    }
    return [
        Set(f"{LABELS[name]}：{words}", query.filtered(**{name: None}).address())
        for name, words in said.items()
        if words is not None
    ]


def _either(value: bool | None, yes: str, no: str) -> str | None:
    return None if value is None else yes if value else no


def _days(query: WallQuery, known: Known) -> Days | None:
    if known.first is None:
        return None
    first = known.first.astimezone(known.zone).date()
    today = known.now.astimezone(known.zone).date()
    at = (query.at or known.now).astimezone(known.zone)
    last, chosen = (today - first).days, (at.date() - first).days

    def day(number: int) -> str:
        moment = end_of_day(first + timedelta(days=number), known.zone)
        return query.but(at=moment if number < last else None).address()

    return Days(
        last=max(last, 0),
        chosen=min(max(chosen, 0), max(last, 0)),
        said=f"{at.month}月{at.day}日",
        before=day(chosen - 1) if chosen > 0 else None,
        after=day(chosen + 1) if chosen < last else None,
        moment=local_text(at, known.zone),
        first=f"{first.isoformat()}T00:00",
        latest=local_text(known.now, known.zone),
    )


def _pages(query: WallQuery, shown: WallPage) -> Pages:
    rows = SCREEN_ROWS if query.screen else ROWS
    pages = max(1, -(-shown.matching // rows))
    first = (query.page - 1) * rows
    return Pages(
        page=query.page,
        pages=pages,
        first=first + 1 if shown.cases else 0,
        last=first + len(shown.cases),
        matching=shown.matching,
        before=replace(query, page=query.page - 1).address() if query.page > 1 else None,
        after=replace(query, page=query.page + 1).address() if query.page < pages else None,
        end=replace(query, page=pages).address(),
    )


def _merged(merged: Sequence[MergedCase], utc_offset_minutes: int) -> tuple[Merged, ...]:
    return tuple(merged_case(each, utc_offset_minutes) for each in merged)


def _closed(
    closed: ClosedCase, utc_offset_minutes: int, answer: MergedCase | None, merged: tuple[Merged, ...]
) -> ClosedRow:
    into = answer.answered_by if answer else None
    verdict = ""
    if closed.outcome is Outcome.CONCLUDED:
        verdict = "目标内" if closed.within_target else "时限内" if closed.within_mandate else "超时限"
    return ClosedRow(
        case_no=closed.case_no,
        address=case_address(closed.case_no),
        starred=closed.starred,
        county=closed.county,
        location=closed.location,
        outcome=closed.outcome.label,
        closed=moment(closed.closed_at, utc_offset_minutes),
        took=span(closed.closed_at - closed.received_at),
        verdict=verdict,
        late=verdict == "超时限",
        into=into,
        into_address=case_address(into) if into and answer and answer.answer_stage else None,
        merged=merged,
    )
