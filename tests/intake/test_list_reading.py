"""Lists of every form, as people's programs write them."""

from collections.abc import Sequence
from datetime import date, datetime, time

import pytest

from intake.lists import CaseList, HeaderError, ListForm, UnknownFormError, form_of, read_list
from petitions.lists.rows import CHINA
from petitions.vocabulary import Category
from tests.intake.written_lists import HEADERS, csv_text, row, workbook

AT = datetime(2021, 8, 27, 10, 0, tzinfo=CHINA)
LOCAL = datetime(2021, 8, 27, 10, 0)  # noqa: DTZ001 - as Excel keeps it


def numbers(case_list: CaseList) -> list[tuple[int, str | None]]:
    """The rows, each by its own number and the case's; none may have a mistake."""
    assert [each.mistakes for each in case_list.rows if each.mistakes] == []
    return [(each.row, each.case_no) for each in case_list.rows]


TABLE = [HEADERS, row("甲1"), row("*甲2", summary='一,二;三\t"四"\n五'), row("甲3", location="＝１")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_csv_of_any_program(encoding: str, separator: str, line_end: str) -> None:
    found = read_list(csv_text(TABLE, separator=separator, line_end=line_end).encode(encoding), ListForm.CSV)
    assert numbers(found) == [(2, "甲1"), (3, "甲2"), (4, "甲3")]
    second = found.rows[1].hand_over
    assert second is not None
    assert second.starred
    assert second.summary == '一,二;三\t"四"\n五'
    assert second.received_at == AT
    assert second.categories == (Category.WATER, Category.AIR)
    assert found.ignored_columns == ()


def test_mixed_line_ends_and_empty_lines_keep_the_rows_numbers() -> None:
    lines = csv_text(TABLE[:2], line_end="\n") + "\r\n" + csv_text([row("甲2")], line_end="\r") + ",,,,\n"
    found = read_list((lines + csv_text([row("甲3")], line_end="\n").rstrip("\n")).encode(), ListForm.CSV)
    assert numbers(found) == [(2, "甲1"), (4, "甲2"), (6, "甲3")]


def test_titles_footers_and_repeated_headers() -> None:
    rows = [
        ["第1批交办清单"],
        ["填报单位：某局", "", "2021年8月27日"],
        [],
        HEADERS,
        row("甲1"),
        HEADERS,
        row("甲2"),
        [""] * 12,
    ]
    for content, form in (
        (csv_text(rows).encode(), ListForm.CSV),
        (workbook({"清单": rows}, merged=[(0, 0, 0, 9, "第1批交办清单")]), ListForm.XLSX),
    ):
        assert numbers(read_list(content, form)) == [(5, "甲1"), (7, "甲2")]


def test_excel_keeps_its_own_dates_and_numbers() -> None:
    rows: list[Sequence[object]] = [
        HEADERS,
        row(20210827001, received_at=LOCAL, starred=True),
        row(2.0210827001001e17, received_at=LOCAL),
        row("甲3", received_at=date(2021, 8, 27)),
        row("=甲4", summary="=SUM(1)"),
    ]
    first, second, third, fourth = read_list(workbook({"清单": rows}), ListForm.XLSX).rows
    assert first.hand_over is not None
    assert (first.case_no, first.hand_over.received_at, first.hand_over.starred) == ("20210827001", AT, True)
    assert [mistake.where for mistake in second.mistakes] == ["受理编号"]
    assert "15 位" in second.mistakes[0].said
    assert [(mistake.where, third.case_no) for mistake in third.mistakes] == [("交办时间", "甲3")]
    assert fourth.hand_over is not None
    assert (fourth.case_no, fourth.hand_over.summary) == ("=甲4", "=SUM(1)")


def test_a_day_and_a_time_of_excel_in_two_columns() -> None:
    headers = ["日期", "时间", *(header for header in HEADERS if header != "交办时间")]
    cells = [date(2021, 8, 27), time(10, 0), *(cell for cell in row("甲1") if cell != "2021-08-27 10:00")]
    found = read_list(workbook({"清单": [headers, cells]}), ListForm.XLSX).rows[0].hand_over
    assert found is not None
    assert found.received_at == AT


def test_cells_merged_down_hold_for_every_row() -> None:
    rows = [HEADERS, row("甲1", county=""), row("甲2", county=""), row("甲3"), [""] * 5]
    found = read_list(workbook({"清单": rows}, merged=[(1, 5, 2, 5, "开江县")]), ListForm.XLSX)
    assert [each.hand_over and each.hand_over.county for each in found.rows] == ["开江县", "开江县", "渠县"]


def test_the_sheet_with_the_header_is_read_and_a_hidden_one_only_after_it() -> None:
    sheets = {
        "旧": [HEADERS, row("旧1")],
        "说明": [["填表说明"], ["受理编号必填"]],
        "清单": [[], [], ["", *HEADERS], ["", *row("甲1")]],
    }
    assert numbers(read_list(workbook(sheets, hidden=["旧"]), ListForm.XLSX)) == [(4, "甲1")]
    hidden_alone = {"说明": [["填表说明"]], "清单": [HEADERS, row("甲1")]}
    assert numbers(read_list(workbook(hidden_alone, hidden=["清单"]), ListForm.XLSX)) == [(2, "甲1")]


def test_json_lines() -> None:
    line = (
        '{"case_no": "*甲%d", "received_at": "2021-08-27T10:00:00+08:00", "channel": "phone", "starred": false, '
        '"county": "渠县", "location": "某处", "categories": ["water"], "summary": "污水", "complainant": "张三"}'
    )
    content = "\ufeff" + "\r\n".join([line % 1, "", "{oops", line % 2, '{"case_no": "*甲3", "channel": "fax"}', "3"])
    found = read_list(content.encode(), ListForm.JSON_LINES)
    assert [(each.row, each.case_no, each.hand_over is not None) for each in found.rows] == [
        (1, "甲1", True),
        (3, None, False),
        (4, "甲2", True),
        (5, "甲3", False),
        (6, None, False),
    ]
    assert found.ignored_columns == ("complainant",)
    assert "JSON" in found.rows[1].mistakes[0].said
    wrong = {mistake.where: mistake.said for mistake in found.rows[3].mistakes}
    assert wrong["county"] == "缺少这一项"
    assert wrong["channel"].startswith("只能是")
    assert [mistake.where for mistake in found.rows[4].mistakes] == ["交办件"]


@pytest.mark.parametrize("form", [ListForm.CSV, ListForm.XLSX])
def test_the_complainant_is_dropped_and_only_the_columns_are_named(form: ListForm) -> None:
    rows = [
        [*HEADERS, "举报人姓名", "联系电话", "备注"],
        [*row("甲1"), "张三丰", "13800000000", "急"],
        [*row("", channel="x"), "张三丰"],
    ]
    content = csv_text(rows).encode("gbk") if form is ListForm.CSV else workbook({"清单": rows})
    found = read_list(content, form)
    assert found.ignored_columns == ("举报人姓名", "联系电话", "备注")
    said = found.model_dump_json()
    assert "张三丰" not in said
    assert "138" not in said


def test_a_missing_column_is_one_mistake_of_the_list() -> None:
    for content, form in (
        (csv_text([["受理编号", "县区", "地点", "举报人"], ["甲1", "渠县", "某处", "张三"]]).encode(), ListForm.CSV),
        (workbook({"一": [["x"]], "二": [["受理编号", "县区", "地点", "举报人"], ["甲1"]]}), ListForm.XLSX),
    ):
        with pytest.raises(HeaderError) as caught:
            read_list(content, form)
        assert caught.value.understood == ("受理编号", "县区", "地点")
        assert caught.value.missing == ("交办时间", "来电来信", "污染类型", "反映问题")
        assert "缺少：交办时间、来电来信、污染类型、反映问题" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "media_type", "file_name", "form"),
    [
        (workbook({"x": [[1]]}), "text/csv", "a.csv", ListForm.XLSX),
        (b"x", "text/csv; charset=gbk", None, ListForm.CSV),
        (b"x", "application/vnd.ms-excel", "a.csv", ListForm.CSV),
        (b"x", "application/octet-stream", "A.CSV", ListForm.CSV),
        (b"x", "application/x-ndjson", None, ListForm.JSON_LINES),
        (b"x", None, "/some/where/a.jsonl", ListForm.JSON_LINES),
        (b"x", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", None, ListForm.XLSX),
        (b' \n{"a": 1}', None, None, ListForm.JSON_LINES),
        (b"\xef\xbb\xbf{", "", "", ListForm.JSON_LINES),
        (b"a,b", None, "list", ListForm.CSV),
        (b"", None, None, ListForm.CSV),
    ],
)
def test_the_form_is_found(content: bytes, media_type: str | None, file_name: str | None, form: ListForm) -> None:
    assert form_of(content, media_type=media_type, file_name=file_name) is form


def test_old_workbooks_are_told() -> None:
    with pytest.raises(UnknownFormError, match=r"另存为 \.xlsx"):
        form_of(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), file_name="a.xls")
