"""The procedure (§3): what a hand-over, a message or the passing of time does to a case.

Each function takes the case and the moment, and returns the case as it then stands with the entries that its
record gains. Nothing here waits, reads a clock or fails: a message that breaks a rule becomes a recorded refusal.

Before a message or a notice's confirmation at a moment, the caller lets time pass up to that moment
(``let_time_pass``): what fell due before it comes first, breaches among it.
"""

from datetime import datetime

from petitions.admission import refuse
from petitions.case import Case, answer_key
from petitions.case_rules import CaseRules, Gate
from petitions.coverage import coverage
from petitions.days import day_end, target_due
from petitions.deadlines import what_is_due
from petitions.events import (
    BreachMet,
    Closed,
    CoverageMissing,
    Dispatched,
    Entry,
    Event,
    HandedOver,
    MilestonesSkipped,
    Refused,
    Reopened,
    ReportSubmitted,
    Resumed,
    StageEntered,
    SurveyJudged,
    Taken,
)
from petitions.evolution import evolve
from petitions.hand_over import HandOver
from petitions.jurisdiction.offices import find_unit
from petitions.messages import (
    Acknowledgement,
    AnyMessage,
    Dispatch,
    Merge,
    PreliminaryReview,
    RectificationReport,
    Refusal,
    SurveyResult,
    Unreadable,
    Verification,
    Withdrawal,
    content_digest,
)
from petitions.notices import Notice, notices_for
from petitions.regions import regions_of
from petitions.reopening import REOPEN, Reopening, refuse_reopening, reopening_digest
from petitions.standing import unit_id
from petitions.survey import content_count, is_satisfied
from petitions.telling import tell
from petitions.values import Instant, Name, Person, Text, Value
from petitions.vocabulary import Milestone, Outcome, RefusalCode, Stage


class Step(Value):
    """A case after something happened: what its record gained by it, and who is to be told."""

    case: Case
    entries: tuple[Entry, ...] = ()
    notices: tuple[Notice, ...] = ()


class Receipt(Value):
    """A message was taken in, as this entry of the case's record; a repeat gets the same receipt."""

    case_no: str
    message_id: str
    seq: int
    at: Instant


class Answered(Step):
    """A message was taken in (``receipt``) or refused (``refusal``)."""

    receipt: Receipt | None = None
    refusal: Refusal | None = None


def open_case(hand_over: HandOver, rules: CaseRules, now: datetime, request_id: Name | None = None) -> Step:
    """Open a case: the unit named at intake, or found in the file, becomes responsible; else a clerk must dispatch.

    Args:
        hand_over: with what it starts.
        rules: that hold for it.
        now: the moment.
        request_id: of the request from outside, where it came with one; its entries carry it.
    """
    named = hand_over.responsible_unit
    known = find_unit(named, regions_of(hand_over.county)[0], rules.units) if named else None
    if named and known is None and rules.default_unit and rules.default_unit.endswith(named.removeprefix("unit/")):
        # The county's own unit under its short name: the file has found it by the county.
        known = rules.default_unit
    event = HandedOver(
        hand_over=hand_over,
        rules=rules,
        responsible_unit=known if named else rules.default_unit,
        unknown_unit=unit_id(named) if named and not known else None,
    )
    entry = Entry(seq=1, at=now, by=None, happened=event, text=tell(None, event), request_id=request_id)
    case = evolve(None, entry)
    return Step(case=case, entries=(entry,), notices=notices_for(case, entry))


def take_in(case: Case, message: AnyMessage | Unreadable, now: datetime, request_id: Name | None = None) -> Answered:
    """Take a message in, or refuse it and keep the refusal on record.

    Args:
        case: as it stands.
        message: what was sent, or why it is no message.
        now: the moment.
        request_id: of the request from outside, where it came with one; the entries that follow carry it.
    """
    minutes = _Minutes(case, now, request_id)
    if isinstance(message, Unreadable):
        refused = Refused(kind=message.kind, message_id=message.message_id, **message.refusal.model_dump())
        return minutes.refused(refused, None)
    digest = content_digest(message)
    known = case.answers.get(answer_key(message.message_id))
    if known and known.digest == digest:
        receipt = None if known.refusal else _receipt(case, message.message_id)
        return Answered(case=case, receipt=receipt, refusal=known.refusal)
    refusal = refuse(case, message)
    if known:
        reason = f"消息编号“{message.message_id}”已用于另一条消息；请换一个编号后重新发送"
        refusal = Refusal(code=RefusalCode.MESSAGE_ID_REUSED, reason=reason)
    if refusal:
        refused = Refused(kind=message.kind, message_id=message.message_id, digest=digest, **refusal.model_dump())
        return minutes.refused(refused, message.by)
    _carry_out(minutes, message, digest)
    return Answered(**dict(minutes.step()), receipt=_receipt(minutes.case, message.message_id))


def reopen(case: Case, reopening: Reopening, now: datetime, request_id: Name | None = None) -> Answered:
    """Send a concluded case back: the next round begins, on a clock of its own; or refuse it (docs/decisions/0013)."""
    minutes = _Minutes(case, now, request_id)
    digest = reopening_digest(reopening)
    known = case.answers.get(answer_key(reopening.message_id))
    if known and known.digest == digest and known.refusal is None:
        return Answered(case=case, receipt=_receipt(case, reopening.message_id))
    if refusal := refuse_reopening(case, reopening):
        refused = Refused(kind=REOPEN, message_id=reopening.message_id, **refusal.model_dump())
        return minutes.refused(refused, reopening.by)
    due_at = day_end(case.rules.durations, minutes.now, reopening.days)
    minutes.put(Reopened(reopening=reopening, digest=digest, due_at=due_at), reopening.by)
    minutes.put(StageEntered(stage=Stage.RECTIFYING, round=case.round + 1))
    return Answered(**dict(minutes.step()), receipt=_receipt(minutes.case, reopening.message_id))


def resume(case: Case, reason: Text, run: Name, now: datetime) -> Step:
    """The case goes on from its record in another run; nothing if it is over (docs/decisions/0017)."""
    minutes = _Minutes(case, now)
    if not case.closed:
        minutes.put(Resumed(reason=reason, run=run))
    return minutes.step()


def unit_notified(case: Case, unit: Name, now: datetime) -> Step:
    """The responsible unit's notice is out: the case is dispatched (§3.1).

    A notice to a former unit changes nothing.
    """
    minutes = _Minutes(case, now)
    if not case.closed and not case.unit_notified and case.responsible_unit == unit:
        _dispatched(minutes)
    return minutes.step()


def let_time_pass(case: Case, now: datetime) -> Step:
    """Everything that is due by now happens, in the order in which it fell due."""
    minutes = _Minutes(case, now)
    while (event := what_is_due(minutes.case, now)) is not None:
        minutes.put(event)
    return minutes.step()


def may_report(case: Case) -> bool:
    """Whether the handling report may be submitted: satisfied residents and, where required, all four coverages."""
    return case.stage is Stage.REPORTING and (case.rules.gate is Gate.WARNING or not coverage(case).missing)


def report_is_submitted(case: Case, sha256: str, now: datetime) -> Step:
    """The handling report is submitted, and so the case is concluded (§3.7)."""
    minutes = _Minutes(case, now)
    if case.closed:
        return minutes.step()
    missing = coverage(case).missing
    if missing:
        minutes.put(CoverageMissing(missing=missing))
    minutes.put(ReportSubmitted(sha256=sha256))
    minutes.met(Milestone.REPORT)
    minutes.met(Milestone.INSTRUCTION_LIMIT)
    _close(minutes, Outcome.CONCLUDED)
    return minutes.step()


class _Minutes:
    """Keeps the minutes of one step: every event becomes an entry and changes the case at once."""

    def __init__(self, case: Case, now: datetime, request_id: Name | None = None) -> None:
        self.case = case
        self._request_id = request_id
        self.entries: list[Entry] = []
        self.notices: list[Notice] = []
        # The case's time never runs backwards, whatever the clocks of two machines say.
        self._now = max(now, *(line.at for line in (*case.timeline[-1:], *case.refused[-1:])))

    def put(self, event: Event, by: Person | None = None) -> None:
        entry = Entry(
            seq=self.case.seq + 1,
            at=self._now,
            by=by,
            happened=event,
            text=tell(self.case, event),
            request_id=self._request_id,
        )
        self.case = evolve(self.case, entry)
        self.entries.append(entry)
        self.notices += notices_for(self.case, entry)

    def met(self, milestone: Milestone) -> None:
        """What was breached has been done after all."""
        if any(breach.milestone is milestone and breach.met_at is None for breach in self.case.breaches):
            self.put(BreachMet(milestone=milestone))

    def refused(self, refused: Refused, by: Person | None) -> Answered:
        self.put(refused, by)
        refusal = Refusal(code=refused.code, reason=refused.reason)
        return Answered(**dict(self.step()), refusal=refusal)

    def step(self) -> Step:
        return Step(case=self.case, entries=tuple(self.entries), notices=tuple(self.notices))

    @property
    def now(self) -> datetime:
        return self._now


def _receipt(case: Case, message_id: Name) -> Receipt:
    answer = case.answers[answer_key(message_id)]
    return Receipt(case_no=case.case_no, message_id=message_id, seq=answer.seq, at=answer.at)


def _carry_out(minutes: _Minutes, message: AnyMessage, digest: str) -> None:
    """A message that is in order: the fact itself, then what follows from it."""
    before = minutes.case
    from_unit = isinstance(message, Acknowledgement | RectificationReport)
    if from_unit and before.stage is Stage.RECEIVED:
        # The unit answers before its notice is confirmed as out: it evidently has the case.
        _dispatched(minutes)
    minutes.put(Taken(message=message, digest=digest), message.by)
    match message:
        case Dispatch() if (
            before.stage is not Stage.RECEIVED and minutes.case.responsible_unit != before.responsible_unit
        ):
            _enter(minutes, Stage.DISPATCHED)
        case Acknowledgement() if minutes.case.stage is Stage.DISPATCHED:
            _enter(minutes, Stage.RECTIFYING)
        case RectificationReport(final=True):
            _enter(minutes, Stage.VERIFYING)
        case RectificationReport() if minutes.case.stage is Stage.DISPATCHED:
            _enter(minutes, Stage.RECTIFYING)
        case Verification(confirmed=False) | PreliminaryReview(passed=False):
            _enter(minutes, Stage.RECTIFYING)
        case Verification():
            review = minutes.case.review
            _enter(minutes, Stage.SURVEYING if review and review.passed else Stage.REVIEWING)
        case PreliminaryReview():
            minutes.met(Milestone.REVIEW)
            if minutes.case.stage is Stage.REVIEWING:
                _enter(minutes, Stage.SURVEYING)
        case SurveyResult(complete=True):
            _judge_survey(minutes)
        case Merge():
            _close(minutes, Outcome.MERGED, message.into.lstrip("* "))
        case Withdrawal():
            _close(minutes, Outcome.WITHDRAWN)
        case _:
            pass


def _dispatched(minutes: _Minutes) -> None:
    unit = minutes.case.responsible_unit
    assert unit is not None
    minutes.put(Dispatched(unit=unit))
    if minutes.case.stage is Stage.RECEIVED:
        minutes.met(Milestone.DISPATCH)
        _enter(minutes, Stage.DISPATCHED)


def _enter(minutes: _Minutes, stage: Stage) -> None:
    minutes.put(StageEntered(stage=stage, round=minutes.case.round))


def _judge_survey(minutes: _Minutes) -> None:
    """§3.6: satisfied, on to the report; not satisfied, rework, which starts the next round."""
    case = minutes.case
    survey = case.survey
    assert survey is not None
    satisfied = is_satisfied(case.rules.survey, survey.opinions)
    minutes.put(
        SurveyJudged(
            round=survey.round,
            responses=survey.responses,
            content=content_count(survey.opinions),
            satisfied=satisfied,
        )
    )
    if satisfied:
        _enter(minutes, Stage.REPORTING)
    else:
        minutes.put(StageEntered(stage=Stage.RECTIFYING, round=case.round + 1))


def _close(minutes: _Minutes, outcome: Outcome, into: Name | None = None) -> None:
    case = minutes.case
    needless = tuple(
        milestone
        for milestone in (Milestone.REMINDER, Milestone.REVIEW, Milestone.REPORT)
        if milestone not in case.passed
    )
    if needless:
        minutes.put(MilestonesSkipped(milestones=needless, reason=f"本件已{outcome.label}"))
    minutes.put(
        Closed(
            outcome=outcome,
            within_target=minutes.now <= target_due(case) and not case.target_missed,
            within_mandate=minutes.now <= case.due_at and Milestone.REPORT not in case.passed,
            into=into,
        )
    )
