"""What nobody should send, made by hand: each a list of arguments, for a signal of any name or the update."""

import json
from typing import Any

from temporalio.api.common.v1 import Payload

from tests.workflows.outside_program import UNIT, by


def payload(data: bytes, encoding: str = "json/plain", **metadata: bytes) -> Payload:
    """Bytes with a name for their encoding."""
    return Payload(metadata={"encoding": encoding.encode(), **metadata}, data=data)


def jsons(value: Any) -> Payload:
    """A value as any client's JSON converter sends it."""
    return payload(json.dumps(value, ensure_ascii=False).encode())


STRANGER = "unit/通川区生态环境局"
"""A unit that has nothing to do with the case: what it sends is refused, even where it can be read."""


def _body(**fields: Any) -> dict[str, Any]:
    return {"by": by(STRANGER), **fields}


def _survey(count: int) -> dict[str, Any]:
    answers = [{"respondent": f"r{number}", "opinion": "satisfied"} for number in range(count)]
    return {"by": by("city/revisit-team"), "round": 1, "responses": answers, "complete": True}


_GBK = json.dumps({"message_id": "编码", "by": by(UNIT)}, ensure_ascii=False).encode("gbk")
_UTF_16 = json.dumps({"message_id": "u16", "by": by(UNIT)}).encode("utf-16")

NASTY: dict[str, tuple[Payload, ...]] = {
    "no argument": (),
    "two arguments": (jsons({"message_id": "a"}), jsons({"message_id": "b"})),
    "a hundred arguments": tuple(jsons(number) for number in range(100)),
    "nothing": (Payload(metadata={"encoding": b"binary/null"}),),
    "binary": (payload(b"\xff\xfe\x00\x01", "binary/plain"),),
    "JSON as binary": (payload(json.dumps(_body(message_id="binary")).encode(), "binary/plain"),),
    "an unknown encoding": (payload(b"{}", "json/klingon"),),
    "an encrypted payload": (payload(b"\x8a\x01\xff", "binary/encrypted"),),
    "protobuf": (payload(b"\x0a\x01x", "binary/protobuf", messageType=b"a.B"),),
    "no encoding": (Payload(data=b"{}"),),
    "nothing at all": (Payload(),),
    "an encoding that is no text": (Payload(metadata={"encoding": b"\xff\x00\xfe"}, data=b"{}"),),
    "empty JSON": (payload(b""),),
    "white space": (payload(b" \n\t "),),
    "broken JSON": (payload(b'{"message_id": '),),
    "more after the end": (payload(b"{}{}"),),
    "a single quote": (payload(b"{'message_id': 'x'}"),),
    "a byte-order mark": (payload(b"\xef\xbb\xbf{}"),),
    "GBK": (payload(_GBK),),
    "UTF-16": (payload(_UTF_16),),
    "broken UTF-8": (payload(b'{"message_id": "\xc3\x28"}'),),
    "a lone surrogate": (payload(b'{"message_id": "\\ud800", "by": {"office": "\\udfff", "name": "x"}}'),),
    "a lone surrogate as bytes": (payload(b'{"message_id": "\xed\xa0\x80"}'),),
    "NUL": (jsons(_body(message_id="n\x00l")),),
    "NUL in a name": (jsons({"message_id": "nul-name", "by": {"office": UNIT, "name": "\x00"}}),),
    "deep lists": (payload(b"[" * 100_000),),
    "deep objects": (payload(b'{"a":' * 50_000),),
    "deep and closed": (payload(b'{"message_id": "deep", "by": ' + b"[" * 150 + b"]" * 150 + b"}"),),
    "a number": (jsons(7),),
    "a text": (jsons("签收"),),
    "a list": (jsons([{"message_id": "l"}]),),
    "true": (jsons(True),),
    "null in JSON": (payload(b"null"),),
    "an empty object": (jsons({}),),
    "NaN": (payload(b'{"message_id": "nan", "round": NaN, "days": Infinity}'),),
    "a huge number": (payload(b'{"message_id": "huge", "days": ' + b"9" * 5_000 + b"}"),),
    "a huge exponent": (payload(b'{"message_id": "exponent", "days": 1e999999}'),),
    "a huge number as id": (payload(b'{"message_id": ' + b"9" * 4_000 + b"}"),),
    "an id that is a list": (jsons(_body(message_id=["a"])),),
    "an empty id": (jsons(_body(message_id="")),),
    "an id of spaces": (jsons(_body(message_id="   ")),),
    "an id of a thousand characters": (jsons(_body(message_id="长" * 1_000)),),
    "the same field twice": (payload(b'{"message_id": "twice-1", "message_id": "twice-2", "by": 3}'),),
    "a thousand fields": (jsons({f"f{number}": number for number in range(1_000)}),),
    "a field of a thousand characters": (jsons(_body(message_id="field", **{"字" * 1_000: 1})),),
    "an unknown field": (jsons(_body(message_id="unknown-field", urgency="高")),),
    "a kind that is none": (jsons(_body(message_id="kind", kind={"a": 1})),),
    "another kind than the name": (jsons(_body(message_id="other-kind", kind="salute")),),
    "text direction marks": (jsons(_body(message_id="\u202e\u2066rtl")),),
    "an emoji family as office": (jsons({"message_id": "emoji", "by": {"office": "👨‍👩‍👧‍👦", "name": "🀄"}}),),
    "a naive time": (jsons(_body(message_id="naive", occurred_at="2021-08-27T10:00:00")),),
    "a time that is none": (jsons(_body(message_id="feb", occurred_at="2021-02-30T10:00:00+08:00")),),
    "a time as number": (jsons(_body(message_id="epoch", occurred_at=1_630_000_000)),),
    "the year 9999": (jsons(_body(message_id="9999", occurred_at="9999-12-31T23:59:59+00:00")),),
    "an offset of a day": (jsons(_body(message_id="offset", occurred_at="2021-08-27T10:00:00+23:59")),),
    "a survey of ten thousand": (jsons(_survey(10_000) | {"message_id": "ten-thousand"}),),
    "a survey of a hundred thousand mistakes": (payload(b'{"responses": [' + b"0," * 100_000 + b"0]}"),),
    "a text of 100,000 characters": (jsons(_body(message_id="long", note="长" * 100_000)),),
    "a megabyte": (jsons(_body(message_id="megabyte", note="x" * 1_000_000)),),
    "a message of yesterday": (
        jsons({"id": "old-1", "office": UNIT, "person": "金劲", "time": "2021/08/29 18:00", "type": "签收"}),
    ),
    "a message of yesterday, in envelopes": (
        jsons({"msg": {"head": {"id": "old-2", "ver": "1.0"}, "body": json.dumps(_body(message_id="old-2"))}}),
    ),
    "a sender as text": (jsons({"message_id": "by-text", "by": "通川区商务局"}),),
    "a prototype": (jsons(_body(message_id="proto", __proto__={"office": "city/mayor"}, constructor=1)),),
    "an order to SQL": (jsons(_body(message_id="'; DROP TABLE case_event; --")),),
    "a page of HTML": (jsons(_body(message_id="<script>alert(1)</script>")),),
}

SIGNAL_NAMES = (
    "acknowledgement",
    "survey_result",
    "submit",
    "case",
    "no_such_name",
    "没有这个名字",
    "x" * 1_000,
    "__temporal_signal",
    "__temporal_workflow_metadata",
    "__stack_trace",
    "__init__",
    "__class__",
    "run",
    "_take_in",
    "any_other_signal",
    "None",
    " ",
    "a\nb",
    "\u202e",
    "acknowledgement ",
    "ACKNOWLEDGEMENT",
    "notice_out",
)
"""Names of the contract, of nobody, and such as look like something inside."""
