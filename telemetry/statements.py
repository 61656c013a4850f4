"""What is told of every SQL statement: its time as a metric, itself as a span of the trace that it belongs to.

Neither has the statement's text or its values, only the name of the query.
"""

import time

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from prometheus_client import CollectorRegistry, Histogram

from store.connection import Statement

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
_NANOSECONDS = 1_000_000_000


class StatementMetrics:
    """The times of statements.

    Args:
        registry: Where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "guatu_statement_seconds",
            "How long SQL statements took, by the name of the query",
            ("query", "result"),
            registry=registry,
            buckets=_SECONDS,
        )
        self._tracer = trace.get_tracer("guatu.store")

    def ran(self, statement: Statement) -> None:
        """Count a statement and trace it; what the pool is given as ``on_statement``."""
        result = "failed" if statement.failure else "done"
        self._seconds.labels(statement.name, result).observe(statement.seconds)
        ended = time.time_ns()
        # Outside a trace it would be one of its own, about nothing.
        if not trace.get_current_span().is_recording():
            return
        span = self._tracer.start_span(
            statement.name,
            kind=SpanKind.CLIENT,
            attributes={"db.system.name": "postgresql", "db.operation.name": statement.name},
            start_time=ended - int(statement.seconds * _NANOSECONDS),
        )
        if statement.failure:
            span.set_attribute("error.type", statement.failure)
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_time=ended)
