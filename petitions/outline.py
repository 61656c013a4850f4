"""A case in outline: what its place among all others hangs on, told by a few entries of its record.

Nothing is decided here: the entries are folded as in ``petitions.evolution``, only that most are left out.
"""

from collections.abc import Iterable
from typing import Final, Self

from petitions.case import Case, changed
from petitions.coverage import coverage
from petitions.events import Entry
from petitions.evolution import evolve
from petitions.hand_over import HandOver
from petitions.values import Instant, Name, Value
from petitions.vocabulary import Coverage, MessageKind, Sticker

PLACING: Final = frozenset(
    {
        "received",
        "milestone",
        "sticker",
        "closed",
        "reopened",
        str(MessageKind.DISPATCH),
        str(MessageKind.EXTENSION),
        str(MessageKind.STARRING),
    }
)
"""The events on which an outline hangs, but for its coverages."""
COVERING: Final = PLACING | {
    "stage_entered",
    "survey_judged",
    str(MessageKind.LEADER_INSTRUCTION),
    str(MessageKind.SITE_VISIT),
    str(MessageKind.SURVEY_RESULT),
    str(MessageKind.TASK_FORCE),
}
"""The events on which a whole outline hangs."""


class Outline(Value):
    """By what a case is found, counted and put in order among others."""

    hand_over: HandOver
    starred: bool
    responsible_unit: Name | None
    due_at: Instant
    overdue: bool
    sticker: Sticker | None
    missing: tuple[Coverage, ...] | None
    """The coverages that it has not; none: they were not asked for."""

    @classmethod
    def of(cls, case: Case, *, with_coverages: bool = True) -> Self:
        """Of a whole case; without its coverages it need not be whole."""
        return cls(
            hand_over=case.hand_over,
            starred=case.starred,
            responsible_unit=case.responsible_unit,
            due_at=case.due_at,
            overdue=case.overdue,
            sticker=case.sticker,
            missing=coverage(case).missing if with_coverages else None,
        )

    @property
    def case_no(self) -> str:
        """The case number (受理编号)."""
        return self.hand_over.case_no


def events_of_outline(*, with_coverages: bool) -> frozenset[str]:
    """The events whose entries ``outline`` needs."""
    return COVERING if with_coverages else PLACING


def outline(entries: Iterable[Entry], *, with_coverages: bool) -> Outline:
    """A case after these entries of its record, in outline.

    Args:
        entries: In their order, from the hand-over on; those of other events than ``events_of_outline`` may be missing.
        with_coverages: Also which coverages it has not.

    Raises:
        ValueError: Entries are out of order, or the first is not the hand-over.
    """
    case: Case | None = None
    for entry in entries:
        if case is not None and entry.seq > case.seq:
            case = changed(case, seq=entry.seq - 1)
        case = evolve(case, entry)
    if case is None:
        raise ValueError("a record starts with the hand-over, not with nothing")
    return Outline.of(case, with_coverages=with_coverages)
