"""What a message that was taken in changes in its case, kind by kind. Nothing is decided here, as in ``evolution``."""

from functools import singledispatch

from pydantic import BaseModel

from petitions import messages
from petitions.asks import open_asks
from petitions.case import (
    KEPT_REPORTS,
    Case,
    Instruction,
    Judgement,
    ReportIn,
    SurveyRound,
    TaskForceMade,
    Visit,
    changed,
    cut,
)
from petitions.days import milestone_due, target_due
from petitions.events import Entry
from petitions.standing import unit_id
from petitions.survey import with_answers
from petitions.values import Name, Person
from petitions.vocabulary import MessageKind


@singledispatch
def take(message: BaseModel, case: Case, entry: Entry) -> Case:
    """The case after a message that was taken in, by this entry."""
    raise TypeError(f"no rule says how the message {type(message).__name__} changes a case")


@take.register
def _(message: messages.Dispatch, case: Case, entry: Entry) -> Case:
    unit: Name = unit_id(message.unit)
    if unit == case.responsible_unit:
        return case
    # Another unit must be told, and must acknowledge, anew.
    return changed(case, responsible_unit=unit, unit_notified=False, dispatched_at=None, acknowledged_at=None)


@take.register
def _(message: messages.Acknowledgement, case: Case, entry: Entry) -> Case:
    return _handled(changed(case, acknowledged_at=case.acknowledged_at or entry.at), message.by)


@take.register
def _(message: messages.LeaderInstruction, case: Case, entry: Entry) -> Case:
    given = Instruction(by=message.by, at=entry.at, text=cut(message.text), complete_by=message.complete_by)
    return _without_done_chases(changed(case, instructions=(*case.instructions, given)), message.kind)


@take.register
def _(message: messages.TaskForce, case: Case, entry: Entry) -> Case:
    made = TaskForceMade(
        at=entry.at,
        lead_leader=message.lead_leader,
        lead_department=unit_id(message.lead_department),
        assisting_departments=tuple(unit_id(unit) for unit in message.assisting_departments),
        members=message.members,
    )
    return _without_done_chases(changed(case, task_force=made), message.kind)


@take.register
def _(message: messages.SiteVisit, case: Case, entry: Entry) -> Case:
    visit = Visit(by=message.by, at=entry.at, purpose=message.purpose, notes=cut(message.notes))
    return _without_done_chases(changed(case, visits=(*case.visits, visit)), message.kind)


@take.register
def _(message: messages.RectificationReport, case: Case, entry: Entry) -> Case:
    case = _handled(changed(case, acknowledged_at=case.acknowledged_at or entry.at), message.by)
    if not message.final:
        return changed(case, progress_reports=case.progress_reports + 1)
    report = ReportIn(
        by=message.by,
        at=entry.at,
        round=case.round,
        finding=message.finding,
        facts=message.facts,
        measures=message.measures,
        completion=message.completion,
        outcome=message.outcome,
        attachments=len(message.attachments),
    )
    former = (
        each.model_copy(update={"facts": cut(each.facts), "measures": cut(each.measures)}) for each in case.reports
    )
    # The handling report quotes the latest whole; of the former ones a cut text will do.
    return changed(case, reports=(*former, report)[-KEPT_REPORTS:])


@take.register
def _(message: messages.Verification, case: Case, entry: Entry) -> Case:
    judged = Judgement(by=message.by, at=entry.at, passed=message.confirmed, opinion=cut(message.opinion))
    return changed(case, verification=judged)


@take.register
def _(message: messages.PreliminaryReview, case: Case, entry: Entry) -> Case:
    judged = Judgement(by=message.by, at=entry.at, passed=message.passed, opinion=cut(message.opinion))
    reviewed_at = case.reviewed_at or (entry.at if message.passed else None)
    return changed(case, review=judged, reviewed_at=reviewed_at)


@take.register
def _(message: messages.SurveyResult, case: Case, entry: Entry) -> Case:
    survey = with_answers(case.survey or SurveyRound(round=case.round), message)
    return changed(case, surveys=(*(each for each in case.surveys if each.round != case.round), survey))


@take.register
def _(message: messages.Extension, case: Case, entry: Entry) -> Case:
    target_missed = case.target_missed or entry.at > target_due(case)
    case = changed(case, extended_days=case.extended_days + message.days, target_missed=target_missed)
    due_at = milestone_due(case, case.rules.durations.report_day)
    changes: dict[str, object] = {"due_at": due_at}
    if case.next_overdue_at and due_at > entry.at:
        # The mandate was already missed, and that stays; the daily notice starts again at the new date.
        changes |= {"overdue": False, "next_overdue_at": due_at}
    return changed(case, **changes)


@take.register
def _(message: messages.Starring, case: Case, entry: Entry) -> Case:
    if message.starred == case.starred:
        return case
    # Other offices are asked now, so their time starts now.
    asks = (MessageKind.LEADER_INSTRUCTION, MessageKind.SITE_VISIT, MessageKind.TASK_FORCE)
    kept = {what: chase for what, chase in case.chases.items() if what not in asks}
    return changed(case, starred=message.starred, asked_at=entry.at, chases=kept)


@take.register
def _(message: messages.Merge, case: Case, entry: Entry) -> Case:
    return case


@take.register
def _(message: messages.Withdrawal, case: Case, entry: Entry) -> Case:
    return case


def _handled(case: Case, who: Person) -> Case:
    return case if who in case.handlers else changed(case, handlers=(*case.handlers, who))


def _without_done_chases(case: Case, what: MessageKind) -> Case:
    """An ask that is done starts from the first rung, should it open again."""
    if what in case.chases and what not in open_asks(case):
        return changed(case, chases={kind: chase for kind, chase in case.chases.items() if kind is not what})
    return case
