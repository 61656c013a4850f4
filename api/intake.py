"""Intake: a hand-over becomes a case, once."""

import json
from typing import Annotated, Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict
from pydantic_core import from_json
from starlette.responses import Response

from activities.jurisdictions import shipped_names
from api.addresses import case_resource
from api.authentication import ACCESS_PROBLEMS, Asking, require
from api.bodies import json_body_of, json_request
from api.complainants import sealing_unavailable
from api.context import Context, Reading
from api.duplicates import LikelyDuplicateView, proposals_for
from api.faults import invalid
from api.idempotency import DESCRIBED, answered_once
from api.problems import Mistake, ProblemError, ProblemType, declared
from api.request_ids import request_id_of
from api.traces import about
from intake.complainants import Sealed, SealingUnavailableError
from intake.engine import Started
from petitions.access import Caller, Deed
from petitions.complainant import Complainant
from petitions.hand_over import HandOver, HandOverError, read_hand_over
from petitions.values import WHITE, Name, StatedInstant

router = APIRouter(prefix="/v1/cases", tags=["intake"])

EXAMPLE: dict[str, Any] = {
    "case_no": "X51000020210829003",
    "received_at": "2021-08-29T10:00:00+08:00",
    "batch": 3,
    "channel": "phone",
    "starred": False,
    "county": "通川区",
    "location": "李家巷",
    "categories": ["water", "air"],
    "summary": "商户夜间在巷内清洗回收电器，脏水横流，气味难闻。",
    "responsible_unit": "unit/通川区商务局",
}


CASE_NO = rf"^[{WHITE}]*(\*[ *]*[{WHITE}]*)?[^{WHITE}/*\u0000-\u001f]{{1,64}}[{WHITE}]*$"
"""For schemas: a case number, perhaps with a star before it."""
_STARRED_BY_NUMBER: JsonDict = {"properties": {"case_no": {"pattern": rf"^[{WHITE}]*\*"}}}


class Accepted(BaseModel):
    """A case that is there as it was handed over."""

    model_config = ConfigDict(frozen=True)

    case_no: str
    workflow_id: Annotated[str, Field(description="Of the case's workflow in Temporal.")]
    created: Annotated[bool, Field(description="Whether it is new; else the same was handed over before.")]
    complainant_sealed: Annotated[bool, Field(description="Whether details of the complainant came, and are sealed.")]
    likely_duplicates: Annotated[
        tuple[LikelyDuplicateView, ...],
        Field(description="Cases that may be about the same matter; a clerk decides, nothing is merged by itself."),
    ]


class HandOverBody(HandOver):
    """A hand-over as it is posted: with its complainant, who does not enter the case.

    Fields that are not known are left out.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", json_schema_extra={"anyOf": [{"required": ["starred"]}, _STARRED_BY_NUMBER]}
    )

    case_no: Annotated[
        Name,
        Field(
            description="The case number (受理编号); a `*` before it means starred and is not part of it.",
            json_schema_extra={"pattern": CASE_NO},
        ),
    ]
    received_at: Annotated[StatedInstant, Field(description="The hand-over: all clocks of the case start here.")]
    batch: Annotated[
        Annotated[int, Field(ge=0, le=2_147_483_647)] | None,
        Field(description="Number of the batch on the inspection group's list."),
    ] = None
    starred: Annotated[bool, Field(description="加星件 (重点件).")]
    county: Annotated[
        Name, Field(description="The region; of a joint case all of them, the leading one first, with `、` between.")
    ]
    responsible_unit: Annotated[
        Name | None, Field(description="`unit/<name>`; without it the unit is found by county and category.")
    ] = None
    jurisdiction: Annotated[
        Name | None,
        Field(
            description="Name of a jurisdiction that comes with the product; without it the workers' own.",
            json_schema_extra={"anyOf": [{"type": "string", "enum": [*shipped_names()]}, {"type": "null"}]},
        ),
    ] = None
    complainant: Annotated[
        Complainant | None, Field(description="Stored encrypted, and shown to two offices only.")
    ] = None


@router.post(
    "",
    summary="Hand a case over",
    status_code=201,
    response_model=Accepted,
    responses={
        200: {"model": Accepted, "description": "The case was there already, with the same content"},
        **declared(
            *ACCESS_PROBLEMS,
            ProblemType.CASE_EXISTS,
            ProblemType.KEY_REUSED,
            ProblemType.TOO_LARGE,
            ProblemType.UNSUPPORTED_MEDIA_TYPE,
            ProblemType.TOO_MANY_REQUESTS,
            ProblemType.SEALING_UNAVAILABLE,
            ProblemType.ENGINE_AWAY,
        ),
    },
    openapi_extra={
        "parameters": [DESCRIBED],
        **json_request(
            {"$ref": "#/components/schemas/HandOverBody"},
            {
                "plain": EXAMPLE,
                "with the complainant": {
                    **EXAMPLE,
                    "complainant": {
                        "anonymous": False,
                        "name": "王某",
                        "telephone": "0818-0000000",
                        "address": "李家巷",
                    },
                },
            },
        ),
    },
)
async def hand_over_case(caller: Asking, request: Request, context: Reading) -> Response:
    """Start a case; the same hand-over again changes nothing, and is answered with 200.

    A `*` before the number means starred and is not part of it. All clocks of the case start at `received_at`. Fields
    that are not known are left out.
    """
    require(caller, Deed.HAND_OVER)
    await context.rates.count(request, caller)
    hand_over, complainant, without = _read(await json_body_of(request))
    return await answered_once(
        request,
        context,
        caller,
        without,
        lambda: take_hand_over(request, context, caller, hand_over, complainant),
        check=lambda: _seal(request, context, hand_over.case_no, complainant),
    )


async def known_or_started(context: Context, hand_over: HandOver, request_id: str | None) -> Started:
    """Start a case unless the record has it: it remembers also what Temporal has long forgotten.

    Raises:
        StoreError, EngineError: As they say.
    """
    known = await context.in_time(context.store.state(hand_over.case_no))
    if known is not None:
        return Started.SAME if known.hand_over == hand_over else Started.OTHER
    return await context.engine.start(hand_over, request_id)


async def take_hand_over(
    request: Request, context: Context, caller: Caller, hand_over: HandOver, complainant: Complainant | None
) -> Response:
    """Start the case and seal its complainant; the answer is an ``Accepted``.

    Raises:
        ProblemError: There is another case of this number; or details cannot be sealed.
        StoreError, EngineError: As they say.
    """
    case_no, request_id = hand_over.case_no, request_id_of(request)
    about(case_no)
    _require_jurisdiction(context, hand_over.jurisdiction)
    if complainant is not None and context.complainants.fault() is not None:
        # Before the case is started: a sender that is told to come again must not have to be told twice.
        raise sealing_unavailable()
    started = await known_or_started(context, hand_over, request_id)
    if started is Started.OTHER:
        raise _exists(case_no, "内容与此不同")
    await _seal(request, context, case_no, complainant)
    likely = await proposals_for(context, hand_over) if caller.sight.everything else ()
    accepted = Accepted(
        case_no=case_no,
        workflow_id=hand_over.workflow_id,
        created=started is Started.NEW,
        complainant_sealed=complainant is not None,
        likely_duplicates=likely,
    )
    return JSONResponse(
        accepted.model_dump(mode="json"),
        status_code=201 if accepted.created else 200,
        headers={"Location": case_resource(case_no)},
    )


async def _seal(request: Request, context: Context, case_no: str, complainant: Complainant | None) -> None:
    """Seal the details, once.

    Raises:
        ProblemError: Others are sealed for the case already; or it cannot be done now.
    """
    if complainant is None:
        return
    try:
        sealed = await context.in_time(context.complainants.seal(case_no, complainant, request_id_of(request)))
    except SealingUnavailableError:
        raise sealing_unavailable() from None
    if sealed is Sealed.OTHER:
        raise _exists(case_no, "举报人信息与此不同")


def _require_jurisdiction(context: Context, name: str | None) -> None:
    """Refuse a name that no worker will find a file for: the case would wait for one.

    Raises:
        ProblemError: There is no such jurisdiction.
    """
    if name is None or name == context.jurisdictions.default or name in shipped_names():
        return
    known = "、".join(shipped_names())
    raise _invalid(Mistake(where="body.jurisdiction", detail=f"没有这个辖区；可用的有：{known}，不填则为本系统的辖区"))


def _read(body: bytes) -> tuple[HandOver, Complainant | None, bytes]:
    """The hand-over, its complainant, and the body without the latter.

    Raises:
        ProblemError: The body has mistakes; of the complainant nothing is told but where.
    """
    try:
        fields: Any = from_json(body)
    except ValueError as error:
        raise _invalid(Mistake(where="body", detail=f"不是有效的 JSON（{error}）")) from None
    if not isinstance(fields, dict):
        raise _invalid(Mistake(where="body", detail="应当是一个 JSON 对象"))
    fields = cast("dict[str, Any]", fields)
    given = fields.pop("complainant", None)
    without = json.dumps(fields, sort_keys=True).encode()
    mistakes = _not_as_written(fields)
    if mistakes:
        raise _invalid(*mistakes)
    hand_over, complainant = None, None
    try:
        hand_over = read_hand_over(without)
    except HandOverError as error:
        mistakes += (Mistake(where=f"body.{mistake.where}", detail=mistake.said) for mistake in error.mistakes)
    try:
        complainant = None if given is None else Complainant.model_validate(given, strict=True)
    except ValidationError as error:
        mistakes += invalid("body.complainant", error.errors(include_url=False, include_input=False))
    if hand_over is None or mistakes:
        raise _invalid(*mistakes)
    return hand_over, complainant, without


def _not_as_written(fields: dict[str, Any]) -> list[Mistake]:
    """What the domain would take for something: numbers for times, words for booleans. Here it is as described."""
    mistakes: list[Mistake] = []
    received_at, starred, batch = (fields.get(name) for name in ("received_at", "starred", "batch"))
    if isinstance(received_at, int | float):
        mistakes.append(Mistake(where="body.received_at", detail="时间格式不对，例如 2021-08-27T10:00:00+08:00"))
    if starred is not None and not isinstance(starred, bool):
        mistakes.append(Mistake(where="body.starred", detail="只能是 true 或 false"))
    if isinstance(batch, str | bool):
        mistakes.append(Mistake(where="body.batch", detail="应当是整数"))
    return mistakes


def _invalid(*mistakes: Mistake) -> ProblemError:
    return ProblemError(ProblemType.INVALID_REQUEST, "交办件有误，未立案；请改正后重新发送", errors=mistakes)


def _exists(case_no: str, how: str) -> ProblemError:
    detail = f"受理编号“{case_no}”已有案件，{how}，原案不变；请核对编号"
    return ProblemError(ProblemType.CASE_EXISTS, detail)
