"""The rows of the wall (挂图): what stands in each, computed from the case and the moment; no I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from api.addresses import case_address
from api.marks import Day, strip
from api.related import Merged
from petitions.case import Case
from petitions.clock import local
from petitions.coverage import coverage
from petitions.regions import shown
from petitions.telling import how_long, moment
from petitions.vocabulary import Coverage, Sticker
from petitions.waiting import Waiting, waiting_for

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
        county: What people read for the county.
        unit_here: The unit's name without the county's, which stands beside it.
        due: When it is due, RFC 3339: for the script that lets the clocks go on.
        merged: The cases that are answered with it.
    """

    case: Case
    address: str
    county: str
    unit: str | None
    unit_here: str | None
    days: tuple[Day, ...]
    coverages: tuple[CoverageMark, ...]
    awaited: tuple[Awaited, ...]
    clock: Clock
    due: str
    sticker: Sticker | None
    merged: tuple[Merged, ...]


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


def wall_row(case: Case, now: datetime, last: int, merged: tuple[Merged, ...] = ()) -> Row:
    """A row.

    Args:
        case: Whose row it is.
        now: The moment, on the procedure's clock.
        last: The last day with a column of its own.
        merged: The cases that are answered with it.
    """
    unit = case.title_of(case.responsible_unit) if case.responsible_unit else None
    return Row(
        case=case,
        address=case_address(case.case_no),
        county=shown(case.hand_over.county, case.rules.region_names),
        unit=unit,
        unit_here=(unit.removeprefix(case.hand_over.county) or unit) if unit else None,
        days=strip(case, now, last),
        coverages=coverage_marks(case),
        awaited=awaited(case, now),
        clock=clock(case, now),
        due=case.due_at.isoformat(),
        sticker=case.sticker,
        merged=merged,
    )


def span(length: timedelta) -> str:
    """How long something is, to the minute; from three hours on, to the hour: nobody reads minutes from a wall."""
    length = abs(length)
    unit = timedelta(hours=1) if length >= timedelta(hours=3) else timedelta(minutes=1)
    whole = length // unit * unit
    return how_long(whole.total_seconds()) if whole else "不足1分钟"
