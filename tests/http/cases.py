"""What the tests of the HTTP doors send."""

import asyncio
import itertools
from typing import Any

import httpx

UNIT = "unit/通川区商务局"
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
    number = itertools.count(1)

    def next_(kind: str, office: str, **body: Any) -> dict[str, Any]:
        return message(kind, office, f"{prefix}{next(number)}", **body)

    leader = {"office": "county/通川区/mayor", "name": "区长"}
    before = [
        next_("acknowledgement", UNIT),
        next_("leader_instruction", "county/通川区/mayor", text="立即调查处理。"),
        next_(
            "task_force",
            "city/stability-team",
            lead_leader=leader,
            lead_department=UNIT,
            assisting_departments=["unit/通川区生态环境局"],
        ),
        next_("site_visit", "city/leader/vice-mayor", purpose="supervision", notes="到现场督导。"),
    ]
    answers = [{"respondent": f"r{resident}", "opinion": "satisfied"} for resident in range(12)]
    after = [
        next_(
            "rectification_report",
            UNIT,
            final=True,
            finding="partly_substantiated",
            facts="18时后有商户在公共区域清洗。",
            measures="责令停止，增加清扫。",
            completion="completed",
        ),
        next_("verification", "city/supervision-team", confirmed=True, opinion="整改到位。"),
        next_("preliminary_review", "city/stability-team", passed=True, opinion="同意。"),
        next_("survey_result", "city/revisit-team", round=round_, responses=answers, complete=True),
    ]
    return [*before, *after] if round_ == 1 else after


async def until(http: httpx.AsyncClient, case_no: str, stage: str) -> dict[str, Any]:
    """Wait until the read model has the case in a stage."""
    view: dict[str, Any] = {}
    for _ in range(400):
        answer = await http.get(f"/v1/cases/{case_no}")
        view = answer.json()
        if answer.status_code == 200 and view["stage"] == stage:
            return view
        await asyncio.sleep(0.05)
    raise AssertionError(f"{case_no} is not {stage}: {view}")


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
