"""Lists as other programs write them: the same rows as CSV, XLSX or JSON Lines."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] - it has none

HEADERS = (
    "受理编号",
    "交办时间",
    "批次",
    "来电/来信",
    "是否加星",
    "县（市、区）",
    "地点",
    "污染类型",
    "反映问题",
    "责任单位",
)


def row(case_no: object, **changes: object) -> list[object]:
    """A row under ``HEADERS``."""
    cells: dict[str, object] = {
        "case_no": case_no,
        "received_at": "2021-08-27 10:00",
        "batch": 1,
        "channel": "来电",
        "starred": "否",
        "county": "渠县",
        "location": "某处",
        "categories": "水、大气",
        "summary": "污水直排",
        "responsible_unit": "",
    }
    assert set(changes) <= set(cells)
    return list((cells | changes).values())


def csv_text(rows: Sequence[Sequence[object]], *, separator: str = ",", line_end: str = "\r\n") -> str:
    """The rows as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=line_end).writerows(rows)
    return text.getvalue()


def workbook(
    sheets: Mapping[str, Sequence[Sequence[object]]],
    *,
    merged: Sequence[tuple[int, int, int, int, object]] = (),
    hidden: Sequence[str] = (),
) -> bytes:
    """A workbook of these sheets; texts stay texts, dates and times are Excel's own.

    Args:
        sheets: rows by the sheet's name.
        merged: top, left, bottom, right (from 0) and value of merged cells of the first sheet.
        hidden: sheets that are hidden.
    """
    content = io.BytesIO()
    book: Any
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        formats = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            time: book.add_format({"num_format": "hh:mm:ss"}),
        }
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(rows):
                for place, cell in enumerate(cells):
                    _write(sheet, number, place, cell, formats)
            if name in hidden:
                sheet.hide()
            else:
                sheet.activate()  # the first one is, else, and what is active cannot be hidden
        for top, left, bottom, right, value in merged:
            book.worksheets()[0].merge_range(top, left, bottom, right, value)
    return content.getvalue()


def _write(sheet: Any, number: int, place: int, cell: object, formats: Mapping[type, Any]) -> None:
    match cell:
        case None | "":
            pass
        case bool():
            sheet.write_boolean(number, place, cell)
        case int() | float():
            sheet.write_number(number, place, cell)
        case datetime() | date() | time():
            sheet.write_datetime(number, place, cell, formats[type(cell)])
        case _:
            sheet.write_string(number, place, str(cell))


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """A workbook in which one of the files is another."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info.filename, old.read(info))
        new.writestr(name, part)
    return changed.getvalue()


def part_of(content: bytes, name: str) -> bytes:
    """One of the files in a workbook."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)
