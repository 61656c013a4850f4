"""Which headers of lists are understood, and which columns are never read."""

import pytest

from petitions.lists.columns import REQUIRED, Column, Header, is_header_again, read_header

USUAL = [column.value for column in REQUIRED]


def header_of(*cells: object) -> Header:
    header = read_header(cells)
    assert header is not None
    return header


@pytest.mark.parametrize(
    ("column", "headers"),
    [
        (
            Column.CASE_NO,
            ["受理编号", "交办编号", "编号", "case_no", "Case No.", " 受 理 编 号 ", "*受理编号：", "受理编号（必填）"],
        ),
        (Column.RECEIVED_AT, ["交办时间", "受理时间", "received_at", "Received At", "交办时间\n（年月日时分）"]),
        (Column.BATCH, ["批次", "batch", "BATCH"]),
        (Column.CHANNEL, ["来电来信", "来电/来信", "渠道", "channel", "渠道（电话、来信）"]),
        (Column.STARRED, ["是否加星", "重点", "加星", "starred", "是否重点件"]),
        (Column.COUNTY, ["县（市、区）", "县(市、区)", "县区", "属地", "county", "市（州）"]),
        (Column.LOCATION, ["地点", "location", "地址", "Ａｄｄｒｅｓｓ"]),
        (Column.CATEGORIES, ["污染类型", "类别", "categories", "污染类型（可多选）"]),
        (Column.SUMMARY, ["问题", "反映问题", "举报内容", "信访内容", "summary"]),
        (Column.RESPONSIBLE_UNIT, ["责任单位", "responsible_unit", "Responsible unit"]),
        (Column.JURISDICTION, ["辖区", "jurisdiction"]),
    ],
)
def test_headers_that_mean_a_column(column: Column, headers: list[str]) -> None:
    others = [other.value for other in REQUIRED if other is not column]
    for header in headers:
        found = header_of(*others, header)
        assert found.columns.get(column) == len(others), header
        assert found.ignored == ()


def test_the_usual_headers_are_understood() -> None:
    for column in Column:
        assert column in header_of(*USUAL, column.value).columns


def test_columns_of_the_complainant_are_named_and_never_read() -> None:
    of_complainant = [
        "举报人",
        "姓名",
        "联系电话",
        "电话",
        "身份证号",
        "住址",
        "举报人地址",
        "地址（举报人）",
        "complainant",
        "phone",
    ]
    found = header_of(*USUAL, *of_complainant)
    assert found.missing == ()
    assert found.ignored == (
        "举报人",
        "姓名",
        "联系电话",
        "电话",
        "身份证号",
        "住址",
        "举报人地址",
        "地址(举报人)",
        "complainant",
        "phone",
    )
    assert max(found.columns.values()) < len(USUAL)


def test_an_address_beside_the_complainant_is_not_taken_for_the_site() -> None:
    without_site = [header for header in USUAL if header != Column.LOCATION.value]
    assert header_of(*without_site, "地址").missing == ()
    found = header_of(*without_site, "姓名", "电话", "地址")
    assert found.missing == (Column.LOCATION,)
    assert found.ignored == ("姓名", "电话", "地址")


def test_the_surer_of_two_headers_is_taken() -> None:
    found = header_of("编号", *USUAL, "受理时间")
    assert found.columns[Column.CASE_NO] == 1
    assert found.ignored == ("编号", "受理时间")
    assert header_of("编号", *USUAL[1:]).columns[Column.CASE_NO] == 0


def test_what_is_missing_is_named() -> None:
    assert header_of("受理编号", "县区", "地点").missing == (
        Column.RECEIVED_AT,
        Column.CHANNEL,
        Column.CATEGORIES,
        Column.SUMMARY,
    )
    with_day = header_of("受理编号", "交办日期", "县区", "地点", "渠道", "类型", "问题")
    assert with_day.missing == ()


@pytest.mark.parametrize(
    "cells",
    [
        [],
        ["达州市中央环保督察信访举报件交办清单（第26批）", "", None],
        ["X001", 45000, True, "来电", "渠县", "大气", "某处"],
        ["受理编号", "地点"],
    ],
)
def test_what_is_no_header(cells: list[object]) -> None:
    assert read_header(cells) is None


def test_a_header_again() -> None:
    header = header_of("序号", *USUAL)
    assert is_header_again(["1", *USUAL], header)
    assert not is_header_again(["序号", *USUAL[:-1]], header)
    assert not is_header_again(["序号", *USUAL[:-1], "臭"], header)


def test_a_long_or_odd_header_is_told_shortly() -> None:
    found = header_of(*USUAL, "备\x00注\n一", "长" * 500)
    assert found.ignored == ("备注 一", "长" * 39 + "…")
