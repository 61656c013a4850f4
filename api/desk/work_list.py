"""An office's work list: what it must do, the most urgent first; and what it can do to many cases at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import structlog
from fastapi import APIRouter, Query, Request
from pydantic_core import to_json
from starlette.responses import HTMLResponse, Response

from api.authentication import require_on_case
from api.context import Context, Reading
from api.desk.addresses import desk_address, form_address
from api.desk.drafts import HAND_OVER
from api.desk.gate import HOME, posted_by, signed_in
from api.desk.handing_over import HAND_OVER_ADDRESS
from api.desk.posted import Posted
from api.desk.rendering import desk_page, see_other
from api.desk.sessions import SignedIn
from api.desk.shown import Due, due, near_units, new_message_id
from api.messages import answer_of
from api.problems import ProblemError, ProblemType
from api.request_ids import request_id_of
from intake.errors import EngineError
from petitions.access import Deed
from petitions.forms.fields import Choice
from petitions.hand_over import is_case_no
from petitions.jurisdiction.offices import INTAKE
from petitions.messages import Refusal
from petitions.regions import shown
from petitions.telling import moment, quote
from petitions.vocabulary import MessageKind
from store import StoreError
from store.reading import WorkItem

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_log = structlog.stdlib.get_logger()
_AT_ONCE = 8
_MOST_AT_ONCE = 500
_SHOWN_SUMMARY = 60
_ON_A_PAGE = 50
_MOST_PAGES = 1_000
BULK: Final = (MessageKind.ACKNOWLEDGEMENT, MessageKind.DISPATCH)
"""What can be sent to many cases at once: a message for each."""


@dataclass(frozen=True)
class Task:
    """Something to be done on one case."""

    item: WorkItem
    place: str
    summary: str
    due: Due
    address: str
    message_id: str
    """Of the message, if it is sent from the list."""
    units: tuple[tuple[str, tuple[Choice, ...]], ...]


@dataclass(frozen=True)
class Tasks:
    """What is to be done of one kind."""

    kind: MessageKind
    tasks: tuple[Task, ...]
    bulk: bool

    @property
    def late(self) -> int:
        """How many are overdue."""
        return sum(task.due.late for task in self.tasks)


@dataclass(frozen=True)
class Result:
    """What became of one of many messages."""

    case_no: str
    address: str
    taken: bool
    said: str


@router.get(HOME)
async def show_work_list(
    request: Request, context: Reading, no: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """What the office must do; with a case number, the way to its desk page."""
    here = await signed_in(request, context)
    if isinstance(here, Response):
        return here
    if no.strip():
        return await _find(context, here, no.strip().lstrip("* "))
    return await _list(context, here)


@router.get("/desk/cases")
async def show_open_cases(
    request: Request, context: Reading, page: Annotated[int, Query(ge=1, le=_MOST_PAGES)] = 1
) -> Response:
    """The open cases in the office's sight, the most urgent first, page by page."""
    here = await signed_in(request, context)
    if isinstance(here, Response):
        return here
    now, offset, names = context.now(), _offset(context), context.jurisdictions.get(None).regions()
    first = (page - 1) * _ON_A_PAGE
    asked = context.store.wall_now(sight=here.caller.sight, offset=first, limit=_ON_A_PAGE, now=now, with_numbers=False)
    found = await context.in_time(asked)
    if page > 1 and not found.cases:
        raise ProblemError(ProblemType.NOT_FOUND, "没有这一页，请从头查看")
    rows = [
        (
            case,
            f"{shown(case.hand_over.county, names)} {quote(case.hand_over.location, 40)}",
            quote(case.hand_over.summary, _SHOWN_SUMMARY),
            due(case.due_at, now, offset),
            desk_address(case.case_no),
        )
        for case in found.cases
    ]
    last = first + len(rows)
    more = last < found.matching and page < _MOST_PAGES
    shares = {"first": first + 1, "last": last, "matching": found.matching, "page": page, "more": more}
    return desk_page("cases.html", context, here, rows=rows, **shares)


@router.post("/desk/bulk/{kind}")
async def send_to_many(request: Request, kind: MessageKind, context: Reading) -> Response:
    """Send a message of one kind to every case that was chosen; the result of each is told."""
    if kind not in BULK:
        raise ProblemError(ProblemType.NOT_FOUND, "没有这个地址，请核对")
    admitted = await posted_by(request, context, back=HOME)
    if isinstance(admitted, Response):
        return admitted
    here, form = admitted
    chosen = [no for no in dict.fromkeys(form.given.get("case", ())) if is_case_no(no)][:_MOST_AT_ONCE]
    if not chosen:
        return await _list(context, here, said="没有选择案件：请先勾选，再提交。", status=422, typed=form)
    few = asyncio.Semaphore(_AT_ONCE)

    async def send(no: str) -> Result:
        async with few:
            return await _send_one(request, context, here, kind, no, form)

    results = await asyncio.gather(*map(send, chosen))
    return desk_page("bulk.html", context, here, kind=kind, results=results, home=HOME)


async def _send_one(
    request: Request, context: Context, here: SignedIn, kind: MessageKind, no: str, form: Posted
) -> Result:
    body = {
        "kind": kind.value,
        "message_id": form.one(f"id-{no}") or new_message_id(),
        "by": here.by.model_dump(),
    }
    if kind is MessageKind.DISPATCH:
        body["unit"] = form.one(f"unit-{no}")
        if not body["unit"]:
            return Result(no, form_address(no, kind.value), taken=False, said="没有选择责任单位，未分发")
    taken = False
    try:
        await require_on_case(context, here.caller, Deed.SEND_MESSAGE, no, by_office=here.by.office)
        await context.rates.count(request, here.caller)
        answer = await answer_of(context, no, to_json(body), request_id_of(request))
    except EngineError as error:
        _log.warning("the engine cannot answer", path=request.url.path, kind=type(error).__name__, error=str(error))
        said = "案件流程系统暂时没有应答，尚未确认；请返回后重试（不会重复计算）"
    except StoreError as error:
        _log.warning("the store cannot answer", path=request.url.path, kind=type(error).__name__, error=str(error))
        said = "数据库暂时无法使用，尚未确认；请返回后重试（不会重复计算）"
    except ProblemError as error:
        said = error.problem.detail
    else:
        taken = not isinstance(answer, Refusal)
        said = answer.reason if isinstance(answer, Refusal) else f"已{kind.label}（第{answer.seq}条）"
    return Result(no, desk_address(no), taken=taken, said=said)


async def _find(context: Context, here: SignedIn, no: str) -> Response:
    if is_case_no(no):
        try:
            await require_on_case(context, here.caller, Deed.SEE_CASE, no)
            if await context.in_time(context.store.whereabouts(no)) is not None:
                return see_other(desk_address(no))
        except ProblemError:
            pass
    return await _list(
        context, here, said=f"没有受理编号为“{no[:64]}”的信访举报件，请核对编号。", status=404, sought=no
    )


async def _list(
    context: Context,
    here: SignedIn,
    *,
    said: str = "",
    status: int = 200,
    sought: str = "",
    typed: Posted | None = None,
) -> Response:
    store, by = context.store, here.by
    items, lines = await context.in_time(
        asyncio.gather(store.work_list(by.office), store.draft_lines(by.office, by.name))
    )
    offset = _offset(context)
    drafts = [
        (
            line.case_no or "交办新案件",
            HAND_OVER_ADDRESS if (line.case_no, line.kind) == HAND_OVER else form_address(line.case_no, line.kind),
            _kind_called(line.kind),
            moment(line.saved_at, offset),
        )
        for line in lines
    ]
    return desk_page(
        "work-list.html",
        context,
        here,
        status=status,
        groups=_groups(context, items, context.now()),
        number=len(items),
        drafts=drafts,
        said=said,
        sought=sought,
        typed=typed or Posted(),
        hand_over=HAND_OVER_ADDRESS if by.office == INTAKE else None,
    )


def _groups(context: Context, items: Sequence[WorkItem], now: datetime) -> list[Tasks]:
    """Kind by kind, that with the most urgent task first."""
    jurisdiction, offset = context.jurisdictions.get(None), _offset(context)
    names, units = jurisdiction.regions(), jurisdiction.unit_ids()
    by_kind: dict[MessageKind, list[Task]] = {}
    for item in items:
        groups: tuple[tuple[str, tuple[Choice, ...]], ...] = ()
        if item.what is MessageKind.DISPATCH:
            near = near_units(jurisdiction, item.county)
            others = [unit for unit in units if unit not in near]
            groups = (("本地单位", _called(near)), ("其他单位", _called(others)))
        by_kind.setdefault(item.what, []).append(
            Task(
                item=item,
                place=f"{shown(item.county, names)} {quote(item.location, 40)}",
                summary=quote(item.summary, _SHOWN_SUMMARY),
                due=due(item.due_at, now, offset),
                address=form_address(item.case_no, item.what.value),
                message_id=new_message_id(),
                units=groups,
            )
        )
    return [Tasks(kind, tuple(tasks), kind in BULK) for kind, tasks in by_kind.items()]


def _called(units: Sequence[str]) -> tuple[Choice, ...]:
    return tuple((unit, unit.removeprefix("unit/")) for unit in units)


def _offset(context: Context) -> int:
    """The jurisdiction's local time now, in minutes from UTC."""
    there = context.now().astimezone(ZoneInfo(context.jurisdictions.get(None).timezone)).utcoffset() or timedelta()
    return there // timedelta(minutes=1)


def _kind_called(kind: str) -> str:
    return {each.value: each.label for each in MessageKind}.get(kind, {"reopen": "退回重办"}.get(kind, "交办"))
