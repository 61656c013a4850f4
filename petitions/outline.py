"""A case in outline: what its place among all others hangs on, told by a few entries of its record.

Nothing is decided here: the entries are folded as in ``petitions.evolution``, only that most are left out.
"""

from collections.abc import Iterable
from typing import Final, Self

from petitions.case import Case, changed
from petitions.case_rules import Durations
from petitions.coverage import coverage
from petitions.events import Entry
from petitions.evolution import evolve
from petitions.hand_over import HandOver
from petitions.values import Instant, Name, Value
from petitions.vocabulary import Coverage, MessageKind, Stage, Sticker

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
"""The events on which an outline hangs that is not whole."""
WHOLE: Final = PLACING | {
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
    durations: Durations
    clock_started_at: Instant
    stage: Stage | None
    """Of a whole outline alone, as the next."""
    missing: tuple[Coverage, ...] | None
    """The coverages that it has not."""

    @classmethod
    def of(cls, case: Case, *, whole: bool = True) -> Self:
        """Of a case; only of a whole one can the outline be whole."""
        return cls(
            hand_over=case.hand_over,
            starred=case.starred,
            responsible_unit=case.responsible_unit,
            due_at=case.due_at,
            overdue=case.overdue,
            sticker=case.sticker,
            durations=case.rules.durations,
            clock_started_at=case.clock_started_at,
            stage=case.stage if whole else None,
            missing=coverage(case).missing if whole else None,
        )

    @property
    def case_no(self) -> str:
        """The case number (受理编号)."""
        return self.hand_over.case_no


def events_of_outline(*, whole: bool) -> frozenset[str]:
    """The events whose entries ``outline`` needs."""
    return WHOLE if whole else PLACING


def outline(entries: Iterable[Entry], *, whole: bool) -> Outline:
    """A case after these entries of its record, in outline.

    Args:
        entries: In their order, from the hand-over on; those of other events than ``events_of_outline`` may be missing.
        whole: Also its stage, and which coverages it has not.

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
    return Outline.of(case, whole=whole)
