"""Where the record and Temporal may differ: what an operator has done past the procedure, or what has broken.

The words only. Who looks is ``activities.reconciliation``; where it is kept, ``store.discrepancies``.
"""

from petitions.values import Value
from petitions.vocabulary import Word


class DiscrepancyKind(Word):
    """What differs; ``label`` says it on the wall."""

    STOPPED = "stopped", "流程已停止，时限不再推进"
    PAUSED = "paused", "流程被暂停，时限不再推进"
    STALLED = "stalled", "流程任务反复失败，停在原处"
    RESET = "reset", "流程被重置，与档案不符"
    LAGGING = "lagging", "档案没有跟上流程"
    UNRECORDED = "unrecorded", "流程在运行，档案中没有"
    LEFT_RUNNING = "left_running", "档案已办结，流程仍在运行"
    SILENT = "silent", "流程不应答"
    DIFFERING = "differing", "流程与档案不一致"


class Discrepancy(Value):
    """Where the record of a case and its workflow differ."""

    case_no: str
    kind: DiscrepancyKind
    what: str
    """What was found, for whoever keeps the system."""
    todo: str
    """What is to be done about it."""

    @property
    def line(self) -> str:
        """The whole finding on one line."""
        return f"case {self.case_no}: {self.what}; {self.todo}"
