"""The wall (挂图): what stands in each row, computed from the cases and the moment; no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.addresses import case_address
from api.marks import Day, Heading, headings, strip
from api.related import Merged, merged_case
from petitions.case import Case
from petitions.case_rules import Durations
from petitions.clock import local
from petitions.coverage import coverage
from petitions.figures import Figures
from petitions.telling import how_long, moment
from petitions.vocabulary import Coverage, Sticker
from petitions.waiting import Waiting, waiting_for
from store.duplicates import MergedCase
from store.reading import CaseSummary

COVERAGE_SIGNS = {
    Coverage.INSTRUCTION: "批",
    Coverage.SUPERVISION: "督",
    Coverage.TASK_FORCE: "专",
    Coverage.REVISIT: "访",
}


@dataclass(frozen=True)
class CoverageMark:
    """One of the four coverages: its character, its name, and whether the case has it."""

    character: str
    label: str
    done: bool


@dataclass(frozen=True)
class Awaited:
    """One thing that is waited for, and from whom.

    Attributes:
        offices: The titles of the offices.
        what: What they are to do.
        due: By when, in local time.
        late: How long that is past; none: not yet.
    """

    offices: tuple[str, ...]
    what: str
    due: str
    late: str | None

    @property
    def who(self) -> str:
        """The offices, the first of them by name."""
        first, *others = self.offices
        return f"{first}等{len(self.offices)}家" if others else first


@dataclass(frozen=True)
class Clock:
    """How long a case has left, or by how much it is late."""

    text: str
    late: bool
    soon: bool


@dataclass(frozen=True)
class Row:
    """A row of the wall.

    Attributes:
        unit_here: The unit's name without the county's, which stands beside it.
        merged: The cases that are answered with it.
    """

    case: Case
    address: str
    unit: str | None
    unit_here: str | None
    days: tuple[Day, ...]
    coverages: tuple[CoverageMark, ...]
    awaited: tuple[Awaited, ...]
    clock: Clock
    sticker: Sticker | None
    merged: tuple[Merged, ...]


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
class Wall:
    """All that the page shows.

    Attributes:
        now: The moment, in words.
        received: Cases received, and further figures.
        elsewhere: Cases that were merged or withdrawn.
        hidden: Open cases that have no row.
        more_closed: There are older closed cases than those listed.
    """

    now: str
    received: int
    concluded: int
    starred: int
    open: int
    overdue: int
    elsewhere: int
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    hidden: int
    closed: tuple[ClosedRow, ...]
    more_closed: bool


def wall(
    now: datetime,
    cases: Sequence[Case],
    open_number: int,
    closed: Sequence[CaseSummary],
    figures: Figures,
    *,
    more_closed: bool,
    merged: Sequence[MergedCase] = (),
) -> Wall:
    """The wall at a moment.

    Args:
        now: The procedure's time.
        cases: The open cases that get a row, in any order.
        open_number: How many open cases there are in all.
        closed: The closed cases that are listed.
        figures: As of the moment.
        more_closed: There are closed cases beside those.
        merged: The merged cases, each with the one that answers it.
    """
    durations = max((case.rules.durations for case in cases), key=lambda each: each.report_day, default=Durations())
    offset = durations.utc_offset_minutes
    answered = _by_answer(merged, offset)
    answers = {each.case_no: each for each in merged}
    rows = tuple(
        _row(case, now, durations.report_day, answered.get(case.case_no, ())) for case in sorted(cases, key=urgency)
    )
    return Wall(
        now=long_moment(now, offset),
        received=figures.received,
        concluded=figures.concluded,
        starred=figures.starred,
        open=open_number,
        overdue=sum(row.clock.late for row in rows),
        # A case may close between two readings: never show a number below nothing.
        elsewhere=max(0, figures.received - figures.concluded - open_number),
        headings=headings(durations),
        rows=rows,
        hidden=open_number - len(rows),
        closed=tuple(
            _closed(each, offset, answers.get(each.case_no), answered.get(each.case_no, ())) for each in closed
        ),
        more_closed=more_closed,
    )


def urgency(case: Case) -> tuple[datetime, bool, datetime, str]:
    """Sorts open cases: what is due first comes first, so the longest overdue is at the top; of equals the starred."""
    return case.due_at, not case.starred, case.hand_over.received_at, case.case_no


def coverage_marks(case: Case) -> tuple[CoverageMark, ...]:
    """The four coverages as four marks."""
    has = coverage(case)
    return tuple(CoverageMark(COVERAGE_SIGNS[one], one.label, getattr(has, one.value)) for one in Coverage)


def awaited(case: Case, now: datetime) -> tuple[Awaited, ...]:
    """What the case waits for, the most pressing first; offices that are to do the same stand together."""
    together: dict[tuple[datetime, str], list[Waiting]] = {}
    for waiting in waiting_for(case):
        together.setdefault((waiting.due_at, waiting.what.label), []).append(waiting)
    offset = case.rules.durations.utc_offset_minutes
    return tuple(
        Awaited(
            offices=tuple(case.title_of(waiting.office) for waiting in same),
            what=what,
            due=moment(due_at, offset),
            late=span(now - due_at) if due_at < now else None,
        )
        for (due_at, what), same in sorted(together.items(), key=lambda each: each[0])
    )


def clock(case: Case, now: datetime) -> Clock:
    """How long an open case has left."""
    left = case.due_at - now
    late = left < timedelta(0) or case.overdue
    return Clock(text=f"{'超' if late else '剩'}{span(left)}", late=late, soon=not late and left < timedelta(days=1))


def long_moment(at: datetime, utc_offset_minutes: int) -> str:
    """A moment in local time, with its year and weekday."""
    there = local(at, utc_offset_minutes)
    weekday = "一二三四五六日"[there.weekday()]
    return f"{there.year}年{there.month}月{there.day}日 星期{weekday} {there:%H:%M}"


def _by_answer(merged: Sequence[MergedCase], utc_offset_minutes: int) -> Mapping[str, tuple[Merged, ...]]:
    """The merged cases by the one that answers them."""
    found: dict[str, list[Merged]] = {}
    for each in merged:
        if each.answered_by is not None:
            found.setdefault(each.answered_by, []).append(merged_case(each, utc_offset_minutes))
    return {case_no: tuple(cases) for case_no, cases in found.items()}


def _row(case: Case, now: datetime, last: int, merged: tuple[Merged, ...]) -> Row:
    unit = case.title_of(case.responsible_unit) if case.responsible_unit else None
    return Row(
        case=case,
        address=case_address(case.case_no),
        unit=unit,
        unit_here=(unit.removeprefix(case.hand_over.county) or unit) if unit else None,
        days=strip(case, now, last),
        coverages=coverage_marks(case),
        awaited=awaited(case, now),
        clock=clock(case, now),
        sticker=case.sticker,
        merged=merged,
    )


def _closed(
    summary: CaseSummary, utc_offset_minutes: int, answer: MergedCase | None, merged: tuple[Merged, ...]
) -> ClosedRow:
    assert summary.closed_at is not None
    assert summary.outcome is not None
    into = answer.answered_by if answer else None
    verdict = ""
    if summary.outcome.value == "concluded":
        verdict = "目标内" if summary.within_target else "时限内" if summary.within_mandate else "超时限"
    return ClosedRow(
        case_no=summary.case_no,
        address=case_address(summary.case_no),
        starred=summary.starred,
        county=summary.county,
        location=summary.location,
        outcome=summary.outcome.label,
        closed=moment(summary.closed_at, utc_offset_minutes),
        took=span(summary.closed_at - summary.received_at),
        verdict=verdict,
        late=verdict == "超时限",
        into=into,
        into_address=case_address(into) if into and answer and answer.answer_stage else None,
        merged=merged,
    )


def span(length: timedelta) -> str:
    """How long something is, to the minute; from three hours on, to the hour: nobody reads minutes from a wall."""
    length = abs(length)
    unit = timedelta(hours=1) if length >= timedelta(hours=3) else timedelta(minutes=1)
    whole = length // unit * unit
    return how_long(whole.total_seconds()) if whole else "不足1分钟"
