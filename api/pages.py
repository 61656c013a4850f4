"""Pages for people: the wall and what hangs beside it, a case, its handling report."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse

from api.addresses import case_address
from api.authentication import Asking, require_on_case
from api.case_page import case_page
from api.context import Reading
from api.halted import halted
from api.parameters import CaseNo
from api.problems import case_not_found
from api.related import related_to, report_shown
from api.rendering import page
from api.wall import long_moment
from petitions.access import Deed, offices_of
from petitions.case import Case

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_LINES = 500


class _Part(BaseModel):
    """Which part of a long timeline is shown."""

    model_config = ConfigDict(extra="ignore")

    after: Annotated[int, Field(ge=0, le=2_147_483_647)] = 0


@router.api_route("/cases/{no}", methods=["GET", "HEAD"])
async def show_case(caller: Asking, no: CaseNo, part: Annotated[_Part, Query()], context: Reading) -> HTMLResponse:
    """Everything about a case."""
    await require_on_case(context, caller, Deed.SEE_CASE, no)
    now = context.now()
    store = context.store
    case, lines, notices, kept = await context.in_time(
        asyncio.gather(
            _case(context, no),
            store.timeline(no, part.after, _LINES + 1),
            store.notices(no),
            store.discrepancies_of(no),
        )
    )
    shown = lines[:_LINES]
    next_after = shown[-1].seq if len(lines) > _LINES else None
    related = await related_to(context, caller, case)
    jurisdiction = context.jurisdictions.get(None)
    return page(
        "case.html",
        page=case_page(
            case,
            shown,
            now,
            context.settings,
            next_after=next_after,
            related=related,
            notices=notices,
            titles=offices_of(jurisdiction),
        ),
        after=part.after,
        halted=halted(kept, jurisdiction.timezone),
    )


@router.api_route("/cases/{no}/report", methods=["GET", "HEAD"])
async def show_report(caller: Asking, no: CaseNo, context: Reading) -> HTMLResponse:
    """The handling report, as submitted or as it would be now, marked as a draft; of a merged case the other's."""
    await require_on_case(context, caller, Deed.SEE_CASE, no)
    asked = await context.in_time(_case(context, no))
    shown = await report_shown(context, caller, asked)
    case, submitted = shown.case, shown.submitted
    return page(
        "report.html",
        case=case,
        address=case_address(case.case_no),
        merged=asked if asked.case_no != case.case_no else None,
        merged_address=case_address(asked.case_no),
        report=shown.report,
        submitted=submitted,
        at=long_moment(submitted.submitted_at if submitted else context.now(), case.rules.durations.utc_offset_minutes),
    )


async def _case(context: Reading, case_no: str) -> Case:
    case = await context.store.state(case_no)
    if case is None:
        raise case_not_found(case_no)
    return case
