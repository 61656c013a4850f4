"""Generated hand-overs, written in each form as a spreadsheet program or another system does, are read back equal."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from intake.lists import ListForm, read_list
from petitions.hand_over import HandOver
from petitions.lists.rows import CHINA
from petitions.vocabulary import Category, Channel
from tests.intake.written_lists import HEADERS, csv_text, workbook

LETTERS = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp", "Co", "Cn"), exclude_characters="�"
)
TEXTS = (
    st.text(LETTERS | st.sampled_from('\n,;\t"=、*'), min_size=1, max_size=60)
    .map(str.strip)
    .filter(lambda text: bool(text) and not text.startswith("#") and "_x" not in text)
)
NAMES = st.text(st.sampled_from("渠县开江达川通市甲乙丙a1("), min_size=1, max_size=12)


@st.composite
def hand_overs(draw: st.DrawFn) -> HandOver:
    """A hand-over that a list can say: in seconds, and not at midnight, which Excel keeps like a day alone."""
    seconds = draw(st.integers(1, 86_399)) + 86_400 * draw(st.integers(0, 20_000))
    return HandOver(
        case_no=draw(st.from_regex(r"[A-Z0-9甲乙-]{1,30}", fullmatch=True)),
        received_at=datetime(1990, 1, 1, tzinfo=CHINA) + timedelta(seconds=seconds),
        batch=draw(st.none() | st.integers(0, 2_147_483_647)),
        channel=draw(st.sampled_from(Channel)),
        starred=draw(st.booleans()),
        county="、".join(draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))),
        location=draw(TEXTS),
        categories=tuple(draw(st.lists(st.sampled_from(Category), min_size=1, unique=True))),
        summary=draw(TEXTS),
        responsible_unit=draw(st.none() | NAMES),
    )


def table(given_rows: Sequence[HandOver], moment: Callable[[datetime], object]) -> list[Sequence[object]]:
    """The rows as a person would have them."""
    return [
        HEADERS,
        *(
            (
                f"*{each.case_no}" if each.starred else each.case_no,
                moment(each.received_at),
                "" if each.batch is None else each.batch,
                each.channel.label,
                "是" if each.starred else "",
                each.county,
                each.location,
                "、".join(category.label for category in each.categories),
                each.summary,
                each.responsible_unit or "",
            )
            for each in given_rows
        ),
    ]


def assert_read_back(content: bytes, form: ListForm, expected: Sequence[HandOver], first: int = 2) -> None:
    found = read_list(content, form)
    assert [each.mistakes for each in found.rows if each.mistakes] == []
    assert [each.hand_over for each in found.rows] == list(expected)
    assert [each.row for each in found.rows] == list(range(first, first + len(expected)))


ROWS = st.lists(hand_overs(), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    ROWS,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日%H时%M分%S秒", "%Y-%m-%dT%H:%M:%S+08:00"]),
)
def test_csv(expected: list[HandOver], encoding: str, separator: str, form: str) -> None:
    rows = table(expected, lambda at: at.strftime(form))
    assert_read_back(csv_text(rows, separator=separator).encode(encoding), ListForm.CSV, expected)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(ROWS, st.booleans())
def test_xlsx(expected: list[HandOver], dates: bool) -> None:
    rows = table(expected, lambda at: at.replace(tzinfo=None) if dates else at.isoformat())
    assert_read_back(workbook({"清单": rows}), ListForm.XLSX, expected)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(ROWS, st.booleans())
def test_json_lines(expected: list[HandOver], ascii_only: bool) -> None:
    lines = (json.dumps(each.model_dump(mode="json"), ensure_ascii=ascii_only) for each in expected)
    assert_read_back("\n".join(lines).encode(), ListForm.JSON_LINES, expected, first=1)
