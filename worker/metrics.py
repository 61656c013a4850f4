"""What a worker counts, for Prometheus: entries written, messages sent, statements, and what the SDK counts."""

from telemetry.engine import EngineMetrics
from telemetry.notices import NoticeMetrics
from telemetry.page import new_registry
from telemetry.record import RecordMetrics
from telemetry.statements import StatementMetrics


class WorkerMetrics:
    """The metrics of one worker process."""

    def __init__(self) -> None:
        self.registry = new_registry()
        self.record = RecordMetrics(self.registry)
        self.notices = NoticeMetrics(self.registry)
        self.statements = StatementMetrics(self.registry)
        self.engine = EngineMetrics(self.registry)
