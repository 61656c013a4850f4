"""Batches: the inspection group's list of hand-overs as a file, with a result for each row."""

import asyncio
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import python_multipart.exceptions
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from activities.jurisdictions import shipped_names
from api.authentication import ACCESS_PROBLEMS, Asking, require
from api.bodies import body_of
from api.context import Context, Reading
from api.idempotency import DESCRIBED, answered_once
from api.intake import known_or_started
from api.problems import Mistake, ProblemError, ProblemType, declared
from api.request_ids import request_id_of
from intake.batches import BatchSummary, RowOutcome, in_known_jurisdictions, take_batch
from intake.engine import Started
from intake.errors import EngineAwayError
from intake.lists import BYTES, ROWS, HeaderError, ListError, ListTooLargeError, UnknownFormError, form_of, read_list
from petitions.access import Deed
from petitions.hand_over import HandOver
from petitions.values import WHITE

router = APIRouter(prefix="/v1/batches", tags=["intake"])

_OVERHEAD = 64 * 1024
"""What a form around a file adds to it."""
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMS: dict[str, tuple[dict[str, str], str | None]] = {
    _XLSX: ({"format": "binary"}, None),
    "text/csv": (
        {"format": "list-csv"},
        (
            "受理编号,交办时间,来电来信,是否加星,县（市、区）,地点,污染类型,反映问题\n"
            "*X51000020210827001,2021-08-27 10:00,来电,,宣汉县,马家滩水电站,水、生态,经常关闸断流，影响下游河道。\n"
        ),
    ),
    "application/x-ndjson": (
        # Any text: a line that is no JSON is a row with a mistake.
        {"pattern": rf"[^{WHITE}\u0000-\u001f]"},
        (
            '{"case_no": "X51000020210829003", "received_at": "2021-08-29T10:00:00+08:00", "channel": "phone", '
            '"starred": false, "county": "通川区", "location": "李家巷", "categories": ["water"], '
            '"summary": "商户夜间清洗回收电器。"}\n'
        ),
    ),
}
"""What a list comes as: its media type, what its schema says of it, an example."""


class RowMistakeView(BaseModel):
    """Why a row's case is not there as the row says."""

    where: Annotated[str, Field(description="The column as the list calls it.")]
    detail: Annotated[str, Field(description="What is wrong and what to do, in Chinese.")]


class RowView(BaseModel):
    """What became of a row."""

    row: Annotated[int, Field(description="Its number as the sheet shows it, or of the line.")]
    case_no: str | None
    result: RowOutcome
    mistakes: tuple[RowMistakeView, ...]


class BatchView(BaseModel):
    """What became of a list. Rows that are `not_started` are taken when the same list is sent again."""

    model_config = ConfigDict(frozen=True)

    summary: BatchSummary
    results: tuple[RowView, ...]
    ignored_columns: Annotated[
        tuple[str, ...],
        Field(description="Headers of what was not read; details of complainants are never taken here."),
    ]


def _description() -> dict[str, Any]:
    content: dict[str, Any] = {}
    for media_type, (said, example) in _FORMS.items():
        schema = {"type": "string", **said}
        content[media_type] = {"schema": schema} | ({"example": example} if example else {})
    file = {"type": "string", "format": "binary", "description": "The list, in any of the forms."}
    form = {"type": "object", "required": ["file"], "properties": {"file": file}}
    content["multipart/form-data"] = {"schema": form, "encoding": {"file": {"contentType": ", ".join(_FORMS)}}}
    return {"parameters": [DESCRIBED], "requestBody": {"required": True, "content": content}}


@router.post(
    "",
    summary="Hand over a list of cases",
    response_model=BatchView,
    responses=declared(
        *ACCESS_PROBLEMS,
        ProblemType.KEY_REUSED,
        ProblemType.TOO_LARGE,
        ProblemType.UNSUPPORTED_MEDIA_TYPE,
        ProblemType.TOO_MANY_REQUESTS,
        ProblemType.ENGINE_AWAY,
    ),
    openapi_extra=_description(),
)
async def hand_over_batch(caller: Asking, request: Request, context: Reading) -> Response:
    """Start the cases of a list in CSV, XLSX or JSON Lines, and answer for each row.

    Headers may be Chinese or English, several pollution types may stand in a cell, `*` before the number means
    starred. Each row is taken or not by itself; the same list again starts nothing twice, and goes on where it was.
    Columns with details of complainants are dropped: these come only with `POST /v1/cases`.
    """
    require(caller, Deed.HAND_OVER_BATCH)
    await context.rates.count(request, caller)
    content, file_name = await _file(request)
    media_type = request.headers.get("content-type")
    return await answered_once(
        request, context, caller, content, lambda: _take(request, context, content, media_type, file_name)
    )


async def _take(
    request: Request, context: Context, content: bytes, media_type: str | None, file_name: str | None
) -> Response:
    if fault := await context.engine.fault():
        raise EngineAwayError(fault)
    local = ZoneInfo(context.jurisdictions.get(None).timezone)
    try:
        form = form_of(content, media_type=media_type, file_name=file_name)
        case_list = await asyncio.to_thread(read_list, content, form, local=local)
    except ListError as error:
        raise _unreadable(error) from None
    request_id = request_id_of(request)

    async def start(hand_over: HandOver) -> Started:
        return await known_or_started(context, hand_over, request_id)

    known = (*shipped_names(), context.jurisdictions.default)
    result = await take_batch(start, in_known_jurisdictions(case_list, known))
    return JSONResponse(result.model_dump(mode="json"))


async def _file(request: Request) -> tuple[bytes, str | None]:
    """The list, and its name if it came by a form."""
    content = await body_of(request, BYTES + _OVERHEAD)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return content, None
    try:
        # The body has been read, with its limit; the form is read from what the request keeps of it.
        request._body = content  # pyright: ignore[reportPrivateUsage] - Starlette has no other way in
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise _invalid(Mistake(where="body.file", detail="缺少文件"))
            return await file.read(), file.filename
    except (HTTPException, python_multipart.exceptions.MultipartParseError):
        raise _invalid(Mistake(where="body", detail="不是有效的 multipart/form-data 表单")) from None


def _invalid(mistake: Mistake) -> ProblemError:
    return ProblemError(ProblemType.INVALID_REQUEST, "清单有误，未受理；请改正后重新提交", errors=(mistake,))


def _unreadable(error: ListError) -> ProblemError:
    match error:
        case ListTooLargeError():
            return ProblemError(ProblemType.TOO_LARGE, f"{error}（一份清单最多 {ROWS} 行）")
        case UnknownFormError():
            return ProblemError(ProblemType.UNSUPPORTED_MEDIA_TYPE, str(error))
        case HeaderError():
            missing = tuple(Mistake(where=column, detail="清单没有这一列") for column in error.missing)
            return ProblemError(ProblemType.INVALID_REQUEST, str(error), errors=missing or None)
        case _:
            return ProblemError(ProblemType.INVALID_REQUEST, str(error))
