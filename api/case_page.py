"""A case's page: what stands on it, computed from the case, its timeline and the moment; no I/O."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from api.addresses import case_address, report_address, workflow_address
from api.case_timeline import Event, called, events
from api.marks import Day, Heading, headings, strip
from api.related import NOTHING_RELATED, Related
from api.settings import ApiSettings
from api.titles import with_titles
from api.wall import Awaited, Clock, CoverageMark, awaited, clock, coverage_marks, long_moment, span
from petitions.case import Case, Instruction, Judgement, Line, ReportIn
from petitions.days import milestone_due
from petitions.notices import NoticeState
from petitions.telling import moment
from petitions.values import Person
from petitions.vocabulary import MessageKind, Opinion
from store.notices import LedgerNotice


@dataclass(frozen=True)
class Deadline:
    """A missed milestone."""

    label: str
    due: str
    met: str | None
    late: str


@dataclass(frozen=True)
class Survey:
    """A round of the survey."""

    round: int
    responses: int
    counts: tuple[tuple[str, int], ...]
    percent: int
    verdict: str
    satisfied: bool | None


@dataclass(frozen=True)
class Said:
    """Something that somebody wrote: who and when, a heading, and the text."""

    who: str
    at: str
    heading: str
    text: str
    more: str = ""


@dataclass(frozen=True)
class Force:
    """The task force."""

    lead_leader: str
    lead_department: str
    assisting: tuple[str, ...]
    members: tuple[str, ...]
    at: str


@dataclass(frozen=True)
class Refused:
    """A message that was refused."""

    at: str
    kind: str
    code: str
    reason: str


@dataclass(frozen=True)
class Told:
    """A notice: to whom, what, when, and what became of it."""

    to: str
    title: str
    at: str
    state: str
    failed: bool


@dataclass(frozen=True)
class CasePage:
    """All that the page shows.

    Attributes:
        why_sticker: Why the case carries its sticker.
        reopenings: Each time it was sent back, with how it had been concluded before.
        notices: The latest ``MOST_NOTICES``, the latest first.
        notices_summary: How many there are of each state, in words.
    """

    case: Case
    now: str
    address: str
    report_address: str
    workflow_address: str
    into_address: str | None
    unit: str
    facts: tuple[tuple[str, str], ...]
    clock: Clock | None
    verdict: str | None
    headings: tuple[Heading, ...]
    days: tuple[Day, ...]
    coverages: tuple[CoverageMark, ...]
    awaited: tuple[Awaited, ...]
    force: Force | None
    instructions: tuple[Said, ...]
    visits: tuple[Said, ...]
    reports: tuple[Said, ...]
    judgements: tuple[Said, ...]
    surveys: tuple[Survey, ...]
    breaches: tuple[Deadline, ...]
    refused: tuple[Refused, ...]
    events: tuple[Event, ...]
    next_after: int | None
    related: Related
    why_sticker: str | None
    reopenings: tuple[Said, ...]
    notices: tuple[Told, ...]
    notices_summary: str


MOST_NOTICES = 40


_KINDS = {kind.value: kind.label for kind in MessageKind}


def case_page(
    case: Case,
    lines: Sequence[Line],
    now: datetime,
    settings: ApiSettings,
    *,
    next_after: int | None = None,
    related: Related = NOTHING_RELATED,
    notices: Sequence[LedgerNotice] = (),
    titles: Mapping[str, str] = MappingProxyType({}),
) -> CasePage:
    """The page of a case.

    Args:
        case: The case as it stands.
        lines: The part of its timeline that is shown.
        now: The procedure's time.
        settings: Of this process, for links.
        next_after: After which entry the timeline goes on, if it does.
        related: What is shown of other cases.
        notices: Of the case, in the order in which they arose.
        titles: Of all offices of the jurisdiction, by their ids: the case itself knows its own alone.
    """
    said = with_titles(titles) if titles else str
    durations = case.rules.durations
    offset = durations.utc_offset_minutes
    closing = case.closing
    return CasePage(
        case=case,
        now=long_moment(now, offset),
        address=case_address(case.case_no),
        report_address=report_address(case.case_no),
        workflow_address=workflow_address(settings, case.case_no),
        into_address=case_address(closing.into) if closing and closing.into else None,
        unit=case.title_of(case.responsible_unit) if case.responsible_unit else "未定，待分发",
        facts=tuple(_facts(case)),
        clock=None if closing else clock(case, now),
        verdict=_verdict(case),
        headings=headings(durations),
        days=strip(case, closing.at if closing else now, durations.report_day),
        coverages=coverage_marks(case),
        awaited=awaited(case, now),
        force=_force(case),
        instructions=tuple(
            Said(
                who=called(case, given.by),
                at=moment(given.at, offset),
                heading="批示",
                text=given.text,
                more=_own_limit(given, offset),
            )
            for given in case.instructions
        ),
        visits=tuple(
            Said(called(case, visit.by), moment(visit.at, offset), visit.purpose.label, visit.notes)
            for visit in case.visits
        ),
        reports=tuple(_report(case, report) for report in case.reports),
        judgements=tuple(_judgements(case)),
        surveys=tuple(_surveys(case)),
        breaches=tuple(_breaches(case, now)),
        refused=tuple(
            Refused(moment(each.at, offset), _KINDS.get(each.kind, each.kind), each.code.label, said(each.reason))
            for each in reversed(case.refused)
        ),
        events=tuple(events(case, lines)),
        next_after=next_after,
        related=related,
        why_sticker=_why_sticker(case),
        reopenings=tuple(_reopenings(case)),
        notices=tuple(_told(case, notice) for notice in list(reversed(notices))[:MOST_NOTICES]),
        notices_summary=_states(notices),
    )


def _own_limit(given: Instruction, utc_offset_minutes: int) -> str:
    """The time limit that an instruction sets itself."""
    if given.complete_by is None:
        return ""
    passed = "，到期未办结" if given.limit_passed else ""
    return f"要求{moment(given.complete_by, utc_offset_minutes)}前办结{passed}"


def _why_sticker(case: Case) -> str | None:
    """Why the case carries its sticker; none: it carries none."""
    put = case.rules.durations.stickers[: case.stickers_put]
    if case.sticker is None or not put:
        return None
    offset = case.rules.durations.utc_offset_minutes
    day = put[-1].day + case.days_moved + case.extended_days
    start = f"{moment(case.clock_started_at, offset)}{'退回重办' if case.clock_start else '交办'}"
    since = moment(milestone_due(case, put[-1].day), offset)
    extended = f"（已延期{case.extended_days}天）" if case.extended_days else ""
    overdue = "，且已超过办结时限" if case.overdue else ""
    return f"为什么贴{case.sticker.label}色：{start}{extended}，到第{day}天（{since}）仍未办结{overdue}。"


def _reopenings(case: Case) -> Iterator[Said]:
    offset = case.rules.durations.utc_offset_minutes
    for sent_back, before in zip(case.reopenings, case.former_closings, strict=False):
        in_time = "目标内" if before.within_target else "时限内" if before.within_mandate else "超时限"
        yield Said(
            who=called(case, sent_back.by),
            at=moment(sent_back.at, offset),
            heading=f"退回重办，限{sent_back.days}天（{sent_back.authority}）",
            text=sent_back.reason,
            more=f"此前{moment(before.at, offset)}办结，{in_time}",
        )


def _told(case: Case, notice: LedgerNotice) -> Told:
    failed = notice.state is NoticeState.FAILED
    return Told(
        to=case.title_of(notice.to_office),
        title=notice.title,
        at=moment(notice.sent_at or notice.created_at, case.rules.durations.utc_offset_minutes),
        state=notice.state.label + (f"（已试{notice.attempts}次）" if failed else ""),
        failed=failed,
    )


def _states(notices: Sequence[LedgerNotice]) -> str:
    number = Counter(notice.state for notice in notices)
    return "，".join(f"{state.label}{number[state]}条" for state in NoticeState if number[state])


def _facts(case: Case) -> Iterator[tuple[str, str]]:
    given, offset = case.hand_over, case.rules.durations.utc_offset_minutes
    yield "交办时间", moment(given.received_at, offset)
    if case.opened_at - given.received_at >= timedelta(hours=1):
        yield "系统接收", f"{moment(case.opened_at, offset)}（迟{span(case.opened_at - given.received_at)}）"
    yield "办结时限", moment(case.due_at, offset)
    if case.extended_days:
        yield "原时限", f"{moment(case.original_due_at, offset)}（已延期{case.extended_days}天）"
    yield "污染类型", "、".join(category.label for category in given.categories)
    yield "来源", given.channel.label + (f"，第{given.batch}批" if given.batch is not None else "")
    yield "责任单位", case.title_of(case.responsible_unit) if case.responsible_unit else "未定，待分发"
    if case.acknowledged_at:
        yield "签收", moment(case.acknowledged_at, offset)


def _verdict(case: Case) -> str | None:
    closing = case.closing
    if closing is None:
        return None
    at = moment(closing.at, case.rules.durations.utc_offset_minutes)
    if closing.outcome.value != "concluded":
        return f"{at} {case.stage.label}"
    in_time = "市定目标内" if closing.within_target else "规定时限内" if closing.within_mandate else "超过规定时限"
    return f"{at} 办结，用时{span(closing.at - case.hand_over.received_at)}，{in_time}"


def _force(case: Case) -> Force | None:
    made = case.task_force
    if made is None:
        return None
    return Force(
        lead_leader=called(case, made.lead_leader),
        lead_department=case.title_of(made.lead_department),
        assisting=tuple(case.title_of(unit) for unit in made.assisting_departments),
        members=tuple(
            called(case, member) if isinstance(member, Person) else case.title_of(member) for member in made.members
        ),
        at=moment(made.at, case.rules.durations.utc_offset_minutes),
    )


def _report(case: Case, report: ReportIn) -> Said:
    attachments = f"附件{report.attachments}份" if report.attachments else ""
    return Said(
        who=called(case, report.by),
        at=moment(report.at, case.rules.durations.utc_offset_minutes),
        heading=f"第{report.round}轮整改报告：{report.finding.label}，{report.completion.label}",
        text=f"调查情况：{report.facts}\n处理和整改：{report.measures}",
        more=attachments,
    )


def _judgements(case: Case) -> Iterator[Said]:
    def said(judged: Judgement, heading: str) -> Said:
        at = moment(judged.at, case.rules.durations.utc_offset_minutes)
        return Said(called(case, judged.by), at, heading, judged.opinion)

    if case.verification:
        yield said(case.verification, "核实通过" if case.verification.passed else "核实未通过")
    if case.review:
        yield said(case.review, "初审通过" if case.review.passed else "初审退回")


def _surveys(case: Case) -> Iterator[Survey]:
    for survey in case.surveys:
        content = survey.opinions.get(Opinion.SATISFIED, 0) + survey.opinions.get(Opinion.BASICALLY_SATISFIED, 0)
        verdict = {None: "进行中", True: "满意", False: "不满意，返工重办"}[survey.satisfied]
        yield Survey(
            round=survey.round,
            responses=survey.responses,
            counts=tuple((opinion.label, survey.opinions.get(opinion, 0)) for opinion in Opinion),
            percent=content * 100 // survey.responses if survey.responses else 0,
            verdict=verdict,
            satisfied=survey.satisfied,
        )


def _breaches(case: Case, now: datetime) -> Iterator[Deadline]:
    offset = case.rules.durations.utc_offset_minutes
    until = case.closing.at if case.closing else now
    for breach in case.breaches:
        yield Deadline(
            label=breach.milestone.label,
            due=moment(breach.due_at, offset),
            met=moment(breach.met_at, offset) if breach.met_at else None,
            late=span((breach.met_at or until) - breach.due_at),
        )
