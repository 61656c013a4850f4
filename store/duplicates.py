"""Duplicates as the read model has them: whom a hand-over may repeat, and who answers a case that was merged."""

from collections.abc import Mapping
from typing import Any

from petitions.access import EVERYTHING, Sight, Whereabouts
from petitions.duplicates import COMPARED_TEXT, DUPLICATE_WINDOW, Handed, place_marks
from petitions.hand_over import HandOver
from petitions.places import COMPARED_PLACE
from petitions.regions import regions_of
from petitions.values import Instant, Value
from petitions.vocabulary import Channel, Outcome, Stage
from store import queries
from store.connection import OnPool
from store.reading import sight_parameters

_SQL = queries.load("duplicates")
_CANDIDATES, _ANSWER, _MERGED = _SQL["candidates"], _SQL["answer"], _SQL["merged"]

MOST_CANDIDATES = 300
"""Cases that a hand-over is compared with at the most: some ten milliseconds' work for texts of the usual length."""
MOST_MERGED = 5_000
"""Merged cases that are followed at the most, the latest."""
LONGEST_CHAIN = 50
"""Merges one after the other that are followed at the most."""


class AnsweringCase(Value):
    """The case that answers a merged one.

    A stage of ``merged`` means that nobody does: the merges go in a ring (or on for ever).
    """

    case_no: str
    through: tuple[str, ...]
    """The cases in between, each merged into the next."""
    stage: Stage | None
    """None: there is no such case here yet."""
    outcome: Outcome | None
    concluded_at: Instant | None
    """When it was concluded, which is the answer; none: not yet, or it ended otherwise."""
    whereabouts: Whereabouts | None
    """To whom it belongs, which decides who sees more of it."""


class MergedCase(Value):
    """A case that was merged, as it stands beside the one that answers it."""

    case_no: str
    through: tuple[str, ...]
    """The cases in between, each merged into the next."""
    answered_by: str | None
    """None: the merges go in a ring, and nobody answers."""
    answer_stage: Stage | None
    """Where that one stands; none: it is not here yet, or nobody answers."""
    received_at: Instant
    merged_at: Instant
    county: str
    location: str
    channel: Channel
    starred: bool


class Duplicates(OnPool):
    """Reading duplicates. All methods raise ``StoreError`` as its kinds say."""

    async def possible_duplicates(self, hand_over: HandOver) -> tuple[Handed, ...]:
        """The cases to compare a hand-over with: ``MOST_CANDIDATES`` at the most, of its regions and its time.

        Where there are more, those that name its place come first, then the nearest in time. A merged case says who
        answers it; withdrawn ones, and merged ones that nobody answers, are left out.
        """
        candidates = _CANDIDATES(
            case_no=hand_over.case_no,
            received_at=hand_over.received_at,
            since=hand_over.received_at - DUPLICATE_WINDOW,
            until=hand_over.received_at + DUPLICATE_WINDOW,
            regions=list(regions_of(hand_over.county)),
            marks=list(place_marks(hand_over)),
            place_length=COMPARED_PLACE,
            text_length=COMPARED_TEXT,
            limit=MOST_CANDIDATES,
            longest=LONGEST_CHAIN,
        )
        async with self._connected() as connection:
            rows = await connection.fetch(*candidates)
        return tuple(Handed.model_validate(dict(row)) for row in rows)

    async def answer_of(self, case_no: str) -> AnsweringCase | None:
        """The case that answers a merged one; none if the case was not merged, or is not there."""
        async with self._connected() as connection:
            row = await connection.fetchrow(*_ANSWER(case_no=case_no, longest=LONGEST_CHAIN))
        return AnsweringCase.model_validate(_with_whereabouts(dict(row))) if row else None

    async def merged_into(self, case_no: str, *, sight: Sight = EVERYTHING) -> tuple[MergedCase, ...]:
        """The cases in sight that a case answers beside its own, the earliest hand-over first."""
        return await self._merged(case_no, sight)

    async def merged_cases(self, *, sight: Sight = EVERYTHING) -> tuple[MergedCase, ...]:
        """All cases in sight that were merged, the earliest hand-over first; ``MOST_MERGED`` at the most."""
        return await self._merged(None, sight)

    async def _merged(self, answered_by: str | None, sight: Sight) -> tuple[MergedCase, ...]:
        merged = _MERGED(answered_by=answered_by, limit=MOST_MERGED, longest=LONGEST_CHAIN, **sight_parameters(sight))
        async with self._connected() as connection:
            rows = await connection.fetch(*merged)
        return tuple(MergedCase.model_validate(dict(row)) for row in rows)


def _with_whereabouts(columns: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in columns.items() if name not in {"county", "units"}}
    county = columns["county"]
    belongs = None if county is None else Whereabouts(county=county, units=tuple(columns["units"]))
    return rest | {"whereabouts": belongs}
