"""Checking what is stored: the read model against the record, and the record against itself."""

from collections.abc import AsyncGenerator
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import from_json

from petitions.case import Case
from petitions.events import Entry
from petitions.values import Value
from store import queries
from store.chain import entry_hash
from store.connection import OnPool, PooledConnection
from store.errors import StoreAwayError
from store.record import folded, write_case
from store.rows import Row, case_columns, event_columns, waiting_rows

_SQL = queries.load("audit")
_CASE_NUMBERS, _CASE_ROW, _DROP_ROW = _SQL["case_numbers"], _SQL["case_row"], _SQL["drop_row"]
_RECORD_PAGE, _LOST_TAILS = _SQL["record_page"], _SQL["lost_tails"]

_PAGE = 200
_TRIES = 50
_JSON_COLUMNS = ("view", "state")
_SHOWN = 200
"""Characters of a value that a difference shows."""


class Difference(Value):
    """Where the read model was not what the record gives."""

    case_no: str
    column: str
    """The column, for JSON with the key in it (``view.stage``); ``waiting``; ``*`` for the whole row."""
    stored: str
    rebuilt: str


class Problem(Value):
    """Where the record is not as it was written."""

    case_no: str
    seq: int
    what: str


class Audit(OnPool):
    """Rebuilding the read model and verifying the record, beside the running service."""

    async def rebuild(self) -> list[Difference]:
        """Make the read model anew from the record, case by case, each in a transaction.

        Cases may be written meanwhile. A case whose record cannot be folded is told and left as it is.

        Returns:
            What was not as the record has it, and is now.

        Raises:
            StoreError: As its kinds say.
        """
        differences: list[Difference] = []
        after = ""
        while True:
            async with self._connected() as connection:
                page = await connection.fetch(*_CASE_NUMBERS(after=after, limit=_PAGE))
                for row in page:
                    differences += await _rebuild(connection, row["case_no"])
            if len(page) < _PAGE:
                return differences
            after = page[-1]["case_no"]

    async def verify(self) -> AsyncGenerator[Problem]:
        """Verify the record: gaps, the hash chain of every case, and the columns beside each entry.

        Entries missing at the end of a case are known from the read model's row alone.

        Yields:
            What is wrong, by case and entry.

        Raises:
            StoreError: As its kinds say.
        """
        case_no, seq, prev_hash = "", 0, None
        while True:
            async with self._connected() as connection:
                page = await connection.fetch(*_RECORD_PAGE(case_no=case_no, seq=seq, limit=_PAGE))
            for row in page:
                if row["case_no"] != case_no:
                    case_no, seq, prev_hash = row["case_no"], 0, None
                for what in _problems(dict(row), seq, prev_hash):
                    yield Problem(case_no=case_no, seq=row["seq"], what=what)
                seq, prev_hash = row["seq"], row["hash"]
            if len(page) < _PAGE:
                break
        async with self._connected() as connection:
            lost = await connection.fetch(*_LOST_TAILS())
        for row in lost:
            yield Problem(case_no=row["case_no"], seq=row["seq"], what="the read model knows this entry otherwise")


def _problems(row: Row, last_seq: int, last_hash: bytes | None) -> list[str]:
    """What is wrong with a row of the record, given the row before it in the same case."""
    problems: list[str] = []
    if row["seq"] != last_seq + 1:
        problems.append(f"entries {last_seq + 1} to {row['seq'] - 1} are missing")
    elif row["prev_hash"] != last_hash:
        problems.append("it is not chained to the entry before it")
    if entry_hash(row["case_no"], row["seq"], row["prev_hash"], row["entry"]) != row["hash"]:
        problems.append("its hash does not fit its content")
    try:
        entry = Entry.model_validate_json(row["entry"])
    except ValidationError as error:
        return [*problems, f"it cannot be read: {error.error_count()} mistakes"]
    wrong = sorted(column for column, value in event_columns(entry).items() if row[column] != value)
    if wrong:
        problems.append(f"its columns are not what it says: {', '.join(wrong)}")
    return problems


async def _rebuild(connection: PooledConnection, case_no: str) -> list[Difference]:
    for _ in range(_TRIES):
        differences = await _try_to_rebuild(connection, case_no)
        if differences is not None:
            return differences
    raise StoreAwayError(f"case {case_no} is written by others all the time")


async def _try_to_rebuild(connection: PooledConnection, case_no: str) -> list[Difference] | None:
    """None: somebody has written the case between the two readings, so that they differ without being wrong."""
    stored = await connection.fetchrow(*_CASE_ROW(case_no=case_no))
    try:
        case, head_hash = await folded(connection, case_no)
    except ValueError as error:
        return [Difference(case_no=case_no, column="*", stored="", rebuilt=f"cannot be folded: {error}"[:_SHOWN])]
    revision: int = stored["revision"] if stored else 0
    if case is None:
        dropped = await connection.fetchval(*_DROP_ROW(case_no=case_no, revision=revision))
        return [Difference(case_no=case_no, column="*", stored="a row", rebuilt="no record")] if dropped else None
    if stored is None:
        differences = [Difference(case_no=case_no, column="*", stored="no row", rebuilt=f"entry {case.seq}")]
    else:
        differences = _differences(case_no, dict(stored), case, head_hash)
    if differences and await write_case(connection, case, revision=revision, head_hash=head_hash) is None:
        return None
    return differences


def _differences(case_no: str, stored: Row, case: Case, head_hash: bytes | None) -> list[Difference]:
    rebuilt = case_columns(case) | {"hash": head_hash}
    pairs: list[tuple[str, Any, Any]] = [
        (column, stored[column], value) for column, value in rebuilt.items() if column not in _JSON_COLUMNS
    ]
    for column in _JSON_COLUMNS:
        old, new = _keys(stored[column]), _keys(str(rebuilt[column]))
        pairs += [(f"{column}.{key}", old.get(key), new.get(key)) for key in dict.fromkeys((*new, *old))]
    waiting = [tuple(row.values()) for row in waiting_rows(case)]
    pairs.append(("waiting", sorted(tuple(row) for row in stored["waiting"]), sorted(waiting)))
    return [
        Difference(case_no=case_no, column=column, stored=_shown(old), rebuilt=_shown(new))
        for column, old, new in pairs
        if old != new
    ]


def _keys(text: str) -> dict[str, Any]:
    read: Any = from_json(text)
    return cast("dict[str, Any]", read) if isinstance(read, dict) else {"": read}


def _shown(value: Any) -> str:
    return str(value)[:_SHOWN]
