"""The happy path that is measured: one hand-over and the eight messages that bring it to its conclusion."""

from datetime import UTC, datetime
from typing import Any

Message = tuple[str, dict[str, Any]]
"""The name of a message and its body."""

UNIT = "unit/通川区商务局"


def hand_over(case_no: str, jurisdiction: str | None) -> dict[str, Any]:
    """A case that has just been handed over.

    Args:
        case_no: Its number.
        jurisdiction: The name of a shipped jurisdiction file; none: the worker's own.
    """
    body: dict[str, Any] = {
        "case_no": case_no,
        "received_at": datetime.now(UTC).isoformat(),
        "channel": "phone",
        "starred": False,
        "county": "通川区",
        "location": "李家巷",
        "categories": ["water", "air"],
        "summary": "商户夜间在巷内清洗二手电器，脏水横流，气味难闻。",
        "responsible_unit": UNIT,
    }
    return body | ({"jurisdiction": jurisdiction} if jurisdiction else {})


def eight_messages() -> list[Message]:
    """Acknowledgement, instruction, task force, supervision, final report, verification, review and survey."""
    answers = [{"respondent": f"r{number}", "opinion": "satisfied"} for number in range(22)]
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("acknowledgement", UNIT, {}),
        ("leader_instruction", "county/通川区/mayor", {"text": "立即调查处理，限期整改。"}),
        (
            "task_force",
            "city/stability-team",
            {
                "lead_leader": {"office": "county/通川区/party-secretary", "name": "包案领导"},
                "lead_department": UNIT,
                "assisting_departments": ["unit/通川区生态环境局", "unit/西城街道办事处"],
            },
        ),
        ("site_visit", "city/leader/vice-mayor", {"purpose": "supervision", "notes": "到现场督导。"}),
        (
            "rectification_report",
            UNIT,
            {
                "final": True,
                "finding": "partly_substantiated",
                "facts": "商户夜间在巷内清洗回收电器。",
                "measures": "责令停止，增加清扫。",
                "completion": "completed",
            },
        ),
        ("verification", "city/supervision-team", {"confirmed": True, "opinion": "现场核实。"}),
        ("preliminary_review", "city/stability-team", {"passed": True, "opinion": "初审通过。"}),
        ("survey_result", "city/revisit-team", {"round": 1, "responses": answers, "complete": True}),
    ]
    return [
        (kind, {"message_id": f"m{number}", "by": {"office": office, "name": f"{office}经办人"}, **body})
        for number, (kind, office, body) in enumerate(bodies, 1)
    ]
