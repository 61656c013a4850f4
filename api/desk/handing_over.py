"""Handing a case over by a form: the intake office's own."""

import json
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog
from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse, Response

from api.authentication import require
from api.context import Context, Reading
from api.desk.addresses import desk_address
from api.desk.drafts import HAND_OVER, keep_draft
from api.desk.gate import posted_by, rescued, signed_in
from api.desk.posted import ACT, AUTOSAVE, Posted
from api.desk.rendering import desk_page, see_other
from api.desk.sessions import SignedIn
from api.desk.shown import near_units
from api.intake import Accepted, take_hand_over
from api.problems import ProblemError
from intake.errors import EngineError
from petitions.access import Deed
from petitions.complainant import Complainant
from petitions.hand_over import HandOver, HandOverError, read_hand_over
from petitions.lists.moments import moment, stated
from petitions.mistakes import sentence_for
from petitions.regions import SEPARATOR
from petitions.vocabulary import Category, Channel
from store import StoreError

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_log = structlog.stdlib.get_logger()
HAND_OVER_ADDRESS: Final = "/desk/hand-over"
_AWAY = "系统暂时没有应答，尚未确认交办成功。填写的内容都在，请稍后再次提交（同一编号不会重复立案）。"
Mistakes = dict[str, list[str]]


@router.get(HAND_OVER_ADDRESS)
async def show_hand_over(request: Request, context: Reading) -> Response:
    """The form that hands a case over."""
    here = await signed_in(request, context)
    if isinstance(here, Response):
        return here
    require(here.caller, Deed.HAND_OVER)
    drafts = await context.in_time(context.store.drafts(here.by.office, here.by.name, HAND_OVER[0]))
    kept = [draft.typed for draft in drafts if draft.kind == HAND_OVER[1]]
    return _form(context, here, Posted(kept[0]) if kept else Posted(), {})


@router.post(HAND_OVER_ADDRESS)
async def post_hand_over(request: Request, context: Reading) -> Response:
    """Hand the case over, or show the form again with what is wrong."""
    admitted = await posted_by(request, context, back=HAND_OVER_ADDRESS, draft_of=HAND_OVER)
    if isinstance(admitted, Response):
        return admitted
    here, form = admitted
    require(here.caller, Deed.HAND_OVER)
    try:
        if form.one(ACT) in {"draft", AUTOSAVE}:
            await keep_draft(context, here.by, *HAND_OVER, form)
            return Response(status_code=204) if form.one(ACT) == AUTOSAVE else see_other(HAND_OVER_ADDRESS)
        hand_over, complainant, mistakes = _read(context, form)
        if hand_over is None or mistakes:
            await keep_draft(context, here.by, *HAND_OVER, form)
            return _form(context, here, form, mistakes, status=422)
        await context.rates.count(request, here.caller)
        answer = await take_hand_over(request, context, here.caller, hand_over, complainant)
        await context.in_time(context.store.drop_draft(here.by.office, here.by.name, *HAND_OVER))
    except ProblemError as error:
        return _form(context, here, form, {"": [error.problem.detail]}, status=error.problem.status)
    except EngineError as error:
        _log.warning("the engine cannot answer", path=request.url.path, kind=type(error).__name__, error=str(error))
        return _form(context, here, form, {"": [_AWAY]}, status=503)
    except StoreError as error:
        _log.warning("the store cannot answer", path=request.url.path, kind=type(error).__name__, error=str(error))
        return rescued(context, here, form, HAND_OVER_ADDRESS, _AWAY, status=503, address=HAND_OVER_ADDRESS)
    accepted = Accepted.model_validate_json(bytes(answer.body))
    likely = [(each.case_no, desk_address(each.case_no), each.reason) for each in accepted.likely_duplicates]
    return desk_page(
        "handed-over.html",
        context,
        here,
        accepted=accepted,
        address=desk_address(accepted.case_no),
        likely=likely,
        again=HAND_OVER_ADDRESS,
    )


def _read(context: Context, form: Posted) -> tuple[HandOver | None, Complainant | None, Mistakes]:
    """The hand-over and its complainant; and what is wrong, by field."""
    mistakes: Mistakes = {}
    fields = _fields(context, form, mistakes)
    hand_over, complainant = None, None
    try:
        hand_over = read_hand_over(json.dumps(fields).encode())
    except HandOverError as error:
        for mistake in error.mistakes:
            where = mistake.where.partition(".")[0]
            said = "请填写" if where not in fields else mistake.said
            if where not in mistakes:
                mistakes[where] = [said]
    given = {name: form.one(f"complainant.{name}").strip() for name in ("name", "telephone", "address")}
    anonymous = form.one("complainant.anonymous")
    if anonymous or any(given.values()):
        try:
            complainant = Complainant.model_validate({**given, "anonymous": anonymous == "true"})
        except ValidationError as error:
            for each in error.errors(include_url=False, include_input=False):
                place = ".".join(["complainant", *map(str, each["loc"])])
                known = place if place.count(".") == 1 else "complainant.name"
                mistakes.setdefault(known, []).append(sentence_for(each))
        if not anonymous:
            mistakes.setdefault("complainant.anonymous", ["请选择实名或匿名"])
    return hand_over, complainant, mistakes


def _fields(context: Context, form: Posted, mistakes: Mistakes) -> dict[str, Any]:
    """The hand-over's fields as its model takes them; what is blank is left out."""
    fields: dict[str, Any] = {
        name: form.one(name).strip()
        for name in ("case_no", "channel", "location", "summary", "responsible_unit")
        if form.one(name).strip()
    }
    counties = [form.one("county"), *form.given.get("with_county", ())]
    if any(county.strip() for county in counties):
        fields["county"] = SEPARATOR.join(dict.fromkeys(county.strip() for county in counties if county.strip()))
    fields["starred"] = form.one("starred") == "true"
    fields["categories"] = list(form.given.get("categories", ()))
    if not fields["categories"]:
        mistakes["categories"] = ["请至少选择一项"]
    batch = form.one("batch").strip()
    if batch:
        fields["batch"] = int(batch) if batch.isdecimal() and len(batch) < 12 else batch
        if isinstance(fields["batch"], str):
            mistakes["batch"] = ["应当是整数"]
    received = stated(form.one("received_at").strip())
    if received is not None and received.day is not None and received.at is not None:
        zone = ZoneInfo(context.jurisdictions.get(None).timezone)
        fields["received_at"] = moment(received.day, received.at, zone).isoformat()
    else:
        mistakes["received_at"] = ["请写明年月日和几时几分，例如 2021-08-29 10:00；各时限从此刻起算"]
    return fields


def _form(context: Context, here: SignedIn, form: Posted, mistakes: Mistakes, *, status: int = 200) -> Response:
    jurisdiction = context.jurisdictions.get(None)
    units = jurisdiction.unit_ids()
    near = near_units(jurisdiction, form.one("county")) if form.one("county") else []
    ordered = [*near, *(unit for unit in units if unit not in near)]
    response = desk_page(
        "hand-over.html",
        context,
        here,
        status=status,
        typed=form,
        mistakes=mistakes,
        regions=list(jurisdiction.regions().items()),
        units=[(unit, unit.removeprefix("unit/")) for unit in ordered],
        categories=[(each.value, each.label) for each in Category],
        channels=[(each.value, each.label) for each in Channel],
        sealing=context.complainants.fault() is None,
        target=HAND_OVER_ADDRESS,
    )
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response
