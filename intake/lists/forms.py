"""Which form a list has: its first bytes say it surely, then its media type, its name, and what it looks like."""

from enum import Enum
from pathlib import PurePath
from typing import Final

from intake.lists.errors import UnknownFormError

_ZIP = b"PK"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BOM = b"\xef\xbb\xbf"


class ListForm(Enum):
    """A form in which lists are sent; the value is what people call it."""

    CSV = "CSV"
    XLSX = "XLSX"
    JSON_LINES = "JSON Lines"


_MEDIA_TYPES: Final = {
    "text/csv": ListForm.CSV,
    "application/csv": ListForm.CSV,
    "text/tab-separated-values": ListForm.CSV,
    # What browsers under Windows send for .csv where Excel is installed; a real .xls is told by its bytes.
    "application/vnd.ms-excel": ListForm.CSV,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ListForm.XLSX,
    "application/jsonl": ListForm.JSON_LINES,
    "application/x-jsonl": ListForm.JSON_LINES,
    "application/jsonlines": ListForm.JSON_LINES,
    "application/x-jsonlines": ListForm.JSON_LINES,
    "application/x-ndjson": ListForm.JSON_LINES,
    "application/ndjson": ListForm.JSON_LINES,
    "application/json": ListForm.JSON_LINES,
}
_SUFFIXES: Final = {
    ".csv": ListForm.CSV,
    ".tsv": ListForm.CSV,
    ".xlsx": ListForm.XLSX,
    ".xlsm": ListForm.XLSX,
    ".jsonl": ListForm.JSON_LINES,
    ".ndjson": ListForm.JSON_LINES,
    ".json": ListForm.JSON_LINES,
}


def form_of(content: bytes, *, media_type: str | None = None, file_name: str | None = None) -> ListForm:
    """The form of a list.

    Args:
        content: the list, or its beginning.
        media_type: what it was sent as, with or without parameters; one that is not known says nothing.
        file_name: its name, of which only the ending counts.

    Raises:
        UnknownFormError: it is a workbook of the old format, or locked by a password.
    """
    if content.startswith(_ZIP):
        return ListForm.XLSX
    if content.startswith(_OLD_OFFICE):
        raise UnknownFormError("这是旧版 Excel（.xls）或加了密码的工作簿；请去掉密码，另存为 .xlsx 后重新提交")
    declared = _MEDIA_TYPES.get((media_type or "").partition(";")[0].strip().lower())
    if declared is None:
        declared = _SUFFIXES.get(PurePath(file_name or "").suffix.lower())
    if declared is not None:
        return declared
    return ListForm.JSON_LINES if content.removeprefix(_BOM).lstrip().startswith(b"{") else ListForm.CSV
