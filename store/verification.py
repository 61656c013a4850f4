"""Verifying the record against itself, against what the read model remembers of it, and the reports against it."""

from collections.abc import AsyncGenerator, Mapping
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from petitions.events import Entry
from store import queries
from store.chain import entry_hash
from store.connection import OnPool
from store.problems import REPAIR, RESTORE, Problem, entries_told
from store.rows import event_columns

_SQL = queries.load("audit")
_RECORD_PAGE, _OTHER_TAILS = _SQL["record_page"], _SQL["other_tails"]
_REPORTS_PAGE, _SUBMISSIONS_PAGE = _SQL["reports_page"], _SQL["submissions_page"]

_PAGE = 200
_WAIT = "do not run guatu rebuild --repair before this is cleared up: the read model is the evidence"
_ADDED = (
    "it was added past guatu, or the read model was put back: find out which, and who had the rights of the table's "
    "owner; guatu never mends the record"
)


class ChainCheck:
    """Checks the rows of one case's record one after the other, from the first on.

    Args:
        case_no: The case.
    """

    def __init__(self, case_no: str) -> None:
        self.case_no = case_no
        self.seq = 0
        """Of the row that was checked last."""
        self.hash: bytes | None = None
        """Of the row that was checked last."""

    def problems(self, row: Mapping[str, Any]) -> list[Problem]:
        """What is wrong with the next row.

        Args:
            row: ``seq``, ``prev_hash``, ``hash``, ``entry``; and the columns beside them, if they are to be checked.
        """
        found: list[Problem] = []
        seq: int = row["seq"]
        if seq != self.seq + 1:
            first, last = self.seq + 1, seq - 1
            what = f"{entries_told(first, last)} missing" if last >= first else "it is out of order"
            found.append(self._problem(first if last >= first else seq, what))
        elif row["prev_hash"] != self.hash:
            found.append(self._problem(seq, "it is not chained to the entry before it"))
        found += [self._problem(seq, what) for what in _by_itself(self.case_no, row)]
        self.seq, self.hash = seq, row["hash"]
        return found

    def _problem(self, seq: int, what: str) -> Problem:
        return Problem(case_no=self.case_no, seq=seq, what=what)


class Verification(OnPool):
    """Verifying what is stored, beside the running service."""

    async def verify(self) -> AsyncGenerator[Problem]:
        """Verify the record: the hash chain of every case, the columns beside each entry, and the end of each case.

        That entries are missing or were added at the end of a case, or whole cases, is known from the read model
        alone; ``Heads.verify_heads`` knows it otherwise.

        Yields:
            What is wrong, by case and entry.

        Raises:
            StoreError: As its kinds say.
        """
        check = ChainCheck("")
        while True:
            async with self._connected() as connection:
                page = await connection.fetch(*_RECORD_PAGE(case_no=check.case_no, seq=check.seq, limit=_PAGE))
            for row in page:
                if row["case_no"] != check.case_no:
                    check = ChainCheck(row["case_no"])
                for problem in check.problems(dict(row)):
                    yield problem
            if len(page) < _PAGE:
                break
        async with self._connected() as connection:
            tails = await connection.fetch(*_OTHER_TAILS())
        for row in tails:
            yield _told_of_tail(dict(row))

    async def verify_reports(self) -> AsyncGenerator[Problem]:
        """Verify the handling reports: each as it was submitted, and every submission that is recorded there.

        Yields:
            What is wrong, by case.

        Raises:
            StoreError: As its kinds say.
        """
        case_no, key = "", ""
        while True:
            async with self._connected() as connection:
                page = await connection.fetch(*_REPORTS_PAGE(case_no=case_no, key=key, limit=_PAGE))
            for row in page:
                case_no, key = row["case_no"], row["key"]
                if sha256(row["text"].encode()).digest() != row["sha256"]:
                    yield Problem(case_no=case_no, what=f"the text of its handling report {key} is not as submitted")
            if len(page) < _PAGE:
                break
        case_no, seq = "", 0
        while True:
            async with self._connected() as connection:
                page = await connection.fetch(*_SUBMISSIONS_PAGE(case_no=case_no, seq=seq, limit=_PAGE))
            for row in page:
                case_no, seq = row["case_no"], row["seq"]
                if not row["kept"]:
                    what = "the handling report that was submitted here is missing, or another stands in its place"
                    yield Problem(case_no=case_no, seq=seq, what=what)
            if len(page) < _PAGE:
                return


def _by_itself(case_no: str, row: Mapping[str, Any]) -> list[str]:
    """What is wrong with a row whatever stands before it."""
    found: list[str] = []
    if entry_hash(case_no, row["seq"], row["prev_hash"], row["entry"]) != row["hash"]:
        found.append("its hash does not fit its content")
    try:
        entry = Entry.model_validate_json(row["entry"])
    except ValidationError as error:
        return [*found, f"it cannot be read: {error.error_count()} mistakes"]
    if entry.seq != row["seq"]:
        # Of all that is wrong then, this says what was done.
        return [f"another entry stands here: by its own text it is entry {entry.seq}, so entries were swapped or moved"]
    beside = {column: value for column, value in event_columns(entry).items() if column in row}
    wrong = sorted(column for column, value in beside.items() if row[column] != value)
    if wrong:
        found.append(f"its columns are not what it says: {', '.join(wrong)}")
    return found


def _told_of_tail(row: Mapping[str, Any]) -> Problem:
    """What is wrong where the record of a case does not end as the read model knows it."""
    case_no, known, last = row["case_no"], row["known_seq"], row["last_seq"]
    if last is None:
        what = f"its whole record is missing: the read model knows its entries 1 to {known}"
        return Problem(case_no=case_no, what=what, todo=f"{RESTORE}; {_WAIT}")
    if known is None:
        what = f"the read model has no row of this case, whose record has {last} entries"
        return Problem(case_no=case_no, what=what, todo=f"{_ADDED}; {REPAIR}")
    if last < known:
        what = f"{entries_told(last + 1, known)} missing at the end: the read model knows entry {known}"
        return Problem(case_no=case_no, seq=last + 1, what=what, todo=f"{RESTORE}; {_WAIT}")
    if row["as_known"] is False:
        what = "the read model knows this entry otherwise"
        return Problem(case_no=case_no, seq=known, what=what, todo=f"{RESTORE}; {_WAIT}")
    what = f"{entries_told(known + 1, last)} unknown to the read model, which ends with entry {known}"
    return Problem(case_no=case_no, seq=known + 1, what=what, todo=_ADDED)
