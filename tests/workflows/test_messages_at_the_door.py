"""What outside programs send: together with the start, twice, to the wrong stage, or as no message at all."""

from datetime import datetime
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from store import Store
from tests.workflows.outside_program import CHINA, UNIT, OutsideCase, StoreHistory, by, hand_over, satisfied

pytestmark = pytest.mark.usefixtures("worker")


async def end(case: OutsideCase) -> dict[str, Any]:
    """Withdraw the case: it must still end as it should."""
    await case.signal("withdrawal", by("city/intake"), reason="结束")
    result = await case.handle.result()
    assert result["outcome"] == "withdrawn"
    assert await failed_tasks(case) == 0
    return result


async def failed_tasks(case: OutsideCase) -> int:
    """How many of the case's workflow tasks failed."""
    history = await case.handle.fetch_history()
    return sum(event.HasField("workflow_task_failed_event_attributes") for event in history.events)


async def test_messages_together_with_the_start_are_taken_in_after_it_in_order(client: Client, store: Store) -> None:
    case_no = "WITH-THE-START"
    body = {
        "case_no": case_no,
        "received_at": datetime.now(CHINA).isoformat(),
        "channel": "online",
        "starred": False,
        "county": "通川区",
        "location": "李家巷",
        "categories": ["air"],
        "summary": "异味",
        "responsible_unit": UNIT,
    }
    first = {"message_id": "m1", "by": by(UNIT)}
    await client.start_workflow(
        "PetitionCase",
        body,
        id=f"case-{case_no}",
        task_queue="petition-cases",
        start_signal="acknowledgement",
        start_signal_args=[first],
    )
    handle: Any = client.get_workflow_handle(f"case-{case_no}")
    instruction = {"kind": "leader_instruction", "message_id": "m2", "by": by("county/通川区/mayor"), "text": "办"}
    receipt = await handle.execute_update("submit", instruction)
    view = await handle.query("case")
    assert [line["event"] for line in view["timeline"] if line["by"]] == ["acknowledgement", "leader_instruction"]
    assert view["timeline"][0]["event"] == "received"
    assert view["refused"] == []
    assert receipt["message_id"] == "m2"
    await handle.signal("withdrawal", {"message_id": "m3", "by": by("city/intake"), "reason": "结束"})
    await handle.result()


async def test_a_refused_update_fails_with_the_code_and_stands_on_record(
    client: Client, store: Store, store_history: StoreHistory
) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    refusals: list[tuple[str, dict[str, str], dict[str, Any], str]] = [
        ("verification", by("city/supervision-team"), {"confirmed": True, "opinion": "属实"}, "not_now"),
        ("verification", by(UNIT), {"confirmed": True, "opinion": "属实"}, "not_yours"),
        ("verification", by("city/nobody"), {"confirmed": True, "opinion": "属实"}, "unknown_office"),
        ("dispatch", by("city/intake"), {"unit": "没有的局"}, "unknown_unit"),
        ("survey_result", by("city/revisit-team"), {"round": 2, "responses": [], "complete": False}, "wrong_round"),
        ("extension", by("city/intake"), {"days": 0, "reason": "x", "authority": "y"}, "malformed"),
        ("leader_instruction", by("city/mayor"), {"text": "长" * 20_001}, "too_large"),
        ("salute", by("city/mayor"), {}, "unknown_kind"),
    ]
    view = await case.view()
    for kind, sender, body, code in refusals:
        with pytest.raises(WorkflowUpdateFailedError) as failed:
            await case.submit(kind, sender, **body)
        assert isinstance(failed.value.cause, ApplicationError)
        assert failed.value.cause.type == code
        view = await case.view()
        assert view["refused"][-1]["code"] == code
        assert view["stage"] == "dispatched"
    assert view["refused_count"] == 8
    await case.handle.signal("acknowledgement")
    await case.handle.signal("acknowledgement", args=[1, 2])
    await end(case)
    recorded = [line for line in await store.timeline(case.case_no, with_refusals=True) if line.event == "refused"]
    assert len(recorded) == 10
    await store_history("refusals", case)


async def test_surveys_refuse_too_few_and_twice_and_those_who_handled(client: Client, store: Store) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.cover()
    await case.report()
    await case.verify()
    await case.review()
    await case.until("surveying")

    async def refused(code: str, **body: Any) -> None:
        sender = body.pop("sender", by("city/revisit-team"))
        with pytest.raises(WorkflowUpdateFailedError) as failed:
            await case.submit("survey_result", sender, **body)
        assert isinstance(failed.value.cause, ApplicationError)
        assert failed.value.cause.type == code

    await case.submit("survey_result", by("city/revisit-team"), round=1, responses=satisfied(5), complete=False)
    await refused("too_few_responses", round=1, responses=satisfied(4, prefix="x"), complete=True)
    await refused("duplicate_respondent", round=1, responses=satisfied(5), complete=True)
    insider = by("city/revisit-team", "包案领导")
    await refused("conflict_of_interest", sender=insider, round=1, responses=satisfied(9, prefix="y"), complete=True)
    await case.submit(
        "survey_result", by("city/revisit-team"), round=1, responses=satisfied(5, prefix="z"), complete=True
    )
    assert (await case.handle.result())["outcome"] == "concluded"


async def test_a_message_sent_twice_counts_once(client: Client, store: Store) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    message = {"kind": "acknowledgement", "message_id": "same", "by": by(UNIT)}
    first = await case.handle.execute_update("submit", message)
    again = await case.handle.execute_update("submit", message)
    assert again == first
    await case.handle.signal("acknowledgement", {key: value for key, value in message.items() if key != "kind"})
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await case.handle.execute_update("submit", message | {"by": by(UNIT, "别人")})
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "message_id_reused"
    assert (await case.events()).count("acknowledgement") == 1
    await end(case)


RAW: list[tuple[str, list[Any]]] = [
    ("no argument", []),
    ("two arguments", [{"message_id": "a"}, {"message_id": "b"}]),
    ("null", [None]),
    ("a number", [7]),
    ("a text", ["签收"]),
    ("a list", [[1, 2]]),
    ("binary", [b"\xff\xfe"]),
    ("broken JSON", [RawValue(Payload(metadata={"encoding": b"json/plain"}, data=b'{"message_id": '))]),
    ("wrong UTF-8", [RawValue(Payload(metadata={"encoding": b"json/plain"}, data=b'{"a": "\xc3\x28"}'))]),
    ("a lone surrogate", [RawValue(Payload(metadata={"encoding": b"json/plain"}, data=b'{"a": "\\ud800"}'))]),
    ("unknown encoding", [RawValue(Payload(metadata={"encoding": b"json/klingon"}, data=b"{}"))]),
    ("no encoding", [RawValue(Payload(data=b"{}"))]),
    ("NUL in a text", [{"message_id": "n\x00", "by": by(UNIT)}]),
    ("deep nesting", [RawValue(Payload(metadata={"encoding": b"json/plain"}, data=b"[" * 50_000))]),
    ("large", [{"message_id": "l", "by": by(UNIT), "note": "长" * 100_000}]),
    ("two, one broken", [RawValue(Payload(metadata={"encoding": b"json/plain"}, data=b"{")), 1]),
]


async def test_anything_on_a_signal_is_refused_and_recorded_and_wedges_nothing(client: Client, store: Store) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    for _, arguments in RAW:
        await case.handle.signal("acknowledgement", args=arguments)
        await case.handle.signal("没有这个名字", args=arguments)
    view = await case.view()
    assert view["refused_count"] == 2 * len(RAW)
    assert {refusal["code"] for refusal in view["refused"]} <= {"malformed", "unknown_kind", "too_large"}
    await end(case)
    recorded = [line for line in await store.timeline(case.case_no, with_refusals=True) if line.event == "refused"]
    assert len(recorded) == 2 * len(RAW)


@pytest.mark.parametrize(("what", "arguments"), RAW, ids=[what for what, _ in RAW])
async def test_anything_on_the_update_is_refused(client: Client, store: Store, what: str, arguments: list[Any]) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await case.handle.execute_update("submit", args=arguments)
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type in {"malformed", "unknown_kind", "too_large"}
    await end(case)


async def test_a_start_that_is_no_hand_over_fails_with_the_reason(client: Client, store: Store) -> None:
    for number, arguments in enumerate(([], [None], [{"case_no": "X"}], ["text"], [1, 2])):
        handle = await client.start_workflow(
            "PetitionCase", args=arguments, id=f"case-WRONG{number}", task_queue="petition-cases"
        )
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
        assert isinstance(failed.value.cause, ApplicationError)
        assert failed.value.cause.type == "malformed"
    with pytest.raises(WorkflowFailureError, match="Workflow execution failed"):
        await (await hand_over(client, store, workflow_id="case-ANOTHER")).handle.result()


async def test_a_star_before_the_number_is_not_part_of_it(client: Client, store: Store) -> None:
    case = await hand_over(client, store, case_no="*STAR-1", workflow_id="case-STAR-1")
    view = await case.until("dispatched")
    assert view["case_no"] == "STAR-1"
    assert view["starred"] is True
    await end(case)
