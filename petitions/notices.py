"""Who is told what, when: the notices that an entry of the record gives rise to.

A notice's key is made from the entry that caused it, so that sending it again is recognised as the same.
"""

from petitions.asks import ask_due, asked_of, offices_for, open_asks
from petitions.case import Case
from petitions.events import Chased, Closed, Entry, HandedOver, MilestoneReached, StageEntered, StickerPut, Taken
from petitions.messages import Dispatch, Extension, LeaderInstruction, Starring
from petitions.regions import shown
from petitions.telling import how_long, moment, quote
from petitions.values import Instant, Name, Value
from petitions.vocabulary import MessageKind, Stage, Word


class Notice(Value):
    """One notice to one office."""

    key: str
    """``<case number>/<sequence>/<office>[/<what>]``: the same notice has the same key, always."""
    case_no: str
    """Empty: it is of no single case, as a morning digest."""
    to: Name
    title: str
    body: str
    urgent: bool = False
    """It goes out at any hour, with the next message to its office; else it waits for others, and for the morning."""
    dispatches: bool = False
    """It is the responsible unit's notice: when it is out, the case is dispatched."""


class NoticeState(Word):
    """How far a notice has come; what the ledger keeps."""

    LEDGER = "ledger", "仅登记"
    """The office has no address: the ledger alone is the notice."""
    QUEUED = "queued", "待发送"
    """It lies in the out-tray of its office, which has it from now on."""
    SENT = "sent", "已发送"
    FAILED = "failed", "发送失败"
    """The latest attempt failed; unless it has been given up, there are more to come."""


class NoticeOutcome(Value):
    """What became of a notice: sent at a moment, or not yet, and why."""

    key: str
    state: NoticeState
    at: Instant
    attempts: int
    error: str | None = None


_ASKS = (MessageKind.LEADER_INSTRUCTION, MessageKind.TASK_FORCE, MessageKind.SITE_VISIT)


def has_address(case: Case, notice: Notice) -> bool:
    """Whether the notice is to be sent anywhere, or stands in the ledger alone."""
    return notice.to in case.rules.reachable


def notices_for(case: Case, entry: Entry) -> tuple[Notice, ...]:
    """The notices of an entry, given the case after it."""
    happened = entry.happened
    match happened:
        case HandedOver():
            return (*_dispatch_notice(case, entry), *_clerk_notice(case, entry), *_ask_notices(case, entry))
        case Taken(message=Dispatch()):
            return _dispatch_notice(case, entry)
        case Taken(message=Starring()) if case.asked_at == entry.at:
            return _ask_notices(case, entry)
        case Taken(message=Extension() | LeaderInstruction()) if case.responsible_unit:
            return (_notice(case, entry, case.responsible_unit, entry.text),)
        case Chased() | MilestoneReached():
            # 1+3+5+7 knows no night: whatever the mandate's clock brings is told at once.
            return tuple(_notice(case, entry, office, entry.text, urgent=True) for office in happened.told)
        case StickerPut() if case.responsible_unit:
            return (_notice(case, entry, case.responsible_unit, entry.text),)
        case StageEntered():
            return _step_notices(case, entry, happened.stage)
        case Closed() if case.responsible_unit:
            return (_notice(case, entry, case.responsible_unit, entry.text),)
        case _:
            return ()


def _dispatch_notice(case: Case, entry: Entry) -> tuple[Notice, ...]:
    if case.responsible_unit is None:
        return ()
    hand_over, offset = case.hand_over, case.rules.durations.utc_offset_minutes
    body = (
        f"请及时签收并整改。地点：{shown(hand_over.county, case.rules.region_names)}{quote(hand_over.location)}；"
        f"反映问题：{quote(hand_over.summary, 300)}；办结上报时限：{moment(case.due_at, offset)}。"
    )
    notice = _notice(case, entry, case.responsible_unit, body, urgent=True, what="dispatch", title="交办通知")
    return (notice.model_copy(update={"dispatches": True}),)


def _clerk_notice(case: Case, entry: Entry) -> tuple[Notice, ...]:
    if case.responsible_unit is not None:
        return ()
    body = f"未能确定责任单位，请在交办后{how_long(case.rules.durations.dispatch.total_seconds())}内分发。"
    return tuple(
        _notice(case, entry, office, body, urgent=True, what="dispatch", title="待分发")
        for office in offices_for(case, MessageKind.DISPATCH)
    )


def _ask_notices(case: Case, entry: Entry) -> tuple[Notice, ...]:
    """§3.2: instruction, task force and supervision are asked for at once."""
    offset = case.rules.durations.utc_offset_minutes
    notices: list[Notice] = []
    still_open = open_asks(case)
    for what in _ASKS:
        if what not in still_open:
            continue
        proposal = case.rules.proposal
        proposed = ""
        if what is MessageKind.TASK_FORCE and proposal:
            lead = proposal.lead_department.removeprefix("unit/") if proposal.lead_department else "待定"
            proposed = f"建议由{case.title_of(proposal.lead_leader)}包案，{lead}主办。"
        body = f"请于{moment(ask_due(case, what), offset)}前完成：{what.label}。{proposed}"
        notices += [
            # A starred case's leaders have hours, and are asked at once (§1): such a notice waits for no morning.
            _notice(case, entry, office, body, urgent=case.starred, what=what.value, title=f"请办理：{what.label}")
            for office in asked_of(case, what)
        ]
    return tuple(notices)


_STEPS = {
    Stage.VERIFYING: MessageKind.VERIFICATION,
    Stage.REVIEWING: MessageKind.PRELIMINARY_REVIEW,
    Stage.SURVEYING: MessageKind.SURVEY_RESULT,
}


def _step_notices(case: Case, entry: Entry, stage: Stage) -> tuple[Notice, ...]:
    """Who is next is told; a unit is told when its case comes back."""
    if stage is Stage.RECTIFYING and case.reports and case.responsible_unit:
        return (_notice(case, entry, case.responsible_unit, entry.text, urgent=True),)
    what = _STEPS.get(stage)
    if what is None:
        return ()
    body = f"请办理：{what.label}（第{case.round}轮）。"
    return tuple(
        _notice(case, entry, office, body, title=f"请办理：{what.label}") for office in offices_for(case, what)
    )


def _notice(
    case: Case,
    entry: Entry,
    office: Name,
    body: str,
    *,
    urgent: bool = False,
    what: str | None = None,
    title: str | None = None,
) -> Notice:
    key = f"{case.case_no}/{entry.seq}/{office}" + (f"/{what}" if what else "")
    star = "★" if case.starred else ""
    return Notice(
        key=key,
        case_no=case.case_no,
        to=office,
        title=f"【{star}{case.case_no}】{title or '办理提醒'}",
        body=body,
        urgent=urgent,
    )
