"""The bulletin of a day: as JSON, or as the text that the press prints."""

import re
from datetime import date
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path
from pydantic import AfterValidator, BeforeValidator
from starlette.responses import PlainTextResponse, Response

from activities.jurisdictions import Jurisdictions
from api.authentication import ACCESS_PROBLEMS, Asking, require
from api.context import Reading
from api.problems import MEDIA_TYPE, ProblemError, ProblemType, declared
from petitions.access import Deed
from petitions.bulletin.figures import Bulletin
from petitions.bulletin.text import bulletin_text
from petitions.values import OF_OUR_TIME

router = APIRouter(prefix="/v1", tags=["figures"])

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _as_written(given: object) -> object:
    """Only ``YYYY-MM-DD``; pydantic would also take seconds since 1970.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(given, str) and not _DATE.fullmatch(given):
        raise ValueError("日期格式不对，应为 2024-11-13")
    return given


def _of_our_time(day: date) -> date:
    """Refuse what a time zone could carry out of the calendar.

    Raises:
        ValueError: The year is not of 1900 to 2999.
    """
    if not 1900 <= day.year <= 2999:
        raise ValueError("年份应在 1900 到 2999 之间")
    return day


Day = Annotated[
    date,
    BeforeValidator(_as_written),
    AfterValidator(_of_our_time),
    Path(
        description="The day, where the jurisdiction is.",
        examples=["2024-11-13"],
        json_schema_extra={"pattern": OF_OUR_TIME},
    ),
]


@lru_cache(maxsize=4)
def _files(setting: str) -> Jurisdictions:
    """The jurisdiction files of this process: what was read before holds while one is wrong."""
    return Jurisdictions(setting)


def no_bulletin(day: date) -> ProblemError:
    """No batch was handed over on the day."""
    return ProblemError(ProblemType.NOT_FOUND, f"{day.year}年{day.month}月{day.day}日没有交办批次，因此没有通报")


def prefers_text(accept: str) -> bool:
    """Whether somebody who sends this ``Accept`` would rather have ``text/plain`` than JSON.

    JSON is the answer where both are as good, and where neither is asked for.
    """
    return _weight(accept, "text/plain") > _weight(accept, "application/json")


def _weight(accept: str, wanted: str) -> float:
    """The weight of a media type: that of the most precise range that covers it; 0: it is not asked for."""
    ranges = ("*/*", f"{wanted.partition('/')[0]}/*", wanted)
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        stated = [text.removeprefix("q=") for text in parameters if text.startswith("q=")]
        # RFC 9110, 12.4.2: a weight has at most three decimals; what is none counts as not stated.
        weights[name] = float(stated[0]) if stated and re.fullmatch(r"[01](\.\d{0,3})?", stated[0]) else 1.0
    found = [weights[name] for name in ranges if name in weights]
    return found[-1] if found else 0.0


def _responses() -> dict[int | str, dict[str, Any]]:
    responses = declared(*ACCESS_PROBLEMS, ProblemType.NOT_FOUND)
    example = no_bulletin(date(2024, 11, 17)).problem.model_dump(exclude_none=True)
    responses[404]["content"][MEDIA_TYPE]["examples"] = {ProblemType.NOT_FOUND.value: {"value": example}}
    text = {"schema": {"type": "string"}, "example": "11月13日，督察组向四川省移交第二十六批群众信访举报件198件……\n"}
    responses[200] = {
        "description": "The bulletin; as text for those who prefer `text/plain`.",
        "content": {"text/plain": text},
    }
    return responses


@router.get("/bulletins/{date}", summary="The bulletin of a day", response_model=Bulletin, responses=_responses())
async def read_bulletin(
    caller: Asking,
    date: Day,
    context: Reading,
    accept: Annotated[str, Header(description="`text/plain` for the Chinese text.", include_in_schema=False)] = "",
) -> Response:
    """What was handed over that day, batch by batch, and all until 10:00, counted from the record.

    A case with several pollution types counts in each of them, and a joint case in each of its regions. Where counts do
    not add up, `remarks` says which cases make the difference, and why. As JSON, or with `Accept: text/plain` as the
    Chinese text.
    """
    require(caller, Deed.SEE_FIGURES)
    jurisdiction = _files(context.settings.jurisdiction).get(None)
    found = await context.in_time(context.store.bulletin(date, jurisdiction))
    if found is None:
        raise no_bulletin(date)
    headers = {"Vary": "Accept"}
    if prefers_text(accept):
        return PlainTextResponse(bulletin_text(found), headers=headers)
    return Response(found.model_dump_json(), media_type="application/json", headers=headers)
