"""Messages to a case: the same body, and the same answer, as the update ``submit``."""

from http import HTTPStatus
from typing import Annotated, Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json
from starlette.responses import Response

from api.authentication import ACCESS_PROBLEMS, Asking, require_on_case
from api.bodies import json_body_of, json_request
from api.context import Context, Reading
from api.idempotency import DESCRIBED, answered_once
from api.parameters import CaseNo
from api.problems import ProblemError, ProblemType, case_not_found, declared
from api.request_ids import request_id_of
from intake.errors import NotRunningError
from intake.late import answer_after_the_end
from petitions.access import Deed
from petitions.hand_over import WORKFLOW_ID_PREFIX
from petitions.messages import Refusal, read_message
from petitions.procedure import Receipt
from petitions.values import Instant
from petitions.vocabulary import RefusalCode

router = APIRouter(prefix="/v1/cases", tags=["messages"])

_STATUS = {
    RefusalCode.MALFORMED: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.UNKNOWN_KIND: HTTPStatus.UNPROCESSABLE_ENTITY,
    RefusalCode.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    RefusalCode.NOT_YOURS: HTTPStatus.FORBIDDEN,
    RefusalCode.CONFLICT_OF_INTEREST: HTTPStatus.FORBIDDEN,
}
"""The statuses of refusals; all others are conflicts with how the case stands."""

EXAMPLES: dict[str, dict[str, Any]] = {
    "acknowledgement": {
        "kind": "acknowledgement",
        "message_id": "oa-2021-000123",
        "by": {"office": "unit/通川区商务局", "name": "经办人"},
    },
    "leader_instruction": {
        "kind": "leader_instruction",
        "message_id": "oa-2021-000124",
        "by": {"office": "county/通川区/mayor", "name": "区长"},
        "text": "立即调查处理。",
        "complete_by": "2021-09-02T18:00:00+08:00",
    },
    "survey_result": {
        "kind": "survey_result",
        "message_id": "oa-2021-000125",
        "by": {"office": "city/revisit-team", "name": "回访员"},
        "round": 1,
        "responses": [{"respondent": "居民1", "opinion": "satisfied"}],
        "complete": False,
    },
}


class ReceiptView(BaseModel):
    """A message was taken in, as this entry of the case's record; a repeat gets the same receipt."""

    model_config = ConfigDict(frozen=True)

    case_no: str
    message_id: str
    seq: Annotated[int, Field(description="Of the entry in the case's timeline.")]
    at: Annotated[Instant, Field(description="When the case took it in.")]


WRITING_PROBLEMS = (
    *ACCESS_PROBLEMS,
    ProblemType.CASE_NOT_FOUND,
    ProblemType.MESSAGE_REFUSED,
    ProblemType.CASE_STOPPED,
    ProblemType.KEY_REUSED,
    ProblemType.TOO_LARGE,
    ProblemType.UNSUPPORTED_MEDIA_TYPE,
    ProblemType.TOO_MANY_REQUESTS,
    ProblemType.ENGINE_AWAY,
)
"""What a route that writes to one case may answer with."""


@router.post(
    "/{no}/messages",
    summary="Send a message to a case",
    response_model=ReceiptView,
    responses=declared(*WRITING_PROBLEMS),
    openapi_extra={
        "parameters": [DESCRIBED],
        **json_request({"$ref": "#/components/schemas/Message"}, EXAMPLES),
    },
)
async def send_message(caller: Asking, no: CaseNo, request: Request, context: Reading) -> Response:
    """Any message of the contract, told apart by `kind`; answered with a receipt, or refused with a stable `code`.

    `message_id` is the sender's own: the same message sent again counts once and gets the same receipt. `by` must be
    the caller's own office. A refused message changes nothing, and is kept on the case's record.
    """
    body = await json_body_of(request)
    await require_on_case(context, caller, Deed.SEND_MESSAGE, no, by_office=_office_in(body))
    await context.rates.count(request, caller)
    return await answered_once(request, context, caller, body, lambda: _send(request, context, no, body))


def refused(refusal: Refusal) -> ProblemError:
    """What a refusal is answered with."""
    status = _STATUS.get(refusal.code, HTTPStatus.CONFLICT)
    return ProblemError(ProblemType.MESSAGE_REFUSED, refusal.reason, status=status, code=refusal.code)


async def _send(request: Request, context: Context, no: str, body: bytes) -> Response:
    answer = await answer_of(context, no, body, request_id_of(request))
    if isinstance(answer, Refusal):
        raise refused(answer)
    return JSONResponse(answer.model_dump(mode="json"))


async def answer_of(context: Context, no: str, body: bytes, request_id: str | None) -> Receipt | Refusal:
    """The case's answer to a message; of one that is over, the record's.

    Args:
        context: With the engine and the store.
        no: The case.
        body: The message, as the route takes it.
        request_id: Of the request that brings it.

    Raises:
        ProblemError: There is no such case; or an operator has stopped it.
        StoreError, EngineError: As they say.
    """
    for _ in range(2):
        try:
            return await context.engine.submit(no, f"{WORKFLOW_ID_PREFIX}{no}", body, request_id)
        except NotRunningError:
            late = await context.in_time(answer_after_the_end(context.store, no, read_message(body), request_id))
            if late is not None:
                assert late.refusal or late.receipt
                return late.refusal or cast("Receipt", late.receipt)
            # It may have been reopened between the two questions: then it answers the second time.
    if await context.in_time(context.store.state(no)) is None:
        raise case_not_found(no)
    raise ProblemError(ProblemType.CASE_STOPPED, "本件的办理流程已被系统管理员中止，暂不能接收消息；请联系系统管理员")


def _office_in(body: bytes) -> str | None:
    """The office for which a message claims to speak; none if it cannot be read: then the case refuses it."""
    try:
        fields: Any = from_json(body)
        office = fields["by"]["office"]
    except (ValueError, TypeError, KeyError, LookupError):
        return None
    return office.strip() if isinstance(office, str) else None
