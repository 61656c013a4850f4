"""What an office may send on a case now: asked of the very rules that will decide, with messages made up for asking.

So no rule stands here. A kind is offered if a plain message of it would be taken in from this person at this moment;
what only its content decides (too few answers, an unknown unit) is not asked.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from petitions.admission import refuse
from petitions.case import Case
from petitions.messages import (
    Acknowledgement,
    AnyMessage,
    Dispatch,
    Extension,
    LeaderInstruction,
    Merge,
    PreliminaryReview,
    RectificationReport,
    Refusal,
    SiteVisit,
    Starring,
    SurveyResult,
    TaskForce,
    Verification,
    Withdrawal,
)
from petitions.reopening import REOPENED_BY, Reopening, refuse_reopening
from petitions.values import Person
from petitions.vocabulary import Completion, Finding, MessageKind, Purpose, RefusalCode


def what_may_be_sent(case: Case, by: Person) -> tuple[MessageKind, ...]:
    """The kinds of messages that this person may send for their office now, in the contract's order."""
    return tuple(
        kind for kind in MessageKind if any(refuse(case, message) is None for message in _plain(case, kind, by))
    )


def stands_aside(case: Case, by: Person) -> Mapping[MessageKind, str]:
    """What the office may send and this person may not, because they handled the case: why, in Chinese."""
    found: dict[MessageKind, str] = {}
    for kind in MessageKind:
        refusals = [refuse(case, message) for message in _plain(case, kind, by)]
        told = [refusal for refusal in refusals if refusal is not None]
        conflict = next((each for each in told if each.code is RefusalCode.CONFLICT_OF_INTEREST), None)
        if conflict is not None and len(told) == len(refusals):
            found[kind] = conflict.reason
    return MappingProxyType(found)


def visit_purposes(case: Case, by: Person) -> tuple[Purpose, ...]:
    """The purposes for which this person may record a visit now."""
    return tuple(purpose for purpose in Purpose if refuse(case, _visit(by, purpose)) is None)


def takes_final_report(case: Case, by: Person) -> bool:
    """Whether a final report is taken from this person now; else progress alone, or nothing."""
    return refuse(case, _report(by, final=True)) is None


def may_reopen(case: Case, by: Person) -> bool:
    """Whether this person may send the case back now, for it was concluded."""
    if by.office != REOPENED_BY:
        return False
    refusal: Refusal | None = refuse_reopening(
        case, Reopening(message_id=_ASKING, by=by, reason=_ASKING, days=1, authority=_ASKING)
    )
    return refusal is None


_ASKING: Final = "?"
"""Stands for whatever text is still to be written."""


def _report(by: Person, *, final: bool) -> RectificationReport:
    return RectificationReport(
        message_id=_ASKING,
        by=by,
        final=final,
        finding=Finding.SUBSTANTIATED,
        facts=_ASKING,
        measures=_ASKING,
        completion=Completion.COMPLETED,
    )


def _visit(by: Person, purpose: Purpose) -> SiteVisit:
    return SiteVisit(message_id=_ASKING, by=by, purpose=purpose, notes=_ASKING)


def _plain(case: Case, kind: MessageKind, by: Person) -> Iterator[AnyMessage]:
    """Messages of a kind with a content that fits the case; several where the content decides the stage's answer."""
    match kind:
        case MessageKind.RECTIFICATION_REPORT:
            yield _report(by, final=False)
            yield _report(by, final=True)
        case MessageKind.SITE_VISIT:
            yield from (_visit(by, purpose) for purpose in Purpose)
        case MessageKind.TASK_FORCE:
            for leader, unit in zip(case.rules.leaders[:1], case.rules.units[:1], strict=False):
                yield TaskForce(
                    message_id=_ASKING,
                    by=by,
                    lead_leader=Person(office=leader, name=_ASKING),
                    lead_department=unit,
                    assisting_departments=(),
                )
        case MessageKind.DISPATCH:
            yield from (Dispatch(message_id=_ASKING, by=by, unit=unit) for unit in case.rules.units[:1])
        case _:
            yield _MADE[kind](case, {"message_id": _ASKING, "by": by})


_MADE: Final[Mapping[MessageKind, Callable[[Case, dict[str, Any]], AnyMessage]]] = MappingProxyType(
    {
        MessageKind.ACKNOWLEDGEMENT: lambda _, says: Acknowledgement(**says),
        MessageKind.LEADER_INSTRUCTION: lambda _, says: LeaderInstruction(**says, text=_ASKING),
        MessageKind.VERIFICATION: lambda _, says: Verification(**says, confirmed=True, opinion=_ASKING),
        MessageKind.PRELIMINARY_REVIEW: lambda _, says: PreliminaryReview(**says, passed=True, opinion=_ASKING),
        MessageKind.SURVEY_RESULT: lambda case, says: SurveyResult(
            **says, round=case.round, responses=(), complete=False
        ),
        MessageKind.EXTENSION: lambda _, says: Extension(**says, days=1, reason=_ASKING, authority=_ASKING),
        MessageKind.STARRING: lambda case, says: Starring(**says, starred=not case.starred, reason=_ASKING),
        # The star of a list is no part of a number, so no case has this one.
        MessageKind.MERGE: lambda case, says: Merge(**says, into=f"{case.case_no[:63]}!", reason=_ASKING),
        MessageKind.WITHDRAWAL: lambda _, says: Withdrawal(**says, reason=_ASKING),
    }
)
