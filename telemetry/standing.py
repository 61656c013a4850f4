"""How things stand, as gauges: read from Postgres and from Temporal when somebody asks for the metrics.

Several processes show the same numbers: take their maximum, not their sum. While Postgres is away there are none of
them, and ``guatu_database_up`` is 0.
"""

from collections.abc import Awaitable, Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from petitions.discrepancies import DiscrepancyKind
from petitions.notices import NoticeState
from petitions.vocabulary import Stage, Sticker
from store import StoreError
from store.standing import Standing

_OPEN_STAGES = tuple(stage for stage in Stage if not stage.closed)
_UNDELIVERED = (NoticeState.QUEUED, NoticeState.FAILED)
_STICKERS: tuple[Sticker | None, ...] = (None, *Sticker)


class StandingMetrics(Collector):
    """Gauges of how things stand.

    Args:
        registry: Where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._standing: Standing | None = None
        self._stalled: int | None = None
        registry.register(self)

    async def refresh(
        self, standing: Callable[[], Awaitable[Standing]], stalled: Callable[[], Awaitable[int | None]] | None
    ) -> None:
        """Ask anew.

        Args:
            standing: Asks Postgres.
            stalled: Asks Temporal for the number of cases whose workflow tasks keep failing.
        """
        try:
            self._standing = await standing()
        except StoreError:
            self._standing = None
        self._stalled = await stalled() if stalled else None

    def collect(self) -> Iterator[Metric]:
        """The numbers that were read last."""
        up = GaugeMetricFamily("guatu_database_up", "Whether Postgres has answered just now")
        up.add_metric((), float(self._standing is not None))
        yield up
        stalled = GaugeMetricFamily("guatu_cases_stalled", "Open cases whose workflow tasks keep failing")
        if self._stalled is not None:
            stalled.add_metric((), self._stalled)
        yield stalled
        yield from self._of_cases(self._standing)
        yield from self._of_notices(self._standing)
        yield self._of_differences(self._standing)
        starts = GaugeMetricFamily("guatu_refused_starts", "Starts on record that could open no case")
        if self._standing is not None:
            starts.add_metric((), self._standing.refused_starts)
        yield starts

    def _of_cases(self, standing: Standing | None) -> Iterator[Metric]:
        cases = GaugeMetricFamily("guatu_open_cases", "Open cases by stage and sticker", labels=("stage", "sticker"))
        overdue = GaugeMetricFamily("guatu_overdue_cases", "Open cases past the day of their report")
        missing = GaugeMetricFamily(
            "guatu_open_cases_missing_coverage", "Open cases that lack one of the four coverages"
        )
        if standing is not None:
            found = {(each.stage, each.sticker): each.cases for each in standing.open}
            # Also what there is none of: a number that disappears is no zero.
            for stage in _OPEN_STAGES:
                for sticker in _STICKERS:
                    labels = (stage.value, sticker.value if sticker else "none")
                    cases.add_metric(labels, found.get((stage, sticker), 0))
            overdue.add_metric((), sum(each.overdue for each in standing.open))
            missing.add_metric((), sum(each.missing_coverage for each in standing.open))
        yield from (cases, overdue, missing)

    def _of_differences(self, standing: Standing | None) -> Metric:
        differing = GaugeMetricFamily(
            "guatu_discrepancies", "Cases of which the record and Temporal say different things", labels=("kind",)
        )
        if standing is not None:
            for kind in DiscrepancyKind:
                differing.add_metric((kind.value,), standing.differing.get(kind, 0))
        return differing

    def _of_notices(self, standing: Standing | None) -> Iterator[Metric]:
        waiting = GaugeMetricFamily(
            "guatu_notices_undelivered", "Notices that have an address and are not out, by state", labels=("state",)
        )
        oldest = GaugeMetricFamily(
            "guatu_notices_oldest_undelivered_seconds", "For how long the oldest of them has been waiting"
        )
        if standing is not None:
            for state in _UNDELIVERED:
                found = {each.state: each.notices for each in standing.undelivered}
                waiting.add_metric((state.value,), found.get(state, 0))
            oldest.add_metric((), max((each.oldest_seconds for each in standing.undelivered), default=0.0))
        yield from (waiting, oldest)
