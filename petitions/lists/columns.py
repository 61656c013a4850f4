"""What the headers of a list mean: columns of a hand-over, of a complainant, or nothing that is known here.

A header is compared without spaces, punctuation, brackets with a remark, case and full width: ``污染类型（可多选）``
and ``* 污染 类型：`` are the same.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Final

from petitions.values import Value

_FULL_WIDTH = {**{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}, 0x3000: 0x20}
_INVISIBLE: dict[int, None] = dict.fromkeys((0xFEFF, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xAD))


def plain(text: str) -> str:
    """A short text as it is compared: half width, nothing invisible, no spaces around."""
    return text.translate(_FULL_WIDTH).translate(_INVISIBLE).strip()


class Column(Enum):
    """A column that is understood; the value is its usual header."""

    CASE_NO = "受理编号"
    RECEIVED_AT = "交办时间"
    """A moment, or the time of a day that stands in ``RECEIVED_ON``."""
    RECEIVED_ON = "交办日期"
    BATCH = "批次"
    CHANNEL = "来电来信"
    STARRED = "是否加星"
    COUNTY = "县（市、区）"
    LOCATION = "地点"
    CATEGORIES = "污染类型"
    SUMMARY = "反映问题"
    RESPONSIBLE_UNIT = "责任单位"
    JURISDICTION = "辖区"


_HEADERS: Final[Mapping[Column, str]] = {
    Column.CASE_NO: """
        受理编号 交办编号 转办编号 信访件编号 交办件编号 举报件编号 案件编号 信访编号 举报编号 受理号 受理序号 编号 件号
        case_no case_number case""",
    Column.RECEIVED_AT: """
        交办时间 转办时间 受理时间 接收时间 收件时间 接件时间 来件时间 时间
        received_at handed_over_at received_time received time""",
    Column.RECEIVED_ON: """
        交办日期 转办日期 受理日期 接收日期 收件日期 接件日期 来件日期 日期 received_on received_date date""",
    Column.BATCH: "批次 交办批次 转办批次 批号 批次号 第几批 batch batch_no batch_number",
    Column.CHANNEL: """
        来电来信 来信来电 来电来信网络 渠道 受理渠道 信访渠道 举报渠道 受理方式 信访方式 举报方式 投诉方式 来源
        channel""",
    Column.STARRED: "是否加星 加星 加星件 是否加星件 是否重点 重点 重点件 是否重点件 星标 是否标星 starred star",
    Column.COUNTY: """
        县市区 县区 区县 市县区 县 属地 所属县区 所在县区 所属县市区 所在县市区 行政区域 行政区 行政区划 所属区域
        市州 地市 所属市州 区域 地区 所属地区 county region district""",
    Column.LOCATION: """
        地点 具体地点 污染地点 问题地点 问题点位 点位 所在地 所在位置 位置 地址 具体地址 location site address""",
    Column.CATEGORIES: """
        污染类型 污染类别 污染种类 污染要素 环境要素 问题类型 问题类别 举报类型 信访类型 类型 类别
        categories category pollution_types pollution_type types type""",
    Column.SUMMARY: """
        反映问题 反映的问题 反映的主要问题 反映主要问题 反映内容 举报内容 举报问题 信访内容 信访问题 投诉内容 投诉问题
        交办问题 交办内容 问题基本情况 交办问题基本情况 问题描述 问题概述 主要问题 主要内容 问题 内容
        summary problem description content""",
    Column.RESPONSIBLE_UNIT: "责任单位 承办单位 办理单位 整改责任单位 responsible_unit unit",
    Column.JURISDICTION: "辖区 管辖区 jurisdiction",
}
"""Headers by column, the surest first: where two columns of a list mean the same, the surer is taken."""

REQUIRED: Final = (
    Column.CASE_NO,
    Column.RECEIVED_AT,
    Column.CHANNEL,
    Column.COUNTY,
    Column.LOCATION,
    Column.CATEGORIES,
    Column.SUMMARY,
)
"""What no list may lack. Not ``STARRED``: many lists print a ``*`` before the number instead."""

_ABOUT_THE_COMPLAINANT: Final = """
    举报人 信访人 投诉人 反映人 来电人 来信人 来访人 当事人 联系人 联系电话 联系方式 联系地址 电话 手机 座机 号码
    身份证 证件 住址 姓名 性别 年龄 职业 籍贯 邮箱 微信 qq complainant petitioner reporter whistleblower caller
    phone mobile email idcard identity name contact gender"""
"""A header that holds one of these, and that means no column above, tells of the complainant."""

_HOMES = {"地址", "具体地址", "address"}
"""Beside columns of the complainant these are not the site's: a home must not pass for it, nor enter Temporal."""

_LEAST = 3
"""So many columns must be understood before a row is taken for the header."""
_LONGEST = 40
"""A header is named with so many characters at the most; a longer text is none."""
_REMARK = re.compile(r"\([^()]*\)")
_NO_LETTER = re.compile(r"[\W_]+")


def _key(header: str) -> str:
    return _NO_LETTER.sub("", plain(header).casefold())


_COLUMNS: Final[Mapping[str, tuple[Column, int]]] = {
    _key(header): (column, rank) for column, headers in _HEADERS.items() for rank, header in enumerate(headers.split())
}


def _column_of(header: str) -> tuple[Column, int] | None:
    """The column that a header means and how sure that is (0: most); none: it is not understood."""
    if (found := _COLUMNS.get(_key(header))) is not None:
        return found
    found = _COLUMNS.get(_key(_REMARK.sub("", plain(header))))
    return None if found and found[0] is Column.LOCATION and _is_of_complainant(header) else found


def _is_of_complainant(header: str) -> bool:
    """Whether a column that is not understood otherwise tells of the complainant."""
    key = _key(header)
    return any(word in key for word in _ABOUT_THE_COMPLAINANT.split())


def _may_be_a_home(headers: Sequence[str]) -> bool:
    """Whether an address in a list of these headers may be where the complainant lives."""
    return any(_column_of(header) is None and _is_of_complainant(header) for header in headers)


class Header(Value):
    """The header of a list: where its columns stand (from 0) and what they are called there."""

    columns: dict[Column, int]
    names: dict[Column, str]
    ignored: tuple[str, ...]
    """Columns that are not read, as the list calls them, those of the complainant among them."""
    width: int
    """Cells up to the last header."""

    @property
    def missing(self) -> tuple[Column, ...]:
        """Required columns that the list lacks; a date column stands in for that of the time."""
        return tuple(
            column
            for column in REQUIRED
            if column not in self.columns and not (column is Column.RECEIVED_AT and Column.RECEIVED_ON in self.columns)
        )


def read_header(cells: Sequence[object]) -> Header | None:
    """Read a row as the header of a list; none: it is no header, but a title, say, or a row of data."""
    taken: dict[Column, tuple[int, int]] = {}
    headers = {place: cell for place, cell in enumerate(cells) if isinstance(cell, str) and len(cell) <= _LONGEST}
    home = _may_be_a_home(tuple(headers.values()))
    for place, header in headers.items():
        found = _column_of(header)
        if found is None or (home and _key(_REMARK.sub("", plain(header))) in _HOMES):
            continue
        if found[0] not in taken or found[1] < taken[found[0]][0]:
            taken[found[0]] = (found[1], place)
    if len(taken) < _LEAST:
        return None
    columns = {column: place for column, (_, place) in taken.items()}
    return Header(
        columns=columns,
        names={column: _name(cells[place]) for column, place in columns.items()},
        ignored=tuple(_ignored(cells, set(columns.values()))),
        width=max((place + 1 for place, cell in enumerate(cells) if _name(cell)), default=0),
    )


def is_header_again(cells: Sequence[object], header: Header) -> bool:
    """Whether a row is the header once more, as it stands at the top of each printed page."""
    return all(
        place < len(cells) and _name(cells[place]) == header.names[column] for column, place in header.columns.items()
    )


def _ignored(cells: Sequence[object], taken: set[int]) -> Iterator[str]:
    for place, cell in enumerate(cells):
        if place not in taken and (name := _name(cell)):
            yield name


def _name(cell: object) -> str:
    """A header as it is told: on one line, and no longer than a header is."""
    name = " ".join(plain(str(cell)).split()) if cell is not None else ""
    name = "".join(letter for letter in name if letter.isprintable())
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
