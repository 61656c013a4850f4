"""Reopening: the inspection group sends a concluded case back."""

import asyncio
import json
import uuid
from typing import Annotated, Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field, ValidationError
from pydantic_core import from_json
from starlette.responses import Response

from api.authentication import Asking, require_on_case
from api.bodies import json_body_of, json_request
from api.context import Context, Reading
from api.faults import invalid
from api.idempotency import DESCRIBED, answered_once
from api.idempotency import HEADER as IDEMPOTENCY_KEY
from api.messages import WRITING_PROBLEMS, ReceiptView, refused
from api.parameters import CaseNo
from api.problems import Mistake, ProblemError, ProblemType, case_not_found, declared, engine_away
from api.request_ids import request_id_of
from petitions.access import Deed
from petitions.case import Case, answer_key
from petitions.clock import local
from petitions.procedure import Receipt, reopen
from petitions.reopening import ReopenedStart, Reopening, reopening_digest
from petitions.values import Name
from store import RecordConflictError

router = APIRouter(prefix="/v1/cases", tags=["messages"])

EXAMPLE: dict[str, Any] = {
    "message_id": "reopen-2021-0003",
    "by": {"office": "city/intake", "name": "受理员"},
    "reason": "群众反映夜间又有清洗。",
    "days": 3,
    "authority": "督察组转办函3号",
}
_LOOK_EVERY_SECONDS = 0.05


class ReopeningBody(Reopening):
    """A reopening as it is posted; without a ``message_id`` the Idempotency-Key stands for it, or a new one."""

    message_id: Annotated[Name | None, Field(description="The sender's own id of it.")] = None  # pyright: ignore[reportIncompatibleVariableOverride] - filled in before it becomes a Reopening


@router.post(
    "/{no}/reopen",
    summary="Send a concluded case back",
    response_model=ReceiptView,
    status_code=201,
    responses={
        200: {"model": ReceiptView, "description": "It was reopened by this very request before"},
        **declared(*WRITING_PROBLEMS),
    },
    openapi_extra={
        "parameters": [DESCRIBED],
        **json_request({"$ref": "#/components/schemas/ReopeningBody"}, {"plain": EXAMPLE}),
    },
)
async def reopen_case(caller: Asking, no: CaseNo, request: Request, context: Reading) -> Response:
    """The case goes on under its number: next round, the same record, a clock of its own of `days` days.

    By `city/intake` alone. What was breached stays breached; the first conclusion stays in the timeline.
    """
    body = await json_body_of(request)
    fields = _fields(body)
    office = fields["by"].get("office") if isinstance(fields.get("by"), dict) else None
    await require_on_case(
        context, caller, Deed.REOPEN, no, by_office=office.strip() if isinstance(office, str) else None
    )
    await context.rates.count(request, caller)
    if fields.get("message_id") is None:
        fields["message_id"] = request.headers.get(IDEMPOTENCY_KEY) or uuid.uuid4().hex
    try:
        reopening = Reopening.model_validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        raise _invalid(*invalid("body", error.errors(include_url=False, include_input=False))) from None
    return await answered_once(request, context, caller, body, lambda: _reopen(request, context, no, reopening))


async def _reopen(request: Request, context: Context, no: str, reopening: Reopening) -> Response:
    receipt, new = await reopened(context, no, reopening, request_id_of(request))
    return _receipt(receipt, status=201 if new else 200)


async def reopened(context: Context, no: str, reopening: Reopening, request_id: str | None) -> tuple[Receipt, bool]:
    """Send a case back; the receipt, and whether it was done now: the same again changes nothing.

    Raises:
        ProblemError: There is no such case; or the reopening is refused.
        StoreError, EngineError: As they say.
    """
    case = await context.in_time(context.store.state(no))
    if case is None:
        raise case_not_found(no)
    now = local(context.now(), case.rules.durations.utc_offset_minutes)
    answered = reopen(case, reopening, now, request_id)
    if answered.refusal is not None:
        if case.closed:
            await _keep(context, no, reopening, request_id)
        raise refused(answered.refusal)
    if not answered.entries:
        assert answered.receipt is not None
        return answered.receipt, False
    await context.engine.reopen(ReopenedStart(reopening=reopening, hand_over=case.hand_over), request_id)
    return await _written(context, no, reopening), True


async def _keep(context: Context, no: str, reopening: Reopening, request_id: str | None) -> None:
    """Keep a refusal on the record of a case that is over; what is open keeps its own record."""
    for _ in range(5):
        case = await context.in_time(context.store.state(no))
        if case is None or not case.closed:
            return
        refusal = reopen(case, reopening, local(context.now(), case.rules.durations.utc_offset_minutes), request_id)
        try:
            await context.in_time(context.store.record(no, refusal.entries))
        except RecordConflictError:
            continue
        return


async def _written(context: Context, no: str, reopening: Reopening) -> Receipt:
    """Wait until the record has it.

    Raises:
        ProblemError: Not in time: sent again, it is found; or somebody else has reopened the case before.
    """
    try:
        async with asyncio.timeout(context.settings.api_engine_seconds):
            while True:
                case = await context.in_time(context.store.state(no))
                assert case is not None
                if (receipt := _receipt_in(case, reopening)) is not None:
                    return receipt
                if not case.closed:
                    answered = reopen(case, reopening, context.now())
                    assert answered.refusal is not None
                    raise refused(answered.refusal)
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
    except TimeoutError:
        raise engine_away() from None


def _receipt_in(case: Case, reopening: Reopening) -> Receipt | None:
    answer = case.answers.get(answer_key(reopening.message_id))
    if answer is None or answer.digest != reopening_digest(reopening):
        return None
    return Receipt(case_no=case.case_no, message_id=reopening.message_id, seq=answer.seq, at=answer.at)


def _receipt(receipt: Receipt, status: int) -> Response:
    return JSONResponse(receipt.model_dump(mode="json"), status_code=status)


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields: Any = from_json(body)
    except ValueError as error:
        raise _invalid(Mistake(where="body", detail=f"不是有效的 JSON（{error}）")) from None
    if not isinstance(fields, dict):
        raise _invalid(Mistake(where="body", detail="应当是一个 JSON 对象"))
    return cast("dict[str, Any]", fields)


def _invalid(*mistakes: Mistake) -> ProblemError:
    return ProblemError(ProblemType.INVALID_REQUEST, "退回重办有误；请改正后重新发送", errors=mistakes)
