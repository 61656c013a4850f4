"""Messages made by chance, always the same ones: hypothesis for odd values, a seeded generator for the rest."""

import json
import random
import string
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter

from tests.doors.nasty import NASTY, SIGNAL_NAMES, payload
from tests.doors.sending import Sent
from tests.workflows.outside_program import UNIT, by

CONVERTERS = (DataConverter.default.payload_converter, pydantic_data_converter.payload_converter)

TEAM, STABILITY, REVISIT, INTAKE = (
    f"city/{team}" for team in ("supervision-team", "stability-team", "revisit-team", "intake")
)
LEADER = "county/通川区/mayor"

BODIES: dict[str, dict[str, Any]] = {
    "dispatch": {"unit": UNIT, "note": "请办理"},
    "acknowledgement": {},
    "leader_instruction": {"text": "立即调查处理。", "complete_by": "2031-09-01T10:00:00+08:00"},
    "task_force": {
        "lead_leader": {"office": LEADER, "name": "包案领导"},
        "lead_department": UNIT,
        "assisting_departments": ["unit/西城街道办事处"],
        "members": ["张三"],
    },
    "site_visit": {"purpose": "investigation", "notes": "到现场调查。"},
    "rectification_report": {
        "final": False,
        "finding": "substantiated",
        "facts": "商户在巷内清洗电器。",
        "measures": "责令停止。",
        "completion": "stage_completed",
        "outcome": {"orders_to_rectify": 1, "fine_yuan": 2000.5},
        "attachments": [{"name": "照片", "sha256": "0" * 64, "url": "https://example.invalid/1"}],
    },
    "verification": {"confirmed": True, "opinion": "属实"},
    "preliminary_review": {"passed": True, "opinion": "通过"},
    "survey_result": {"round": 1, "responses": [{"respondent": "r1", "opinion": "satisfied"}], "complete": False},
    "extension": {"days": 1, "reason": "汛期", "authority": "督察组"},
    "starring": {"starred": False, "reason": "调整"},
    "merge": {"into": "X2021", "reason": "重复"},
    "withdrawal": {"reason": "撤回"},
}
"""A good body of every kind."""

HARMLESS = {
    "leader_instruction": LEADER,
    "extension": INTAKE,
    "starring": STABILITY,
    "site_visit": TEAM,
}
"""Who may send what without moving a case from its stage or completing its coverage of another kind."""
STRANGERS = ("unit/通川区生态环境局", "city/nobody", "unit/没有的局", "county/宣汉县/mayor", "省级", REVISIT)
"""Offices that may send next to nothing here."""

_SMALL = [arguments for arguments in NASTY.values() if sum(len(each.data) for each in arguments) < 20_000]
_WRONG: tuple[Any, ...] = ("", " ", "长" * 201, "\x00", "３", "3", -1, 10**400, [], {})
_WRONG_SENDERS: tuple[Any, ...] = (UNIT, None, {"office": UNIT}, {"Office": UNIT, "name": "x"}, [by(UNIT)])


def _odd_values(count: int) -> list[Any]:
    text = st.text(st.characters(codec="utf-8"), max_size=20)
    numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    leaves = st.none() | st.booleans() | numbers | text
    found: list[Any] = []

    @settings(
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=count,
        phases=[Phase.generate],
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    @given(st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4)))
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


class Generator:
    """Messages without end, the same for the same seed.

    Args:
        seed: of the chance.
        odd_values: how many odd values hypothesis makes up; they are used over and over.
    """

    def __init__(self, seed: int, odd_values: int = 500) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - chance that is to be repeated
        self._odd = _odd_values(odd_values)
        self._ids = iter(range(1, 10**9))

    def messages(self, count: int) -> Iterator[Sent]:
        """So many messages; those that are sent twice count twice."""
        left = count
        while left > 0:
            message = self._message(may_repeat=left > 1)
            left -= message.times
            yield message

    def _message(self, *, may_repeat: bool) -> Sent:
        chance = self._chance.random()
        if chance < 0.12:
            name, arguments = self._chance.choice(SIGNAL_NAMES), self._chance.choice(_SMALL)
            return Sent(self._chance.choice((None, name)), arguments)
        if chance < 0.22:
            return Sent(self._door(self._name()), (self._converted(self._chance.choice(self._odd)),))
        kind = self._chance.choice(list(BODIES))
        body = self._body(kind, mutated=chance < 0.65)
        times = 2 if may_repeat and chance > 0.95 else 1
        return Sent(self._door(kind, body), (self._converted(body),), times)

    def _door(self, name: str, body: dict[str, Any] | None = None) -> str | None:
        """A signal of this name, or the update, to which the body must say it."""
        if self._chance.random() < 0.6:
            return name
        if body is not None:
            body["kind"] = name
        return None

    def _name(self) -> str:
        letters = string.ascii_letters + "_.-/ 件"
        return self._chance.choice(
            (*BODIES, *SIGNAL_NAMES, "".join(self._chance.choices(letters, k=self._chance.randint(1, 60))))
        )

    def _body(self, kind: str, *, mutated: bool) -> dict[str, Any]:
        body = json.loads(json.dumps(BODIES[kind]))
        office = HARMLESS[kind] if kind in HARMLESS and self._chance.random() < 0.5 else self._chance.choice(STRANGERS)
        body |= {"message_id": f"g{next(self._ids)}", "by": by(office)}
        if mutated:
            for _ in range(self._chance.randint(1, 2)):
                self._mutate(body)
            # Whatever is left of it moves no case.
            if isinstance(body.get("by"), dict):
                body["by"]["office"] = self._chance.choice(STRANGERS)
        return body

    def _mutate(self, body: dict[str, Any]) -> None:
        field = self._chance.choice([name for name in body if name != "message_id"] or ["by"])
        match self._chance.randrange(7):
            case 0:
                body.pop(field, None)
            case 1:
                body[field] = self._chance.choice(self._odd)
            case 2:
                body[self._chance.choice(("urgency", "By", "message-id", "时间", ""))] = self._chance.choice(self._odd)
            case 3:
                body[field] = self._chance.choice(_WRONG)
            case 4:
                body["occurred_at"] = self._chance.choice(("昨天", "2021-13-01", 0, "2021-08-27T10:00:00+08:00", None))
            case 5:
                body[field] = [body.get(field)] * self._chance.choice((0, 1, 3))
            case _:
                body["by"] = self._chance.choice(_WRONG_SENDERS)

    def _converted(self, value: Any) -> Payload:
        """The value as one of the usual converters sends it; what it cannot send goes as its bytes."""
        converter = self._chance.choice(CONVERTERS)
        try:
            return converter.to_payloads([value])[0]
        except (ValueError, TypeError, RuntimeError):
            return payload(json.dumps(value).encode())


def every_nasty_one() -> Iterator[Sent]:
    """Each of the hand-made list, by a good name, by a bad one, and by the update."""
    for arguments in NASTY.values():
        for door in ("acknowledgement", "no_such_name", None):
            yield Sent(door, arguments)
    for name in SIGNAL_NAMES:
        yield Sent(name, NASTY["no argument"])
