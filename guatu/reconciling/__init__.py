"""The record and Temporal brought together after one of them was restored, or a workflow was stopped or reset.

Nothing here needs a worker: what Temporal knows of a case is read from its histories, so that both can be brought
together before any worker runs. Why it does what it does: docs/decisions/0017.
"""

from guatu.reconciling.findings import Finding, Kind, findings
from guatu.reconciling.repairs import Done, repair

__all__ = ["Done", "Finding", "Kind", "findings", "repair"]
