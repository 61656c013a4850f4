"""What is wrong with a hand-over, one by one and in Chinese, beside the English text that programs' logs have."""

import json
from typing import Any

import pytest

from petitions.hand_over import HandOverError, hand_over_of, read_hand_over
from petitions.mistakes import Mistake

GOOD: dict[str, Any] = {
    "case_no": "X1",
    "received_at": "2021-08-27T10:00:00+08:00",
    "channel": "phone",
    "starred": False,
    "county": "渠县",
    "location": "某处",
    "categories": ["water"],
    "summary": "污水直排",
}


def error_of(body: bytes) -> HandOverError:
    with pytest.raises(HandOverError) as caught:
        read_hand_over(body)
    return caught.value


@pytest.mark.parametrize(
    ("changes", "where", "said"),
    [
        ({"case_no": "a b"}, "case_no", "受理编号应为 1 到 64 个字符，中间不能有空格、“/”或“*”"),
        ({"case_no": 7}, "case_no", "应当是文字"),
        ({"received_at": "2021-08-27T10:00:00"}, "received_at", "时间要带时区，例如 2021-08-27T10:00:00+08:00"),
        ({"received_at": "soon"}, "received_at", "时间格式不对，例如 2021-08-27T10:00:00+08:00"),
        ({"received_at": "1021-08-27T10:00:00Z"}, "received_at", "年份应在 1900 到 2999 之间"),
        ({"batch": -1}, "batch", "应当不小于 0"),
        ({"batch": "x"}, "batch", "应当是整数"),
        ({"channel": "fax"}, "channel", "只能是 'phone', 'letter', 'online', 'other'"),
        ({"starred": "perhaps"}, "starred", "只能是 true 或 false"),
        ({"county": " "}, "county", "不能为空"),
        ({"location": "x" * 20_001}, "location", "过长，上限为 20000"),
        ({"summary": "a\x00"}, "summary", "含有空字符（NUL）"),
        ({"categories": "water"}, "categories", "应当是列表"),
        ({"categories": ["water", "moon"]}, "categories.1", "只能是 "),
    ],
)
def test_one_mistake(changes: dict[str, Any], where: str, said: str) -> None:
    error = error_of(json.dumps(GOOD | changes).encode())
    assert [mistake.where for mistake in error.mistakes] == [where]
    assert error.mistakes[0].said.startswith(said)
    assert str(error).startswith(f"the hand-over does not fit the contract: {where}: ")


def test_all_mistakes_at_once() -> None:
    error = error_of(b'{"channel": "fax"}')
    told = {mistake.where: mistake.said for mistake in error.mistakes}
    assert told.pop("channel").startswith("只能是")
    assert set(told) == set(GOOD) - {"channel"}
    assert set(told.values()) == {"缺少这一项"}


@pytest.mark.parametrize(
    ("body", "said"), [(b"{", "不是有效的 JSON"), (b"3", "应当是一个对象"), (b"\xff", "不是有效的 JSON")]
)
def test_no_hand_over_at_all(body: bytes, said: str) -> None:
    (mistake,) = error_of(body).mistakes
    assert mistake.where == "交办件"
    assert mistake.said.startswith(said)


def test_nothing_that_was_sent_is_repeated() -> None:
    planted = "张三13800000000"
    error = error_of(json.dumps(dict.fromkeys(GOOD, f"{planted} /"), ensure_ascii=False).encode())
    assert len(error.mistakes) == 5
    assert "138" not in f"{error} {error.mistakes}"


def test_fields_that_have_been_read_already() -> None:
    assert hand_over_of(GOOD) == read_hand_over(json.dumps(GOOD).encode())
    with pytest.raises(HandOverError) as caught:
        hand_over_of(GOOD | {"county": ""})
    assert caught.value.mistakes == (Mistake(where="county", said="不能为空"),)


def test_an_error_of_another_sort_has_no_mistakes() -> None:
    assert HandOverError("the start needs exactly one argument").mistakes == ()
