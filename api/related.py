"""What stands on a case's pages of other cases: likely duplicates, merged ones, and the one that answers it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from api.addresses import case_address, case_resource, report_address
from api.context import Context
from api.duplicates import duplicates_of
from petitions.access import Caller, Deed, authorize
from petitions.case import Case
from petitions.duplicates import LikelyDuplicate
from petitions.report import HandlingReport, handling_report
from petitions.telling import moment
from petitions.vocabulary import MessageKind, Outcome, Stage
from store.duplicates import AnsweringCase, MergedCase
from store.reports import SubmittedReport


@dataclass(frozen=True)
class Proposal:
    """A likely duplicate."""

    case_no: str
    address: str
    percent: int
    reason: str
    stage: str | None


@dataclass(frozen=True)
class HowToMerge:
    """What a clerk sends to merge the case into the likeliest duplicate; nothing is merged by itself."""

    offices: tuple[str, ...]
    resource: str
    message: str


@dataclass(frozen=True)
class Merged:
    """A case that was merged; ``told`` says when and where it was handed over."""

    case_no: str
    address: str
    told: str


@dataclass(frozen=True)
class Answer:
    """Who answers a merged case, and what the answer is.

    Attributes:
        case_no: The answering case.
        address: Its page; none: it is not there, or out of the reader's sight, or nobody answers.
        report_address: Its report; none as before.
        said: What stands with it, in a sentence.
        missing: Nobody answers: somebody must look into it.
        conclusion: What was found and done, if the reader may see it.
    """

    case_no: str
    address: str | None
    report_address: str | None
    said: str
    missing: bool
    conclusion: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Related:
    """All of it.

    Attributes:
        proposals: The likely duplicates of an open case; none of them for who may not see them.
        how_to_merge: Beside the proposals.
        merged: The cases that this one answers beside its own.
        answer: Of a merged case.
    """

    proposals: tuple[Proposal, ...] = ()
    how_to_merge: HowToMerge | None = None
    merged: tuple[Merged, ...] = ()
    answer: Answer | None = None


NOTHING_RELATED = Related()


async def related_to(context: Context, caller: Caller, case: Case) -> Related:
    """What a case's page shows of others, to somebody who may see the case.

    Raises:
        StoreError: As the store says.
    """
    offset = case.rules.durations.utc_offset_minutes
    merged = await context.in_time(context.store.merged_into(case.case_no, sight=caller.sight))
    proposals: tuple[LikelyDuplicate, ...] = ()
    if not case.closed and authorize(caller, Deed.SEE_DUPLICATES) is None:
        known = {each.case_no for each in merged}
        proposals = tuple(each for each in await duplicates_of(context, case.hand_over) if each.case_no not in known)
    return Related(
        proposals=tuple(map(_proposal, proposals)),
        how_to_merge=_how_to_merge(case, proposals[0].case_no) if proposals else None,
        merged=tuple(merged_case(each, offset) for each in merged),
        answer=await _answer(context, caller, case) if case.stage is Stage.MERGED else None,
    )


@dataclass(frozen=True)
class ReportShown:
    """A handling report for a page.

    Attributes:
        case: The case whose report it is: of a merged one the case that answers it.
        report: The report, or what it would be now.
        submitted: As it was submitted; none: it was not.
    """

    case: Case
    report: HandlingReport
    submitted: SubmittedReport | None


async def report_shown(context: Context, caller: Caller, case: Case) -> ReportShown:
    """The report that answers a case: its own, or of a merged one the other's, if there is one in sight.

    Raises:
        StoreError: As the store says.
    """
    if case.stage is Stage.MERGED:
        answer = await context.in_time(context.store.answer_of(case.case_no))
        case = await _case_in_sight(context, caller, answer) or case
    submitted = await context.in_time(context.store.report(case.case_no))
    return ReportShown(case, submitted.report if submitted else handling_report(case), submitted)


def merged_case(merged: MergedCase, utc_offset_minutes: int) -> Merged:
    """A merged case as pages name it."""
    when = moment(merged.received_at, utc_offset_minutes)
    return Merged(
        case_no=merged.case_no,
        address=case_address(merged.case_no),
        told=f"{when}交办，{merged.channel.label}，{merged.county}{merged.location}",
    )


def _proposal(found: LikelyDuplicate) -> Proposal:
    return Proposal(
        case_no=found.case_no,
        address=case_address(found.case_no),
        percent=round(found.likeness * 100),
        reason=found.reason,
        stage=found.stage.label if found.stage else None,
    )


def _how_to_merge(case: Case, into: str) -> HowToMerge:
    offices = case.rules.may_send.get(MessageKind.MERGE, ())
    message = {
        "kind": MessageKind.MERGE.value,
        "message_id": "（自编，不重复）",
        "by": {"office": next(iter(offices), "city/intake"), "name": "（经办人）"},
        "into": into,
        "reason": "重复件",
    }
    return HowToMerge(
        offices=tuple(case.title_of(office) for office in offices),
        resource=f"{case_resource(case.case_no)}/messages",
        message=json.dumps(message, ensure_ascii=False, indent=2),
    )


async def _case_in_sight(context: Context, caller: Caller, answer: AnsweringCase | None) -> Case | None:
    """The answering case, if there is one that answers and the caller may see it."""
    if answer is None or answer.whereabouts is None or answer.stage in {Stage.MERGED, Stage.WITHDRAWN}:
        return None
    if authorize(caller, Deed.SEE_CASE, case=answer.whereabouts) is not None:
        return None
    return await context.in_time(context.store.state(answer.case_no))


async def _answer(context: Context, caller: Caller, case: Case) -> Answer | None:
    answer = await context.in_time(context.store.answer_of(case.case_no))
    if answer is None:
        return None
    other = await _case_in_sight(context, caller, answer)
    seen = answer.whereabouts is not None and authorize(caller, Deed.SEE_CASE, case=answer.whereabouts) is None
    return Answer(
        case_no=answer.case_no,
        address=case_address(answer.case_no) if seen and answer.stage is not Stage.MERGED else None,
        report_address=report_address(answer.case_no) if other else None,
        said=_said(case.case_no, answer, case.rules.durations.utc_offset_minutes),
        missing=answer.stage in {Stage.MERGED, Stage.WITHDRAWN},
        conclusion=tuple(_conclusion(other)) if other and other.stage is Stage.CONCLUDED else (),
    )


def _said(case_no: str, answer: AnsweringCase, utc_offset_minutes: int) -> str:
    by_way_of = f"（经{'、'.join(answer.through)}并入）" if answer.through else ""
    into = f"本件并入{answer.case_no}{by_way_of}"
    match answer.stage:
        case None:
            return f"{into}。{answer.case_no}尚未录入；录入后，其办理结果即为本件的答复。"
        case Stage.MERGED:
            others = [each for each in dict.fromkeys((*answer.through, answer.case_no)) if each != case_no]
            return f"本件与{'、'.join(others[:8])}互相并入，没有任何一件在办理，无从答复。请信访受理中心核对。"
        case Stage.WITHDRAWN:
            return f"{into}，而{answer.case_no}已撤回，不再办理，本件没有答复。请信访受理中心核对。"
        case Stage.CONCLUDED if answer.concluded_at and answer.outcome is Outcome.CONCLUDED:
            at = moment(answer.concluded_at, utc_offset_minutes)
            return f"{into}，后者已于{at}办结，其办理结果即为本件的答复。"
        case stage:
            return f"{into}，后者{stage.label}；办结后，其办理结果即为本件的答复。"


def _conclusion(other: Case) -> Iterator[tuple[str, str]]:
    if not other.reports:
        return
    report = other.reports[-1]
    yield "调查结论", f"{report.finding.label}，{report.completion.label}"
    yield "调查情况", report.facts
    yield "处理和整改", report.measures
