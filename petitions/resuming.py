"""Resuming (按档案恢复): an open case whose workflow was lost goes on from its record (docs/decisions/0017).

Nothing of the case changes by it; what fell due meanwhile fires at once, marked with how late. The entry that says so
also keeps others off: whatever a stopped run may still be writing finds another entry in its place.
"""

from pydantic import ValidationError
from pydantic_core import from_json

from petitions.hand_over import HandOver, HandOverError
from petitions.values import Text, Value


class Resumption(Value):
    """Why a case goes on from its record."""

    reason: Text
    """In Chinese; the timeline says it."""


class ResumedStart(Value):
    """With what the run of a resumed case starts, in the place of a hand-over."""

    resuming: Resumption
    hand_over: HandOver
    """As it was at first: whoever hands the case over once more is told that it is there."""

    @property
    def case_no(self) -> str:
        """The case number (受理编号)."""
        return self.hand_over.case_no

    @property
    def workflow_id(self) -> str:
        """The id under which the case's workflow runs."""
        return self.hand_over.workflow_id


def read_resumed_start(body: bytes) -> ResumedStart | None:
    """Read a resumption from the argument of a start; none: it is something else.

    Raises:
        HandOverError: it is meant as a resumption and is none.
    """
    try:
        fields = from_json(body)
    except ValueError:
        return None
    if not isinstance(fields, dict) or "resuming" not in fields:
        return None
    try:
        return ResumedStart.model_validate_json(body)
    except ValidationError as error:
        places = {".".join(str(part) for part in mistake["loc"]) for mistake in error.errors()}
        raise HandOverError(f"the resumption does not fit: {', '.join(sorted(places))}") from None
