"""Survey answers from a spreadsheet: the columns 受访人, 意见 and, as far as they are there, the questions and 说明."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from intake.lists.errors import ListError
from intake.lists.workbooks import read_workbook
from petitions.messages import RESPONSES
from petitions.survey_rows import Row, columns, heading

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


def blank_sheet(questions: Sequence[str]) -> bytes:
    """A sheet to be filled in, as CSV that every spreadsheet program opens: the columns' names alone.

    Args:
        questions: What the residents are asked.
    """
    text = io.StringIO(newline="")
    csv.writer(text).writerow(_heading_in_sheet(column, questions) for column in columns(questions))
    return text.getvalue().encode("utf-8-sig")


def answers_in(content: bytes, questions: Sequence[str] = ()) -> list[Row]:
    """The answers of a CSV or XLSX file, as a person would have typed them into the form's rows.

    Args:
        content: The whole file.
        questions: What the residents are asked; a column has the question itself above it, or its number as in the
            form (``问1``).

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
        if (found := _rows(table, questions)) is not None:
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


def _rows(table: Iterable[Sequence[object]], questions: Sequence[str]) -> list[Row] | None:
    rows = iter(table)
    known = _COLUMNS | _question_columns(questions)
    places: dict[str, int] = {}
    for _ in range(_HEADER_WITHIN):
        header = next(rows, None)
        if header is None:
            return None
        places = {}
        for place, cell in enumerate(header):
            column = known.get(_bare(_text(cell)))
            if column is not None:
                places.setdefault(column, place)
        if {"respondent", "opinion"} <= places.keys():
            break
    else:
        return None
    found: list[Row] = []
    for row in rows:
        cells = {column: _text(row[place]) if place < len(row) else "" for column, place in places.items()}
        if any(cells.values()):
            found.append(tuple(cells.get(column, "") for column in columns(questions)))
            if len(found) > RESPONSES:
                raise AnswersError(f"表格里的问卷超过 {RESPONSES} 份；请分成几份提交")
    return found


def _heading_in_sheet(column: str, questions: Sequence[str]) -> str:
    _, _, number = column.partition(".")
    return questions[int(number)] if number else heading(column)


def _question_columns(questions: Sequence[str]) -> dict[str, str]:
    asked = [column for column in columns(questions) if "." in column]
    by_question = {_bare(_heading_in_sheet(column, questions)): column for column in asked}
    return by_question | {heading(column): column for column in asked}


def _bare(text: str) -> str:
    """A heading without spaces, and without the mark that ends a question."""
    return "".join(text.split()).rstrip("？?")


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (datetime, date, time, timedelta)):
        return str(cell)
    return "" if cell is None else str(cell).strip()
