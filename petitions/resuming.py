"""Resuming (按档案恢复): an open case whose workflow was lost goes on from its record (docs/decisions/0017).

Nothing of the case changes by it; what fell due meanwhile fires at once, marked with how late. The entry that says so
also keeps others off: whatever a stopped run may still be writing finds another entry in its place.
"""

from petitions.later_runs import LaterStart, read_later_start
from petitions.values import Text, Value


class Resumption(Value):
    """Why a case goes on from its record."""

    reason: Text
    """In Chinese; the timeline says it."""


class ResumedStart(LaterStart):
    """With what the run of a resumed case starts."""

    resuming: Resumption


def read_resumed_start(body: bytes) -> ResumedStart | None:
    """Read a resumption from the argument of a start; none: it is something else.

    Raises:
        HandOverError: it is meant as a resumption and is none.
    """
    return read_later_start(body, ResumedStart, "resuming")
