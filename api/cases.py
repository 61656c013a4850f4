"""Cases: the list, one case, and what happened to it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.arriving import arrives
from api.authentication import ACCESS_PROBLEMS, Asking, require, require_on_case
from api.context import Reading
from api.duplicates import answered_by
from api.parameters import CaseNo
from api.problems import ProblemType, case_not_found, declared
from api.shapes import CaseView, Listing, TimelineAnswer
from petitions.access import Deed
from petitions.hand_over import is_case_no
from petitions.jurisdiction.offices import unit_id
from petitions.values import Name, of_our_time
from petitions.vocabulary import Category, Stage, Sticker
from store.reading import CaseFilters, Cursor

router = APIRouter(prefix="/v1/cases", tags=["cases"])

MOST = 200
"""Cases or timeline entries in one answer at the most."""
_LATEST_SEQ = 2_147_483_647
_CURSOR_LENGTH = 500


def _cursor(text: str) -> str:
    """Refuse what this API cannot have given out.

    Raises:
        ValueError: It is no cursor.
    """
    try:
        cursor = Cursor.parse(text if len(text) <= _CURSOR_LENGTH else "")
        of_our_time(cursor.received_at)
        usable = is_case_no(cursor.case_no)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("不是有效的翻页游标，请使用上一页返回的 next_cursor")
    return text


class CaseQuery(BaseModel):
    """Which cases are listed; every filter given must hold."""

    model_config = ConfigDict(extra="forbid")

    county: Annotated[Name | None, Field(description="The county (县市区).", examples=["万源市"])] = None
    stage: Annotated[Stage | None, Field(description="The stage of the procedure.")] = None
    sticker: Annotated[Sticker | None, Field(description="The sticker that the case carries now.")] = None
    starred: Annotated[bool | None, Field(description="Starred (加星件) or not.")] = None
    overdue: Annotated[bool | None, Field(description="Past its mandate and not reported, or not.")] = None
    closed: Annotated[bool | None, Field(description="Over, however it ended, or still open.")] = None
    unit: Annotated[
        Name | None,
        Field(description="The responsible unit, with or without `unit/`.", examples=["unit/通川区生态环境局"]),
    ] = None
    category: Annotated[Category | None, Field(description="A pollution type that the case has.")] = None
    waiting_for: Annotated[
        Name | None, Field(description="An office that must do something in the case.", examples=["city/mayor"])
    ] = None
    cursor: Annotated[
        str | None,
        AfterValidator(lambda text: text if text is None else _cursor(text)),
        Field(
            description="`next_cursor` of the page before; opaque.",
            json_schema_extra={"format": "cursor"},
        ),
    ] = None
    limit: Annotated[int, Field(description="Cases in this page at the most.", ge=1, le=MOST)] = 50

    def filters(self) -> CaseFilters:
        """The filters as the store takes them."""
        given = self.model_dump(exclude={"cursor", "limit"})
        return CaseFilters.model_validate(given | {"unit": unit_id(self.unit) if self.unit else None})


class TimelineQuery(BaseModel):
    """Which part of a timeline is asked for."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[
        int, Field(description="Only entries after this `seq`: `next_after` of the page before.", ge=0, le=_LATEST_SEQ)
    ] = 0
    limit: Annotated[int, Field(description="Entries in this page at the most.", ge=1, le=MOST)] = 100
    refused: Annotated[bool, Field(description="Also messages that were refused.")] = False


@router.get("", summary="List cases", responses=declared(*ACCESS_PROBLEMS))
async def list_cases(caller: Asking, query: Annotated[CaseQuery, Query()], context: Reading) -> Listing:
    """Cases, the latest hand-over first, in pages that stay right while cases come in.

    A unit sees the cases that it handles or has a part in, a county's office those of its county, the city all.
    """
    require(caller, Deed.LIST_CASES)
    cursor = Cursor.parse(query.cursor) if query.cursor else None
    page = await context.in_time(context.store.cases(query.filters(), cursor, query.limit, sight=caller.sight))
    return Listing(cases=page.cases, next_cursor=str(page.next) if page.next else None)


@router.get(
    "/{no}",
    summary="One case",
    response_model=CaseView,
    responses=declared(*ACCESS_PROBLEMS, ProblemType.CASE_NOT_FOUND),
)
async def read_case(caller: Asking, no: CaseNo, context: Reading) -> JSONResponse:
    """The whole case as the workflow's query `case` answers it, from the read model; 404 also if it is out of sight.

    A merged case says beside that who answers it.
    """
    await require_on_case(context, caller, Deed.SEE_CASE, no)
    view = await _view(context, no)
    answer = await answered_by(context, no, view)
    return JSONResponse(view | ({"answered_by": answer.model_dump(mode="json")} if answer else {}))


@router.get(
    "/{no}/timeline",
    summary="What happened to a case",
    responses=declared(*ACCESS_PROBLEMS, ProblemType.CASE_NOT_FOUND),
)
async def read_timeline(
    caller: Asking, no: CaseNo, query: Annotated[TimelineQuery, Query()], context: Reading
) -> TimelineAnswer:
    """The case's entries in order, all of them; the case itself carries only the latest."""
    await require_on_case(context, caller, Deed.SEE_CASE, no)
    lines = await context.in_time(context.store.timeline(no, query.after, query.limit + 1, with_refusals=query.refused))
    if not lines:
        await _view(context, no)
    shown = tuple(lines[: query.limit])
    return TimelineAnswer(case_no=no, entries=shown, next_after=shown[-1].seq if len(lines) > query.limit else None)


async def _view(context: Reading, case_no: str) -> dict[str, Any]:
    view = await context.in_time(context.store.case(case_no))
    if view is None and await arrives(context, case_no):
        view = await context.in_time(context.store.case(case_no))
    if view is None:
        raise case_not_found(case_no)
    return view
