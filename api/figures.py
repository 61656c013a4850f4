"""The figures that the city publishes, as of any moment."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.authentication import ACCESS_PROBLEMS, Asking, require
from api.context import Reading
from api.parameters import Moment
from api.problems import declared
from petitions.access import Deed
from petitions.figures import Figures
from petitions.values import Instant

router = APIRouter(prefix="/v1", tags=["figures"])


class FiguresQuery(BaseModel):
    """What the figures are asked for."""

    model_config = ConfigDict(extra="forbid")

    at: Annotated[
        Moment | None, Field(description="As of which moment, RFC 3339 with offset, inclusive; default now.")
    ] = None


class FiguresAnswer(Figures):
    """The figures as of a moment."""

    at: Annotated[Instant, Field(description="The moment.")]


@router.get("/figures", summary="Figures as of a moment", responses=declared(*ACCESS_PROBLEMS))
async def read_figures(caller: Asking, query: Annotated[FiguresQuery, Query()], context: Reading) -> FiguresAnswer:
    """Cases received, concluded and starred up to the moment, and received by county; from the record itself."""
    require(caller, Deed.SEE_FIGURES)
    at = query.at or context.now()
    found = await context.in_time(context.store.figures(at))
    return FiguresAnswer(at=at, **found.model_dump())
