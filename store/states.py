"""Whole cases as the read model keeps them: for what needs more of a case than a list shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from petitions.access import EVERYTHING, Sight
from petitions.case import Case
from store import queries
from store.connection import OnPool, PooledConnection
from store.reading import sight_parameters
from store.record import folded

_SQL = queries.load("states")
_ONE, _OPEN, _ROUNDS = _SQL["one"], _SQL["open"], _SQL["rounds"]


@dataclass(frozen=True)
class OpenCases:
    """Open cases, those due first at the front.

    Attributes:
        cases: As many as were asked for.
        number: How many there are in all.
    """

    cases: tuple[Case, ...]
    number: int


@dataclass(frozen=True)
class RoundOfCase:
    """How far a case has come, in short.

    Attributes:
        round: The present round.
        closed: Whether it is over.
    """

    round: int
    closed: bool


class CaseStates(OnPool):
    """Reading whole cases. All methods raise ``StoreError`` as its kinds say."""

    async def state(self, case_no: str) -> Case | None:
        """A case as it stands, or none if there is no such case."""
        async with self._connected() as connection:
            row = await connection.fetchrow(*_ONE(case_no=case_no))
            return await state_of(connection, case_no, row["state"]) if row else None

    async def rounds(self, case_nos: Sequence[str]) -> dict[str, RoundOfCase]:
        """How far each of these cases has come; one that is not on record has no part in it."""
        async with self._connected() as connection:
            rows = await connection.fetch(*_ROUNDS(case_nos=list(case_nos)))
        return {row["case_no"]: RoundOfCase(round=row["round"], closed=row["closed"]) for row in rows}

    async def open_cases(self, limit: int, *, sight: Sight = EVERYTHING) -> OpenCases:
        """The open cases in sight, those due first at the front, ``limit`` at the most."""
        async with self._connected() as connection:
            rows = await connection.fetch(*_OPEN(limit=limit, **sight_parameters(sight)))
            cases = [await state_of(connection, row["case_no"], row["state"]) for row in rows]
        return OpenCases(
            cases=tuple(case for case in cases if case is not None), number=rows[0]["number"] if rows else 0
        )


async def state_of(connection: PooledConnection, case_no: str, state: str) -> Case | None:
    """A case of its row's ``state``, or folded anew if another version has written that."""
    try:
        return Case.model_validate_json(state)
    except ValidationError:
        # Written by another version: the record gives it in the form of this one.
        case, _ = await folded(connection, case_no)
        return case
