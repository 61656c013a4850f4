"""What the HTTP API answers with, for its description; keys beyond the contract's may be added, never changed."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.duplicates import AnsweredBy
from petitions.case import Line
from petitions.coverage import CoverageState
from petitions.values import Instant
from petitions.view import BreachView
from petitions.vocabulary import Category, Channel, RefusalCode, Stage, Sticker
from store.reading import CaseSummary


class Answer(BaseModel):
    """Frozen; more keys may follow."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Listing(BaseModel):
    """A page of cases."""

    cases: tuple[CaseSummary, ...]
    next_cursor: Annotated[
        str | None, Field(description="Pass it on as `cursor` for the next page; `null` at the end.")
    ]


class WaitingView(Answer):
    """Who must do what, by when."""

    office: Annotated[str, Field(examples=["city/stability-team"])]
    what: Annotated[str, Field(description="The message that it is to send.", examples=["preliminary_review"])]
    due_at: Instant
    label: Annotated[str, Field(description="The same in Chinese.", examples=["初审"])]


class RefusedView(Answer):
    """A message that was refused."""

    kind: str
    message_id: str | None
    code: RefusalCode
    reason: Annotated[str, Field(description="Why, in Chinese.")]
    at: Instant


class CaseView(Answer):
    """A case, as the workflow's query `case` answers it."""

    case_no: str
    stage: Stage
    sticker: Sticker | None
    starred: bool
    county: str
    responsible_unit: Annotated[str | None, Field(description="`unit/<name>`; `null`: a clerk must dispatch.")]
    round: Annotated[int, Field(description="Counts the surveys; a rework starts the next.", ge=1)]
    received_at: Annotated[Instant, Field(description="The hand-over: all clocks of the case start here.")]
    due_at: Annotated[Instant, Field(description="By when it must be concluded and reported, extensions counted in.")]
    overdue: bool
    waiting_for: tuple[WaitingView, ...]
    coverage: Annotated[CoverageState, Field(description="Which of the four coverages (四个全覆盖) it has.")]
    breaches: Annotated[tuple[BreachView, ...], Field(description="Milestones that were missed; they stay.")]
    refused: Annotated[tuple[RefusedView, ...], Field(description="The latest refused messages.")]
    refused_count: int
    timeline: Annotated[tuple[Line, ...], Field(description="The latest entries; all are under `/timeline`.")]
    location: str
    summary: str
    categories: tuple[Category, ...]
    channel: Channel
    batch: int | None
    closing: Annotated[dict[str, Any] | None, Field(description="How it ended; `null` while it is open.")]
    answered_by: Annotated[
        AnsweredBy | None, Field(description="Of a merged case: who answers it; of any other absent.")
    ] = None


class TimelineAnswer(BaseModel):
    """A part of a case's timeline."""

    case_no: str
    entries: tuple[Line, ...]
    next_after: Annotated[int | None, Field(description="Pass it on as `after` for more; `null` at the end.")]
