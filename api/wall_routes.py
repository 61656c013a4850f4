"""What answers at the wall's addresses : ``/``, with the stickers of the day, and ``/counties``."""

import asyncio
import time
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.addresses import case_address
from api.authentication import Asking, require
from api.context import Context, Reading
from api.county_picture import BY, county_picture, first_day
from api.halted import halted
from api.kept_rows import Rows
from api.marks import Sign
from api.rendering import page
from api.sticker_list import Candidate, StickerList, regions, sticker_list
from api.wall_list import as_csv, as_xlsx, table
from api.wall_numbers import CLOSED_ROWS, Shared, SharedSurroundings, Surroundings
from api.wall_page import ROWS, SCREEN_ROWS, wall
from api.wall_query import Known, View, WallQuery, read_wall_query, shortened
from petitions.access import Deed, Sight, authorize
from petitions.jurisdiction.model import Jurisdiction
from store.wall import LISTED, NO_FILTERS, WallPage
from store.wall_figures import Satisfaction

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class _Looking:
    """Somebody who looks at the wall: what they may see, and what the wall is of.

    Args:
        caller: Who.
        context: Of the application.
        shared: What walls share.
    """

    def __init__(self, caller: Asking, context: Reading, shared: Shared) -> None:
        require(caller, Deed.LIST_CASES)
        self.caller = caller
        self.sight: Sight = caller.sight
        self.context: Context = context
        self.now: datetime = context.now()
        self.jurisdiction: Jurisdiction = context.jurisdictions.get(None)
        self.zone = ZoneInfo(self.jurisdiction.timezone)
        self._shared: SharedSurroundings = shared

    async def surroundings(self, *, fresh: bool) -> Surroundings:
        """What stands around the rows; fresh: nothing is missing that this process has been told of."""
        changes = self.context.changes
        told_at = changes.told_at() if changes is not None else time.monotonic()
        since = told_at if fresh else None
        return await self.context.in_time(self._shared.get(self.context.store, self.now, self.sight, since=since))

    def known(self, around: Surroundings) -> Known:
        """What an address is read against."""
        regions = tuple(self.jurisdiction.regions()) if self.sight.everything else ()
        return Known(
            now=self.now,
            zone=self.zone,
            first=around.first,
            counties=tuple(dict.fromkeys((*regions, *around.choices.counties))),
            units=around.choices.units,
            all_units=self.jurisdiction.unit_ids(),
        )


Looking = Annotated[_Looking, Depends()]


@router.api_route("/", methods=["GET", "HEAD"])
async def show_wall(looking: Looking, rows: Rows, request: Request) -> Response:
    """The wall: a screenful of the open cases in sight, now or at a past moment; for its script, only the rows.

    With a case number (``no``) the way goes on to that case's page, if there is one in sight.
    """
    given = request.query_params
    wanted = given.get("no", "").strip()
    if wanted and (found := await _numbered(looking, wanted)) is not None:
        return RedirectResponse(case_address(found), status_code=303)
    around = await looking.surroundings(fresh=given.get("part") == "rows")
    known = looking.known(around)
    query = read_wall_query(given, known)
    if wanted:
        query = replace(query, mistakes=(*query.mistakes, f"没有受理编号为“{shortened(wanted)}”的件，请核对编号。"))
    if query.view is View.STICKERS:
        stickers = await _stickers(looking, query)
        by_region = regions(query, known, looking.jurisdiction)
        # There may be thousands, and others wait for their walls.
        return await asyncio.to_thread(page, "stickers.html", stickers=stickers, query=query, regions=by_region)
    shown, satisfaction = await asyncio.gather(_screenful(looking, query), _satisfaction(looking, query, around))
    if shown.matching and not shown.cases:
        # Past the last page: it has become shorter, or the address is somebody's own.
        limit = SCREEN_ROWS if query.screen else ROWS
        query = replace(query, page=-(-shown.matching // limit))
        shown = await _screenful(looking, query)
    in_time = looking.context.in_time
    if query.at is None:
        shown = replace(shown, numbers=around.numbers)
    closed = around.ended.closed
    if query.at is not None or query.page > 1 or query.filters != NO_FILTERS or query.screen:
        closed = ()
    made = wall(
        query,
        known,
        looking.jurisdiction,
        shown,
        satisfaction,
        rows,
        live=looking.context.changes is not None,
        ticks=looking.context.clock.short is None,
        closed=closed,
        closed_rows=CLOSED_ROWS,
        merged=around.ended.merged,
        answered=around.ended.answered,
    )
    standing = () if query.at else await in_time(looking.context.store.standing_discrepancies(sight=looking.sight))
    shown_halted = halted(standing, looking.jurisdiction.timezone)
    return page("wall-rows.html" if query.part else "wall.html", signs=Sign, wall=made, halted=shown_halted)


@router.get("/list.csv", response_class=Response)
async def list_as_csv(looking: Looking, request: Request) -> Response:
    """The open cases that the wall's filters let through, for a spreadsheet program."""
    content = as_csv(await _list(looking, request))
    return _file(content, "text/csv; charset=utf-8", "csv")


@router.get("/list.xlsx", response_class=Response)
async def list_as_xlsx(looking: Looking, request: Request) -> Response:
    """The same as a workbook."""
    content = await asyncio.to_thread(as_xlsx, await _list(looking, request))
    return _file(content, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")


async def _list(looking: _Looking, request: Request) -> list[list[str]]:
    known = looking.known(await looking.surroundings(fresh=False))
    filters = read_wall_query(request.query_params, known).filters
    cases = await looking.context.in_time(looking.context.store.wall_list(filters, looking.now, sight=looking.sight))
    return table(cases, looking.jurisdiction.regions(), looking.zone)


def _file(content: bytes, media_type: str, ending: str) -> Response:
    return Response(
        content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="cases.{ending}"'}
    )


async def _screenful(looking: _Looking, query: WallQuery) -> WallPage:
    limit = SCREEN_ROWS if query.screen else ROWS
    offset = (query.page - 1) * limit
    store = looking.context.store
    if query.at is not None:
        asked = store.wall_at(query.at, query.filters, sight=looking.sight, offset=offset, limit=limit)
    else:
        asked = store.wall_now(
            query.filters, sight=looking.sight, offset=offset, limit=limit, now=looking.now, with_numbers=False
        )
    return await looking.context.in_time(asked)


async def _numbered(looking: _Looking, wanted: str) -> str | None:
    """The number of the case in sight that somebody means; none: there is none, or it is not theirs to see."""
    # Lists print a star before the number, which is not part of it; from papers it comes in wide letters.
    typed = unicodedata.normalize("NFKC", wanted).lstrip("*★ ")
    if not typed.isprintable():
        return None
    for number in dict.fromkeys((typed, typed.upper())):
        belongs = await looking.context.in_time(looking.context.store.whereabouts(number))
        if belongs is not None and authorize(looking.caller, Deed.SEE_CASE, case=belongs) is None:
            return number
    return None


async def _satisfaction(looking: _Looking, query: WallQuery, around: Surroundings) -> Satisfaction:
    """What residents had answered by the moment that is shown."""
    if query.at is None:
        return around.satisfaction
    store = looking.context.store
    return (await looking.context.in_time(store.satisfaction(query.at, sight=looking.sight)))[""]


async def _stickers(looking: _Looking, query: WallQuery) -> StickerList:
    """The stickers of the day that is shown."""
    store, in_time = looking.context.store, looking.context.in_time
    at = query.at or looking.now
    if query.at is not None:
        stood, cut_off = await in_time(store.outlines_at(at, query.filters, sight=looking.sight))
        cases = [Candidate.then(case) for case in stood]
    else:
        listed = await in_time(store.wall_list(query.filters, at, sight=looking.sight))
        terms = await in_time(store.terms([case.case_no for case in listed]))
        cases = [Candidate.now(case, terms[case.case_no]) for case in listed if case.case_no in terms]
        cut_off = len(listed) == LISTED
    day = at.astimezone(looking.zone).date()
    return sticker_list(cases, day, at, looking.jurisdiction.regions(), cut_off=cut_off)


@router.api_route("/counties", methods=["GET", "HEAD"])
async def show_counties(looking: Looking, request: Request) -> HTMLResponse:
    """The counties in sight as tiles, and what came and went by day."""
    by = request.query_params.get("by", "")
    store, in_time = looking.context.store, looking.context.in_time
    today = looking.now.astimezone(looking.zone)
    offset = int((today.utcoffset() or timedelta(0)) / timedelta(minutes=1))
    numbers = await in_time(store.county_numbers(looking.now, sight=looking.sight))
    satisfaction = await in_time(store.satisfaction(looking.now, sight=looking.sight))
    first = await in_time(store.first_hand_over(sight=looking.sight))
    since = first_day(first, today)
    days = await in_time(store.by_day(since, offset, sight=looking.sight))
    picture = county_picture(
        by, looking.jurisdiction, looking.sight, numbers, satisfaction, days, since=since.date(), now=today
    )
    return page("counties.html", picture=picture, choices=BY)
