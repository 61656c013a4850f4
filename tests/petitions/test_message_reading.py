"""Reading a message from bytes: every kind from plain JSON, and every way in which it can be none."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petitions import messages
from petitions.messages import MESSAGE_BYTES, AnyMessage, Refusal, Unreadable, content_digest, read_message
from petitions.vocabulary import MessageKind, RefusalCode
from tests.petitions.building import BODIES

K = MessageKind
HEAD: dict[str, Any] = {"message_id": "m1", "by": {"office": "city/intake", "name": "张三"}}

# The contract's table, field by field: every field of every message, optional ones included.
WHOLE: dict[str, dict[str, Any]] = {
    "dispatch": {"unit": "unit/水务局", "note": "请速办"},
    "acknowledgement": {},
    "leader_instruction": {"text": "限期整改", "complete_by": "2021-09-01T18:00:00+08:00"},
    "task_force": {
        "lead_leader": {"office": "county/甲县/mayor", "name": "李四"},
        "lead_department": "水务局",
        "assisting_departments": ["unit/街道办"],
        "members": ["王五", "unit/商务局", {"office": "unit/水务局", "name": "赵六"}],
    },
    "site_visit": {"purpose": "investigation", "notes": "夜查"},
    "rectification_report": {
        "final": True,
        "finding": "partly_substantiated",
        "facts": "情况",
        "measures": "措施",
        "completion": "stage_completed",
        "outcome": {
            "orders_to_rectify": 1,
            "penalties_filed": 2,
            "fine_yuan": 3000.5,
            "criminal_cases": 0,
            "detained": 0,
            "interviewed": 4,
            "held_accountable": 5,
        },
        "attachments": [{"name": "照片", "sha256": "aB" * 32, "url": "https://example.org/1"}],
    },
    "verification": {"confirmed": False, "opinion": "未到位"},
    "preliminary_review": {"passed": True, "opinion": "同意"},
    "survey_result": {
        "round": 2,
        "responses": [
            {"respondent": "甲", "opinion": "basically_satisfied", "answers": {"还臭吗": "不臭"}, "comment": "好"}
        ],
        "complete": False,
        "team": ["钱七"],
    },
    "extension": {"days": 3, "reason": "汛期", "authority": "督察组"},
    "starring": {"starred": True, "reason": "影响大"},
    "merge": {"into": "X2", "reason": "重复"},
    "withdrawal": {"reason": "撤回"},
}


def _body(kind: str, **changes: Any) -> dict[str, Any]:
    return HEAD | dict(BODIES[MessageKind(kind)]) | changes


def _read(body: Any, kind: str | None = None) -> AnyMessage | Unreadable:
    return read_message(json.dumps(body).encode(), kind)


def _refused(body: bytes | Any, kind: str | None = None) -> Refusal:
    read = read_message(body if isinstance(body, bytes) else json.dumps(body).encode(), kind)
    assert isinstance(read, Unreadable), read
    assert re.search("[\u4e00-\u9fff]", read.refusal.reason), "the reason is for people who read Chinese"
    assert "\x00" not in read.refusal.reason + read.kind + (read.message_id or "")
    return read.refusal


def test_the_table_has_every_kind() -> None:
    assert set(WHOLE) == set(MessageKind) == set(BODIES)


@pytest.mark.parametrize("kind", WHOLE)
def test_every_kind_with_every_field(kind: str) -> None:
    """As a signal of this name, and by ``submit`` with the kind in the body; every field arrives."""
    body = HEAD | {"occurred_at": "2021-08-27T10:00:00Z"} | WHOLE[kind]
    signalled = _read(body, kind)
    submitted = _read(body | {"kind": kind})
    assert not isinstance(signalled, Unreadable), signalled.refusal
    assert signalled == submitted
    assert signalled.kind == kind
    assert signalled.occurred_at == datetime(2021, 8, 27, 10, tzinfo=UTC)
    kept = json.loads(signalled.model_dump_json())
    for field, value in WHOLE[kind].items():
        assert kept[field] == value


@pytest.mark.parametrize("kind", WHOLE)
def test_every_kind_with_what_it_must_have(kind: str) -> None:
    assert not isinstance(_read(_body(kind), kind), Unreadable)


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind in BODIES for field in ("message_id", "by", *BODIES[kind])]
)
def test_a_missing_field(kind: str, field: str) -> None:
    body = {name: value for name, value in _body(kind).items() if name != field}
    refusal = _refused(body, kind)
    assert refusal.code is RefusalCode.MALFORMED
    assert refusal.reason.startswith(f"{field}：缺少这一项")


@pytest.mark.parametrize("kind", BODIES)
def test_a_field_too_many(kind: str) -> None:
    refusal = _refused(_body(kind, reasom="x"), kind)
    assert refusal.code is RefusalCode.MALFORMED
    assert refusal.reason.startswith("reasom：没有这一项")


WRONG_VALUES: list[tuple[str, dict[str, Any], str]] = [
    ("dispatch", {"unit": 5}, "unit"),
    ("dispatch", {"unit": " "}, "unit"),
    ("dispatch", {"unit": "水\x00务局"}, "unit"),
    ("dispatch", {"message_id": ""}, "message_id"),
    ("dispatch", {"message_id": 7}, "message_id"),
    ("dispatch", {"by": "city/intake"}, "by"),
    ("dispatch", {"by": {"office": "city/intake"}}, "by.name"),
    ("dispatch", {"by": {"office": None, "name": "a"}}, "by.office"),
    ("dispatch", {"occurred_at": "2021-08-27T10:00:00"}, "occurred_at"),
    ("dispatch", {"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
    ("leader_instruction", {"complete_by": "2021-09-01T18:00:00"}, "complete_by"),
    ("leader_instruction", {"complete_by": "9999-12-31T23:59:59Z"}, "complete_by"),
    ("leader_instruction", {"complete_by": "明天"}, "complete_by"),
    ("leader_instruction", {"complete_by": 1630000000}, "complete_by"),
    ("leader_instruction", {"complete_by": "2021-09-31T00:00:00Z"}, "complete_by"),
    ("task_force", {"lead_leader": "李四"}, "lead_leader"),
    ("task_force", {"assisting_departments": "街道办"}, "assisting_departments"),
    ("task_force", {"members": [3]}, "members.0"),
    ("task_force", {"members": [{"name": "赵六"}]}, "members.0"),
    ("site_visit", {"purpose": "sightseeing"}, "purpose"),
    ("rectification_report", {"final": "true"}, "final"),
    ("rectification_report", {"final": 1}, "final"),
    ("rectification_report", {"finding": "属实"}, "finding"),
    ("rectification_report", {"completion": None}, "completion"),
    ("rectification_report", {"outcome": {"detained": -1}}, "outcome.detained"),
    ("rectification_report", {"outcome": {"detained": 1.5}}, "outcome.detained"),
    ("rectification_report", {"outcome": {"fine_yuan": "3"}}, "outcome.fine_yuan"),
    ("rectification_report", {"outcome": {"fine_yuan": float("nan")}}, "outcome.fine_yuan"),
    ("rectification_report", {"outcome": {"fine_yuan": float("inf")}}, "outcome.fine_yuan"),
    ("rectification_report", {"attachments": [{"name": "a", "sha256": "12", "url": "b"}]}, "attachments.0.sha256"),
    (
        "rectification_report",
        {"attachments": [{"name": "a", "sha256": "0" * 64, "url": "a\x00"}]},
        "attachments.0.url",
    ),
    ("verification", {"confirmed": "yes"}, "confirmed"),
    ("survey_result", {"round": 0}, "round"),
    ("survey_result", {"round": "1"}, "round"),
    ("survey_result", {"round": True}, "round"),
    ("survey_result", {"responses": {}}, "responses"),
    ("survey_result", {"responses": [{"respondent": "a", "opinion": "happy"}]}, "responses.0.opinion"),
    (
        "survey_result",
        {"responses": [{"respondent": "a", "opinion": "satisfied", "answers": {"q": 1}}]},
        "responses.0.answers.q",
    ),
    ("extension", {"days": 0}, "days"),
    ("extension", {"days": 366}, "days"),
    ("extension", {"days": 1.5}, "days"),
    ("extension", {"days": 10**30}, "days"),
]


@pytest.mark.parametrize(("kind", "changes", "where"), WRONG_VALUES)
def test_a_wrong_value_is_named_in_chinese(kind: str, changes: dict[str, Any], where: str) -> None:
    refusal = _refused(_body(kind, **changes), kind)
    assert refusal.code is RefusalCode.MALFORMED
    assert refusal.reason.startswith(f"{where}：")
    said = refusal.reason.split("：")[1]
    assert not re.search(r"[A-Za-z]{3,} [A-Za-z]{2,}", said), f"English in a sentence for clerks: {said}"


def test_all_mistakes_are_told_at_once() -> None:
    refusal = _refused(_body("extension", days=0, reason="", authority=3, x=1, y=2, by=None), "extension")
    assert refusal.reason.count("：") == 5
    assert "另有 1 处" in refusal.reason


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("leader_instruction", {"text": "长" * 20_001}),
        ("dispatch", {"unit": "长" * 201}),
        ("task_force", {"assisting_departments": ["a"] * 51}),
        ("task_force", {"members": ["a"] * 101}),
        ("survey_result", {"responses": [{"respondent": str(n), "opinion": "satisfied"} for n in range(2001)]}),
    ],
)
def test_too_long(kind: str, changes: dict[str, Any]) -> None:
    refusal = _refused(_body(kind, **changes), kind)
    assert refusal.code is RefusalCode.TOO_LARGE
    assert "过长" in refusal.reason


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("leader_instruction", {"text": "长" * 20_000}),
        ("dispatch", {"unit": "长" * 200}),
        ("survey_result", {"responses": [{"respondent": str(n), "opinion": "satisfied"} for n in range(2000)]}),
    ],
)
def test_just_not_too_long(kind: str, changes: dict[str, Any]) -> None:
    assert not isinstance(_read(_body(kind, **changes), kind), Unreadable)


def test_300_kilobytes() -> None:
    assert _refused(b'{"message_id":"' + b"x" * 300_000 + b'"}', "dispatch").code is RefusalCode.TOO_LARGE
    assert _refused(b"x" * 300_000).code is RefusalCode.TOO_LARGE


def test_the_size_counts_in_bytes() -> None:
    body = json.dumps(_body("withdrawal")).encode()
    assert not isinstance(read_message(body.ljust(MESSAGE_BYTES), "withdrawal"), Unreadable)
    assert _refused(body.ljust(MESSAGE_BYTES + 1), "withdrawal").code is RefusalCode.TOO_LARGE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"3",
        b'"dispatch"',
        b"{",
        b"{'a': 1}",
        b"\xff\xfe{}",
        b'\xef\xbb\xbf{"message_id":"m1"}',
        b'{"message_id":"\xed\xa0\x80"}',
        b'{"message_id":"\\ud800"}',
        b'{"message_id":"m1","by":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"message_id":"m1","by":' + b'{"a":' * 150 + b"1" + b"}" * 150 + b"}",
        b'{"message_id":"m1","round":' + b"9" * 10_000 + b"}",
        b'{"message_id":"m1","a\\u0000b":1}',
        b'{"message_id":"m1\\u0000","by":1}',
        b'{"message_id":"m1"} {}',
    ],
)
def test_bytes_that_are_no_message(body: bytes) -> None:
    assert _refused(body, "acknowledgement").code is RefusalCode.MALFORMED


@pytest.mark.parametrize("kind", ["nope", "", "Dispatch", "dispatch ", None, 3, ["dispatch"], {"a": 1}, 10**4000])
def test_an_unknown_kind(kind: Any) -> None:
    refusal = _refused(HEAD | {"kind": kind})
    assert refusal.code is RefusalCode.UNKNOWN_KIND
    assert all(known in refusal.reason for known in MessageKind), "the reason names the kinds there are"
    assert len(refusal.reason) < 600


def test_an_unknown_signal() -> None:
    read = _read(_body("dispatch"), "dispatsch")
    assert isinstance(read, Unreadable)
    assert (read.kind, read.message_id, read.refusal.code) == ("dispatsch", "m1", RefusalCode.UNKNOWN_KIND)


def test_no_kind_at_all() -> None:
    assert _refused(_body("dispatch")).code is RefusalCode.UNKNOWN_KIND


def test_a_kind_that_is_not_the_signals() -> None:
    refusal = _refused(_body("dispatch") | {"kind": "dispatch"}, "merge")
    assert refusal.code is RefusalCode.MALFORMED
    assert "merge" in refusal.reason
    assert "dispatch" in refusal.reason


def test_what_could_be_made_out_is_kept() -> None:
    read = _read(_body("dispatch", unit=5), "dispatch")
    assert isinstance(read, Unreadable)
    assert (read.kind, read.message_id) == ("dispatch", "m1")
    long_id = _read({"message_id": "长" * 1000}, "dispatch")
    assert isinstance(long_id, Unreadable)
    assert long_id.message_id == "长" * 200


def test_a_reason_stays_short_whatever_the_names_are() -> None:
    refusal = _refused(_body("dispatch", **{"x" * 100_000: 1, "y" * 100_000: 1}), "dispatch")
    assert len(refusal.reason) < 1000


def test_space_around_a_name_does_not_matter() -> None:
    read = _read(_body("dispatch", unit=" unit/水务局 ", message_id=" m1 "), "dispatch")
    assert isinstance(read, messages.Dispatch)
    assert (read.unit, read.message_id) == ("unit/水务局", "m1")


def test_the_digest_is_of_the_content_not_of_its_spelling() -> None:
    body = _body("starring")
    spelled = json.dumps(dict(reversed(body.items())), ensure_ascii=False, indent=3).encode()
    one, same, other = (
        _read(body, "starring"),
        read_message(spelled, "starring"),
        _read(body | {"starred": False}, "starring"),
    )
    assert not isinstance(one, Unreadable)
    assert not isinstance(same, Unreadable)
    assert not isinstance(other, Unreadable)
    assert content_digest(one) == content_digest(same)
    assert content_digest(one) != content_digest(other)


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["2021-08-27T10:00:00+08:00", "satisfied", "9999-12-31T23:59:59Z", "\x00", "unit/水务局"])
)
_ANY_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = sorted(
    {"message_id", "by", "occurred_at", "kind", "?", *(field for body in WHOLE.values() for field in body)}
)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, object]", value).items():
            yield from (key, *_texts(inner))
    elif isinstance(value, list | tuple):
        for inner in cast("Iterable[object]", value):
            yield from _texts(inner)


def _check_read(read: AnyMessage | Unreadable) -> None:
    """Either a message that can be written down and read again, or a refusal in words; Postgres can keep both."""
    assert not any("\x00" in text for text in _texts(read.model_dump()))
    if isinstance(read, Unreadable):
        assert read.refusal.reason
    else:
        assert read_message(read.model_dump_json().encode(), read.kind) == read


@given(st.binary(max_size=200), st.sampled_from([None, *MessageKind, "?", "\x00"]))
def test_arbitrary_bytes_never_raise(body: bytes, kind: str | None) -> None:
    _check_read(read_message(body, kind))


@given(st.dictionaries(st.sampled_from(_FIELDS), _ANY_JSON, max_size=6), st.sampled_from([None, *MessageKind]))
def test_arbitrary_json_never_raises(body: dict[str, Any], kind: str | None) -> None:
    _check_read(read_message(json.dumps(body).encode(), kind))


@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_one_arbitrary_field_in_a_good_message_never_raises(kind: str, data: st.DataObject) -> None:
    body = HEAD | WHOLE[kind]
    field = data.draw(st.sampled_from(sorted(body)), label="field")
    body |= {field: data.draw(_ANY_JSON, label="value")}
    _check_read(read_message(json.dumps(body).encode(), kind))
