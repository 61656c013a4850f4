"""What the tests of the HTTP doors send."""

import itertools
from typing import Any

import httpx

from tests.worker.worker_process import until as wait_until
from tests.workflows.steps import UNIT, to_the_conclusion

__all__ = ["UNIT", "concluded", "handed_over", "message", "new_case", "regular_messages", "until"]

_numbers = itertools.count(1)


def new_case(**changes: Any) -> dict[str, Any]:
    """A hand-over with a number of its own."""
    return {
        "case_no": f"H{next(_numbers):05d}",
        "received_at": "2026-11-20T10:00:00+08:00",
        "batch": 3,
        "channel": "phone",
        "starred": False,
        "county": "通川区",
        "location": "李家巷",
        "categories": ["water", "air"],
        "summary": "商户夜间在巷内清洗二手电器，脏水横流，气味难闻。",
        "responsible_unit": UNIT,
    } | changes


def message(kind: str, office: str, message_id: str, **body: Any) -> dict[str, Any]:
    """A message, as the route takes it."""
    return {"kind": kind, "message_id": message_id, "by": {"office": office, "name": "经办人"}, **body}


def regular_messages(round_: int = 1, prefix: str = "m") -> list[dict[str, Any]]:
    """What brings a case from its opening to its conclusion; of a later round, from rectification on."""
    steps = enumerate(to_the_conclusion(round_), 1)
    return [message(step.kind, step.office, f"{prefix}{number}", **step.body) for number, step in steps]


async def until(http: httpx.AsyncClient, case_no: str, stage: str) -> dict[str, Any]:
    """Wait until the read model has the case in a stage."""
    view: dict[str, Any] = {}

    async def it_is() -> bool:
        nonlocal view
        answer = await http.get(f"/v1/cases/{case_no}")
        view = answer.json()
        return answer.status_code == 200 and view["stage"] == stage

    await wait_until(f"{case_no} is {stage}", it_is)
    return view


async def handed_over(http: httpx.AsyncClient, **changes: Any) -> str:
    """A case that its unit has been told of; its number."""
    body = new_case(**changes)
    answer = await http.post("/v1/cases", json=body)
    assert answer.status_code == 201, answer.text
    case_no: str = answer.json()["case_no"]
    await until(http, case_no, "dispatched")
    return case_no


async def concluded(http: httpx.AsyncClient, case_no: str, round_: int = 1, prefix: str = "m") -> None:
    """Bring a case to its conclusion."""
    for body in regular_messages(round_, prefix):
        answer = await http.post(f"/v1/cases/{case_no}/messages", json=body)
        assert answer.status_code == 200, answer.text
    await until(http, case_no, "concluded")
