"""Lists that are damaged, or made to do harm: a clear error of the list, within limits, and nothing else ever."""

import io
import random
import re
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.lists import (
    BYTES,
    COLUMNS,
    ROWS,
    EmptyListError,
    HeaderError,
    ListError,
    ListForm,
    ListTooLargeError,
    UnreadableListError,
    form_of,
    read_list,
)
from tests.intake.written_lists import HEADERS, csv_text, part_of, row, with_part, workbook

SHEET, SHARED = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
GOOD = workbook({"清单": [HEADERS, row("甲1"), row("甲2")]})
BEGINNINGS = ("", "PK\x03\x04", ",".join(HEADERS) + "\n")
MOST_BYTES = 300 * 1024 * 1024
MOST_SECONDS = 60.0
"""Far above what it takes, and far below what an unguarded reader would."""


@contextmanager
def within_limits() -> Generator[None]:
    """Neither much memory of Python's own nor much processor time is taken; what else runs does not count."""
    tracemalloc.start()
    began = time.thread_time()
    try:
        yield
        assert time.thread_time() - began < MOST_SECONDS
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


def refused(content: bytes, form: ListForm, error: type[ListError]) -> str:
    """What is said of a list that cannot be taken."""
    with within_limits(), pytest.raises(error) as caught:
        read_list(content, form)
    assert type(caught.value) is error
    assert re.search(r"[\u4e00-\u9fff]", str(caught.value))
    return str(caught.value)


def sheet_xml(cells: str, rest: str = "") -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{main}"><sheetData>{cells}</sheetData>{rest}</worksheet>'.encode()


@pytest.mark.parametrize("form", list(ListForm))
@pytest.mark.parametrize("content", [b"", b" \r\n\n "])
def test_nothing(form: ListForm, content: bytes) -> None:
    assert "空" in refused(content, form, EmptyListError)


def test_only_a_header() -> None:
    for content, form in (
        (csv_text([HEADERS]).encode(), ListForm.CSV),
        (csv_text([HEADERS, [""] * 10, []]).encode("utf-16"), ListForm.CSV),
        (workbook({"清单": [HEADERS]}), ListForm.XLSX),
        (b"\xef\xbb\xbf\n", ListForm.JSON_LINES),
    ):
        assert "没有案件" in refused(content, form, EmptyListError)


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbf", b"\xff\xfe", b"\x00" * 100, b"\xff" * 100, b"hello", bytes(range(256))]
)
def test_what_is_no_table(content: bytes) -> None:
    assert "没有找到表头" in refused(content, ListForm.CSV, HeaderError)


def test_data_without_a_header_is_not_repeated() -> None:
    said = refused(csv_text([row("甲1", summary="张三13800000000")]).encode(), ListForm.CSV, HeaderError)
    assert "张三" not in said
    assert "138" not in said


def test_too_many_rows_and_bytes() -> None:
    rows = [row(f"甲{number}") for number in range(ROWS + 1)]
    line = '{"case_no": "x"}\n'
    for content, form in (
        (csv_text([HEADERS, *rows]).encode(), ListForm.CSV),
        (workbook({"清单": [HEADERS, *rows]}), ListForm.XLSX),
        (line.encode() * (ROWS + 1), ListForm.JSON_LINES),
    ):
        assert f"{ROWS}" in refused(content, form, ListTooLargeError)
        assert "10 MiB" in refused(content.ljust(BYTES + 1), form, ListTooLargeError)
    assert len(read_list(csv_text([HEADERS, *rows[:-1]]).encode(), ListForm.CSV).rows) == ROWS


def test_too_many_columns() -> None:
    wide = ["x"] * 100_000
    assert "列" in refused(csv_text([wide, HEADERS, row("甲1")]).encode(), ListForm.CSV, ListTooLargeError)
    assert "列" in refused(csv_text([HEADERS, [*row("甲1"), *wide]]).encode(), ListForm.CSV, ListTooLargeError)
    assert "列" in refused(workbook({"清单": [HEADERS, ["x"] * 16_384]}), ListForm.XLSX, ListTooLargeError)
    # Separators that a spreadsheet leaves behind are no columns.
    padded = csv_text([[*HEADERS, *[""] * COLUMNS], [*row("甲1"), *[" "] * COLUMNS]])
    assert len(read_list(padded.encode(), ListForm.CSV).rows) == 1


@pytest.mark.parametrize("broken", ['"没有结尾', '"后面"还有', '"'])
def test_quotes_without_their_end(broken: str) -> None:
    text = csv_text([HEADERS, row("甲1")]) + csv_text([row("甲2", location="@")]).replace("@", broken)
    assert "第3行" in refused((text + csv_text([row("甲3")])).encode(), ListForm.CSV, UnreadableListError)


def test_a_separator_too_many_is_that_rows_mistake() -> None:
    text = csv_text([HEADERS, row("甲1", summary="@"), row("甲2")]).replace("@", "臭,吵,13800000000")
    first, second = read_list(text.encode(), ListForm.CSV).rows
    assert "单元格比表头多" in first.mistakes[0].said
    assert "138" not in first.model_dump_json()
    assert second.hand_over is not None


def test_a_byte_that_the_encoding_does_not_have_is_that_rows_mistake() -> None:
    for encoding, wrong in (("utf-8", b"\xff"), ("gb18030", b"\xff\xff"), ("utf-16", b"\x00\xd8")):
        content = csv_text([HEADERS, row("甲1", location="@"), row("甲2")]).encode(encoding)
        at_sign = "@".encode("utf-16-le" if encoding == "utf-16" else encoding)
        first, second = read_list(content.replace(at_sign, wrong), ListForm.CSV).rows
        assert [mistake.where for mistake in first.mistakes] == ["地点"], encoding
        assert "乱码" in first.mistakes[0].said
        assert second.hand_over is not None


def test_text_cut_in_the_middle_of_a_character() -> None:
    content = csv_text([HEADERS, row("甲1", responsible_unit="某局")]).encode("utf-16").rstrip(b"\r\n\x00")[:-1]
    assert read_list(content, ListForm.CSV).rows[0].mistakes[0].where == "责任单位"


def test_a_very_long_cell_is_that_rows_mistake() -> None:
    content = csv_text([HEADERS, row("甲1", summary="长" * 1_000_000), row("甲2")]).encode()
    first, second = read_list(content, ListForm.CSV).rows
    assert [(mistake.where, mistake.said) for mistake in first.mistakes] == [("反映问题", "过长，上限为 20000")]
    assert second.hand_over is not None


def test_json_that_is_no_lines() -> None:
    assert "JSON Lines" in refused(b'[{"case_no": "x"}]', ListForm.JSON_LINES, UnreadableListError)
    with within_limits():
        lines = (
            b'{"a":' * 100_000,
            b'{"case_no": "%s"}' % (b"x" * 8_000_000),
            b'{"case_no": "\\ud800"}',
            b'{"a": "\xe9"}',
        )
        deep, long, surrogate, latin = read_list(b"\n".join(lines), ListForm.JSON_LINES).rows
    for each in (deep, surrogate, latin):
        assert "JSON" in each.mistakes[0].said
    assert {mistake.where: mistake.said for mistake in long.mistakes}["case_no"] == "过长，上限为 200"


@pytest.mark.parametrize(
    "content",
    [
        b"PK",
        b"PK\x03\x04" + bytes(200),
        b"no zip at all",
        GOOD[:-30],
        GOOD[: len(GOOD) // 2],
        with_part(GOOD, SHEET, b"<worksheet>"),
        with_part(GOOD, SHEET, b""),
        with_part(GOOD, "xl/workbook.xml", b"<x/>"),
        with_part(GOOD, SHEET, sheet_xml('<row r="x"><c r="A1"><v>1</v></c></row>')),
        with_part(GOOD, SHEET, sheet_xml('<row r="1"><c r="1A"><v>1</v></c></row>')),
        with_part(GOOD, SHEET, sheet_xml('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>')),
    ],
    ids=range(11),
)
def test_damaged_workbooks(content: bytes) -> None:
    with within_limits(), pytest.raises(ListError):
        read_list(content, ListForm.XLSX)


def test_a_zip_that_is_no_workbook() -> None:
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")
    refused(other.getvalue(), form_of(other.getvalue(), file_name="a.docx"), UnreadableListError)


def test_parts_that_unpack_to_far_more() -> None:
    bomb = with_part(GOOD, "xl/other.xml", b" " * (200 * 1024 * 1024))
    assert len(bomb) < BYTES
    assert "解压" in refused(bomb, ListForm.XLSX, ListTooLargeError)
    # Pictures and the like are not unpacked at all.
    assert len(read_list(with_part(GOOD, "xl/media/a.png", b" " * (200 * 1024 * 1024)), ListForm.XLSX).rows) == 2


def test_a_bomb_that_states_a_small_size() -> None:
    size = 200 * 1024 * 1024
    bomb = with_part(GOOD, SHEET, sheet_xml("", " " * (size - len(sheet_xml("")))))
    assert struct.pack("<I", size) in bomb
    refused(bomb.replace(struct.pack("<I", size), struct.pack("<I", 1_000)), ListForm.XLSX, UnreadableListError)


def test_another_way_of_packing() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(SHEET, b" " * 1000)
    refused(packed.getvalue(), ListForm.XLSX, UnreadableListError)


def test_many_parts() -> None:
    packed = io.BytesIO(GOOD)
    with zipfile.ZipFile(packed, "a") as archive:
        for number in range(2_000):
            archive.writestr(f"x{number}.png", b"")
    assert "1000 个" in refused(packed.getvalue(), ListForm.XLSX, ListTooLargeError)


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>',
        '<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>x</t></is></c></row>',
        '<row r="9999999"><c><v>1</v></c></row>',
        "<row><c><v>1</v></c></row>" * 20_000,
        "<row>" + "<c><v>1</v></c>" * 300 + "</row>",
        "<c/>" * 1_600_000,
    ],
    ids=["corner", "right", "bottom", "no reference", "many rows", "many columns", "many elements"],
)
def test_sheets_that_ask_for_much(cells: str) -> None:
    refused(with_part(GOOD, SHEET, sheet_xml(cells)), ListForm.XLSX, ListTooLargeError)
    prefixed = cells.replace("<", "<x:").replace("<x:/", "</x:")
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<x:worksheet xmlns:x="{main}"><x:sheetData>{prefixed}</x:sheetData></x:worksheet>'
    refused(with_part(GOOD, SHEET, sheet.encode()), ListForm.XLSX, ListTooLargeError)


def test_one_long_text_in_very_many_cells() -> None:
    long = b"<sst><si><t>" + b"x" * 5_000_000 + b"</t></si></sst>"
    cells = "".join(f'<row r="{number}"><c r="A{number}" t="s"><v>0</v></c></row>' for number in range(1, 2_000))
    for shared in (long, long.decode().encode("utf-16")):
        bomb = with_part(with_part(GOOD, SHARED, shared), SHEET, sheet_xml(cells))
        assert len(bomb) < 100_000
        refused(bomb, ListForm.XLSX, ListTooLargeError)


def test_entities_that_unfold() -> None:
    entities = b'<!DOCTYPE sst [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>'
    refused(with_part(GOOD, SHARED, entities), ListForm.XLSX, UnreadableListError)


def test_very_many_merged_cells() -> None:
    many = '<mergeCells count="1">' + '<mergeCell ref="A1:A10000"/>' * 6_000 + "</mergeCells>"
    cells = "".join(f'<row r="{number}"><c r="A{number}"><v>1</v></c></row>' for number in range(1, 9_000))
    refused(with_part(GOOD, SHEET, sheet_xml(cells, many)), ListForm.XLSX, ListTooLargeError)
    fewer = '<mergeCells count="1">' + '<mergeCell ref="A1:A10000"/>' * 4_000 + "</mergeCells>"
    refused(with_part(GOOD, SHEET, sheet_xml(cells, fewer)), ListForm.XLSX, UnreadableListError)


def test_formatted_emptiness_below_the_list_is_no_content() -> None:
    sheet = part_of(GOOD, SHEET)
    empty = b'<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>'
    found = read_list(with_part(GOOD, SHEET, sheet.replace(b"</sheetData>", empty)), ListForm.XLSX)
    assert [each.case_no for each in found.rows] == ["甲1", "甲2"]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.sampled_from(ListForm), st.binary(max_size=400), st.sampled_from(BEGINNINGS))
def test_any_bytes(form: ListForm, content: bytes, beginning: str) -> None:
    try:
        read_list(beginning.encode() + content, form)
    except ListError:
        return


@pytest.mark.parametrize("part", [SHEET, SHARED, "xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"])
def test_workbooks_with_bytes_changed(part: str) -> None:
    """Whatever the XML says, it is a list with rows or an error of the list; never another error."""
    chance = random.Random(part)  # noqa: S311 - no secret
    original = part_of(GOOD, part)
    for _ in range(150):
        changed = bytearray(original)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(changed))
            match chance.randrange(3):
                case 0:
                    changed[place] = chance.choice(b"0123456789ABZxst<>\"'=/ \x00\xff")
                case 1:
                    del changed[place : place + chance.randint(1, 30)]
                case _:
                    changed[place:place] = changed[place : place + chance.randint(1, 40)]
        try:
            read_list(with_part(GOOD, part, bytes(changed)), ListForm.XLSX)
        except ListError:
            continue
