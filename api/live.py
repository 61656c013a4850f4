"""``/live``: pages are told at once that something has changed (server-sent events), and ask for it themselves.

An event tells no more than that: what a caller may see is decided where it is read.
"""

import asyncio
from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.authentication import Asking, require
from api.context import Reading
from api.problems import ProblemError, ProblemType
from petitions.access import Deed
from store.changes import CaseChanges

router = APIRouter(include_in_schema=False)

_TOGETHER_SECONDS = 0.15
"""Changes that come within so long are told together: one message to a case writes several times."""
_RETRY_MILLISECONDS = 2_000
_NOTHING = "-"
"""The data of every event: browsers pass over an event without any."""


async def _changes(caller: Asking, context: Reading) -> CaseChanges:
    """What tells of changes. Asked for before the answer begins: then it cannot be refused any more."""
    require(caller, Deed.LIST_CASES)
    if context.changes is None:
        raise ProblemError(ProblemType.NOT_FOUND, "本进程不推送变更")
    return context.changes


@router.get("/live", response_class=EventSourceResponse)
async def tell_changes(
    changes: Annotated[CaseChanges, Depends(_changes)], context: Reading
) -> AsyncIterable[ServerSentEvent]:
    """An event ``changed`` whenever cases were written; the first one says that the connection stands."""
    with changes.listener() as listener:
        yield ServerSentEvent(event="connected", raw_data=_NOTHING, retry=_RETRY_MILLISECONDS)
        while not context.stops.is_set():
            changed = asyncio.create_task(listener.changed())
            stops = asyncio.create_task(context.stops.wait())
            try:
                await asyncio.wait({changed, stops}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stops.cancel()
                changed.cancel()
            if changed.done() and not changed.cancelled():
                yield ServerSentEvent(event="changed", raw_data=_NOTHING)
                await asyncio.sleep(_TOGETHER_SECONDS)
