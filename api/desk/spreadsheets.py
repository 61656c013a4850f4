"""Survey answers from a spreadsheet: the columns 受访人, 意见 and, if there is one, 说明."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from intake.lists.errors import ListError
from intake.lists.workbooks import read_workbook
from petitions.form_reading import ANSWER_PARTS
from petitions.messages import RESPONSES

_COLUMNS: Final[dict[str, str]] = {
    "受访人": "respondent",
    "受访人代号": "respondent",
    "受访者": "respondent",
    "居民": "respondent",
    "编号": "respondent",
    "意见": "opinion",
    "满意度": "opinion",
    "评价": "opinion",
    "说明": "comment",
    "备注": "comment",
    "建议": "comment",
    "意见建议": "comment",
}
_HEADER_WITHIN = 10
_ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


class AnswersError(ValueError):
    """A spreadsheet has no survey answers that can be read; the text is Chinese and says what to do."""


def answers_in(content: bytes) -> dict[str, list[str]]:
    """The answers of a CSV or XLSX file, as a person would have typed them into the form's rows.

    Args:
        content: The whole file.

    Raises:
        AnswersError: It cannot be read, lacks a column, or holds too much.
    """
    if content.startswith(_OLD_OFFICE):
        raise AnswersError("这是旧版 Excel（.xls）或加了密码的工作簿；请另存为 .xlsx 后重新选择")
    if content.startswith(_ZIP):
        try:
            tables = [[cells for _, cells in rows] for rows in read_workbook(content)]
        except ListError as error:
            raise AnswersError(str(error)) from None
    else:
        tables = [_csv(content)]
    for table in tables:
        if (found := _rows(table)) is not None:
            return found
    raise AnswersError("表格里没有找到“受访人”和“意见”两列；请在第一行写上列名后重新选择")


def _csv(content: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise AnswersError("文件无法读取；请另存为 .xlsx 或 UTF-8 的 .csv 后重新选择")
    first = text.partition("\n")[0]
    separator = max((",", "\t", ";"), key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        raise AnswersError("文件的双引号没有配对，无法读取；请另存为 .xlsx 后重新选择") from None


def _rows(table: Iterable[Sequence[object]]) -> dict[str, list[str]] | None:
    rows = iter(table)
    places: dict[str, int] = {}
    for _ in range(_HEADER_WITHIN):
        header = next(rows, None)
        if header is None:
            return None
        places = {}
        for place, cell in enumerate(header):
            part = _COLUMNS.get("".join(_text(cell).split()))
            if part is not None:
                places.setdefault(part, place)
        if {"respondent", "opinion"} <= places.keys():
            break
    else:
        return None
    found: dict[str, list[str]] = {f"responses.{part}": [] for part in ANSWER_PARTS}
    for row in rows:
        cells = {part: _text(row[place]) if place < len(row) else "" for part, place in places.items()}
        if any(cells.values()):
            for part in ANSWER_PARTS:
                found[f"responses.{part}"].append(cells.get(part, ""))
    if len(found["responses.respondent"]) > RESPONSES:
        raise AnswersError(f"表格里的问卷超过 {RESPONSES} 份；请分成几份提交")
    return found


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (datetime, date, time, timedelta)):
        return str(cell)
    return "" if cell is None else str(cell).strip()
