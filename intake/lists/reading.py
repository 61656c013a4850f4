"""A list of any form, read into rows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo

from intake.lists.errors import EmptyListError, HeaderError, ListTooLargeError
from intake.lists.forms import ListForm
from intake.lists.json_lines import read_json_lines
from intake.lists.limits import BYTES, HEADER_WITHIN, ROWS
from intake.lists.text_tables import read_text_table
from intake.lists.workbooks import read_workbook
from petitions.lists.columns import REQUIRED, Column, Header, is_header_again, read_header
from petitions.lists.rows import CHINA, Cell, Row, is_blank, read_row, unreadable_row
from petitions.values import Value

Numbered = tuple[int, Sequence[Cell]]
"""A row of a table with its number as the person sees it."""


class CaseList(Value):
    """A list that has been read."""

    rows: tuple[Row, ...]
    ignored_columns: tuple[str, ...]
    """Headers (in JSON Lines: names) of what was not read, as the list has them."""


def read_list(content: bytes, form: ListForm, *, local: tzinfo = CHINA) -> CaseList:
    """Read a list; it takes the processor for up to some seconds, so it is for a thread of its own.

    Args:
        content: the whole file.
        form: its form, see ``form_of``.
        local: the time zone of moments without an offset, the jurisdiction's; in JSON Lines each has its own.

    Returns:
        its rows in order, each with a hand-over or its mistakes.

    Raises:
        ListError: the list as a whole cannot be taken.
    """
    if len(content) > BYTES:
        raise ListTooLargeError(f"文件超过 {BYTES // 1024 // 1024} MiB；请分成几份提交")
    if not content.strip():
        raise EmptyListError("文件是空的，没有可受理的内容")
    match form:
        case ListForm.JSON_LINES:
            rows, ignored = read_json_lines(content)
        case ListForm.CSV:
            numbered = ((number, row) for number, row in enumerate(read_text_table(content), 1))
            header, body = _split(numbered)
            # In a text a comma too many moves every cell after it; in a sheet it moves none.
            rows, ignored = tuple(_rows(header, body, local, cells_may_slip=True)), header.ignored
        case ListForm.XLSX:
            header, body = _first_with_a_header(read_workbook(content))
            rows, ignored = tuple(_rows(header, body, local, cells_may_slip=False)), header.ignored
    if not rows:
        raise EmptyListError("清单里没有案件")
    return CaseList(rows=rows, ignored_columns=ignored)


def _first_with_a_header(sheets: Iterable[Iterator[Numbered]]) -> tuple[Header, Iterator[Numbered]]:
    """The first sheet with a whole header; without one, what the best of them lacks is told."""
    error: HeaderError | None = None
    for sheet in sheets:
        try:
            return _split(sheet)
        except HeaderError as wrong:
            if error is None or len(wrong.understood) > len(error.understood):
                error = wrong
    raise error or EmptyListError("工作簿里没有内容")


def _split(rows: Iterator[Numbered]) -> tuple[Header, Iterator[Numbered]]:
    """The header, and the rows after it; what stands above is a title.

    Raises:
        HeaderError: there is no header, or columns are missing.
    """
    best: Header | None = None
    above = 0
    for _, cells in rows:
        header = read_header(cells)
        if header is not None and not header.missing:
            return header, rows
        if header is not None and (best is None or len(header.columns) > len(best.columns)):
            best = header
        above += any(cell not in {None, ""} for cell in cells)
        if above == HEADER_WITHIN:
            break
    if best is None:
        needed = tuple(column.value for column in REQUIRED)
        raise HeaderError(f"没有找到表头；表头应有：{'、'.join(needed)}", (), needed)
    understood = tuple(best.names[column] for column in Column if column in best.names)
    missing = tuple(column.value for column in best.missing)
    raise HeaderError(
        f"表头缺少：{'、'.join(missing)}；已识别：{'、'.join(understood)}。请补上缺少的列后重新提交",
        understood,
        missing,
    )


def _rows(header: Header, body: Iterator[Numbered], local: tzinfo, *, cells_may_slip: bool) -> Iterator[Row]:
    count = 0
    for number, cells in body:
        if is_blank(cells, header) or is_header_again(cells, header):
            continue
        count += 1
        if count > ROWS:
            raise ListTooLargeError(f"清单超过 {ROWS} 行；请分成几份提交")
        if cells_may_slip and any(isinstance(cell, str) and cell.strip() for cell in cells[header.width :]):
            yield unreadable_row(number, "单元格比表头多；请检查是否有没加双引号的分隔符")
        else:
            yield read_row(number, cells, header, local)
