"""The record: entries, the read model that follows from them and the ledger of notices, written together or not at all.

A case is read, folded and written back in two round trips without a lock: the write takes effect only if the row is
still the one that was read, else all begins again. Whoever loses such a race has lost it to somebody who got on.
"""

from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
from pydantic import ValidationError

from petitions.case import Case
from petitions.case_rules import CaseRules
from petitions.events import Entry, HandedOver
from petitions.evolution import evolve, fold
from petitions.notices import NoticeOutcome, has_address, notices_for
from petitions.values import Value
from store import queries
from store.connection import OnPool, Pool, PooledConnection
from store.errors import RecordConflictError, RecordGapError, StoreAwayError
from store.rows import (
    EVENT_COLUMNS,
    NOTICE_COLUMNS,
    OUTCOME_COLUMNS,
    WAITING_COLUMNS,
    NewNotice,
    Row,
    as_arrays,
    case_columns,
    chained,
    latest_outcomes,
    notice_rows,
    outcome_rows,
    waiting_rows,
)

CASE_CHANNEL = "guatu_case"
"""The channel on which Postgres tells the number of every case that was written."""

_SQL = queries.load("record")
_HEAD, _WRITE, _ENTRIES = _SQL["head"], _SQL["write"], _SQL["entries"]
_TELL = queries.load("notices")["tell"]

_TRIES = 50
"""Races lost in a row after which something is wrong."""
_PAGE = 200


class Recorded(Value):
    """What a writing came to."""

    last_seq: int
    """The last entry that the case's record has now; 0: it has none."""
    written: int
    """How many entries were new."""
    unknown_outcomes: tuple[str, ...] = ()
    """Keys of outcomes whose notices the ledger has not; nothing was kept of these."""


OnWritten = Callable[[Case, Sequence[Entry]], None]
"""Is told of new entries that Postgres has just confirmed, and of the case after them; it must not fail."""


class Recording(OnPool):
    """Writing the record."""

    def __init__(self, pool: Pool, on_written: OnWritten | None = None) -> None:
        super().__init__(pool)
        self._on_written = on_written

    async def record(self, case_no: str, entries: Sequence[Entry], outcomes: Sequence[NoticeOutcome] = ()) -> Recorded:
        """Write entries, what follows from them, and what became of notices, in one transaction.

        Sent once more, what is recorded already changes nothing.

        Args:
            case_no: The case.
            entries: Entries in order, without a gap between them; some or all may be recorded already.
            outcomes: What became of notices; a notice that is known to be sent stays so.

        Raises:
            RecordConflictError: Another entry is recorded where one of these should be, or one of them cannot
                follow the record as it is. Nothing was written.
            RecordGapError: Entries before the first of these are missing. Nothing was written.
            StoreError: As its other kinds say; after a ``StoreAwayError`` it may have been written all the same.
        """
        _check_in_order(case_no, entries)
        latest = latest_outcomes(outcomes)
        async with self._connected() as connection:
            for _ in range(_TRIES):
                done = await self._try_to_record(connection, case_no, entries, latest)
                if done is not None:
                    return done
        raise StoreAwayError(f"case {case_no} is written by others all the time")

    async def recorded_rules(self, case_no: str) -> CaseRules | None:
        """The rules with which a case was opened, or none if it has no record.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            first = await connection.fetchrow(*_ENTRIES(case_no=case_no, after=0, limit=1))
        if first is None:
            return None
        happened = Entry.model_validate_json(first["entry"]).happened
        return happened.rules if isinstance(happened, HandedOver) else None

    async def entries(self, case_no: str, after: int = 0) -> tuple[Entry, ...]:
        """Entries of a case's record in order, those after a sequence number; 200 at the most.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            page = await connection.fetch(*_ENTRIES(case_no=case_no, after=after, limit=_PAGE))
        return tuple(Entry.model_validate_json(row["entry"]) for row in page)

    async def _try_to_record(
        self,
        connection: PooledConnection,
        case_no: str,
        entries: Sequence[Entry],
        outcomes: dict[str, NoticeOutcome],
    ) -> Recorded | None:
        """None: somebody else has written the case since it was read."""
        first, last = (entries[0].seq, entries[-1].seq) if entries else (0, 0)
        head = await connection.fetchrow(*_HEAD(case_no=case_no, first=first, last=last))
        assert head is not None  # its FROM always gives a row
        last_seq: int = head["last_seq"]
        if first > last_seq + 1:
            raise RecordGapError(case_no, last_seq + 1, first)
        _check_same(case_no, entries, head["known"])
        new = [entry for entry in entries if entry.seq > last_seq]
        if not new:
            return Recorded(last_seq=last_seq, written=0, unknown_outcomes=await _tell(connection, outcomes))
        case, notices = _follow(case_no, await _standing(connection, case_no, head), new, outcomes)
        unknown = await write_case(
            connection,
            case,
            revision=head["revision"],
            events=chained(case_no, new, head["last_hash"]),
            notices=notice_rows(notices),
            outcomes=outcome_rows({key: outcome for key, outcome in outcomes.items() if key not in _keys(notices)}),
        )
        if unknown is None:
            return None
        if self._on_written:
            self._on_written(case, new)
        return Recorded(last_seq=last, written=len(new), unknown_outcomes=unknown)


async def write_case(
    connection: PooledConnection,
    case: Case,
    *,
    revision: int,
    events: Sequence[Row] = (),
    notices: Sequence[Row] = (),
    outcomes: Sequence[Row] = (),
    head_hash: bytes | None = None,
) -> tuple[str, ...] | None:
    """Write a case's row and what it is to be written with, if its row is still of this revision (0: has none).

    Args:
        connection: Where to.
        case: The case after all of its entries.
        revision: The revision of the row that was read.
        events: New rows of the record.
        notices: New rows of the ledger.
        outcomes: Changes to other rows of the ledger.
        head_hash: Without new rows: the hash of the last entry.

    Returns:
        The keys of outcomes that the ledger has not; none at all: the row is another now, and nothing was written.
    """
    try:
        written = await connection.fetchrow(
            *_WRITE(
                **case_columns(case),
                hash=events[-1]["hash"] if events else head_hash,
                revision=revision,
                notify_on=CASE_CHANNEL,
                **as_arrays("events", EVENT_COLUMNS, events),
                **as_arrays("waiting", WAITING_COLUMNS, waiting_rows(case)),
                **as_arrays("notices", [column for column in NOTICE_COLUMNS if column != "case_no"], notices),
                **as_arrays("outcomes", OUTCOME_COLUMNS, outcomes),
            )
        )
    except asyncpg.UniqueViolationError:
        # The row was taken out of the read model meanwhile, and so did not tell that the record has gone on.
        return None
    return None if written is None else tuple(written["unknown"])


async def folded(connection: PooledConnection, case_no: str) -> tuple[Case | None, bytes | None]:
    """The case as its whole record gives it, with the hash of the last entry.

    Raises:
        ValueError: The record cannot be read or folded.
    """
    case: Case | None = None
    head_hash: bytes | None = None
    while True:
        after = case.seq if case else 0
        page = await connection.fetch(*_ENTRIES(case_no=case_no, after=after, limit=_PAGE))
        case = fold((Entry.model_validate_json(row["entry"]) for row in page), case)
        if page:
            head_hash = page[-1]["hash"]
        if len(page) < _PAGE:
            return case, head_hash


async def _standing(connection: PooledConnection, case_no: str, head: "asyncpg.Record") -> Case | None:
    """The case before the new entries: as its row has it, or folded anew if the row cannot be relied on."""
    if head["last_seq"] == 0:
        return None
    if head["state_seq"] == head["last_seq"]:
        try:
            return Case.model_validate_json(head["state"])
        except ValidationError:
            pass  # written by another version
    try:
        case, _ = await folded(connection, case_no)
    except ValueError as error:
        raise RecordConflictError(case_no, head["last_seq"] + 1, f"what is recorded cannot be read: {error}") from error
    return case


def _follow(
    case_no: str, case: Case | None, entries: Sequence[Entry], outcomes: dict[str, NoticeOutcome]
) -> tuple[Case, list[NewNotice]]:
    """The case after the new entries, and the notices that they give rise to."""
    notices: list[NewNotice] = []
    for entry in entries:
        try:
            case = evolve(case, entry)
        except (ValueError, TypeError) as error:
            raise RecordConflictError(case_no, entry.seq, str(error)) from error
        if case.case_no != case_no:
            raise RecordConflictError(case_no, entry.seq, f"it is of case {case.case_no}")
        notices += [
            NewNotice(notice, entry.at, outcomes.get(notice.key), has_address(case, notice))
            for notice in notices_for(case, entry)
        ]
    assert case is not None  # there is at least one new entry
    return case, notices


def _keys(notices: Sequence[NewNotice]) -> set[str]:
    return {new.notice.key for new in notices}


async def _tell(connection: PooledConnection, outcomes: dict[str, NoticeOutcome]) -> tuple[str, ...]:
    if not outcomes:
        return ()
    rows = await connection.fetch(*_TELL(**as_arrays("outcomes", OUTCOME_COLUMNS, outcome_rows(outcomes))))
    return tuple(row["key"] for row in rows)


def _check_in_order(case_no: str, entries: Sequence[Entry]) -> None:
    for place, entry in enumerate(entries):
        expected = entries[0].seq + place
        if entry.seq != expected:
            raise RecordGapError(case_no, expected, entry.seq)


def _check_same(case_no: str, entries: Sequence[Entry], known: Sequence[Any]) -> None:
    for entry, text in zip(entries, known, strict=False):
        # Compared by what they say: another version may write the same entry in another form.
        if entry.model_dump_json() != text and not _says_the_same(entry, text):
            raise RecordConflictError(case_no, entry.seq, "another entry is recorded in its place")


def _says_the_same(entry: Entry, text: str) -> bool:
    try:
        return Entry.model_validate_json(text) == entry
    except ValidationError:
        return False
