"""What an operator sees of a case in the Temporal UI: search attributes and the page of current details."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from petitions.case import Case
from petitions.coverage import coverage
from petitions.telling import moment
from petitions.vocabulary import Coverage
from petitions.waiting import waiting_for

CASE_STAGE = SearchAttributeKey.for_keyword("CaseStage")
CASE_STICKER = SearchAttributeKey.for_keyword("CaseSticker")
CASE_COUNTY = SearchAttributeKey.for_keyword("CaseCounty")
CASE_UNIT = SearchAttributeKey.for_keyword("CaseUnit")
CASE_CATEGORY = SearchAttributeKey.for_keyword_list("CaseCategory")
CASE_WAITING_FOR = SearchAttributeKey.for_keyword_list("CaseWaitingFor")
CASE_STARRED = SearchAttributeKey.for_bool("CaseStarred")
CASE_OVERDUE = SearchAttributeKey.for_bool("CaseOverdue")
CASE_DUE_AT = SearchAttributeKey.for_datetime("CaseDueAt")
CASE_ROUND = SearchAttributeKey.for_int("CaseRound")

SEARCH_ATTRIBUTES: tuple[SearchAttributeKey[Any], ...] = (
    CASE_STAGE,
    CASE_STICKER,
    CASE_COUNTY,
    CASE_UNIT,
    CASE_CATEGORY,
    CASE_WAITING_FOR,
    CASE_STARRED,
    CASE_OVERDUE,
    CASE_DUE_AT,
    CASE_ROUND,
)
"""All that a case sets. A worker registers them before it starts: a missing one stalls every case."""

_KEYWORD = 255
"""Characters of a keyword that SQL visibility stores."""
_SHOWN_LINES = 8


def search_values(case: Case) -> dict[SearchAttributeKey[Any], Any]:
    """The search attributes of a case; ``None`` where one is unset."""
    waited_for = dict.fromkeys(waiting.office for waiting in waiting_for(case))
    return {
        CASE_STAGE: case.stage.value,
        CASE_STICKER: case.sticker.value if case.sticker else None,
        CASE_COUNTY: case.hand_over.county[:_KEYWORD],
        CASE_UNIT: case.responsible_unit[:_KEYWORD] if case.responsible_unit else None,
        CASE_CATEGORY: [category.value for category in case.hand_over.categories],
        CASE_WAITING_FOR: [office[:_KEYWORD] for office in waited_for],
        CASE_STARRED: case.starred,
        CASE_OVERDUE: case.overdue,
        CASE_DUE_AT: case.due_at,
        CASE_ROUND: case.round,
    }


def search_updates(
    shown: dict[SearchAttributeKey[Any], Any], values: dict[SearchAttributeKey[Any], Any]
) -> Sequence[SearchAttributeUpdate[Any]]:
    """What has to be changed so that ``values`` are shown; one event of history, or none."""
    return [
        key.value_unset() if value is None or value == [] else key.value_set(value)
        for key, value in values.items()
        if (value or None) != (shown.get(key) or None) or (isinstance(value, bool) and value is not shown.get(key))
    ]


def details(case: Case, now: datetime, page: str | None) -> str:
    """The case on one short page of Markdown, in Chinese (current details; costs no history).

    Args:
        case: Which.
        now: The procedure's time.
        page: The address of the case's page, if it is known.
    """
    offset = case.rules.durations.utc_offset_minutes
    star = "★ 加星件 " if case.starred else ""
    sticker = f"{case.sticker.label}色即时贴" if case.sticker else "无即时贴"
    overdue = "，**已超期**" if case.overdue else ""
    has = coverage(case)
    marks = "　".join(f"{one.label}{'●' if getattr(has, one.value) else '○缺'}" for one in Coverage)
    lines = [
        f"### {star}{case.hand_over.county}　{case.stage.label}（第{case.round}轮）",
        "",
        *([f"[打开本件页面]({page})", ""] if page else []),
        f"**{sticker}**　办结时限 {moment(case.due_at, offset)}{overdue}",
        "",
        f"四个全覆盖：{marks}",
        "",
        *_waiting_lines(case, now, offset),
        "",
        "**最近进展**",
        "",
        *(f"- {moment(line.at, offset)}　{_plain(line.text)}" for line in reversed(case.timeline[-_SHOWN_LINES:])),
    ]
    if case.refused:
        last = case.refused[-1]
        said = f"{moment(last.at, offset)}　{_plain(last.kind)}：{last.code.label}，{_plain(last.reason)}"
        lines += ["", f"**拒收消息** {case.refused_count} 条，最近一条：{said}"]
    return "\n".join(lines)


def _waiting_lines(case: Case, now: datetime, offset: int) -> list[str]:
    waiting = waiting_for(case)
    if not waiting:
        return ["**等待办理**：无"]
    return [
        "**等待办理**",
        "",
        *(
            f"- {case.title_of(one.office)}：{one.what.label}，{moment(one.due_at, offset)}前"
            + ("（已逾期）" if one.due_at < now else "")
            for one in waiting
        ),
    ]


def _plain(text: str) -> str:
    """Somebody's text, without what Markdown or HTML would make of it."""
    for sign in "\\`*_<>[]#|":
        text = text.replace(sign, f"\\{sign}")
    return text
