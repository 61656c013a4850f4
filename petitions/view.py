"""The case as the outward contract shows it (§4): the query ``case`` and the workflow's result."""

from typing import Any

from petitions.case import Case
from petitions.coverage import coverage
from petitions.hand_over import HandOver
from petitions.values import Instant, Value
from petitions.vocabulary import Outcome, Stage
from petitions.waiting import waiting_for


class BreachView(Value):
    """A missed milestone: when it was due, and when it was met after all."""

    milestone: str
    due_at: Instant
    met_at: Instant | None


class CaseResult(Value):
    """What the workflow returns when the case is over."""

    case_no: str
    outcome: Outcome
    rounds: int
    concluded_at: Instant
    within_target: bool
    """Within the city's own target (5 days)."""
    within_mandate: bool
    """Within the inspection group's mandate (7 days, extensions counted in)."""
    breaches: tuple[BreachView, ...]


def breaches_of(case: Case) -> tuple[BreachView, ...]:
    """The breaches, as the contract names them."""
    return tuple(
        BreachView(milestone=breach.milestone.value, due_at=breach.due_at, met_at=breach.met_at)
        for breach in case.breaches
    )


def case_result(case: Case) -> CaseResult:
    """The result of a case that is over.

    Raises:
        ValueError: it is not over.
    """
    if case.closing is None:
        raise ValueError(f"case {case.case_no} is not over")
    return CaseResult(
        case_no=case.case_no,
        outcome=case.closing.outcome,
        rounds=case.round,
        concluded_at=case.closing.at,
        within_target=case.closing.within_target,
        within_mandate=case.closing.within_mandate,
        breaches=breaches_of(case),
    )


def case_view(case: Case) -> dict[str, Any]:
    """The whole case as JSON values; times are RFC 3339 with offset.

    The keys of the contract come first; what a case's page shows beyond them follows.
    """
    kept = case.model_dump(
        mode="json",
        include={
            "instructions",
            "visits",
            "task_force",
            "reports",
            "progress_reports",
            "verification",
            "review",
            "original_due_at",
            "extended_days",
            "dispatched_at",
            "acknowledged_at",
            "opened_at",
            "closing",
            "former_closings",
            "reopenings",
            "refused",
            "refused_count",
            "timeline",
        },
    )
    hand_over = case.hand_over.model_dump(mode="json", exclude={"responsible_unit", "jurisdiction"})
    return {
        "case_no": case.case_no,
        "stage": case.stage.value,
        "sticker": case.sticker.value if case.sticker else None,
        "starred": case.starred,
        "county": case.hand_over.county,
        "responsible_unit": case.responsible_unit,
        "round": case.round,
        "received_at": hand_over["received_at"],
        "due_at": _json_time(case.due_at),
        "overdue": case.overdue,
        "waiting_for": [
            {
                "office": waiting.office,
                "what": waiting.what.value,
                "due_at": _json_time(waiting.due_at),
                "label": waiting.what.label,
            }
            for waiting in waiting_for(case)
        ],
        "coverage": coverage(case).model_dump(),
        "breaches": [breach.model_dump(mode="json") for breach in breaches_of(case)],
        **kept,
        "location": hand_over["location"],
        "summary": hand_over["summary"],
        "categories": hand_over["categories"],
        "channel": hand_over["channel"],
        "batch": hand_over["batch"],
        "surveys": [
            survey.model_dump(mode="json", exclude={"respondents"}) | {"responses": survey.responses}
            for survey in case.surveys
        ],
        "jurisdiction": {"name": case.rules.jurisdiction, "version": case.rules.version},
        "seq": case.seq,
    }


def unopened_view(hand_over: HandOver | None) -> dict[str, Any]:
    """What can be said of a case whose rules have not been taken yet, with the keys of the contract."""
    given = hand_over.model_dump(mode="json") if hand_over else {}
    return {
        "case_no": given.get("case_no"),
        "stage": Stage.RECEIVED.value,
        "sticker": None,
        "starred": given.get("starred"),
        "county": given.get("county"),
        "responsible_unit": None,
        "round": 1,
        "received_at": given.get("received_at"),
        "due_at": None,
        "overdue": False,
        "waiting_for": [],
        "coverage": {"instruction": False, "supervision": False, "task_force": False, "revisit": False},
        "breaches": [],
        "refused": [],
        "refused_count": 0,
        "timeline": [],
    }


def _json_time(at: Instant) -> str:
    return at.isoformat()
