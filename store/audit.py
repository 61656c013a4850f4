"""Checking the read model against the record, and mending it: the record itself is never touched."""

from typing import Any, cast

from pydantic_core import from_json

from petitions.case import Case
from petitions.values import Value
from store import queries
from store.connection import OnPool, PooledConnection
from store.errors import StoreAwayError
from store.record import folded, write_case
from store.rows import Row, case_columns, waiting_rows

_SQL = queries.load("audit")
_CASE_NUMBERS, _CASE_ROW, _DROP_ROW = _SQL["case_numbers"], _SQL["case_row"], _SQL["drop_row"]

_OPEN_NUMBERS = _SQL["open_numbers"]

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
    can_be_mended: bool = True
    """False: the record of the case cannot be folded, so there is nothing to mend its row by."""


class Audit(OnPool):
    """Comparing the read model with the record, and making it anew, beside the running service."""

    async def differences(self) -> list[Difference]:
        """Where the read model is not what the record gives; nothing is changed.

        Cases may be written meanwhile.

        Raises:
            StoreError: As its kinds say.
        """
        return await self._each_case(repair=False)

    async def rebuild(self) -> list[Difference]:
        """Make the read model anew from the record, case by case, each in a transaction.

        Cases may be written meanwhile. A case whose record cannot be folded is told and left as it is.

        Returns:
            What was not as the record has it, and is now.

        Raises:
            StoreError: As its kinds say.
        """
        return await self._each_case(repair=True)

    async def open_case_numbers(self) -> tuple[str, ...]:
        """The cases that are open by the read model, in order.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            return tuple(row["case_no"] for row in await connection.fetch(*_OPEN_NUMBERS()))

    async def _each_case(self, *, repair: bool) -> list[Difference]:
        differences: list[Difference] = []
        after = ""
        while True:
            async with self._connected() as connection:
                page = await connection.fetch(*_CASE_NUMBERS(after=after, limit=_PAGE))
                for row in page:
                    differences += await _compare(connection, row["case_no"], repair=repair)
            if len(page) < _PAGE:
                return differences
            after = page[-1]["case_no"]


async def _compare(connection: PooledConnection, case_no: str, *, repair: bool) -> list[Difference]:
    for _ in range(_TRIES):
        differences = await _try_to_compare(connection, case_no, repair=repair)
        if differences is not None:
            return differences
    raise StoreAwayError(f"case {case_no} is written by others all the time")


async def _try_to_compare(connection: PooledConnection, case_no: str, *, repair: bool) -> list[Difference] | None:
    """None: somebody has written the case between the two readings, so that they differ without being wrong."""
    stored = await connection.fetchrow(*_CASE_ROW(case_no=case_no))
    try:
        case, head_hash = await folded(connection, case_no)
    except (ValueError, TypeError, AssertionError) as error:
        # Not only what is out of order: a forged record may ask of the rules what no case could have led to.
        what = f"a record that cannot be folded: {error}"
        return [Difference(case_no=case_no, column="*", stored="a row", rebuilt=what[:_SHOWN], can_be_mended=False)]
    revision: int = stored["revision"] if stored else 0
    if case is None and stored is None:
        return []
    if case is None:
        dropped = await connection.fetchval(*_DROP_ROW(case_no=case_no, revision=revision)) if repair else stored
        return [Difference(case_no=case_no, column="*", stored="a row", rebuilt="no record")] if dropped else None
    if stored is None:
        differences = [Difference(case_no=case_no, column="*", stored="no row", rebuilt=f"entry {case.seq}")]
    else:
        differences = _differences(case_no, dict(stored), case, head_hash)
    if not differences:
        return []
    if repair:
        written = await write_case(connection, case, revision=revision, head_hash=head_hash) is not None
        return differences if written else None
    again = await connection.fetchrow(*_CASE_ROW(case_no=case_no))
    return differences if (again["revision"] if again else 0) == revision else None


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
