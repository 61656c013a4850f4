"""The table that ``python -m bench`` prints."""

from collections.abc import Callable, Sequence

from bench.doors import AT_A_TIME as AT_A_TIME_SENT
from bench.doors import Waits
from bench.history import History
from bench.throughput import AT_A_TIME, Throughput

BUDGET = 120
"""History events that a happy-path case may cost, its messages sent one by one and its notices out."""
_LABEL, _CELL = 40, 20


def table(histories: Sequence[History], throughputs: Sequence[Throughput]) -> str:
    """What was measured, ratios first.

    Args:
        histories: One column each; the bare workflow last.
        throughputs: Measured in one run, taking turns; named like the columns, the bare workflow last.
    """
    bare, bare_pace = histories[-1], throughputs[-1]
    types = sorted({event for one in histories for event in one.events}, key=lambda event: -histories[0].by_type[event])

    def of_each(cell: Callable[[History], str]) -> list[str]:
        return [cell(one) for one in histories]

    def pace_of_each(cell: Callable[[Throughput], str]) -> list[str]:
        cells = {one.name: cell(one) for one in throughputs}
        return [cells.get(one.name, "-") for one in histories]

    rows: list[tuple[str, Sequence[str]]] = [
        ("", of_each(lambda one: one.name)),
        ("ratio to the bare workflow", []),
        ("  history events, one by one", of_each(lambda one: f"{len(one.events) / len(bare.events):.2f}")),
        ("  cases a second", pace_of_each(lambda one: f"{one.cases_a_second / bare_pace.cases_a_second:.2f}")),
        ("one case, messages one by one", []),
        ("  history events", of_each(lambda one: str(len(one.events)))),
        *((f"    {event}", [str(one.by_type[event]) for one in histories]) for event in types),
        ("  notices sent", of_each(lambda one: str(one.notices))),
        (f"{throughputs[0].cases} cases, {AT_A_TIME} at a time, overlapping", []),
        ("  cases a second", pace_of_each(lambda one: f"{one.cases_a_second:.1f}")),
        ("  messages a second", pace_of_each(lambda one: f"{one.messages_a_second:.1f}")),
        ("  history events a case", pace_of_each(lambda one: f"{one.events_a_case:.1f}")),
    ]
    spent = len(histories[0].events)
    kept = "within" if spent <= BUDGET else "ABOVE"
    head = f"happy path of 8 messages: {spent} history events, {kept} the budget of {BUDGET}"
    return "\n".join((head, "", *map(_row, rows)))


def doors_table(started: Sequence[Waits], sent: Sequence[Waits]) -> str:
    """What was measured at the doors of the HTTP API, ratios first.

    Args:
        started: From ``bench.doors.starts``, the bare start first.
        sent: From ``bench.doors.messages``.
    """
    bare = started[0].median
    rows: list[tuple[str, Sequence[str]]] = [
        ("intake, one case after the other", [one.name for one in started]),
        ("  ratio to the bare start", [f"{one.median / bare:.2f}" for one in started]),
        *_milliseconds(started),
        (f"message by HTTP, {AT_A_TIME_SENT} at a time", [one.name for one in sent]),
        *_milliseconds(sent),
    ]
    head = f"doors: {len(started[0].seconds)} cases started in each way, {len(sent[0].seconds)} messages"
    return "\n".join((head, "", *map(_row, rows)))


def _milliseconds(waits: Sequence[Waits]) -> list[tuple[str, Sequence[str]]]:
    return [
        ("  median, ms", [f"{one.median * 1000:.1f}" for one in waits]),
        ("  99th percentile, ms", [f"{one.most * 1000:.1f}" for one in waits]),
    ]


def _row(row: tuple[str, Sequence[str]]) -> str:
    label, cells = row
    return (f"{label:<{_LABEL}}" + "".join(f"{cell:>{_CELL}}" for cell in cells)).rstrip()
