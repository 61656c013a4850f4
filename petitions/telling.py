"""What the timeline says of each event: one Chinese sentence a person understands."""

from datetime import timedelta
from functools import singledispatch

from pydantic import BaseModel

from petitions import messages
from petitions.case import Case
from petitions.case_rules import Gate
from petitions.clock import local
from petitions.events import (
    BreachMet,
    Chased,
    Closed,
    CoverageMissing,
    Dispatched,
    Event,
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
from petitions.regions import shown
from petitions.standing import unit_id
from petitions.values import Instant
from petitions.vocabulary import Milestone, Outcome, Stage

SHOWN_TEXT = 120
"""Characters of somebody's text that a timeline line quotes."""


def tell(case: Case | None, event: Event) -> str:
    """The line of the timeline for an event, given the case before it (none before the hand-over)."""
    if isinstance(event, HandedOver):
        return _tell_hand_over(event)
    assert case is not None
    if isinstance(event, Taken):
        return _tell_message(event.message, case)
    return _tell(event, case)


def how_long(seconds: float) -> str:
    """A duration in Chinese, in its largest two units."""
    span = timedelta(seconds=int(abs(seconds)))
    hours, rest = divmod(span.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(span.days, "天"), (hours, "小时"), (minutes, "分钟"), (int(seconds), "秒")]
    said = [f"{number}{unit}" for number, unit in parts if number][:2]
    return "".join(said) or "0秒"


def moment(at: Instant, utc_offset_minutes: int) -> str:
    """A moment in the jurisdiction's local time: 8月27日 10:00."""
    there = local(at, utc_offset_minutes)
    return f"{there.month}月{there.day}日 {there:%H:%M}"


def quote(text: str, most: int = SHOWN_TEXT) -> str:
    """Somebody's text on one line, cut."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _late(seconds: int) -> str:
    return f"（迟{how_long(seconds)}）" if seconds >= 60 else ""


def _titles(case: Case, offices: tuple[str, ...]) -> str:
    return "、".join(case.title_of(office) for office in offices)


def _tell_hand_over(event: HandedOver) -> str:
    hand_over = event.hand_over
    star = "（加星件）" if hand_over.starred else ""
    kinds = "、".join(category.label for category in hand_over.categories)
    if event.unknown_unit:
        unit = f"交办时指定的责任单位“{event.unknown_unit}”不在名录中，待受理人员分发"
    elif event.responsible_unit:
        unit = f"责任单位：{event.responsible_unit.removeprefix('unit/')}"
    else:
        unit = "未能确定责任单位，待受理人员分发"
    return f"收到交办{star}：{shown(hand_over.county, event.rules.region_names)}，{kinds}；{unit}"


@singledispatch
def _tell(event: BaseModel, case: Case) -> str:
    raise TypeError(f"nothing says how {type(event).__name__} reads")


@_tell.register
def _(event: Refused, case: Case) -> str:
    return f"拒收消息“{quote(event.kind, 40)}”（{event.code.label}）：{quote(event.reason)}"


@_tell.register
def _(event: Dispatched, case: Case) -> str:
    return f"已分发至{case.title_of(event.unit)}，交办通知已发出"


@_tell.register
def _(event: StageEntered, case: Case) -> str:
    if event.stage is Stage.RECTIFYING and event.round > case.round:
        return f"返工重办，进入第{event.round}轮整改"
    if event.stage is Stage.RECTIFYING and case.stage in {Stage.VERIFYING, Stage.REVIEWING}:
        return "退回责任单位继续整改"
    return f"进入“{event.stage.label}”阶段"


@_tell.register
def _(event: SurveyJudged, case: Case) -> str:
    verdict = "满意，可以办结" if event.satisfied else "不满意，须返工重办"
    percent = event.content * 100 // event.responses if event.responses else 0
    counts = f"{event.responses}份问卷，满意和基本满意{event.content}份（{percent}%）"
    return f"第{event.round}轮满意回访：{counts}，结论为{verdict}"


@_tell.register
def _(event: Chased, case: Case) -> str:
    return f"催办“{event.what.label}”第{event.times}次，通知{_titles(case, event.told)}"


@_tell.register
def _(event: MilestoneReached, case: Case) -> str:
    late = _late(event.late_seconds)
    told = f"，通知{_titles(case, event.told)}" if event.told else ""
    match event.milestone:
        case Milestone.REMINDER:
            return (
                f"第3天催办{late}：整改报告尚未提交{told}"
                if case.rules.durations.reminder_day == 3
                else f"催办{late}：整改报告尚未提交{told}"
            )
        case Milestone.DISPATCH:
            return f"逾期未分发，升级督办{late}{told}"
        case Milestone.REVIEW:
            return f"初审到期未完成{late}{told}"
        case Milestone.REPORT:
            return f"办结上报到期未完成{late}{told}"
        case Milestone.OVERDUE:
            return f"超期通报第{case.overdue_notices + 1}次{late}{told}"
        case Milestone.INSTRUCTION_LIMIT:
            return f"{event.detail}批示的时限已到，本件未办结{late}{told}"
        case _:
            return f"{event.milestone.label}{late}{told}"


@_tell.register
def _(event: MilestonesSkipped, case: Case) -> str:
    return f"跳过{'、'.join(milestone.label for milestone in event.milestones)}：{event.reason}"


@_tell.register
def _(event: StickerPut, case: Case) -> str:
    return f"贴{event.colour.label}色即时贴{_late(event.late_seconds)}"


@_tell.register
def _(event: BreachMet, case: Case) -> str:
    return f"“{event.milestone.label}”已补办，逾期记录保留"


@_tell.register
def _(event: CoverageMissing, case: Case) -> str:
    missing = "、".join(one.label for one in event.missing)
    why = "按本辖区规定仅作警告" if case.rules.gate is Gate.WARNING else "上报期间要求有变"
    return f"上报时缺少：{missing}（{why}）"


@_tell.register
def _(event: ReportSubmitted, case: Case) -> str:
    return "办理报告已上报"


@_tell.register
def _(event: Closed, case: Case) -> str:
    if event.outcome is Outcome.MERGED:
        return f"并入{event.into}办理，本件结束"
    if event.outcome is Outcome.WITHDRAWN:
        return "本件已撤回"
    in_time = "在市定目标内" if event.within_target else "在规定时限内" if event.within_mandate else "超过规定时限"
    return f"办结（{in_time}）"


@_tell.register
def _(event: Reopened, case: Case) -> str:
    reopening, offset = event.reopening, case.rules.durations.utc_offset_minutes
    limit = f"{reopening.days}天内（{moment(event.due_at, offset)}前）办结上报"
    return f"退回重办（{quote(reopening.authority, 40)}），{limit}：{quote(reopening.reason)}"


@_tell.register
def _(event: Resumed, case: Case) -> str:
    return f"办理流程中断，按档案恢复：{quote(event.reason)}"


@singledispatch
def _tell_message(message: BaseModel, case: Case) -> str:
    raise TypeError(f"nothing says how the message {type(message).__name__} reads")


@_tell_message.register
def _(message: messages.Dispatch, case: Case) -> str:
    note = f"：{quote(message.note)}" if message.note else ""
    return f"指定{unit_id(message.unit).removeprefix('unit/')}为责任单位{note}"


@_tell_message.register
def _(message: messages.Acknowledgement, case: Case) -> str:
    return f"{case.title_of(message.by.office)}签收"


@_tell_message.register
def _(message: messages.LeaderInstruction, case: Case) -> str:
    offset = case.rules.durations.utc_offset_minutes
    limit = f"（{moment(message.complete_by, offset)}前办结）" if message.complete_by else ""
    return f"{case.title_of(message.by.office)}批示{limit}：{quote(message.text)}"


@_tell_message.register
def _(message: messages.TaskForce, case: Case) -> str:
    lead = case.called(message.lead_leader)
    assisting = "、".join(unit_id(unit).removeprefix("unit/") for unit in message.assisting_departments)
    return f"成立工作专班：{lead}包案，{unit_id(message.lead_department).removeprefix('unit/')}主办" + (
        f"，{assisting}协办" if assisting else ""
    )


@_tell_message.register
def _(message: messages.SiteVisit, case: Case) -> str:
    return f"{case.title_of(message.by.office)}{message.purpose.label}：{quote(message.notes)}"


@_tell_message.register
def _(message: messages.RectificationReport, case: Case) -> str:
    what = "提交最终整改报告" if message.final else "报告整改进展"
    judged = f"{message.finding.label}，{message.completion.label}"
    return f"{case.title_of(message.by.office)}{what}（{judged}）：{quote(message.measures)}"


@_tell_message.register
def _(message: messages.Verification, case: Case) -> str:
    return f"核实{'属实，整改到位' if message.confirmed else '未通过，退回'}：{quote(message.opinion)}"


@_tell_message.register
def _(message: messages.PreliminaryReview, case: Case) -> str:
    return f"初审{'通过' if message.passed else '退回'}：{quote(message.opinion)}"


@_tell_message.register
def _(message: messages.SurveyResult, case: Case) -> str:
    complete = "，本轮回访结束" if message.complete else ""
    return f"第{message.round}轮满意回访，收到{len(message.responses)}份问卷{complete}"


@_tell_message.register
def _(message: messages.Extension, case: Case) -> str:
    return f"延期{message.days}天（{quote(message.authority, 40)}）：{quote(message.reason)}"


@_tell_message.register
def _(message: messages.Starring, case: Case) -> str:
    return f"{'加星' if message.starred else '取消加星'}：{quote(message.reason)}"


@_tell_message.register
def _(message: messages.Merge, case: Case) -> str:
    return f"重复件，并入{message.into.lstrip('* ')}：{quote(message.reason)}"


@_tell_message.register
def _(message: messages.Withdrawal, case: Case) -> str:
    return f"撤回：{quote(message.reason)}"
