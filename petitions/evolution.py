"""How an entry of the record changes the case: the only place where one ``Case`` becomes another.

Nothing is decided here. The workflow folds entries as they come, the store folds them into the read model, and a
rebuild folds them anew: all three arrive at the same case.
"""

from collections.abc import Iterable
from functools import singledispatch

from pydantic import BaseModel

from petitions.case import (
    KEPT_LINE,
    KEPT_REFUSALS,
    KEPT_REFUSED_ANSWERS,
    KEPT_TAKEN_ANSWERS,
    KEPT_TIMELINE,
    Answer,
    Breach,
    Case,
    Chase,
    Closing,
    Line,
    RefusedMessage,
    SentBack,
    answer_key,
    changed,
    cut,
)
from petitions.days import day_end, next_in_step
from petitions.events import (
    BreachMet,
    Chased,
    Closed,
    CoverageMissing,
    Dispatched,
    Entry,
    HandedOver,
    MilestoneReached,
    MilestonesSkipped,
    Refused,
    Reopened,
    ReportSubmitted,
    Resumed,
    StageEntered,
    StickerPut,
    SurveyJudged,
    Taken,
)
from petitions.messages import Refusal
from petitions.reopening import days_moved, left_out
from petitions.taken_messages import take
from petitions.vocabulary import MessageKind, Milestone, Stage


def fold(entries: Iterable[Entry], case: Case | None = None) -> Case | None:
    """The case after these entries, from the start of its record or from where it stood.

    Raises:
        ValueError: an entry is missing or out of order, or the first is not the hand-over.
    """
    for entry in entries:
        case = evolve(case, entry)
    return case


def evolve(case: Case | None, entry: Entry) -> Case:
    """The case after one more entry.

    Raises:
        ValueError: the entry does not follow the case's last one, or the record does not start with the hand-over.
    """
    if case is None:
        if not isinstance(entry.happened, HandedOver) or entry.seq != 1:
            raise ValueError(f"a record starts with the hand-over, not with entry {entry.seq} ({entry.event})")
        case = _opened(entry.happened, entry)
    else:
        if entry.seq != case.seq + 1:
            raise ValueError(f"entry {entry.seq} does not follow entry {case.seq} of case {case.case_no}")
        case = _apply(entry.happened, case, entry)
    changes: dict[str, object] = {"seq": entry.seq}
    if not isinstance(entry.happened, Refused):
        text = cut(entry.text, KEPT_LINE)
        line = Line(seq=entry.seq, at=entry.at, event=entry.event, by=entry.by, text=text)
        changes["timeline"] = (*case.timeline, line)[-KEPT_TIMELINE:]
    return changed(case, **changes)


def _opened(event: HandedOver, entry: Entry) -> Case:
    hand_over, rules = event.hand_over, event.rules
    due_at = day_end(rules.durations, hand_over.received_at, rules.durations.report_day)
    return Case(
        hand_over=hand_over,
        rules=rules,
        seq=entry.seq,
        opened_at=entry.at,
        stage=Stage.RECEIVED,
        round=1,
        starred=hand_over.starred,
        asked_at=hand_over.received_at,
        responsible_unit=event.responsible_unit,
        original_due_at=due_at,
        due_at=due_at,
    )


@singledispatch
def _apply(happened: BaseModel, case: Case, entry: Entry) -> Case:
    raise TypeError(f"no rule says how {type(happened).__name__} changes a case")


@_apply.register
def _(happened: HandedOver, case: Case, entry: Entry) -> Case:
    raise ValueError(f"case {case.case_no} is handed over twice")


@_apply.register
def _(happened: Refused, case: Case, entry: Entry) -> Case:
    shown = RefusedMessage(
        kind=happened.kind,
        message_id=happened.message_id,
        code=happened.code,
        reason=cut(happened.reason),
        at=entry.at,
    )
    case = changed(case, refused=(*case.refused, shown)[-KEPT_REFUSALS:], refused_count=case.refused_count + 1)
    if happened.message_id is None or happened.digest is None or answer_key(happened.message_id) in case.answers:
        return case
    refusal = Refusal(code=happened.code, reason=cut(happened.reason))
    answer = _answer(entry, happened.digest, refusal)
    return changed(case, answers=_answers_with(case, happened.message_id, answer, KEPT_REFUSED_ANSWERS))


def _answers_with(case: Case, message_id: str, answer: Answer, most: int) -> dict[str, Answer]:
    """The answers with one more; of those that were refused (or taken), as this one was, the latest so many."""
    answers = {**case.answers, answer_key(message_id): answer}
    refused = answer.refusal is not None
    alike = [key for key, each in answers.items() if (each.refusal is not None) == refused]
    for forgotten in alike[:-most]:
        del answers[forgotten]
    return answers


def _answer(entry: Entry, digest: str, refusal: Refusal | None) -> Answer:
    return Answer(digest=digest, seq=entry.seq, at=entry.at, refusal=refusal)


@_apply.register
def _(happened: Taken, case: Case, entry: Entry) -> Case:
    message = happened.message
    answer = _answer(entry, happened.digest, None)
    case = changed(case, answers=_answers_with(case, message.message_id, answer, KEPT_TAKEN_ANSWERS))
    return take(message, case, entry)


@_apply.register
def _(happened: Dispatched, case: Case, entry: Entry) -> Case:
    return changed(case, unit_notified=True, dispatched_at=entry.at)


@_apply.register
def _(happened: StageEntered, case: Case, entry: Entry) -> Case:
    changes: dict[str, object] = {"stage": happened.stage, "round": happened.round}
    if happened.stage is Stage.RECTIFYING:
        changes |= {
            "acknowledged_at": case.acknowledged_at or entry.at,
            "verification": None,
            "review": None,
        }
    if happened.stage in {Stage.DISPATCHED, Stage.RECTIFYING}:
        kept = {what: chase for what, chase in case.chases.items() if what is not MessageKind.ACKNOWLEDGEMENT}
        changes["chases"] = kept
    return changed(case, **changes)


@_apply.register
def _(happened: SurveyJudged, case: Case, entry: Entry) -> Case:
    judged = tuple(
        survey.model_copy(update={"satisfied": happened.satisfied, "judged_at": entry.at, "respondents": ()})
        if survey.round == happened.round
        else survey
        for survey in case.surveys
    )
    return changed(case, surveys=judged)


@_apply.register
def _(happened: Chased, case: Case, entry: Entry) -> Case:
    next_at = next_in_step(happened.due_at, case.rules.durations.chase_every, entry.at)
    return changed(case, chases={**case.chases, happened.what: Chase(times=happened.times, next_at=next_at)})


@_apply.register
def _(happened: MilestoneReached, case: Case, entry: Entry) -> Case:
    milestone = happened.milestone
    changes: dict[str, object] = {}
    if happened.breached:
        changes["breaches"] = (*case.breaches, Breach(milestone=milestone, due_at=happened.due_at))
    if milestone is Milestone.INSTRUCTION_LIMIT:
        changes["instructions"] = tuple(
            each.model_copy(update={"limit_passed": True})
            if each.complete_by == happened.due_at and not each.limit_passed
            else each
            for each in case.instructions
        )
        return changed(case, **changes)
    if milestone not in case.passed:
        changes["passed"] = (*case.passed, milestone)
    if milestone in {Milestone.REPORT, Milestone.OVERDUE}:
        changes |= {
            "overdue": True,
            "overdue_notices": case.overdue_notices + (milestone is Milestone.OVERDUE),
            "next_overdue_at": next_in_step(happened.due_at, case.rules.durations.chase_every, entry.at),
        }
    return changed(case, **changes)


@_apply.register
def _(happened: MilestonesSkipped, case: Case, entry: Entry) -> Case:
    return changed(case, passed=tuple(dict.fromkeys((*case.passed, *happened.milestones))))


@_apply.register
def _(happened: StickerPut, case: Case, entry: Entry) -> Case:
    return changed(case, sticker=happened.colour, stickers_put=case.stickers_put + 1)


@_apply.register
def _(happened: BreachMet, case: Case, entry: Entry) -> Case:
    met = tuple(
        breach.model_copy(update={"met_at": entry.at})
        if breach.milestone is happened.milestone and breach.met_at is None
        else breach
        for breach in case.breaches
    )
    return changed(case, breaches=met)


@_apply.register
def _(happened: CoverageMissing, case: Case, entry: Entry) -> Case:
    return case


@_apply.register
def _(happened: ReportSubmitted, case: Case, entry: Entry) -> Case:
    return changed(case, report_submitted_at=entry.at)


@_apply.register
def _(happened: Closed, case: Case, entry: Entry) -> Case:
    closing = Closing(
        outcome=happened.outcome,
        at=entry.at,
        within_target=happened.within_target,
        within_mandate=happened.within_mandate,
        into=happened.into,
    )
    # The sticker comes off the wall with the case; what was breached stays breached.
    return changed(
        case,
        closing=closing,
        stage=Stage(happened.outcome.value),
        sticker=None,
        overdue=False,
        next_overdue_at=None,
    )


@_apply.register
def _(happened: Resumed, case: Case, entry: Entry) -> Case:
    return case


@_apply.register
def _(happened: Reopened, case: Case, entry: Entry) -> Case:
    reopening = happened.reopening
    moved = days_moved(case, reopening.days)
    passed, stickers_put = left_out(case, moved)
    assert case.closing is not None, "only a concluded case is reopened"
    sent_back = SentBack(
        by=reopening.by,
        at=entry.at,
        reason=cut(reopening.reason),
        days=reopening.days,
        authority=cut(reopening.authority),
    )
    answer = _answer(entry, happened.digest, None)
    return changed(
        case,
        answers=_answers_with(case, reopening.message_id, answer, KEPT_TAKEN_ANSWERS),
        clock_start=entry.at,
        days_moved=moved,
        original_due_at=happened.due_at,
        due_at=happened.due_at,
        extended_days=0,
        target_missed=False,
        overdue_notices=0,
        stickers_put=stickers_put,
        passed=passed,
        asked_at=entry.at,
        chases={},
        reviewed_at=None,
        report_submitted_at=None,
        # A limit that came while the case was concluded had been kept; one that is still to come holds again.
        instructions=tuple(
            each.model_copy(update={"complete_by": None}) if each.complete_by and each.complete_by <= entry.at else each
            for each in case.instructions
        ),
        closing=None,
        former_closings=(*case.former_closings, case.closing),
        reopenings=(*case.reopenings, sent_back),
    )
