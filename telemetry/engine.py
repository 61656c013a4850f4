"""The Temporal SDK's own metrics, on the same page as ours, and its log, in the same form as ours.

The SDK keeps them in a buffer that has to be emptied regularly. Its counters and gauges become Prometheus' own; its
durations, in seconds, become histograms. Labels are the SDK's: namespace, task queue, type of workflow or activity,
operation; it puts no workflow id into any.
"""

import asyncio
import bisect
import contextlib
import logging
import math
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from temporalio.runtime import (
    BUFFERED_METRIC_KIND_COUNTER,
    BUFFERED_METRIC_KIND_HISTOGRAM,
    BufferedMetric,
    BufferedMetricUpdate,
    LogForwardingConfig,
    LoggingConfig,
    MetricBuffer,
    MetricBufferDurationFormat,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

_BUFFERED = 100_000
"""Updates that may come between two emptyings; a busy worker makes some thousands a second."""
_EMPTIED_EVERY_SECONDS = 1.0
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, math.inf)

_LOGGING = LoggingConfig(
    filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
    forwarding=LogForwardingConfig(logger=logging.getLogger("temporalio.core")),
)
_IN_SECONDS = {"s", "ms", "duration"}
"""Units of durations; the buffer gives all of them in seconds."""

_Labels = tuple[tuple[str, str], ...]


@dataclass
class _Histogram:
    buckets: list[int] = field(default_factory=lambda: [0] * len(_BOUNDS))
    total: float = 0.0


@dataclass
class _Family:
    metric: BufferedMetric
    numbers: dict[_Labels, float] = field(default_factory=dict[_Labels, float])
    histograms: dict[_Labels, _Histogram] = field(default_factory=dict[_Labels, _Histogram])

    def take(self, labels: _Labels, value: float) -> None:
        """Take an update in: of a counter what it adds, else the value."""
        kind = self.metric.kind
        if kind == BUFFERED_METRIC_KIND_HISTOGRAM:
            histogram = self.histograms.setdefault(labels, _Histogram())
            histogram.buckets[bisect.bisect_left(_BOUNDS, value)] += 1
            histogram.total += value
        else:
            before = self.numbers.get(labels, 0.0) if kind == BUFFERED_METRIC_KIND_COUNTER else 0.0
            self.numbers[labels] = before + value

    def shown(self) -> Metric:
        """As Prometheus reads it."""
        name, about = self.metric.name, self.metric.description or "Of the Temporal SDK"
        if self.metric.unit in _IN_SECONDS and not name.endswith("_seconds"):
            name = f"{name}_seconds"
        if self.metric.kind == BUFFERED_METRIC_KIND_HISTOGRAM:
            family = Metric(name, about, "histogram")
            for labels, histogram in self.histograms.items():
                self._add_histogram(family, name, dict(labels), histogram)
            return family
        is_counter = self.metric.kind == BUFFERED_METRIC_KIND_COUNTER
        family = Metric(name.removesuffix("_total"), about, "counter" if is_counter else "gauge")
        for labels, number in self.numbers.items():
            family.add_sample(f"{family.name}_total" if is_counter else name, dict(labels), number)
        return family

    @staticmethod
    def _add_histogram(family: Metric, name: str, labels: dict[str, str], histogram: _Histogram) -> None:
        count = 0
        for bound, number in zip(_BOUNDS, histogram.buckets, strict=True):
            count += number
            family.add_sample(f"{name}_bucket", {**labels, "le": "+Inf" if math.isinf(bound) else str(bound)}, count)
        family.add_sample(f"{name}_count", labels, count)
        family.add_sample(f"{name}_sum", labels, histogram.total)


class EngineMetrics(Collector):
    """The SDK's metrics as a collector.

    Args:
        registry: Where it is registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._buffer = MetricBuffer(_BUFFERED, MetricBufferDurationFormat.SECONDS)
        self._families: dict[str, _Family] = {}
        self.runtime = Runtime(telemetry=TelemetryConfig(metrics=self._buffer, logging=_LOGGING))
        """The runtime whose clients and workers are measured; what it logs goes where everything else does."""
        registry.register(self)

    @contextlib.asynccontextmanager
    async def gathered(self) -> AsyncGenerator[None]:
        """Empty the buffer all the time while the block runs."""
        task = asyncio.create_task(self._keep_emptying())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def collect(self) -> Iterator[Metric]:
        """Everything so far."""
        self._take(self._buffer.retrieve_updates())
        for family in self._families.values():
            yield family.shown()

    async def _keep_emptying(self) -> None:
        while True:
            self._take(self._buffer.retrieve_updates())
            await asyncio.sleep(_EMPTIED_EVERY_SECONDS)

    def _take(self, updates: Iterable[BufferedMetricUpdate]) -> None:
        for update in updates:
            metric = update.metric
            family = self._families.get(metric.name)
            if family is None:
                family = self._families[metric.name] = _Family(metric)
            family.take(_labels(update.attributes), update.value)


def _labels(attributes: Mapping[str, object]) -> _Labels:
    return tuple(sorted((name, str(value)) for name, value in attributes.items()))
