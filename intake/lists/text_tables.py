"""CSV: in whichever encoding and with whichever separator a program wrote it."""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import Final

from intake.lists.errors import ListTooLargeError, UnreadableListError
from intake.lists.limits import COLUMNS, HEADER_WITHIN
from petitions.lists.columns import read_header

_SEPARATORS: Final = (",", ";", "\t")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_text_table(content: bytes) -> Iterator[list[str]]:
    """The rows of the table, each with its cells; an empty line is an empty row.

    A byte that the encoding does not have becomes U+FFFD, so that only its row is wrong.

    Raises:
        UnreadableListError: quotes have no end; the rows after them cannot be told apart.
        ListTooLargeError: there are too many columns.
    """
    text, separator = _decoded(content)
    # A cell may be as long as the list: what it may hold is said row by row. The limit is the whole process's.
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, row in enumerate(rows, 1):
            if len(row) > COLUMNS and any(cell.strip() for cell in row[COLUMNS:]):
                raise ListTooLargeError(f"第{number}行超过 {COLUMNS} 列；请删去多余的列")
            yield row
    except csv.Error:
        raise UnreadableListError(
            f"第{number + 1}行起双引号没有配对，之后各行无法分清；内容里的双引号应写成两个，请改正后重新提交"
        ) from None


def _decoded(content: bytes) -> tuple[str, str]:
    """The text, and what separates its cells: the first encoding in which a header is understood."""
    best = 0, "", _SEPARATORS[0]
    for encoding, errors in _encodings(content):
        try:
            text = content.decode(encoding, errors).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
        best = max((best, *((_understood(text, each), text, each) for each in _SEPARATORS)), key=lambda found: found[0])
        if best[0]:
            break
    return best[1], best[2]


def _encodings(content: bytes) -> Iterator[tuple[str, str]]:
    """Encodings that it may have, the likeliest first; the last ones let wrong bytes pass."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            yield encoding, "strict"
            yield encoding, "replace"
            return
    if b"\x00" in content[:4096]:  # UTF-16 whose mark is lost: separators and line ends have a zero byte
        yield "utf-16-le", "strict"
        yield "utf-16-be", "strict"
    yield "utf-8", "strict"
    yield "gb18030", "strict"
    yield "utf-8", "replace"
    yield "gb18030", "replace"


def _understood(text: str, separator: str) -> int:
    """How many columns of a header are understood with this separator; 0: there is no header."""
    beginning = io.StringIO(text, newline="")
    most = 0
    try:
        for number, row in enumerate(csv.reader(beginning, delimiter=separator), 1):
            header = read_header(row[:COLUMNS])
            most = max(most, 0 if header is None else len(header.columns))
            if number == HEADER_WITHIN:
                break
    except csv.Error:
        return most
    return most
