"""Likely duplicates, proposed at intake and to clerks, never merged by themselves; and who answers a merged case."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.arriving import arrives
from api.authentication import ACCESS_PROBLEMS, Asking, require
from api.context import Context, Reading
from api.parameters import CaseNo
from api.problems import ProblemType, case_not_found, declared
from petitions.access import Deed
from petitions.duplicates import DUPLICATE_WINDOW, LikelyDuplicate, likely_duplicates
from petitions.hand_over import HandOver
from petitions.values import Instant
from petitions.vocabulary import Outcome, Stage
from store import StoreError

router = APIRouter(prefix="/v1/cases", tags=["cases"])

_log = structlog.stdlib.get_logger()


class LikelyDuplicateView(BaseModel):
    """A case that may be about the same matter."""

    model_config = ConfigDict(frozen=True, extra="allow")

    case_no: Annotated[str, Field(description="The case into which one would merge.", examples=["X51000020210829003"])]
    likeness: Annotated[float, Field(description="How alike they are.", ge=0, le=1, examples=[0.79])]
    reason: Annotated[
        str,
        Field(
            description="What is alike, in Chinese, for a clerk to check.",
            examples=[
                "同在通川区；地点相近：“李家巷”和“西城街道李家巷”；反映问题相似（都提到冲洗、异味）；都涉及水；交办相隔2天"
            ],
        ),
    ]
    stage: Annotated[Stage | None, Field(description="Where that case stands; `null`: not known here.")] = None
    through: Annotated[
        str | None,
        Field(description="The case that is alike, if it was merged into `case_no` already; else `null`."),
    ] = None

    @classmethod
    def of(cls, proposal: LikelyDuplicate) -> "LikelyDuplicateView":
        """A proposal as it is answered."""
        return cls.model_validate(proposal.model_dump())


class DuplicatesAnswer(BaseModel):
    """What may be the same matter as a case."""

    model_config = ConfigDict(frozen=True)

    case_no: str
    likely_duplicates: Annotated[
        tuple[LikelyDuplicateView, ...],
        Field(description="The likeliest first, five at the most; a clerk decides, nothing is merged by itself."),
    ]


class AnsweredBy(BaseModel):
    """The case that answers a merged one; its conclusion is the answer."""

    model_config = ConfigDict(frozen=True)

    case_no: str
    stage: Annotated[
        Stage | None,
        Field(description="`null`: there is no such case here yet. `merged`: the merges go in a ring, nobody answers."),
    ]
    outcome: Annotated[Outcome | None, Field(description="How it ended; `null` while it is open.")]
    concluded_at: Annotated[Instant | None, Field(description="When it was concluded; `null`: it was not.")]


@router.get(
    "/{no}/duplicates",
    summary="Likely duplicates of a case",
    responses=declared(*ACCESS_PROBLEMS, ProblemType.CASE_NOT_FOUND),
)
async def read_duplicates(caller: Asking, no: CaseNo, context: Reading) -> DuplicatesAnswer:
    """Cases of the same region, of a near place and about the same matter, handed over within 60 days of this one.

    Each has a reason that a clerk can check. They are computed when asked for; to merge, send the message `merge`.
    """
    require(caller, Deed.SEE_DUPLICATES, case_no=no)
    case = await context.in_time(context.store.state(no))
    if case is None and await arrives(context, no):
        case = await context.in_time(context.store.state(no))
    if case is None:
        raise case_not_found(no)
    proposals = await duplicates_of(context, case.hand_over)
    return DuplicatesAnswer(case_no=no, likely_duplicates=tuple(map(LikelyDuplicateView.of, proposals)))


assert DUPLICATE_WINDOW.days == 60, "the description above says so"


async def duplicates_of(context: Context, hand_over: HandOver) -> tuple[LikelyDuplicate, ...]:
    """Cases that a hand-over may repeat.

    Raises:
        StoreError: As the store says.
    """
    others = await context.in_time(context.store.possible_duplicates(hand_over))
    # In a thread: nobody else's request waits for the comparing.
    return await asyncio.to_thread(likely_duplicates, hand_over, others)


async def proposals_for(context: Context, hand_over: HandOver) -> tuple[LikelyDuplicateView, ...]:
    """Cases that a hand-over may repeat, for the answer to who hands it over.

    An intake does not fail for want of a proposal: while the store is away there is none, and the case's page shows
    them later.
    """
    try:
        proposals = await duplicates_of(context, hand_over)
    except (StoreError, ValueError) as error:  # the latter: a row of another version
        _log.warning("no duplicates are proposed", case_no=hand_over.case_no, error=str(error))
        return ()
    return tuple(map(LikelyDuplicateView.of, proposals))


async def answered_by(context: Context, case_no: str, view: Mapping[str, Any]) -> AnsweredBy | None:
    """Who answers a merged case; none for any other case.

    Args:
        context: Of the request.
        case_no: The case.
        view: The case as the contract shows it: the store is asked only if it was merged.

    Raises:
        StoreError: As the store says.
    """
    if view.get("stage") != Stage.MERGED.value:
        return None
    answer = await context.in_time(context.store.answer_of(case_no))
    return AnsweredBy.model_validate(answer.model_dump(include=set(AnsweredBy.model_fields))) if answer else None
