"""The query ``case`` and the result: every key of the contract, with the JSON type that it names."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

import pytest

from petitions.view import case_result, case_view, unopened_view
from petitions.vocabulary import MessageKind, Milestone, Outcome, RefusalCode, Stage
from tests.petitions.building import (
    DAY,
    HOUR,
    INTAKE,
    MAYOR,
    RECEIVED_AT,
    STABILITY,
    UNIT,
    VICE_MAYOR,
    Story,
    concluded,
    hand_over,
    rectifying,
    reporting,
    surveying,
)

K = MessageKind

STORIES: dict[str, Callable[[], Story]] = {
    "received": Story,
    "starred": lambda: Story(starred=True).dispatched(),
    "rework": lambda: surveying(batch=3).surveys(0, 10).covered().extends(2),
    "overdue": lambda: rectifying().on_day(9),
    "concluded": concluded,
    "concluded late": lambda: reporting().covered().on_day(8).submits(),
    "merged": lambda: rectifying().takes(K.MERGE, INTAKE),
}


def _is_time(value: object) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).utcoffset() is not None


def _is(*types: type | None) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        if isinstance(value, bool):
            return bool in types
        return isinstance(value, tuple(each for each in types if each)) or (value is None and None in types)

    return check


def _list_of(checks: Mapping[str, Callable[[object], bool]]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return isinstance(value, list) and all(_fits(each, checks) for each in cast("list[object]", value))

    return check


def _fits(value: object, checks: Mapping[str, Callable[[object], bool]]) -> bool:
    if not isinstance(value, dict):
        return False
    fields = cast("dict[str, object]", value)
    wrong = {
        key: fields.get(key, "missing") for key, check in checks.items() if key not in fields or not check(fields[key])
    }
    assert not wrong, wrong
    return True


# Design §4, "Query", key by key.
CONTRACT: dict[str, Callable[[object], bool]] = {
    "case_no": _is(str),
    "stage": lambda value: value in {str(stage) for stage in Stage},
    "sticker": lambda value: value in {None, "yellow", "blue", "red"},
    "starred": _is(bool),
    "county": _is(str),
    "responsible_unit": _is(str, None),
    "round": _is(int),
    "received_at": _is_time,
    "due_at": _is_time,
    "overdue": _is(bool),
    "waiting_for": _list_of({"office": _is(str), "what": _is(str), "due_at": _is_time}),
    "coverage": lambda value: _fits(
        value, dict.fromkeys(("instruction", "supervision", "task_force", "revisit"), _is(bool))
    ),
    "breaches": _list_of(
        {"milestone": _is(str), "due_at": _is_time, "met_at": lambda value: value is None or _is_time(value)}
    ),
    "refused": _list_of(
        {"kind": _is(str), "message_id": _is(str, None), "code": _is(str), "reason": _is(str), "at": _is_time}
    ),
    "refused_count": _is(int),
    "timeline": _list_of({"seq": _is(int), "at": _is_time, "event": _is(str), "by": _is(dict, None), "text": _is(str)}),
}


@pytest.mark.parametrize("name", STORIES)
def test_every_key_of_the_contract(name: str) -> None:
    story = STORIES[name]()
    story.send(K.VERIFICATION, MAYOR)
    story.send_bytes(b"\xff", "dispatch")
    view = json.loads(json.dumps(case_view(story.case)))
    assert _fits(view, CONTRACT)
    assert set(view["coverage"]) == {"instruction", "supervision", "task_force", "revisit"}


def test_the_contracts_keys_are_the_views_too_before_the_rules_are_there() -> None:
    nullable = {"due_at": _is(None)}
    assert _fits(unopened_view(hand_over()), CONTRACT | nullable)
    assert unopened_view(hand_over())["case_no"] == "X1"
    assert set(unopened_view(None)) >= set(CONTRACT)


def test_what_the_view_says() -> None:
    story = Story(starred=True, batch=4).pass_time(HOUR).dispatched().acknowledges().on_day(6)
    story.send(K.VERIFICATION, MAYOR)
    view = case_view(story.case)
    assert (view["case_no"], view["stage"], view["sticker"]) == ("X1", "rectifying", "blue")
    assert (view["starred"], view["county"], view["responsible_unit"], view["round"]) == (True, "甲县", UNIT, 1)
    assert (view["overdue"], view["batch"], view["summary"]) == (False, 4, "电站断流")
    assert view["received_at"] == "2021-08-27T10:00:00+08:00"
    assert view["due_at"] == "2021-09-03T10:00:00+08:00"
    assert {"office": STABILITY, "what": "task_force", "due_at": "2021-08-27T22:00:00+08:00"}.items() <= view[
        "waiting_for"
    ][3].items()
    assert view["breaches"] == [
        {
            "milestone": "dispatch",
            "due_at": "2021-08-27T11:00:00+08:00",
            "met_at": "2021-08-27T11:00:00+08:00",
        },
        {"milestone": "review", "due_at": "2021-09-01T10:00:00+08:00", "met_at": None},
    ]
    assert view["refused_count"] == 1
    assert view["refused"][0]["code"] == "not_yours"
    acknowledged = next(line for line in view["timeline"] if line["event"] == "acknowledgement")
    assert acknowledged["by"] == {"office": UNIT, "name": UNIT}
    assert acknowledged["text"] == "水务局签收"
    assert acknowledged["at"] == "2021-08-27T12:00:00+08:00"
    assert [line["seq"] for line in view["timeline"]] == list(range(1, view["seq"])), "all but the refusal"


def test_refusals_are_not_in_the_timeline() -> None:
    story = rectifying()
    story.refuses(RefusalCode.NOT_YOURS, K.VERIFICATION, VICE_MAYOR)
    assert "refused" not in {line["event"] for line in case_view(story.case)["timeline"]}


def test_the_result_has_the_contracts_keys() -> None:
    result: dict[str, Any] = json.loads(case_result(reporting().covered().on_day(8).submits().case).model_dump_json())
    assert list(result) == [
        "case_no",
        "outcome",
        "rounds",
        "concluded_at",
        "within_target",
        "within_mandate",
        "breaches",
    ]
    assert (result["case_no"], result["outcome"], result["rounds"]) == ("X1", "concluded", 1)
    assert result["concluded_at"] == "2021-09-04T10:00:00+08:00"
    assert (result["within_target"], result["within_mandate"]) == (False, False)
    assert result["breaches"] == [
        {"milestone": "report", "due_at": "2021-09-03T10:00:00+08:00", "met_at": "2021-09-04T10:00:00+08:00"}
    ]


@pytest.mark.parametrize(
    ("seconds_after", "target", "mandate"),
    [
        (4 * 86400, True, True),
        (5 * 86400 - 1, True, True),
        (5 * 86400, True, True),  # on the dot is in time
        (5 * 86400 + 1, False, True),
        (7 * 86400 - 1, False, True),
        (7 * 86400 + 1, False, False),
        (20 * 86400, False, False),
    ],
)
def test_within_target_and_mandate(seconds_after: int, target: bool, mandate: bool) -> None:
    result = case_result(reporting().covered().on_day(seconds_after / 86400).submits().case)
    assert (result.within_target, result.within_mandate) == (target, mandate)


def test_the_words_of_the_conclusion() -> None:
    assert reporting().covered().submits().texts()[-1] == "办结（在市定目标内）"
    assert reporting().covered().on_day(6).submits().texts()[-1] == "办结（在规定时限内）"
    assert reporting().covered().on_day(8).submits().texts()[-1] == "办结（超过规定时限）"


@pytest.mark.parametrize(("kind", "outcome"), [(K.MERGE, Outcome.MERGED), (K.WITHDRAWAL, Outcome.WITHDRAWN)])
def test_the_other_ends(kind: MessageKind, outcome: Outcome) -> None:
    result = case_result(surveying().surveys(0, 10).takes(kind, INTAKE).case)
    assert (result.outcome, result.rounds) == (outcome, 2)


def test_no_result_before_the_end() -> None:
    with pytest.raises(ValueError, match="X1 is not over"):
        case_result(reporting().case)


def test_a_breach_of_a_withdrawn_case_is_never_met() -> None:
    story = Story().pass_time(2 * HOUR).takes(K.WITHDRAWAL, INTAKE)
    assert [(b.milestone, b.met_at) for b in case_result(story.case).breaches] == [(Milestone.DISPATCH, None)]
    assert case_result(story.case).concluded_at == RECEIVED_AT + 3 * HOUR
    assert story.now < RECEIVED_AT + DAY
