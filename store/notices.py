"""The ledger of notices: what is to be told to whom, and what became of it."""

from collections.abc import Iterable, Sequence

from petitions.notice_texts import ToDo
from petitions.notices import Notice, NoticeOutcome, NoticeState
from petitions.values import Instant, Value
from store import queries
from store.connection import OnPool
from store.rows import NOTICE_COLUMNS, NewNotice, as_arrays, latest_outcomes, notice_rows

_SQL = queries.load("notices")
_SENT, _MARK, _OF_CASE, _UNDELIVERED = _SQL["sent"], _SQL["mark"], _SQL["of_case"], _SQL["undelivered"]
_TO_DO, _ENTERED, _BY_STATE = _SQL["to_do"], _SQL["entered"], _SQL["by_state"]


class LedgerNotice(Value):
    """A notice as the ledger has it."""

    key: str
    case_no: str
    to_office: str
    title: str
    body: str
    urgent: bool
    state: NoticeState
    attempts: int
    last_error: str | None
    """Why the latest attempt failed; none once it is sent."""
    created_at: Instant
    """When it arose, on the case's clock, as ``sent_at``."""
    sent_at: Instant | None


class NoticeLedger(OnPool):
    """Reading and marking the ledger; the record enters into it what arises (``Recording.record``)."""

    async def already_sent(self, keys: Iterable[str]) -> set[str]:
        """Which of these notices are known to be sent.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            return {row["key"] for row in await connection.fetch(*_SENT(keys=list(keys)))}

    async def entered(self, keys: Iterable[str]) -> set[str]:
        """Which of these notices the ledger has, whatever became of them.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            return {row["key"] for row in await connection.fetch(*_ENTERED(keys=list(keys)))}

    async def mark(self, outcomes: Sequence[NoticeOutcome], notices: Iterable[Notice]) -> None:
        """Keep what became of notices, also of those that the record has not entered yet.

        What is sent stays sent, and of two failures the later attempt counts; a repeat changes nothing.

        Args:
            outcomes: What became of them.
            notices: The notices themselves; one without an outcome is passed over.

        Raises:
            StoreError: As its kinds say.
        """
        latest = latest_outcomes(outcomes)
        rows = notice_rows(
            NewNotice(notice, latest[notice.key].at, latest[notice.key]) for notice in notices if notice.key in latest
        )
        if rows:
            async with self._connected() as connection:
                await connection.execute(*_MARK(**as_arrays("notices", NOTICE_COLUMNS, rows)))

    async def notices(self, case_no: str) -> list[LedgerNotice]:
        """The notices of a case in the order in which they arose.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(*_OF_CASE(case_no=case_no))
        return [LedgerNotice.model_validate(dict(row)) for row in rows]

    async def undelivered(
        self, limit: int | None = 200, *, office: str | None = None, keys: Sequence[str] | None = None
    ) -> list[LedgerNotice]:
        """Notices that have an address and are not sent, waiting or failed, the oldest first.

        Args:
            limit: How many at the most; none: all.
            office: Only those to this office.
            keys: Only these.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(
                *_UNDELIVERED(limit=limit, office=office, keys=list(keys) if keys is not None else None)
            )
        return [LedgerNotice.model_validate(dict(row)) for row in rows]

    async def notices_by_state(self, office: str | None = None) -> dict[NoticeState, int]:
        """How many notices there are in each state, of those states alone that there are.

        Args:
            office: Only those to this office.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(*_BY_STATE(office=office))
        return {NoticeState(row["state"]): row["notices"] for row in rows}

    async def to_do(self, jurisdiction: str | None, offices: Sequence[str]) -> dict[str, list[ToDo]]:
        """What these offices have to do in the open cases of a jurisdiction, by office; none without anything.

        Args:
            jurisdiction: The file that the cases name; none: those that name none.
            offices: Ids.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            rows = await connection.fetch(*_TO_DO(jurisdiction=jurisdiction, offices=list(offices)))
        found: dict[str, list[ToDo]] = {}
        for row in rows:
            to_do = ToDo.model_validate({name: row[name] for name in ToDo.model_fields})
            found.setdefault(row["office"], []).append(to_do)
        return found
