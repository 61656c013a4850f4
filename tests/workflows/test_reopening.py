"""A concluded case is sent back and goes on from its record, whether or not Temporal remembers its former run."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.contrib.pydantic import pydantic_data_converter

from intake.engine import Engine, Started
from intake.late import answer_after_the_end
from intake.request_ids import SendRequestIds
from petitions.hand_over import HandOver
from petitions.messages import read_message
from petitions.reopening import ReopenedStart, Reopening
from petitions.vocabulary import RefusalCode, Stage
from store import Store
from tests.places import SharedStack
from tests.worker.worker_process import PATIENCE
from tests.workflows.outside_program import OutsideCase, StoreHistory, by, hand_over

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture(scope="module")
async def engine(stack: SharedStack) -> Engine:
    client = await stack.connect(interceptors=[SendRequestIds()], data_converter=pydantic_data_converter)
    return Engine(client, seconds=PATIENCE)


def reopening(message_id: str = "reopening", days: int = 3) -> Reopening:
    return Reopening(
        message_id=message_id,
        by={"office": "city/intake", "name": "受理员"},  # pyright: ignore[reportArgumentType] - as JSON brings it
        reason="群众反映夜间又有清洗",
        days=days,
        authority="督察组转办函3号",
    )


async def start_of(store: Store, case: OutsideCase, **changes: Any) -> ReopenedStart:
    known = await store.state(case.case_no)
    assert known is not None
    return ReopenedStart(reopening=reopening(**changes), hand_over=known.hand_over)


async def concluded(client: Client, store: Store) -> OutsideCase:
    case = await hand_over(client, store)
    await case.until("dispatched")
    assert (await case.conclude())["outcome"] == "concluded"
    return case


async def latest(client: Client, case: OutsideCase) -> OutsideCase:
    """The case by its latest run."""
    return replace(case, handle=client.get_workflow_handle(f"case-{case.case_no}"))


async def test_it_goes_on_in_its_next_round_and_concludes_again(
    client: Client, store: Store, engine: Engine, store_history: StoreHistory
) -> None:
    case = await concluded(client, store)
    first = await store.state(case.case_no)
    assert first is not None
    assert await engine.reopen(await start_of(store, case), "request-7")
    again = await latest(client, case)
    view = await again.until("rectifying")
    assert (view["round"], view["seq"], view["reopenings"][0]["days"]) == (2, first.seq + 2, 3)
    assert [waiting["what"] for waiting in view["waiting_for"]] == ["rectification_report"]
    result = await again.conclude(2)
    assert (result["outcome"], result["rounds"], result["within_mandate"]) == ("concluded", 2, True)
    await store_history("reopening", again)
    entries = await store.entries(case.case_no)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.event for entry in entries].count("closed") == 2
    assert {entry.request_id for entry in entries if entry.event == "reopened"} == {"request-7"}
    async with aclosing(store.verify()) as problems:
        assert [problem async for problem in problems if problem.case_no == case.case_no] == []


async def test_temporal_may_have_forgotten_the_first_run(client: Client, store: Store, engine: Engine) -> None:
    case = await concluded(client, store)
    await case.forgotten()
    assert await engine.reopen(await start_of(store, case), None)
    again = await latest(client, case)
    await again.until("rectifying")
    known = await store.state(case.case_no)
    assert known is not None
    assert await engine.start(known.hand_over) is Started.SAME, "its hand-over is known by the reopened run"
    assert (await again.conclude(2))["rounds"] == 2


async def test_its_own_clock_runs(client: Client, store: Store, engine: Engine) -> None:
    case = await concluded(client, store)
    await engine.reopen(await start_of(store, case, days=2), None)
    again = await latest(client, case)
    view = await again.until("rectifying")
    assert view["due_at"] == view["original_due_at"]
    known = await store.state(case.case_no)
    assert known is not None
    assert known.due_at - known.clock_started_at == timedelta(days=2)
    await again.signal("withdrawal", by("city/intake"), reason="结束")
    await again.handle.result()


async def test_reopened_twice_at_once_it_is_reopened_once(client: Client, store: Store, engine: Engine) -> None:
    case = await concluded(client, store)
    starts = [await start_of(store, case, message_id=f"r{n}") for n in range(5)]
    done = await asyncio.gather(*(engine.reopen(start, None) for start in starts))
    assert sorted(done) == [False] * 4 + [True]
    again = await latest(client, case)
    view = await again.until("rectifying")
    assert len(view["reopenings"]) == 1
    await again.signal("withdrawal", by("city/intake"), reason="结束")
    await again.handle.result()


async def test_a_case_that_is_open_by_its_record_is_not_reopened(client: Client, store: Store, engine: Engine) -> None:
    """Its workflow was terminated: that is for the operators to mend, not for a reopening to pass over."""
    case = await hand_over(client, store)
    await case.until("dispatched")
    start = await start_of(store, case)
    await case.handle.terminate()
    assert await engine.reopen(start, None)
    with pytest.raises(WorkflowFailureError) as failed:
        await client.get_workflow_handle(f"case-{case.case_no}").result()
    assert getattr(failed.value.cause, "type", None) == "not_now"


async def test_late_messages_and_a_reopening_share_the_end_of_the_record(
    client: Client, store: Store, engine: Engine
) -> None:
    case = await concluded(client, store)
    start = await start_of(store, case)

    async def late(number: int) -> bool:
        body = b'{"message_id": "late%d", "by": {"office": "city/mayor", "name": "\xe4\xba\x91"}, "text": "x"}' % number
        message = read_message(body, "leader_instruction")
        answered = await answer_after_the_end(store, case.case_no, message, "request-9")
        assert answered is None or (answered.refusal and answered.refusal.code is RefusalCode.NOT_NOW)
        return answered is not None

    answered, *_ = await asyncio.gather(
        asyncio.gather(*(late(number) for number in range(20))), engine.reopen(start, None)
    )
    again = await latest(client, case)
    view = await again.until("rectifying")
    entries = await store.entries(case.case_no)
    kept = [entry for entry in entries if entry.event == "refused"]
    assert len(kept) == sum(answered) == view["refused_count"]
    assert {entry.request_id for entry in kept} <= {"request-9"}
    assert (await again.conclude(2))["outcome"] == "concluded"
    known = await store.state(case.case_no)
    assert known is not None
    assert known.stage is Stage.CONCLUDED


async def test_a_start_that_is_meant_as_a_reopening_and_is_none_is_refused(client: Client) -> None:
    handle: Any = await client.start_workflow(
        "PetitionCase", {"reopening": {}}, id="case-no-reopening", task_queue="petition-cases"
    )
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert "the reopening does not fit" in str(failed.value.cause)


async def test_a_case_without_a_record_cannot_be_reopened(engine: Engine, client: Client) -> None:
    fields: dict[str, Any] = {
        "case_no": "NEVER1",
        "received_at": "2021-08-27T10:00:00+08:00",
        "channel": "phone",
        "starred": False,
        "county": "通川区",
        "location": "李家巷",
        "categories": ["water"],
        "summary": "脏水",
    }
    start = ReopenedStart(reopening=reopening(), hand_over=HandOver.model_validate(fields))
    assert await engine.reopen(start, None)
    with pytest.raises(WorkflowFailureError) as failed:
        await client.get_workflow_handle("case-NEVER1").result()
    assert "no case NEVER1 on record" in str(failed.value.cause)
