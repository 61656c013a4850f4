"""The whole of a case as the archive wants it (一案一档): its record, its reports and its notices, of one moment.

Of the complainant there is nothing here: those details stand in a table of their own, which this never reads.
"""

from typing import Any

from petitions.notices import NoticeState
from petitions.values import Instant, Value
from store import queries
from store.connection import OnPool
from store.heads import Digest

_SQL = queries.load("exports")
_ENTRIES, _REPORTS, _NOTICES = _SQL["entries"], _SQL["reports"], _SQL["notices"]


class RecordedEntry(Value):
    """An entry as it is chained."""

    seq: int
    prev_hash: Digest | None
    hash: Digest
    entry: str
    """The exact text, of which the hash is."""


class ExportedReport(Value):
    """A handling report as it was submitted."""

    key: str
    sha256: Digest
    """Of the text in UTF-8."""
    title: str
    text: str
    submitted_at: Instant


class ExportedNotice(Value):
    """A notice and what became of it."""

    key: str
    to_office: str
    title: str
    body: str
    urgent: bool
    state: NoticeState
    attempts: int
    created_at: Instant
    sent_at: Instant | None


class WholeCase(Value):
    """All that is stored of a case."""

    case_no: str
    entries: tuple[RecordedEntry, ...]
    reports: tuple[ExportedReport, ...]
    notices: tuple[ExportedNotice, ...]


class Exports(OnPool):
    """Reading whole cases."""

    async def whole_case(self, case_no: str) -> WholeCase | None:
        """All that is stored of a case, as it was at one moment; none if it has no record.

        Raises:
            StoreError: As its kinds say.
        """
        async with (
            self._connected() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            entries = await connection.fetch(*_ENTRIES(case_no=case_no))
            reports = await connection.fetch(*_REPORTS(case_no=case_no))
            notices = await connection.fetch(*_NOTICES(case_no=case_no))
        if not entries:
            return None
        return WholeCase(
            case_no=case_no,
            entries=tuple(RecordedEntry.model_validate(_in_hex(row)) for row in entries),
            reports=tuple(ExportedReport.model_validate(dict(row)) for row in reports),
            notices=tuple(ExportedNotice.model_validate(dict(row)) for row in notices),
        )


def _in_hex(row: Any) -> dict[str, Any]:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}
