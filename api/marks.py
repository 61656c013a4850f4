"""What was done on which day of a case, as marks: one character each, for the strip of days on the wall.

Columns are dates in local time: the day of the hand-over, then day 1 to the day of the mandate, then all later
ones. However the jurisdiction counts days, the milestones of day n fall on date n. The days of a case that was
reopened count from its reopening; what was done before stands on the case's page.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal, TypeVar

from petitions.case import Case, Line
from petitions.case_rules import Durations
from petitions.clock import local
from petitions.telling import moment
from petitions.vocabulary import Purpose, Stage, Sticker

_T = TypeVar("_T")

Tone = Literal["done", "back", "chase", "late", "note"]
"""How a mark looks: a step done, sent back, chased, missed, or something to know."""


class Sign(Enum):
    """A sign on the wall: its character, what it stands for, and its tone."""

    NAMED = "派", "指定责任单位", "note"
    DISPATCHED = "发", "分发", "done"
    ACKNOWLEDGED = "签", "签收", "done"
    INSTRUCTED = "批", "领导批示", "done"
    FORCE = "专", "工作专班", "done"
    SUPERVISED = "督", "现场督导", "done"
    INVESTIGATED = "查", "现场调查、核实", "done"
    PROGRESS = "进", "整改进展", "done"
    REPORTED = "报", "最终整改报告", "done"
    VERIFIED = "核", "核实", "done"
    REVIEWED = "审", "初审", "done"
    SURVEYED = "访", "满意回访", "done"
    CLOSED = "结", "办结、并案或撤回", "done"
    RETURNED = "退", "核实、初审退回", "back"
    REWORK = "返", "回访不满意，返工", "back"
    REOPENED = "重", "退回重办", "back"
    CHASED = "催", "催办、通报", "chase"
    BREACHED = "逾", "节点逾期", "late"
    EXTENDED = "延", "延期", "note"
    STARRING = "星", "加星调整", "note"

    def __init__(self, character: str, label: str, tone: Tone) -> None:
        self.character = character
        self.label = label
        self.tone: Tone = tone


@dataclass(frozen=True)
class Mark:
    """A sign on one day, and what it tells when pointed at."""

    sign: Sign
    told: str
    times: int


@dataclass(frozen=True)
class Day:
    """A column of the strip.

    Attributes:
        number: 0 is the day of the hand-over, or of the last reopening; the last column holds all later days.
        marks: What was done, each sign once.
        sticker: What was put on that day, the last of several.
        when: As seen from now.
        due: The case is due on that day.
        label: What the column is called, with its date.
    """

    number: int
    marks: tuple[Mark, ...]
    sticker: Sticker | None
    when: Literal["past", "today", "ahead"]
    due: bool
    label: str


@dataclass(frozen=True)
class Heading:
    """The head of a column: its day, and what is due on it."""

    day: str
    due: str
    sticker: Sticker | None


def headings(durations: Durations) -> tuple[Heading, ...]:
    """The heads of the strip's columns, as these durations set the milestones."""
    due = {durations.reminder_day: "催办", durations.review_day: "初审", durations.report_day: "办结上报"}
    colours = {put.day: put.colour for put in durations.stickers}
    last = durations.report_day
    days = [Heading(f"第{day}天", due.get(day, ""), colours.get(day)) for day in range(1, last + 1)]
    return (Heading("当日", "交办分发", None), *days, Heading(f"{last}天后", "", None))


def strip(case: Case, now: datetime, last: int) -> tuple[Day, ...]:
    """The days of a case from its hand-over or its last reopening, as columns.

    Args:
        case: The case.
        now: The procedure's time.
        last: The last day with a column of its own; whatever is later shares one.
    """
    marks: dict[int, list[tuple[Sign, str]]] = {}
    offset = case.rules.durations.utc_offset_minutes
    for line, sign in signs(case):
        if line.at < case.clock_started_at:
            continue
        told = f"{moment(line.at, offset)} {line.text}"
        marks.setdefault(_column(case, line.at, last), []).append((sign, told))
    stickers = {_column(case, at, last): sticker for at, sticker in _stickers(case) if at >= case.clock_started_at}
    today, due = _column(case, now, last), _column(case, case.due_at, last)
    return tuple(
        Day(
            number=day,
            marks=_each_once(marks.get(day, [])),
            sticker=stickers.get(day),
            when="past" if day < today else "today" if day == today else "ahead",
            due=day == due,
            label=_label(case, day, last),
        )
        for day in range(last + 2)
    )


def day_of(case: Case, at: datetime) -> int:
    """On which day of the case a moment lies; 0 is the day of the hand-over, or of the last reopening."""
    offset = case.rules.durations.utc_offset_minutes
    return (local(at, offset).date() - local(case.clock_started_at, offset).date()).days


def _column(case: Case, at: datetime, last: int) -> int:
    return min(max(day_of(case, at), 0), last + 1)


def _label(case: Case, day: int, last: int) -> str:
    first = local(case.clock_started_at, case.rules.durations.utc_offset_minutes).date()
    date = first + timedelta(days=day)
    said = f"{date.month}月{date.day}日"
    start = "退回重办当日" if case.clock_start else "交办当日"
    return f"{start} {said}" if day == 0 else f"第{day}天 {said}" if day <= last else f"{said}起"


def _each_once(happened: Sequence[tuple[Sign, str]]) -> tuple[Mark, ...]:
    times = Counter(sign for sign, _ in happened)
    return tuple(
        Mark(sign, "\n".join(told for other, told in happened if other is sign), number)
        for sign, number in times.items()
    )


def signs(case: Case) -> Iterator[tuple[Line, Sign]]:
    """The lines of the case's timeline that have a sign, each with it."""
    visits = _aligned(case, "site_visit", [visit.purpose for visit in case.visits])
    judged = _aligned(case, "survey_judged", [each.satisfied for each in case.surveys if each.satisfied is not None])
    final = {(report.at, report.by) for report in case.reports}
    returned = _returned(case)
    missed = Counter(day_of(case, max(breach.due_at, case.opened_at)) for breach in case.breaches)
    for line in case.timeline:
        sign = _SIGNS.get(line.event)
        match line.event:
            case "site_visit" if visits.get(line.seq) is not Purpose.SUPERVISION:
                sign = Sign.INVESTIGATED
            case "rectification_report" if (line.at, line.by) not in final:
                sign = Sign.PROGRESS
            case "verification" | "preliminary_review" if line.seq in returned:
                sign = Sign.RETURNED
            case "survey_judged" if judged.get(line.seq) is False:
                sign = Sign.REWORK
            case "milestone" if missed[day_of(case, line.at)] > 0:
                missed[day_of(case, line.at)] -= 1
                sign = Sign.BREACHED
            case _:
                pass
        if sign:
            yield line, sign


_SIGNS = {
    "dispatch": Sign.NAMED,
    "dispatched": Sign.DISPATCHED,
    "acknowledgement": Sign.ACKNOWLEDGED,
    "leader_instruction": Sign.INSTRUCTED,
    "task_force": Sign.FORCE,
    "site_visit": Sign.SUPERVISED,
    "rectification_report": Sign.REPORTED,
    "verification": Sign.VERIFIED,
    "preliminary_review": Sign.REVIEWED,
    "survey_judged": Sign.SURVEYED,
    "chased": Sign.CHASED,
    "milestone": Sign.CHASED,
    "extension": Sign.EXTENDED,
    "starring": Sign.STARRING,
    "closed": Sign.CLOSED,
    "reopened": Sign.REOPENED,
}


def _stickers(case: Case) -> list[tuple[datetime, Sticker]]:
    put = [sticker.colour for sticker in case.rules.durations.stickers[: case.stickers_put]]
    at = {line.seq: line.at for line in case.timeline}
    return [(at[seq], colour) for seq, colour in sorted(_aligned(case, "sticker", put).items())]


def _aligned(case: Case, event: str, values: Sequence[_T]) -> dict[int, _T]:
    """Each value of the case by the timeline's line that brought it; from the end, for old lines are dropped."""
    lines = [line.seq for line in case.timeline if line.event == event]
    return dict(zip(reversed(lines), reversed(values), strict=False))


def _returned(case: Case) -> frozenset[int]:
    """The lines of verifications and reviews that sent the case back.

    A line does not say so itself: the last judgement of a report did, if another report of the same round follows,
    or if the case is back with its unit.
    """
    final = {(report.at, report.by) for report in case.reports}
    found: set[int] = set()
    last: Line | None = None
    for line in case.timeline:
        match line.event:
            case "verification" | "preliminary_review":
                last = line
            case "survey_judged":
                last = None
            case "rectification_report" if last and (line.at, line.by) in final:
                found.add(last.seq)
                last = None
            case _:
                pass
    if last and case.stage is Stage.RECTIFYING:
        found.add(last.seq)
    return frozenset(found)
