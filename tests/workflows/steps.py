"""What the offices send in a case that goes as it should: the steps, and how they are sent by any way there is."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

UNIT = "unit/通川区商务局"


class Step(NamedTuple):
    """A message, as yet without an id."""

    kind: str
    office: str
    body: dict[str, Any]


Send = Callable[[Step], Awaitable[object]]
"""Sends a step: as a signal, by the update, or by HTTP."""


def satisfied(count: int, opinion: str = "satisfied", prefix: str = "r") -> list[dict[str, Any]]:
    """Answers of so many residents."""
    return [{"respondent": f"{prefix}{number}", "opinion": opinion} for number in range(count)]


def acknowledgement() -> Step:
    """The unit's acknowledgement."""
    return Step("acknowledgement", UNIT, {})


def coverage(*, starred: bool = False) -> list[Step]:
    """Instruction, task force and supervision."""
    leaders = ["city/party-secretary", "city/mayor"] if starred else ["county/通川区/mayor"]
    visitor = "city/party-secretary" if starred else "city/leader/vice-mayor"
    force = {
        "lead_leader": {"office": "county/通川区/party-secretary", "name": "包案领导"},
        "lead_department": UNIT,
        "assisting_departments": ["unit/通川区生态环境局", "unit/西城街道办事处"],
    }
    return [
        *(Step("leader_instruction", leader, {"text": "立即调查处理，限期整改。"}) for leader in leaders),
        Step("task_force", "city/stability-team", force),
        Step("site_visit", visitor, {"purpose": "supervision", "notes": "到现场督导。"}),
    ]


def final_report(**changes: Any) -> Step:
    """The unit's final report."""
    body = {
        "final": True,
        "finding": "partly_substantiated",
        "facts": "商户夜间在巷内清洗回收电器。",
        "measures": "责令停止，增加清扫。",
        "completion": "completed",
    }
    return Step("rectification_report", UNIT, body | changes)


def verification(*, confirmed: bool = True) -> Step:
    """The case-supervision team's word."""
    return Step("verification", "city/supervision-team", {"confirmed": confirmed, "opinion": "现场核实。"})


def review(*, passed: bool = True) -> Step:
    """The petition-stability team's word."""
    return Step("preliminary_review", "city/stability-team", {"passed": passed, "opinion": "初审意见。"})


def survey(round_: int = 1, *, content: int = 22, discontent: int = 0) -> Step:
    """The revisit team's survey, complete."""
    answers = satisfied(content) + satisfied(discontent, "dissatisfied", "d")
    return Step("survey_result", "city/revisit-team", {"round": round_, "responses": answers, "complete": True})


def to_the_conclusion(round_: int = 1, *, covered: bool = False) -> list[Step]:
    """What brings a case to its conclusion.

    Args:
        round_: The case's round.
        covered: Whether the case has its acknowledgement and its coverage; it does in every later round.
    """
    before = [] if covered or round_ > 1 else [acknowledgement(), *coverage()]
    return [*before, final_report(), verification(), review(), survey(round_)]


async def send_all(send: Send, steps: Iterable[Step]) -> None:
    """Send steps, one after the other."""
    for step in steps:
        await send(step)
