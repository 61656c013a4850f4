"""XLSX: the sheets of a workbook, after a look at what they would unpack to.

A workbook is a zip of XML. A few kilobytes of it can ask a reader for gigabytes: parts that unpack to far more, one
cell in the last row and column, one long text that a million cells share. So every part is unpacked here under a
limit, its cells are counted, and the library that reads them is given exactly the parts that were looked at.
"""

import io
import zipfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    XmlError,
    ZipError,
)

from intake.lists.errors import ListTooLargeError, UnreadableListError
from intake.lists.limits import CELLS, PARTS, UNPACKED_BYTES
from intake.lists.measuring import SharedTexts, measure_part
from petitions.lists.rows import Cell

_READ: Final = (".xml", ".rels")
_DAMAGED = "文件已损坏或不是 .xlsx 工作簿；请用 Excel 打开后重新保存再提交"


def read_workbook(content: bytes) -> Iterator[Iterator[tuple[int, Sequence[Cell]]]]:
    """The sheets, the visible ones first; each gives its rows with their numbers as Excel shows them.

    A value that was merged down over several rows stands in each of them, where anything else stands in the row.

    Raises:
        UnreadableListError: it is damaged.
        ListTooLargeError: it would unpack to more than a list may be.
    """
    packed = _looked_at(content)
    with _readable():
        workbook = CalamineWorkbook.from_filelike(packed)
        sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    for sheet in sorted(sheets, key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible):
        with _readable():
            rows = _rows(workbook.get_sheet_by_name(sheet.name))
        yield iter(rows)


@contextmanager
def _readable() -> Generator[None]:
    try:
        yield
    except (CalamineError, PasswordError, XmlError, ZipError, OSError, ValueError):
        raise UnreadableListError(_DAMAGED) from None


def _rows(sheet: CalamineSheet) -> list[tuple[int, Sequence[Cell]]]:
    """The rows from the first to the last with anything in it."""
    rows: list[list[Cell]] = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    values: dict[int, dict[int, Cell]] = {}
    merged = 0
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        if top < bottom and top < len(rows) and left < len(rows[top]):
            below = range(top + 1, min(bottom + 1, len(rows)))
            merged += len(below)
            if merged > CELLS:  # ranges that lie over each other
                raise UnreadableListError(_DAMAGED)
            for row in below:
                values.setdefault(row, {})[left] = rows[top][left]
    for number, cells in enumerate(rows):
        if any(cell != "" for cell in cells):
            for place, cell in values.get(number, {}).items():
                cells[place] = cell
    return [(number, cells) for number, cells in enumerate(rows, 1)]


def _looked_at(content: bytes) -> io.BytesIO:
    """The workbook once more, of the parts that are read and were found to be within the limits."""
    looked_at = io.BytesIO()
    left = UNPACKED_BYTES
    parts: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [info for info in archive.infolist() if info.filename.lower().endswith(_READ)]
            if len(archive.infolist()) > PARTS:
                raise ListTooLargeError(f"工作簿里的文件超过 {PARTS} 个；请把清单复制到新的工作簿后重新提交")
            for info in names:
                if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                    raise UnreadableListError(_DAMAGED)  # other ways of packing unpack without a limit
                with archive.open(info) as part:
                    # Not by the size that the archive states: that may be a lie.
                    data = part.read(left + 1)
                left -= len(data)
                if left < 0:
                    raise ListTooLargeError(
                        f"工作簿解压后超过 {UNPACKED_BYTES // 1024 // 1024} MiB；请把清单复制到新的工作簿后重新提交"
                    )
                parts[info.filename] = data
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise UnreadableListError(_DAMAGED) from None
    shared = SharedTexts.of(parts.values())
    for data in parts.values():
        measure_part(data, shared)
    with zipfile.ZipFile(looked_at, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    looked_at.seek(0)
    return looked_at
