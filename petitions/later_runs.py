"""With what a later run of a case starts, in the place of the hand-over: a reopened case, or one that is resumed."""

from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from petitions.hand_over import HandOver, HandOverError
from petitions.values import Value


class LaterStart(Value):
    """The start of a run for a case that has a record; why it starts is a field of each kind."""

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


Start = TypeVar("Start", bound=LaterStart)


def read_later_start(body: bytes, kind: type[Start], reason: str) -> Start | None:
    """Read one kind from the argument of a start; none: it is something else.

    Args:
        body: JSON.
        kind: Of start.
        reason: Its field that says why the run starts, by which it is recognised.

    Raises:
        HandOverError: it is meant as this kind and is none.
    """
    try:
        fields = from_json(body)
    except ValueError:
        return None
    if not isinstance(fields, dict) or reason not in fields:
        return None
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        places = {".".join(str(part) for part in mistake["loc"]) for mistake in error.errors()}
        raise HandOverError(f"the {reason} does not fit: {', '.join(sorted(places))}") from None
