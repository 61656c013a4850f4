"""What the cells of a list mean, and what is said of those that mean nothing."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from petitions.lists.columns import Header, read_header
from petitions.lists.rows import CHINA, Cell, Row, is_blank, read_row
from petitions.lists.words import batch, categories, channel, yes_or_no
from petitions.vocabulary import Category, Channel

AT = datetime(2021, 8, 27, 10, 0, tzinfo=CHINA)
GOOD: dict[str, Cell] = {
    "受理编号": "X1",
    "交办时间": "2021-08-27 10:00",
    "批次": 1.0,
    "渠道": "来电",
    "加星": "",
    "县区": "渠县",
    "地点": "某处",
    "类型": "水",
    "问题": "污水直排",
}


def header_of(cells: dict[str, Cell]) -> Header:
    header = read_header(list(cells))
    assert header is not None
    return header


def row_of(**changes: Cell) -> Row:
    cells = GOOD | changes
    return read_row(7, list(cells.values()), header_of(cells))


def mistake_of(**changes: Cell) -> tuple[str, str]:
    row = row_of(**changes)
    assert row.hand_over is None
    assert len(row.mistakes) == 1
    return row.mistakes[0].where, row.mistakes[0].said


def test_a_row() -> None:
    row = row_of()
    assert (row.row, row.case_no, row.mistakes) == (7, "X1", ())
    assert row.hand_over is not None
    assert row.hand_over.model_dump() == {
        "case_no": "X1",
        "received_at": AT,
        "batch": 1,
        "channel": Channel.PHONE,
        "starred": False,
        "county": "渠县",
        "location": "某处",
        "categories": (Category.WATER,),
        "summary": "污水直排",
        "responsible_unit": None,
        "jurisdiction": None,
    }


@pytest.mark.parametrize(
    ("cell", "case_no", "starred"),
    [
        ("X1", "X1", False),
        ("*X1", "X1", True),
        ("＊Ｘ１", "X1", True),
        (" * X1 ", "X1", True),
        (20210827001.0, "20210827001", False),
        (20210827001, "20210827001", False),
        (999999999999999.0, "999999999999999", False),
        ("202108270010010001", "202108270010010001", False),
        ('="0012"', "0012", False),
        ("'0012", "0012", False),
        ("=1+1", "=1+1", False),
    ],
)
def test_case_numbers(cell: Cell, case_no: str, starred: bool) -> None:
    row = row_of(受理编号=cell)
    assert row.hand_over is not None
    assert (row.case_no, row.hand_over.case_no, row.hand_over.starred) == (case_no, case_no, starred)


@pytest.mark.parametrize(
    "cell", [1e15, 2.0210827001001e17, 20210827001001000, float("inf"), float("nan"), "2.02108E+17"]
)
def test_a_number_that_lost_its_end(cell: Cell) -> None:
    where, said = mistake_of(受理编号=cell)
    assert where == "受理编号"
    assert "15 位" in said


def test_a_fraction_is_no_whole_number() -> None:
    row = row_of(受理编号=1.5)  # it has a point, as some numbers do
    assert row.case_no == "1.5"
    assert mistake_of(批次=1.5)[0] == "批次"


@pytest.mark.parametrize("cell", ["A B", "A/B", "A*B", "x" * 65, "A\nB"])
def test_what_is_no_case_number(cell: str) -> None:
    row = row_of(受理编号=cell)
    assert row.case_no is None
    assert [mistake.where for mistake in row.mistakes] == ["受理编号"]
    assert "受理编号应为" in row.mistakes[0].said


@pytest.mark.parametrize(
    "cell",
    [
        datetime(2021, 8, 27, 10, 0),  # noqa: DTZ001 - as a spreadsheet keeps it
        "2021-08-27 10:00",
        "2021/8/27 10:00:00",
        "2021.8.27 10:00",
        "2021年8月27日10时",
        "2021年8月27日 10时00分00秒",
        "2021年8月27日上午10点整",
        "2021年8月27日（星期五）10:00",
        "2021-08-27T10:00",
        "2021-08-27T10:00:00+08:00",
        "2021-08-27T02:00:00Z",
        "2021-08-27 05:00:00.000 +0300",
        "2021/8/27 10:00 AM",
        "２０２１－８－２７　１０：００",
    ],
)
def test_moments(cell: Cell) -> None:
    hand_over = row_of(交办时间=cell).hand_over
    assert hand_over is not None
    assert hand_over.received_at == AT


@pytest.mark.parametrize("cell", ["2021/8/27 3:30 PM", "2021年8月27日下午3时30分"])
def test_the_afternoon(cell: str) -> None:
    hand_over = row_of(交办时间=cell).hand_over
    assert hand_over is not None
    assert hand_over.received_at == AT.replace(hour=15, minute=30)


@pytest.mark.parametrize("cell", ["2021-08-27", "2021年8月27日", "2021/8/27", date(2021, 8, 27)])
def test_the_hour_is_needed(cell: Cell) -> None:
    where, said = mistake_of(交办时间=cell)
    assert where == "交办时间"
    assert "几时几分" in said


@pytest.mark.parametrize(
    "cell",
    [
        "昨天",
        "8/27/2021 10:00",
        "21-8-27 10:00",
        "2021-02-30 10:00",
        "2021-08-27 25:00",
        "2021/8/2710:00",
        44435.4,
        True,
    ],
)
def test_what_is_no_moment(cell: Cell) -> None:
    where, said = mistake_of(交办时间=cell)
    assert where == "交办时间"
    assert "时间格式不对" in said


def test_years_that_are_not_ours() -> None:
    assert mistake_of(交办时间="1021-08-27 10:00") == ("交办时间", "年份应在 1900 到 2999 之间")


@pytest.mark.parametrize("at", ["10:30", time(10, 30), timedelta(hours=10, minutes=30), "10时30分", "上午10:30"])
@pytest.mark.parametrize("day", ["2021-08-27", date(2021, 8, 27), "2021年8月27日"])
def test_a_day_and_a_time_in_two_columns(day: Cell, at: Cell) -> None:
    cells = {name: cell for name, cell in GOOD.items() if name != "交办时间"} | {"日期": day, "时间": at}
    hand_over = read_row(2, list(cells.values()), header_of(cells)).hand_over
    assert hand_over is not None
    assert hand_over.received_at == AT.replace(minute=30)


def test_two_columns_that_disagree() -> None:
    cells = GOOD | {"交办日期": date(2021, 8, 28)}
    row = read_row(2, list(cells.values()), header_of(cells))
    assert [mistake.said for mistake in row.mistakes] == ["日期列与时间列不一致，请核对"]
    only_time = {name: cell for name, cell in GOOD.items() if name != "交办时间"} | {"时间": "10:30", "日期": ""}
    row = read_row(2, list(only_time.values()), header_of(only_time))
    assert "缺少日期" in row.mistakes[0].said


def test_local_time_is_the_jurisdictions() -> None:
    row = read_row(2, list(GOOD.values()), header_of(GOOD), local=timezone(timedelta(hours=6)))
    assert row.hand_over is not None
    assert row.hand_over.received_at == datetime(2021, 8, 27, 4, tzinfo=UTC)


def test_a_region_for_each_of_a_joint_case() -> None:
    for cell in ("成都市、眉山市", "成都市，眉山市", "成都市 / 眉山市", "成都市\n眉山市", "成都市；眉山市；"):
        hand_over = row_of(县区=cell).hand_over
        assert hand_over is not None
        assert hand_over.county == "成都市、眉山市"


def test_what_is_missing_is_told_by_the_lists_own_header() -> None:
    empty = dict.fromkeys(GOOD, "　")
    row = read_row(2, [*empty.values()][:3], header_of(GOOD))
    assert {mistake.where: mistake.said for mistake in row.mistakes} == dict.fromkeys(
        ["受理编号", "交办时间", "渠道", "县区", "地点", "类型", "问题"], "缺少这一项"
    )


def test_every_mistake_at_once_and_nothing_of_the_cells() -> None:
    planted = "张三13800000000"
    row = row_of(
        渠道=planted,
        批次=planted,
        类型=planted,
        加星=planted,
        交办时间=planted,
        受理编号=f"{planted} x",
        问题=f"{planted}\x00",
    )
    assert {mistake.where for mistake in row.mistakes} == {
        "渠道",
        "批次",
        "类型",
        "加星",
        "交办时间",
        "受理编号",
        "问题",
    }
    assert "138" not in row.model_dump_json()
    assert "张三" not in row.model_dump_json()


@pytest.mark.parametrize("text", ["a\x00b", "a\x07b", "a\x1bb", "a\x7fb", "a\ud800b", f"a{chr(0xFFFD)}b"])
def test_characters_that_no_text_has(text: str) -> None:
    where, said = mistake_of(地点=text)
    assert where == "地点"
    assert "重新填写" in said


def test_one_sort_of_line_ends() -> None:
    for text in ("一\n二", "一\r\n二", "一\r二", "一\x0b二", " 一\n二\r\n"):
        hand_over = row_of(问题=text).hand_over
        assert hand_over is not None
        assert hand_over.summary == "一\n二"


def test_a_formula_stays_text_and_its_error_is_told() -> None:
    hand_over = row_of(问题="=HYPERLINK(1)").hand_over
    assert hand_over is not None
    assert hand_over.summary == "=HYPERLINK(1)"
    assert "公式" in mistake_of(问题="#REF!")[1]
    assert "日期" in mistake_of(地点=date(2021, 8, 27))[1]


def test_a_row_without_anything_that_is_read() -> None:
    cells = GOOD | {"举报人": "张三"}
    header = header_of(cells)
    assert is_blank([*[""] * len(GOOD), "张三"], header)
    assert is_blank([" ", None, "　"], header)
    assert not is_blank(["", 0], header)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("来电", Channel.PHONE),
        (" 来 电 ", Channel.PHONE),
        ("电话", Channel.PHONE),
        ("Phone", Channel.PHONE),
        ("来信", Channel.LETTER),
        ("网络", Channel.ONLINE),
        ("online", Channel.ONLINE),
        ("其他", Channel.OTHER),
        ("其它", Channel.OTHER),
        ("来店", None),
        ("来电来信", None),
        ("", None),
    ],
)
def test_channels(word: str, meant: Channel | None) -> None:
    assert channel(word) is meant


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("水", (Category.WATER,)),
        ("大气、水", (Category.AIR, Category.WATER)),
        ("水，大气,土壤；噪声;生态/辐射\n海洋 其他", tuple(Category)),
        ("水污染和噪音污染", (Category.WATER, Category.NOISE)),
        ("大气环境及生态破坏", (Category.AIR, Category.ECOLOGY)),
        ("生态环境类", (Category.ECOLOGY,)),
        ("Air, Water", (Category.AIR, Category.WATER)),
        ("air/noise pollution", None),
        ("水、月亮", None),
        ("、", None),
        ("污染", None),
    ],
)
def test_pollution_types(cell: str, meant: tuple[Category, ...] | None) -> None:
    assert categories(cell) == meant


def test_every_word_of_the_contract_and_every_label_is_known() -> None:
    for kind in Category:
        assert categories(kind.value) == categories(kind.label) == (kind,)
    for kind in Channel:
        assert channel(kind.value) is channel(kind.label) is kind


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        *[(word, True) for word in ("是", "★", "*", "＊", "√", "Yes", "TRUE", "1", "加星", "重点件")],
        *[(word, False) for word in ("否", "", " ", "无", "No", "false", "0", "—", "-", "一般")],
        *[(word, None) for word in ("?", "☆", "2", "是否")],
    ],
)
def test_yes_and_no(cell: str, meant: bool | None) -> None:
    assert yes_or_no(cell) is meant


@pytest.mark.parametrize(("cell", "meant"), [(True, True), (False, False), (1.0, True), (0, False)])
def test_stars_of_a_spreadsheet(cell: Cell, meant: bool) -> None:
    hand_over = row_of(加星=cell).hand_over
    assert hand_over is not None
    assert hand_over.starred is meant


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("26", 26),
        ("第26批", 26),
        ("第 ２６ 批次", 26),
        ("二十六", 26),
        ("十", 10),
        ("第十批", 10),
        ("一百", 100),
        ("一百零五", 105),
        ("一百二十", 120),
        ("九百九十九", 999),
        ("二六", None),
        ("百十", None),
        ("十百", None),
        ("批", None),
        ("-1", None),
        ("26.5", None),
    ],
)
def test_numbers_of_batches(text: str, number: int | None) -> None:
    assert batch(text) == number


def test_a_batch_beyond_what_the_record_keeps() -> None:
    assert mistake_of(批次="2147483648") == ("批次", "应当不大于 2147483647")
