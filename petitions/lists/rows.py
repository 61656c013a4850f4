"""A row of a list becomes a hand-over: what its cells mean, and every mistake under the header the list itself has.

A mistake never repeats what stands in a cell: where columns have slipped, that may be a complainant's.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, Final

from petitions.hand_over import HandOver, HandOverError, hand_over_of, is_case_no
from petitions.lists import words
from petitions.lists.columns import Column, Header, plain
from petitions.lists.moments import moment, stated
from petitions.mistakes import Mistake
from petitions.regions import SEPARATOR
from petitions.values import Value
from petitions.vocabulary import Category, Channel

Cell = str | int | float | bool | datetime | date | time | timedelta | None
"""What a list's reader finds in a cell; a cell of a text file is always a ``str``."""

CHINA: Final = timezone(timedelta(hours=8))
"""Local time where nobody says otherwise."""

_EXACT = 10**15
"""Spreadsheets keep numbers to 15 digits; a longer case number that stands there as a number has lost its end."""
_SHORTENED = re.compile(r"\d(?:\.\d+)?e\+\d+", re.IGNORECASE)
"""The same in a text file that a spreadsheet has written."""
_QUOTED = re.compile(r'="([^"]*)"')
"""How text files keep a spreadsheet from taking a case number for a number."""
_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
_UNUSABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufffd]")
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c]")
_BETWEEN_REGIONS = re.compile(r"\s*[、,，;；/\n]\s*")

_NUMBER_LOST = "编号被当作数字存储，超出 15 位的部分已丢失；请把这一列设为“文本”格式后重新填写编号"
_HOUR_NEEDED = "缺少几时几分；限时从交办时刻起算，请写成 2021-08-27 10:00（零点整请以文本填写）"


class Row(Value):
    """A row of a list that has been read."""

    row: int
    """Its number as the person sees it: in the sheet, or of the line; from 1, the header included."""
    case_no: str | None
    """Its case number, if it has a usable one."""
    hand_over: HandOver | None
    """What it hands over; none: it has mistakes."""
    mistakes: tuple[Mistake, ...] = ()


class _CellError(ValueError):
    """A cell that cannot be read; the text is Chinese and repeats nothing of the cell."""


def is_blank(cells: Sequence[Cell], header: Header) -> bool:
    """Whether nothing stands in any column that is read."""
    return all(_empty(cells[place]) for place in header.columns.values() if place < len(cells))


def read_row(number: int, cells: Sequence[Cell], header: Header, local: tzinfo = CHINA) -> Row:
    """Read a row of a list.

    Args:
        number: the row's number as the person sees it.
        cells: the row's cells; cells missing at its end are empty.
        header: the list's header.
        local: the time zone of moments that state no offset.

    Returns:
        the hand-over, or every mistake.
    """
    given = {
        column: cells[place]
        for column, place in header.columns.items()
        if place < len(cells) and not _empty(cells[place])
    }
    fields: dict[str, Any] = {}
    wrong: dict[Column, str] = {}
    for column, cell in given.items():
        if column not in _READERS:
            continue
        try:
            fields[_FIELDS[column]] = _READERS[column](cell)
        except _CellError as error:
            wrong[column] = str(error)
    try:
        at = _received_at(given, local)
    except _CellError as error:
        wrong[_moment_column(header)] = str(error)
    else:
        fields |= {} if at is None else {"received_at": at}
    fields.setdefault("starred", False)  # a ``*`` before the number stars it all the same
    number_given = fields.get("case_no")
    case_no = number_given.lstrip("* ") if isinstance(number_given, str) else ""
    row = Row(row=number, case_no=case_no if is_case_no(case_no) else None, hand_over=None)
    try:
        hand_over = hand_over_of(fields)
    except HandOverError as error:
        mistakes = (*_told(wrong, header), *_further(error.mistakes, wrong, header))
    else:
        if not wrong:
            return row.model_copy(update={"hand_over": hand_over})
        mistakes = tuple(_told(wrong, header))
    return row.model_copy(update={"mistakes": mistakes})


def unreadable_row(number: int, said: str) -> Row:
    """A row that cannot be told into cells."""
    return Row(row=number, case_no=None, hand_over=None, mistakes=(Mistake(where="整行", said=said),))


def _told(wrong: Mapping[Column, str], header: Header) -> Iterator[Mistake]:
    for column, said in wrong.items():
        yield Mistake(where=header.names.get(column, column.value), said=said)


def _further(mistakes: Sequence[Mistake], wrong: Mapping[Column, str], header: Header) -> Iterator[Mistake]:
    """What the hand-over lacks or has wrong beyond cells that could not be read at all."""
    for mistake in mistakes:
        column = _COLUMN_OF_FIELD.get(mistake.where.partition(".")[0])
        if column is Column.RECEIVED_AT:
            column = _moment_column(header)
        if column not in wrong:
            where = mistake.where if column is None else header.names.get(column, column.value)
            yield Mistake(where=where, said=mistake.said)


def _moment_column(header: Header) -> Column:
    return Column.RECEIVED_AT if Column.RECEIVED_AT in header.columns else Column.RECEIVED_ON


def _received_at(given: Mapping[Column, Cell], local: tzinfo) -> datetime | None:
    """The moment of the hand-over, of one column or of a day and a time in two; none: nothing is said of it."""
    cells = [given[column] for column in (Column.RECEIVED_AT, Column.RECEIVED_ON) if column in given]
    if not cells:
        return None
    said = [stated(cell) for cell in cells]
    days = {each.day for each in said if each is not None and each.day is not None}
    times = {each.at for each in said if each is not None and each.at is not None}
    if None in said:
        raise _CellError("时间格式不对，例如 2021-08-27 10:00")
    if len(days) > 1 or len(times) > 1:
        raise _CellError("日期列与时间列不一致，请核对")
    if not days:
        raise _CellError("缺少日期，请写成 2021-08-27 10:00")
    if not times:
        raise _CellError(_HOUR_NEEDED)
    return moment(days.pop(), times.pop(), local)


def _empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not plain(cell))


def _text(cell: Cell) -> str:
    """A text with one sort of line ends, whichever program wrote the list."""
    match cell:
        case str():
            text = _LINE_END.sub("\n", cell).strip()
        case int() | float() if not isinstance(cell, bool):
            text = _number(cell)
        case _:
            raise _CellError("这里应当是文字，表格里却是日期、时间或逻辑值；请把单元格设为“文本”格式")
    if text in _ERRORS:
        raise _CellError("单元格里的公式出错，请改为文字")
    if (found := _UNUSABLE.search(text)) is not None:
        broken = "有乱码" if found[0] >= "\ud800" else "含有不可见的控制字符"
        raise _CellError(f"{broken}，请重新填写")
    return text


def _number(cell: float) -> str:
    return str(int(cell)) if abs(cell) < _EXACT and cell == int(cell) else repr(cell)


def _case_no(cell: Cell) -> str:
    if isinstance(cell, int | float) and not abs(cell) < _EXACT:
        raise _CellError(_NUMBER_LOST)
    text = plain(_text(cell))
    if _SHORTENED.fullmatch(text):
        raise _CellError(_NUMBER_LOST)
    quoted = _QUOTED.fullmatch(text)
    return (quoted[1] if quoted else text.removeprefix("'")).strip()


def _batch(cell: Cell) -> int:
    number = words.batch(_text(cell))
    if number is None:
        raise _CellError("应当是整数，例如 26 或 第26批")
    return number


def _channel(cell: Cell) -> Channel:
    channel = words.channel(_text(cell))
    if channel is None:
        raise _CellError(f"只能是 {'、'.join(each.label for each in Channel)}")
    return channel


def _starred(cell: Cell) -> bool:
    starred = cell if isinstance(cell, bool) else words.yes_or_no(_text(cell))
    if starred is None:
        raise _CellError("只能是 是、否 或 ★；不加星也可留空")
    return starred


def _categories(cell: Cell) -> tuple[Category, ...]:
    categories = words.categories(_text(cell))
    if categories is None:
        raise _CellError(f"只能是 {'、'.join(each.label for each in Category)}；几种之间用顿号隔开")
    return categories


def _county(cell: Cell) -> str:
    return SEPARATOR.join(part for part in _BETWEEN_REGIONS.split(_text(cell)) if part)


_FIELDS: Final[Mapping[Column, str]] = {
    Column.CASE_NO: "case_no",
    Column.RECEIVED_AT: "received_at",
    Column.BATCH: "batch",
    Column.CHANNEL: "channel",
    Column.STARRED: "starred",
    Column.COUNTY: "county",
    Column.LOCATION: "location",
    Column.CATEGORIES: "categories",
    Column.SUMMARY: "summary",
    Column.RESPONSIBLE_UNIT: "responsible_unit",
    Column.JURISDICTION: "jurisdiction",
}
_COLUMN_OF_FIELD = {field: column for column, field in _FIELDS.items()}
_READERS: Final[Mapping[Column, Callable[[Cell], Any]]] = {
    Column.CASE_NO: _case_no,
    Column.BATCH: _batch,
    Column.CHANNEL: _channel,
    Column.STARRED: _starred,
    Column.COUNTY: _county,
    Column.LOCATION: _text,
    Column.CATEGORIES: _categories,
    Column.SUMMARY: _text,
    Column.RESPONSIBLE_UNIT: _text,
    Column.JURISDICTION: _text,
}
"""How each column is read, apart from the two of the moment, which are read together."""
