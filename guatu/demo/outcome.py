"""What came of the demonstration, from the record alone: the figures, and whether all went as the timetable has it."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from guatu.demo.timetable import PlannedCase, Timetable
from petitions.clock import ShortClock
from petitions.events import Dispatched, Entry, HandedOver, Refused, ReportSubmitted, Taken
from petitions.figures import Figures
from petitions.values import Value
from petitions.vocabulary import Milestone, RefusalCode, Stage
from store import Store

LATE_SHARE = 0.1
"""The share of a shown day by which each step may be late: up to it the timetable has the same breaches."""


class OutcomeOfDemo(Value):
    """The figures, and what is not as it should be (each in a Chinese sentence)."""

    published_day: str
    as_published: Figures
    """As of the end of the published day."""
    final: Figures
    wrong_figures: tuple[str, ...]
    """Where the record's figures are not the published ones, or a case did not end as planned."""
    unplanned: tuple[str, ...]
    """Breaches and refusals that the timetable does not plan, or planned ones that did not happen."""
    late_seconds: float
    """The longest time between a planned step and its entry in the record."""

    def as_json(self) -> dict[str, Any]:
        """The figures as the contract has them."""
        return {self.published_day: self.as_published.model_dump(), "final": self.final.model_dump()}

    def why_it_may_differ(self, *, restarts: int, notifies: bool, day_seconds: float) -> str | None:
        """Give the reason, in Chinese, for which breaches and refusals may differ from the timetable.

        Args:
            restarts: How often the worker was started again.
            notifies: Whether offices have addresses: a case is then dispatched when its notice has arrived.
            day_seconds: How many seconds a shown day takes.

        Returns:
            None: there is no such reason.
        """
        if restarts:
            return f"工作进程重启过{restarts}次"
        if notifies:
            return "通知送达才算分发"
        if self.late_seconds > LATE_SHARE * day_seconds:
            slow = f"本机较慢，最晚的一步迟了{self.late_seconds:.1f}秒"
            return f"{slow}（1天{day_seconds:g}秒，可用 --day-seconds 加长）"
        return None


async def outcome_of(store: Store, timetable: Timetable, clock: ShortClock) -> OutcomeOfDemo:
    """Read what came of it.

    Args:
        store: The record.
        timetable: What was planned.
        clock: The clock of its cases; the final figures are as of now.

    Raises:
        StoreError: It cannot be read.
    """
    as_published = await store.figures(timetable.published_at)
    wrong = _wrong_figures(as_published, timetable)
    unplanned: list[str] = []
    late_seconds = 0.0
    for planned in timetable.cases:
        view = await store.case(planned.hand_over.case_no)
        wrong += _wrong_end(planned, view)
        if view is not None:
            unplanned += [*_unplanned_breaches(planned, view), *_unplanned_refusals(planned, view)]
            entries = await store.entries(planned.hand_over.case_no)
            late_seconds = max(late_seconds, late_seconds_of(planned, entries, clock))
    return OutcomeOfDemo(
        published_day=timetable.published.day,
        as_published=as_published,
        final=await store.figures(clock.shown(datetime.now(UTC))),
        wrong_figures=tuple(wrong),
        unplanned=tuple(unplanned),
        late_seconds=late_seconds,
    )


def late_seconds_of(planned: PlannedCase, entries: Iterable[Entry], clock: ShortClock) -> float:
    """The longest time between a planned step of a case and its entry in the record, in seconds of the engine.

    A step of the procedure itself, the dispatch or the report, is measured from the plan of the message before it.
    """
    plan = {message.message_id: message.at for message in planned.messages}
    at, late = planned.handed_in, 0.0
    for entry in entries:
        match entry.happened:
            case Taken(message=message):
                at = plan.get(message.message_id, at)
            case Refused(message_id=str(message_id)):
                at = plan.get(message_id, at)
            case HandedOver() | Dispatched() | ReportSubmitted():
                pass
            case _:
                continue
        late = max(late, (clock.engine(entry.at) - clock.engine(at)).total_seconds())
    return late


def _wrong_figures(found: Figures, timetable: Timetable) -> list[str]:
    published = timetable.published
    pairs = [
        ("收到", found.received, published.received),
        ("办结", found.concluded, published.concluded),
        ("加星", found.starred, published.starred),
        *((county, found.by_county.get(county, 0), number) for county, number in published.by_county.items()),
    ]
    return [
        f"截至{published.day}，{what}应为{wanted}件，记录为{number}件"
        for what, number, wanted in pairs
        if number != wanted
    ]


def _wrong_end(planned: PlannedCase, view: dict[str, Any] | None) -> list[str]:
    number = planned.hand_over.case_no
    if view is None:
        return [f"【{number}】没有记录"]
    if view["stage"] != planned.ends.value:
        return [f"【{number}】应为“{planned.ends.label}”，现为“{Stage(view['stage']).label}”"]
    return []


def _unplanned_breaches(planned: PlannedCase, view: dict[str, Any]) -> list[str]:
    happened = Counter(Milestone(breach["milestone"]) for breach in view["breaches"])
    wanted = Counter(planned.expected_breaches)
    number = planned.hand_over.case_no
    return [
        *(f"【{number}】计划外逾期：{milestone.label}" for milestone in (happened - wanted).elements()),
        *(f"【{number}】计划内的逾期没有发生：{milestone.label}" for milestone in (wanted - happened).elements()),
    ]


def _unplanned_refusals(planned: PlannedCase, view: dict[str, Any]) -> list[str]:
    happened = {(refusal["message_id"], RefusalCode(refusal["code"])) for refusal in view["refused"]}
    wanted = {(message.message_id, message.refused) for message in planned.messages if message.refused}
    number = planned.hand_over.case_no
    return [
        *(f"【{number}】计划外拒收：{message_id}（{code.label}）" for message_id, code in happened - wanted),
        *(f"【{number}】计划内的拒收没有发生：{message_id}（{code.label}）" for message_id, code in wanted - happened),
    ]
