"""A case's desk page: what it is, and the forms that this office may send now."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from api.authentication import require_on_case
from api.context import Context, Reading
from api.desk.addresses import desk_address, form_address
from api.desk.gate import HOME, form_bytes, not_taken, posted_by, rescued, signed_in
from api.desk.rendering import desk_page, see_other
from api.desk.sessions import SignedIn
from api.desk.shown import ShownForm, in_short, near_units, shown_form
from api.desk.spreadsheets import blank_sheet
from api.desk.submitting import Done, Sent, submit
from api.duplicates import duplicates_of
from api.parameters import CaseNo
from api.problems import ProblemError, ProblemType, case_not_found
from petitions.access import Deed
from petitions.case import Case
from petitions.forms.fields import Form
from petitions.forms.of_messages import form_for
from petitions.offers import may_reopen, stands_aside, what_may_be_sent
from petitions.reopening import REOPEN
from petitions.telling import moment
from petitions.vocabulary import MessageKind
from store import StoreError

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_log = structlog.stdlib.get_logger()
_LOOK_EVERY_SECONDS = 0.05
_LOOK_SECONDS = 2.0
KINDS: Final = frozenset({*(kind.value for kind in MessageKind), REOPEN})


class _Look(BaseModel):
    """How a case's desk page is looked at."""

    model_config = ConfigDict(extra="ignore")

    form: Annotated[frozenset[str], Field(max_length=20)] = frozenset()
    """The forms that are unfolded."""
    done: Annotated[int, Field(ge=0, le=2_147_483_647)] = 0
    """The entry that somebody has just caused."""
    saved: bool = False


@router.get("/desk/cases/{no}")
async def show_case_desk(request: Request, no: CaseNo, look: Annotated[_Look, Query()], context: Reading) -> Response:
    """The case in short, and the forms that this office may send now."""
    here = await signed_in(request, context)
    if isinstance(here, Response):
        return here
    case = await _seen_case(context, here, no, after=look.done)
    said = "草稿已保存，只有您自己能看到。" if look.saved else _receipt(case, here, look.done) if look.done else ""
    return await _page(context, here, case, unfold=look.form, said=said)


@router.get("/desk/cases/{no}/survey-sheet.csv")
async def give_sheet(request: Request, no: CaseNo, context: Reading) -> Response:
    """A blank sheet for the survey answers of the case's residents, with its questions above the columns."""
    here = await signed_in(request, context)
    if isinstance(here, Response):
        return here
    case = await _seen_case(context, here, no)
    name = quote(f"{case.case_no}问卷.csv", safe="")
    return Response(
        blank_sheet(case.rules.survey.questions),
        media_type="text/csv",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


@router.get("/desk/cases/{no}/forms/{kind}")
async def show_form(no: CaseNo, kind: str) -> Response:
    """The page on which a form stands: for whoever loads the answer to a form again."""
    return see_other(form_address(no, kind) if kind in KINDS else desk_address(no))


@router.post("/desk/cases/{no}/forms/{kind}")
async def post_form(request: Request, no: CaseNo, kind: str, context: Reading) -> Response:
    """Send a form's message to the case, keep the form as a draft, or show it again with what is wrong."""
    if kind not in KINDS:
        raise ProblemError(ProblemType.NOT_FOUND, "没有这个地址，请核对")
    back = form_address(no, kind)
    admitted = await posted_by(request, context, back=back, draft_of=(no, kind), most=form_bytes(context))
    if isinstance(admitted, Response):
        return admitted
    here, posted = admitted
    try:
        case = await _seen_case(context, here, no)
        outcome = await submit(request, context, here, case, _form(context, case, kind, here), posted)
        if isinstance(outcome, Done) and outcome.by_itself:
            return Response(status_code=204)
        if isinstance(outcome, Done):
            anchor = form_address(no, kind).partition("#")[2]
            return see_other(f"{desk_address(no)}?form={kind}&saved=1#{anchor}")
        if isinstance(outcome, Sent):
            return see_other(f"{desk_address(no)}?done={outcome.seq}#done")
        return await _page(context, here, outcome.case, shown=outcome.form, status=outcome.status)
    except ProblemError as error:
        # Out of sight by now: given to another unit, say, while somebody was typing.
        return not_taken(context, here, posted, HOME, error.problem.detail, status=error.problem.status)
    except StoreError as error:
        _log.warning("the store cannot answer", path=request.url.path, kind=type(error).__name__, error=str(error))
        said = "数据库暂时无法使用，尚未确认提交成功。填写的内容都在本页，请稍后再次提交（不会重复计算）。"
        return rescued(context, here, posted, back, said, status=503, address=request.url.path)


async def _seen_case(context: Context, here: SignedIn, no: str, *, after: int = 0) -> Case:
    """The case, if it is in the office's sight; after one's own message, as it stands by then.

    Raises:
        ProblemError: There is none, as far as this office is concerned.
    """
    await require_on_case(context, here.caller, Deed.SEE_CASE, no)
    case = await context.in_time(context.store.state(no))
    if case is None:
        raise case_not_found(no)
    for _ in range(round(_LOOK_SECONDS / _LOOK_EVERY_SECONDS)):
        # What the case has answered is written a moment later.
        if case.seq >= after:
            break
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        case = await context.in_time(context.store.state(no)) or case
    return case


async def _page(
    context: Context,
    here: SignedIn,
    case: Case,
    *,
    shown: ShownForm | None = None,
    unfold: frozenset[str] = frozenset(),
    said: str = "",
    status: int = 200,
) -> Response:
    store, by, now = context.store, here.by, context.now()
    files, drafts = await context.in_time(
        asyncio.gather(store.attachments(case.case_no), store.drafts(by.office, by.name, case.case_no))
    )
    kept = {draft.kind: draft for draft in drafts}
    forms: list[ShownForm] = []
    kinds = [kind.value for kind in what_may_be_sent(case, by)] + ([REOPEN] if may_reopen(case, by) else [])
    for kind in kinds:
        if shown and shown.form.kind == kind:
            continue
        draft = kept.get(kind)
        form = shown_form(case, _form(context, case, kind, here), by.office, now, typed=draft.typed if draft else None)
        chosen = set(form.values("attachments"))
        offset = case.rules.durations.utc_offset_minutes
        forms.append(
            replace(
                form,
                open=form.open or bool(draft) or kind in unfold,
                saved=moment(draft.saved_at, offset) if draft else None,
                files=[file for file in files if file.sha256 in chosen],
                likely=await _likely(context, case) if kind == MessageKind.MERGE.value else (),
            )
        )
    forms.sort(key=lambda form: (form.due is None, form.form.kind not in unfold))
    if shown:
        chosen = set(shown.values("attachments"))
        forms.insert(0, replace(shown, open=True, files=[file for file in files if file.sha256 in chosen]))
    response = desk_page(
        "case.html",
        context,
        here,
        status=status,
        short=in_short(case, files, now),
        forms=forms,
        asides=_asides(case, here),
        said=said,
        home=HOME,
    )
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _form(context: Context, case: Case, kind: str, here: SignedIn) -> Form:
    jurisdiction = context.jurisdictions.get(case.hand_over.jurisdiction)
    return form_for(case, kind, here.by, near_units(jurisdiction, case.hand_over.county))


async def _likely(context: Context, case: Case) -> list[tuple[str, str]]:
    try:
        found = await duplicates_of(context, case.hand_over)
    except (StoreError, ValueError) as error:
        _log.warning("no duplicates are proposed", case_no=case.case_no, error=str(error))
        return []
    return [(each.case_no, each.reason) for each in found]


def _asides(case: Case, here: SignedIn) -> Mapping[str, str]:
    return {kind.label: reason for kind, reason in stands_aside(case, here.by).items()}


def _receipt(case: Case, here: SignedIn, seq: int) -> str:
    """That what somebody has sent is on the case's record."""
    if case.seq < seq:
        return f"已提交，记为第{seq}条；本页稍后更新。"
    line = next((line for line in case.timeline if line.seq == seq), None)
    if line is None or line.by != here.by:
        return ""
    return f"已提交（{moment(line.at, case.rules.durations.utc_offset_minutes)}，第{seq}条）：{line.text}"
