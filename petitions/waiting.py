"""Who must do what, by when (``waiting_for``): what operators filter on and an office's work list shows."""

from petitions.asks import ask_due, asked_of, offices_for, open_asks
from petitions.case import Case
from petitions.days import milestone_due
from petitions.values import Instant, Name, Value
from petitions.vocabulary import MessageKind, Milestone, Stage


class Waiting(Value):
    """An office that must do something by a moment; ``what`` is the message it is to send."""

    office: Name
    what: MessageKind
    due_at: Instant


def waiting_for(case: Case) -> tuple[Waiting, ...]:
    """Everything that the case waits for now: the stage's own step first, then the open asks."""
    if case.closed:
        return ()
    return (*_step(case), *_asks(case))


def _asks(case: Case) -> tuple[Waiting, ...]:
    return tuple(
        Waiting(office=office, what=what, due_at=ask_due(case, what))
        for what in open_asks(case)
        for office in asked_of(case, what)
    )


def _step(case: Case) -> tuple[Waiting, ...]:
    """What moves the stage on. A step is due with the milestone that needs it; one that is past, with the report."""
    review_due = milestone_due(case, case.rules.durations.review_day)
    before_review = case.due_at if Milestone.REVIEW in case.passed or case.reviewed_at else review_due
    match case.stage:
        case Stage.RECEIVED if case.responsible_unit is None or Milestone.DISPATCH in case.passed:
            # Escalated after the hour: then every office that may dispatch is waited for (§3.1).
            offices = offices_for(case, MessageKind.DISPATCH)
            offices = offices if Milestone.DISPATCH in case.passed else offices[:1]
            due_at = case.hand_over.received_at + case.rules.durations.dispatch
            return _each(offices, MessageKind.DISPATCH, due_at)
        case Stage.RECTIFYING:
            unit = (case.responsible_unit,) if case.responsible_unit else ()
            return _each(unit, MessageKind.RECTIFICATION_REPORT, before_review)
        case Stage.VERIFYING:
            return _each(offices_for(case, MessageKind.VERIFICATION), MessageKind.VERIFICATION, before_review)
        case Stage.REVIEWING:
            return _each(
                offices_for(case, MessageKind.PRELIMINARY_REVIEW), MessageKind.PRELIMINARY_REVIEW, before_review
            )
        case Stage.SURVEYING:
            return _each(offices_for(case, MessageKind.SURVEY_RESULT), MessageKind.SURVEY_RESULT, case.due_at)
        case _:
            return ()


def _each(offices: tuple[Name, ...], what: MessageKind, due_at: Instant) -> tuple[Waiting, ...]:
    return tuple(Waiting(office=office, what=what, due_at=due_at) for office in offices)
