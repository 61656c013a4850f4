"""The complainant of a case: sealed details, for the two offices that may see them, each look on record."""

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.authentication import ACCESS_PROBLEMS, Asking, require_on_case
from api.context import Reading
from api.parameters import CaseNo
from api.problems import ProblemError, ProblemType, case_not_found, declared
from api.request_ids import request_id_of
from intake.complainants import SealingUnavailableError
from petitions.access import Deed
from petitions.complainant import Complainant
from petitions.values import WHITE, storable

router = APIRouter(prefix="/v1/cases", tags=["cases"])

_CHINESE = r"[\u3400-\u9fff]"


def _in_chinese(text: str) -> str:
    """Refuse a purpose that nobody who checks the looks would understand.

    Raises:
        ValueError: There is no Chinese character in it.
    """
    if not re.search(_CHINESE, text):
        raise ValueError("请用中文写明查看用途，例如“电话回访核实情况”")
    return text


def _says_something(text: str) -> str:
    """Refuse what only looks like white space, too.

    Raises:
        ValueError: There is nothing else in it.
    """
    if not text.strip():
        raise ValueError("不能为空")
    return text


_Told = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(storable),
    AfterValidator(_says_something),
    Field(json_schema_extra={"pattern": rf"^[^\u0000]*[^{WHITE}\u0000\u001c-\u001f][^\u0000]*$"}),
]


class LookQuery(BaseModel):
    """Who looks, and what for; both are kept on record."""

    model_config = ConfigDict(extra="forbid")

    purpose: Annotated[
        _Told,
        AfterValidator(_in_chinese),
        Field(
            description="What the details are needed for, in Chinese.",
            examples=["电话回访核实情况"],
            json_schema_extra={"pattern": rf"^[^\u0000]*{_CHINESE}[^\u0000]*$"},
        ),
    ]
    name: Annotated[_Told, Field(description="The person of the office who looks.", examples=["李受理"])]


class ComplainantAnswer(BaseModel):
    """A case's complainant."""

    model_config = ConfigDict(frozen=True)

    case_no: str
    complainant: Complainant


@router.get(
    "/{no}/complainant",
    summary="Who complained",
    responses=declared(*ACCESS_PROBLEMS, ProblemType.CASE_NOT_FOUND, ProblemType.SEALING_UNAVAILABLE),
)
async def read_complainant(
    caller: Asking,
    no: CaseNo,
    query: Annotated[LookQuery, Query()],
    context: Reading,
    request: Request,
    response: Response,
) -> ComplainantAnswer:
    """The complainant's details, for `city/intake` and `city/supervision-team` alone; every look is on record.

    404 when there is no such case, and when its complainant left no details.
    """
    await require_on_case(context, caller, Deed.SEE_COMPLAINANT, no)
    office = caller.office
    assert office is not None  # no other caller may
    look = context.complainants.look(
        no,
        caller_id=caller.id,
        office=office,
        name=query.name,
        purpose=query.purpose,
        request_id=request_id_of(request),
    )
    try:
        complainant = await context.in_time(look)
    except SealingUnavailableError:
        # Why is on record and in the log, for the operator; whoever asks cannot mend it.
        raise sealing_unavailable() from None
    if complainant is None:
        raise case_not_found(no) if await context.in_time(context.store.case(no)) is None else _no_details(no)
    response.headers["Cache-Control"] = "no-store"
    return ComplainantAnswer(case_no=no, complainant=complainant)


def sealing_unavailable() -> ProblemError:
    """Details cannot be sealed or opened here; nothing of them, and nothing of keys, is told."""
    detail = "举报人信息目前无法加密保存或解封查看，请联系系统管理员检查主密钥文件（GUATU_MASTER_KEY_FILE）后重试"
    return ProblemError(ProblemType.SEALING_UNAVAILABLE, detail)


def _no_details(case_no: str) -> ProblemError:
    return ProblemError(ProblemType.NOT_FOUND, f"信访举报件“{case_no}”没有留下举报人信息")
