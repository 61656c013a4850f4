"""The wall as a list for spreadsheet programs: whatever people typed stands in it as text, and never as a formula."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] - it has none

from petitions.regions import shown
from store.wall import ListedCase

HEADINGS: Final = (
    "受理编号",
    "加星",
    "县市区",
    "责任单位",
    "地点",
    "反映问题",
    "污染类型",
    "阶段",
    "即时贴",
    "轮次",
    "交办时间",
    "办结时限",
    "超期",
    "领导批示",
    "现场督导",
    "工作专班",
    "满意回访",
)
_WIDTHS: Final = (14, 6, 10, 24, 24, 48, 12, 12, 8, 6, 17, 17, 6, 10, 10, 10, 10)
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""With one of these a spreadsheet program begins to calculate, or to call, what should be read."""


def table(cases: Sequence[ListedCase], region_names: Mapping[str, str], zone: ZoneInfo) -> list[list[str]]:
    """The rows of the list, its headings first.

    Args:
        cases: In the order in which they stand in it.
        region_names: What people read for regions that are not shown by their own id.
        zone: Local time.
    """
    return [list(HEADINGS), *(list(_cells(case, region_names, zone)) for case in cases)]


def _cells(case: ListedCase, region_names: Mapping[str, str], zone: ZoneInfo) -> Iterable[str]:
    covered = (case.has_instruction, case.has_supervision, case.has_task_force, case.has_revisit)
    return (
        case.case_no,
        "★" if case.starred else "",
        shown(case.county, region_names),
        case.responsible_unit.removeprefix("unit/") if case.responsible_unit else "待分发",
        case.location,
        case.summary,
        "、".join(category.label for category in case.categories),
        case.stage.label,
        case.sticker.label if case.sticker else "",
        str(case.round),
        f"{case.received_at.astimezone(zone):%Y-%m-%d %H:%M}",
        f"{case.due_at.astimezone(zone):%Y-%m-%d %H:%M}",
        "是" if case.overdue else "",
        *("已落实" if has else "未落实" for has in covered),
    )


def as_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """The rows as CSV that every spreadsheet program opens. It knows no types, so what would be a formula is quoted."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_quoted(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _quoted(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA_STARTS) else cell


def as_xlsx(rows: Iterable[Sequence[str]]) -> bytes:
    """The rows as a workbook whose every cell is text."""
    content = io.BytesIO()
    texts_only = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "in_memory": True,
    }
    with xlsxwriter.Workbook(content, texts_only) as workbook:
        sheet = workbook.add_worksheet("在办件")  # pyright: ignore[reportUnknownMemberType]
        heading = workbook.add_format({"bold": True})  # pyright: ignore[reportUnknownMemberType]
        for at, width in enumerate(_WIDTHS):
            sheet.set_column(at, at, width)
        for line, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(line, column, cell, None if line else heading)
        sheet.freeze_panes(1, 1)
    return content.getvalue()
