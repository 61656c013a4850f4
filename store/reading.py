"""Reading for pages, lists and figures."""

import base64
from datetime import date, datetime
from typing import Any, Self

from petitions.access import EVERYTHING, Sight, Whereabouts
from petitions.bulletin.counting import bulletin, bulletin_day
from petitions.bulletin.figures import Bulletin, HandOverFacts
from petitions.case import Line
from petitions.coverage import CoverageState
from petitions.figures import CaseFacts, Figures, figures
from petitions.jurisdiction.model import Jurisdiction
from petitions.values import Instant, Person, Value
from petitions.vocabulary import Category, Channel, MessageKind, Outcome, Stage, Sticker
from petitions.waiting import Waiting
from store import queries
from store.connection import OnPool

_SQL = queries.load("reading")
_CASE_VIEW, _WHEREABOUTS, _TIMELINE, _CASES = _SQL["case_view"], _SQL["whereabouts"], _SQL["timeline"], _SQL["cases"]
_WORK_LIST, _CASE_FACTS, _HAND_OVER_FACTS = _SQL["work_list"], _SQL["case_facts"], _SQL["hand_over_facts"]


class CaseFilters(Value):
    """Which cases a list shows; what is not said does not filter."""

    county: str | None = None
    """One region; a joint case is found by each of its own."""
    stage: Stage | None = None
    sticker: Sticker | None = None
    starred: bool | None = None
    overdue: bool | None = None
    closed: bool | None = None
    """Whether the procedure is over, however it ended."""
    unit: str | None = None
    """The responsible unit, as ``unit/<name>``."""
    category: Category | None = None
    waiting_for: str | None = None
    """An office's id: cases in which it must do something."""


class Cursor(Value):
    """Where a page of cases ends; as text (``str``, ``parse``) it goes through addresses unharmed."""

    received_at: Instant
    case_no: str

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.received_at.isoformat()} {self.case_no}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cursor that gave this text.

        Raises:
            ValueError: None did.
        """
        padded = text + "=" * (-len(text) % 4)
        received_at, _, case_no = base64.urlsafe_b64decode(padded.encode("ascii")).decode().partition(" ")
        return cls(received_at=datetime.fromisoformat(received_at), case_no=case_no)


class CaseSummary(Value):
    """A case as a list or the wall shows it."""

    case_no: str
    stage: Stage
    sticker: Sticker | None
    starred: bool
    overdue: bool
    county: str
    responsible_unit: str | None
    round: int
    received_at: Instant
    due_at: Instant
    closed_at: Instant | None
    outcome: Outcome | None
    within_target: bool | None
    within_mandate: bool | None
    categories: tuple[Category, ...]
    channel: Channel
    batch: int | None
    location: str
    summary: str
    coverage: CoverageState
    breaches: int
    waiting_for: tuple[Waiting, ...]
    """The most pressing first."""
    seq: int


class CasePage(Value):
    """A page of a list; ``next`` leads to the one after it, none at the end."""

    cases: tuple[CaseSummary, ...]
    next: Cursor | None


class WorkItem(Value):
    """Something that an office must do, and for which case."""

    case_no: str
    what: MessageKind
    due_at: Instant
    """By when the office must do it."""
    stage: Stage
    sticker: Sticker | None
    starred: bool
    overdue: bool
    county: str
    responsible_unit: str | None
    round: int
    received_at: Instant
    case_due_at: Instant
    """By when the case must be concluded."""
    location: str
    summary: str


class Reading(OnPool):
    """Reading; times come in UTC. All methods raise ``StoreError`` as its kinds say."""

    async def case(self, case_no: str) -> dict[str, Any] | None:
        """A case as the query ``case`` shows it, or none if there is no such case."""
        async with self._connected() as connection:
            return await connection.fetchval(*_CASE_VIEW(case_no=case_no))

    async def whereabouts(self, case_no: str) -> Whereabouts | None:
        """To whom a case belongs, which decides who sees it; none if there is no such case."""
        async with self._connected() as connection:
            row = await connection.fetchrow(*_WHEREABOUTS(case_no=case_no))
        return Whereabouts(county=row["county"], units=tuple(row["units"])) if row else None

    async def timeline(
        self, case_no: str, after_seq: int = 0, limit: int = 500, *, with_refusals: bool = False
    ) -> list[Line]:
        """What happened to a case, in order.

        Args:
            case_no: The case.
            after_seq: The last entry that is known already.
            limit: How many lines at the most.
            with_refusals: Also messages that were refused, which the case's own timeline leaves out.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(
                *_TIMELINE(case_no=case_no, after=after_seq, limit=limit, with_refusals=with_refusals)
            )
        return [
            Line(
                seq=row["seq"],
                at=row["at"],
                event=row["event"],
                by=Person(office=row["by_office"], name=row["by_name"]) if row["by_office"] else None,
                text=row["line"],
            )
            for row in rows
        ]

    async def cases(
        self,
        filters: CaseFilters | None = None,
        cursor: Cursor | None = None,
        limit: int = 100,
        *,
        sight: Sight = EVERYTHING,
    ) -> CasePage:
        """A page of cases, the latest hand-over first.

        Args:
            filters: Which cases; all of them must hold.
            cursor: Where the page before ended; none: the first page.
            limit: How many cases at the most.
            sight: Only cases that are in sight.
        """
        wanted = (filters or CaseFilters()).model_dump()
        before = {
            "before_received_at": cursor.received_at if cursor else None,
            "before_case_no": cursor.case_no if cursor else None,
        }
        async with self._connected() as connection:
            rows = await connection.fetch(*_CASES(**wanted, **before, **sight_parameters(sight), limit=limit + 1))
        found = tuple(_summary(dict(row)) for row in rows[:limit])
        last = found[-1] if len(rows) > limit and found else None
        return CasePage(cases=found, next=Cursor(received_at=last.received_at, case_no=last.case_no) if last else None)

    async def work_list(self, office: str, limit: int = 500) -> list[WorkItem]:
        """What an office must do, the most pressing first.

        Args:
            office: The office's id.
            limit: How many at the most.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(*_WORK_LIST(office=office, limit=limit))
        return [WorkItem.model_validate(dict(row)) for row in rows]

    async def figures(self, at: datetime, *, sight: Sight = EVERYTHING) -> Figures:
        """The figures as of a moment (inclusive), from the record alone.

        Args:
            at: The moment, aware, on the cases' own clock.
            sight: Only of cases that are in sight now; by default of all.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(*_CASE_FACTS(at=at, everything=sight.everything, **sight_parameters(sight)))
        return figures((CaseFacts.model_validate(dict(row)) for row in rows), at)

    async def bulletin(self, day: date, jurisdiction: Jurisdiction) -> Bulletin | None:
        """The bulletin of a day, from the record alone, or none if no batch was handed over that day.

        Args:
            day: The day where the jurisdiction is.
            jurisdiction: Says which regions there are, and what time it is there.
        """
        bounds = bulletin_day(day, jurisdiction)
        async with self._connected() as connection:
            rows = await connection.fetch(*_HAND_OVER_FACTS(before=bounds.ends, star_at=bounds.ten))
        return bulletin((HandOverFacts.model_validate(dict(row)) for row in rows), bounds, jurisdiction)


def sight_parameters(sight: Sight) -> dict[str, str | None]:
    """A sight as the queries take it."""
    return {"sight_county": sight.county, "sight_unit": sight.unit}


def _summary(columns: dict[str, Any]) -> CaseSummary:
    coverage = CoverageState(
        instruction=columns.pop("has_instruction"),
        supervision=columns.pop("has_supervision"),
        task_force=columns.pop("has_task_force"),
        revisit=columns.pop("has_revisit"),
    )
    return CaseSummary.model_validate({**columns, "coverage": coverage})
