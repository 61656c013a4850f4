"""How things stand now, in numbers: open cases, notices that are not out, starts that could open no case."""

from petitions.discrepancies import DiscrepancyKind
from petitions.notices import NoticeState
from petitions.values import Value
from petitions.vocabulary import Stage, Sticker
from store import queries
from store.connection import OnPool

_SQL = queries.load("standing")
_OPEN, _UNDELIVERED = _SQL["open"], _SQL["undelivered"]
_DIFFERING, _REFUSED_STARTS = _SQL["differing"], _SQL["refused_starts"]


class OpenCases(Value):
    """Open cases of one stage that carry one sticker, or none."""

    stage: Stage
    sticker: Sticker | None
    cases: int
    overdue: int
    missing_coverage: int
    """How many still lack one of the four coverages."""


class UndeliveredNotices(Value):
    """Notices of one state that have an address and are not out."""

    state: NoticeState
    notices: int
    oldest_seconds: float
    """For how long the oldest of them has been waiting."""


class Standing(Value):
    """How things stand."""

    open: tuple[OpenCases, ...]
    undelivered: tuple[UndeliveredNotices, ...]
    differing: dict[DiscrepancyKind, int]
    """Where the record and Temporal differ, by kind; of a kind that is not there, nowhere."""
    refused_starts: int


class StandingReading(OnPool):
    """Reading how things stand."""

    async def standing(self) -> Standing:
        """The numbers of now.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            found = await connection.fetch(*_OPEN())
            undelivered = await connection.fetch(*_UNDELIVERED())
            differing = await connection.fetch(*_DIFFERING())
            refused = await connection.fetchval(*_REFUSED_STARTS())
        return Standing(
            open=tuple(OpenCases.model_validate(dict(row)) for row in found),
            undelivered=tuple(UndeliveredNotices.model_validate(dict(row)) for row in undelivered),
            differing={row["kind"]: row["cases"] for row in differing},
            refused_starts=refused,
        )
