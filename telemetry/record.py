"""What is counted when entries are written to the record, whichever process writes them.

Counted is what Postgres has confirmed, once: an entry that is sent again is not new, and a workflow that is replayed
writes nothing. (A writing whose confirmation was lost is found done, and so is not counted at all.)
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Histogram

from petitions.case import Case
from petitions.events import Chased, Entry, MilestoneReached, Refused, StickerPut

_MOMENTS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21600)
"""Bounds in seconds: from what is usual to an outage of hours."""


class RecordMetrics:
    """The metrics of the record.

    Args:
        registry: Where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._entries = Counter(
            "guatu_entries", "Entries written to the record, by what happened", ("event",), registry=registry
        )
        self._lag = Histogram(
            "guatu_write_lag_seconds",
            "From the moment of an entry to its commit in Postgres",
            registry=registry,
            buckets=_MOMENTS,
        )
        self._lateness = Histogram(
            "guatu_deadline_lateness_seconds",
            "How late a deadline fired after it was due, or after the case came if it was due before that",
            ("deadline",),
            registry=registry,
            buckets=_MOMENTS,
        )
        self._refusals = Counter(
            "guatu_refusals", "Messages that cases refused, by the code of the refusal", ("code",), registry=registry
        )

    def written(self, case: Case, entries: Sequence[Entry]) -> None:
        """Count entries that were written just now; what the store is given as ``on_written``.

        Args:
            case: The case after them; its own clock tells how long something took.
            entries: The new ones.
        """
        now = datetime.now(UTC)
        for entry in entries:
            self._entries.labels(entry.event).inc()
            self._lag.observe(max(0.0, (now - case.rules.clock.engine_time(entry.at)).total_seconds()))
            if isinstance(entry.happened, Refused):
                self._refusals.labels(entry.happened.code.value).inc()
            if (fired := _fired(entry)) is not None:
                self._lateness.labels(fired[0]).observe(_late(case, entry, fired[1]))


def _fired(entry: Entry) -> tuple[str, datetime] | None:
    """The deadline that an entry is of, and when it was due."""
    match entry.happened:
        case MilestoneReached(milestone=milestone, due_at=due_at):
            return milestone.value, due_at
        case StickerPut(due_at=due_at):
            return "sticker", due_at
        case Chased(times=1, due_at=due_at):  # of the daily ones that follow, the entry does not say when they were due
            return "chase", due_at
        case _:
            return None


def _late(case: Case, entry: Entry, due_at: datetime) -> float:
    clock = case.rules.clock
    # An instruction may come with a limit that has passed already.
    given = (instruction.at for instruction in case.instructions if instruction.complete_by == due_at)
    could_fire_from = max(due_at, case.opened_at, *given)
    return max(0.0, (clock.engine_time(entry.at) - clock.engine_time(could_fire_from)).total_seconds())
