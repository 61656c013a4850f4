"""How notices read when they go out: one as it is, several as one digest, and an office's morning digest."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from hashlib import sha256
from itertools import groupby

from petitions.clock import local
from petitions.house_notices import DIGEST, house_key
from petitions.notices import Notice
from petitions.telling import moment
from petitions.values import Instant, Name, Value
from petitions.vocabulary import MessageKind

MESSAGE_BYTES = 1_900
"""What one message has at the most, title and text, in UTF-8: a WeCom robot takes 2,048 bytes."""
_MORE = "……等，全部见工作台。"


class OutgoingMessage(Value):
    """What is handed to a channel."""

    key: str
    """The same notices give the same key: by it a receiver recognises a message that it has already."""
    title: str
    body: str


class ToDo(Value):
    """What an office has to do in one case."""

    case_no: str
    starred: bool
    what: MessageKind
    due_at: Instant


def message_of(notices: Sequence[Notice]) -> OutgoingMessage:
    """One message for notices to one office, the urgent ones first.

    In full if that is short enough for every channel; else the numbers of the cases by what is told of them.
    """
    key = sha256("\n".join(sorted(notice.key for notice in notices)).encode()).hexdigest()[:32]
    if len(notices) == 1:
        title, body = notices[0].title, notices[0].body
        return OutgoingMessage(key=key, title=title, body=_cut(body, MESSAGE_BYTES - len(title.encode())))
    title = f"【信访举报件】{len(notices)}项通知"
    room = MESSAGE_BYTES - len(title.encode())
    ordered = sorted(notices, key=lambda notice: not notice.urgent)
    in_full = "\n\n".join(f"{notice.title}\n{notice.body}" for notice in ordered)
    return OutgoingMessage(
        key=key, title=title, body=in_full if len(in_full.encode()) <= room else _by_heading(ordered, room)
    )


def morning_digest(
    office: Name, to_do: Iterable[ToDo], now: datetime, utc_offset_minutes: int, jurisdiction: Name | None = None
) -> Notice | None:
    """What an office has before it this morning, the most urgent first; none if it has nothing to do.

    Args:
        office: its id.
        to_do: what it has to do, in any order.
        now: the moment.
        utc_offset_minutes: of local time.
        jurisdiction: the file that the cases name, if it is not the worker's own.
    """
    listed = sorted(to_do, key=lambda each: (each.due_at, not each.starred, each.case_no))
    if not listed:
        return None
    today = local(now, utc_offset_minutes).date()
    late = [each for each in listed if each.due_at < now]
    soon = [each for each in listed if each.due_at >= now and _day(each, utc_offset_minutes) == today]
    rest = listed[len(late) + len(soon) :]
    parts = [
        _digest_part(heading, each, utc_offset_minutes)
        for heading, each in (("已超时", late), ("今日到期", soon), ("其他待办", rest))
        if each
    ]
    title = f"【晨报】{today.month}月{today.day}日：待办{len(listed)}项" + (f"，已超时{len(late)}项" if late else "")
    return Notice(
        key=house_key(DIGEST, today.isoformat(), jurisdiction, office),
        case_no="",
        to=office,
        title=title,
        body=_cut("\n".join(parts), MESSAGE_BYTES - len(title.encode())),
    )


def _digest_part(heading: str, to_do: Sequence[ToDo], utc_offset_minutes: int) -> str:
    lines = [
        f"{'★' * each.starred}{each.case_no} {each.what.label}（{moment(each.due_at, utc_offset_minutes)}前）"
        for each in to_do
    ]
    return "\n".join((f"{heading}（{len(to_do)}项）：", *lines))


def _day(to_do: ToDo, utc_offset_minutes: int) -> date:
    return local(to_do.due_at, utc_offset_minutes).date()


def _by_heading(notices: Sequence[Notice], room: int) -> str:
    """``交办通知（200件）：D001、D002…``, a line for each heading; of too many numbers only the beginning."""
    by_heading = sorted(notices, key=lambda notice: (not notice.urgent, _heading(notice)))
    groups = [(heading, list(group)) for (_, heading), group in groupby(by_heading, _group)]
    share = room // len(groups)
    return "\n".join(
        _cut(f"{heading}（{len(group)}项）：{'、'.join(map(_number, group))}", share - 1) for heading, group in groups
    )


def _group(notice: Notice) -> tuple[bool, str]:
    return not notice.urgent, _heading(notice)


def _heading(notice: Notice) -> str:
    return notice.title.rpartition("】")[2] or notice.title


def _number(notice: Notice) -> str:
    return notice.title.partition("】")[0].lstrip("【") if "】" in notice.title else notice.case_no


def _cut(text: str, room: int) -> str:
    """A text of no more bytes than there is room for; where something is left out, it says so."""
    given = text.encode()
    if len(given) <= room:
        return text
    kept = given[: max(0, room - len(_MORE.encode()))].decode(errors="ignore")
    # Not in the middle of a number: what stands there must be right.
    end = max(kept.rfind("、"), kept.rfind("\n"))
    return (kept[:end] if end > len(kept) // 2 else kept) + _MORE
