"""Whether the process lives, and whether it can do its work."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.context import Context, Reading
from store import StoreError

router = APIRouter(tags=["health"])


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """Whether the process can do its work."""

    status: Literal["ready", "not ready"]
    faults: Annotated[dict[str, str], Field(description="What is wrong, by what it depends on.", examples=[{}])]
    warnings: Annotated[
        dict[str, str],
        Field(description="What is wrong and leaves reading as it is: pages are worth more than none.", examples=[{}]),
    ] = {}


_NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {
        "model": Ready,
        "description": "It cannot; `faults` says why",
        "content": {
            "application/json": {
                "example": {"status": "not ready", "faults": {"postgres": "Postgres does not answer now"}}
            }
        },
    }
}


@router.get("/livez", summary="Whether the process lives")
async def livez() -> Live:
    """Answers as long as the process does, whatever it depends on."""
    return Live()


@router.get("/readyz", summary="Whether the process can do its work", responses=_NOT_READY)
async def readyz(response: Response, context: Reading) -> Ready:
    """Asks Postgres: whether it answers, with the schema of this version; and Temporal, without which nothing is taken.

    A process that can only read is ready all the same: the wall must not go dark because Temporal is away.
    """
    fault, away = await asyncio.gather(_of_postgres(context), _of_temporal(context))
    warnings = {} if away is None else {"temporal": away}
    if fault is None:
        return Ready(status="ready", faults={}, warnings=warnings)
    response.status_code = 503
    return Ready(status="not ready", faults={"postgres": fault}, warnings=warnings)


async def _of_postgres(context: Context) -> str | None:
    try:
        return await context.in_time(context.store.fault())
    except StoreError as error:
        return str(error)


async def _of_temporal(context: Context) -> str | None:
    return await context.reached.fault() if context.reached else None
