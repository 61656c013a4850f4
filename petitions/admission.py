"""Whether a message is taken in (§3, §4): who sends it, whether the stage takes it, and whether it fits the case."""

from petitions.case import MOST_MESSAGES, MOST_OF_A_KIND, Case
from petitions.coverage import coverage, instructions_missing, supervisors
from petitions.hand_over import is_case_no
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
)
from petitions.standing import is_office, refuse_standing, unit_id
from petitions.survey import refuse_answers
from petitions.vocabulary import Purpose, RefusalCode, Stage

_BEFORE_THE_REPORT = frozenset({Stage.DISPATCHED, Stage.RECTIFYING})


def refuse(case: Case, message: AnyMessage) -> Refusal | None:
    """Why this message is refused, or none if it is to be taken in.

    The checks go from the sender to the content: the office, its standing, the stage, then the message itself.
    """
    if case.closed:
        return _not_now(f"本件{case.stage.label}，不再接收消息")
    return (
        refuse_standing(case, message)
        or _refuse_stage(case, message)
        or _refuse_content(case, message)
        or _refuse_number(case, message)
    )


def _refuse_stage(case: Case, message: AnyMessage) -> Refusal | None:
    """Facts may arrive in any order where reality allows it; these may not."""
    match message:
        case Dispatch():
            takes = case.stage is Stage.RECEIVED or case.stage in _BEFORE_THE_REPORT
            wanted = "提交整改报告之前"
        case Acknowledgement():
            takes = case.stage in _BEFORE_THE_REPORT or _unit_is_being_told(case)
            wanted = "分发之后、提交整改报告之前"
        case RectificationReport(final=True):
            takes = case.stage in _BEFORE_THE_REPORT
            wanted = "分发之后、核实之前"
        case RectificationReport():
            takes = case.stage is not Stage.RECEIVED or _unit_is_being_told(case)
            wanted = "分发之后"
        case Verification():
            takes = case.stage is Stage.VERIFYING
            wanted = "收到最终整改报告之后、初审之前"
        case PreliminaryReview():
            # §3.5: it may happen as soon as there is a report.
            takes = case.stage is Stage.REVIEWING or (case.stage is Stage.VERIFYING and not _review_passed(case))
            wanted = "收到最终整改报告之后、满意回访之前"
        case SurveyResult():
            if message.round != case.round:
                reason = f"现在是第 {case.round} 轮回访，不能提交第 {message.round} 轮的问卷"
                return Refusal(code=RefusalCode.WRONG_ROUND, reason=reason)
            takes = case.stage is Stage.SURVEYING
            wanted = "初审通过之后、办结上报之前"
        case _:
            return None
    return None if takes else _not_now(f"本件现为“{case.stage.label}”，“{message.kind.label}”应在{wanted}发送")


def _unit_is_being_told(case: Case) -> bool:
    """The unit is known and its notice is on the way: when the unit answers, it has the case."""
    return case.stage is Stage.RECEIVED and case.responsible_unit is not None


def _review_passed(case: Case) -> bool:
    return case.review is not None and case.review.passed


def _refuse_content(case: Case, message: AnyMessage) -> Refusal | None:
    match message:
        case Dispatch():
            return _refuse_units(case, message.unit)
        case TaskForce():
            return _refuse_lead_leader(case, message) or _refuse_units(
                case, message.lead_department, *message.assisting_departments
            )
        case SurveyResult():
            return refuse_answers(case, message)
        case Merge():
            return _refuse_merge(case, message)
        case _:
            return None


def _refuse_units(case: Case, *units: str) -> Refusal | None:
    for unit in units:
        if unit_id(unit) not in case.rules.units:
            reason = f"“{unit}”不在本辖区的责任单位名录中；请核对后重新发送"
            return Refusal(code=RefusalCode.UNKNOWN_UNIT, reason=reason)
    return None


def _refuse_lead_leader(case: Case, message: TaskForce) -> Refusal | None:
    office = message.lead_leader.office
    if not is_office(case, office):
        reason = f"包案领导的职务“{office}”不在本辖区名录中；请核对后重新发送"
        return Refusal(code=RefusalCode.UNKNOWN_OFFICE, reason=reason)
    if office not in case.rules.leaders:
        reason = f"包案领导须为市级领导或本县（市、区）领导，“{case.title_of(office)}”不是；请改正后重新发送"
        return Refusal(code=RefusalCode.MALFORMED, reason=reason)
    return None


def _refuse_merge(case: Case, message: Merge) -> Refusal | None:
    into = message.into.lstrip("* ")
    if not is_case_no(into):
        return Refusal(code=RefusalCode.MALFORMED, reason=f"into：“{message.into}”不是受理编号；请改正后重新发送")
    if into == case.case_no:
        return Refusal(code=RefusalCode.MALFORMED, reason="into：不能并入本件自身；请改正后重新发送")
    return None


def _refuse_number(case: Case, message: AnyMessage) -> Refusal | None:
    """A case carries what it was told; more than any real case has is refused, except what moves it on."""
    if _is_still_wanted(case, message):
        return None
    match message:
        case LeaderInstruction():
            have = len(case.instructions)
        case SiteVisit():
            have = len(case.visits)
        case RectificationReport(final=False):
            have = case.progress_reports
        case Acknowledgement():
            # Each by another person: who handled a case is remembered.
            have = len(case.handlers)
        case TaskForce() | Extension() | Starring():
            have = 0
        case _:
            return None
    if have >= MOST_OF_A_KIND or case.messages_taken >= MOST_MESSAGES:
        return Refusal(code=RefusalCode.TOO_LARGE, reason=f"本件的“{message.kind.label}”已达上限，不再接收")
    return None


def _is_still_wanted(case: Case, message: AnyMessage) -> bool:
    """The message does what the case cannot be concluded (or go on) without."""
    match message:
        case LeaderInstruction():
            return message.by.office in instructions_missing(case)
        case SiteVisit(purpose=Purpose.SUPERVISION):
            return not coverage(case).supervision and message.by.office in supervisors(case)
        case TaskForce():
            return case.task_force is None
        case Acknowledgement():
            return case.stage is Stage.DISPATCHED
        case _:
            return False


def _not_now(reason: str) -> Refusal:
    return Refusal(code=RefusalCode.NOT_NOW, reason=reason)
