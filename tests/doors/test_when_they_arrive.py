"""Messages before the first workflow task, all at once, during a replay, from run to run, and after the end."""

import asyncio
import itertools

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from store import Store
from tests.doors.conftest import WorkerOf
from tests.doors.histories import TOO_MANY_AT_ONCE, runs_of
from tests.doors.sending import UNHURRIED, answer_to
from tests.places import Place
from tests.worker.worker_process import until
from tests.workflows.outside_program import UNIT, OutsideCase, StoreHistory, by, hand_over

PROGRESS = {
    "final": False,
    "finding": "substantiated",
    "facts": "进展",
    "measures": "进展",
    "completion": "stage_completed",
}


async def is_whole(case: OutsideCase, *, entries: int) -> None:
    """The record has every entry once, so many of messages and refusals, and tells the same as the workflow."""
    lines = await case.store.timeline(case.case_no, limit=5_000, with_refusals=True)
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    assert len([line for line in lines if line.by or line.event == "refused"]) == entries
    assert await case.store.case(case.case_no) == await case.view()


async def no_task_failed(case: OutsideCase, *, but: frozenset[str] = frozenset()) -> None:
    """No workflow task of any of its runs failed, for another cause than these."""
    runs = await runs_of(case.client, case.handle.id)
    assert not runs.failed.keys() - but, runs.failed


async def test_before_the_first_workflow_task(place: Place, place_store: Store, working: WorkerOf) -> None:
    case = await hand_over(place.client, place_store, task_timeout=UNHURRIED)
    for _ in range(300):
        await case.signal("rectification_report", by(UNIT), **PROGRESS)
    for _ in range(50):
        await case.handle.signal("no_such_name", args=[1, 2])
    updates = [asyncio.create_task(case.submit("acknowledgement", by(UNIT, f"经办人{n}"))) for n in range(8)]
    await asyncio.sleep(1)
    assert not any(update.done() for update in updates)
    async with working():
        receipts = await asyncio.gather(*updates)
        assert len({receipt["seq"] for receipt in receipts}) == 8
        view = await case.view()
        # The case takes a hundred progress reports; what is too much is refused, and said so.
        assert (view["progress_reports"], view["refused_count"]) == (100, 250)
        assert (await case.conclude())["outcome"] == "concluded"
        await is_whole(case, entries=300 + 50 + 8 + 8)
        await no_task_failed(case)


@pytest.mark.long
async def test_one_with_hundreds_of_others(place: Place, place_store: Store, working: WorkerOf) -> None:
    async with working():
        case = await hand_over(place.client, place_store, task_timeout=UNHURRIED)
        await case.until("dispatched")
        messages = [case.signal("rectification_report", by(UNIT), **PROGRESS) for _ in range(400)]
        update = case.submit("acknowledgement", by(UNIT))
        signals = asyncio.gather(*messages)
        receipt = await update
        assert receipt["case_no"] == case.case_no
        await signals
        assert (await case.conclude())["outcome"] == "concluded"
        await is_whole(case, entries=401 + 8)
        # The server itself gives a task out anew when more than a hundred arrive while it is worked on.
        await no_task_failed(case, but=frozenset({TOO_MANY_AT_ONCE}))


@pytest.mark.long
async def test_more_than_one_task_may_read(place: Place, place_store: Store, working: WorkerOf) -> None:
    case = await hand_over(place.client, place_store, task_timeout=UNHURRIED)
    async with working():
        await case.until("dispatched")
        await until("the dispatch is written", lambda: _is_written(case))
    for number in range(1_000):
        await case.signal("verification", by(UNIT, f"第{number}人"), confirmed=True, opinion="长" * 1_000)
    async with working():
        assert (await case.conclude())["outcome"] == "concluded"
        view = await case.view()
        assert view["refused_count"] == 1_000
        await is_whole(case, entries=1_000 + 8)
        await no_task_failed(case)
        runs = await runs_of(place.client, case.handle.id)
        # Read in ten portions, and the mark of the version that does so.
        assert runs.events["MARKER_RECORDED"] == 2
        assert runs.events["TIMER_FIRED"] >= 9


@pytest.mark.long
async def test_a_flood_leaves_a_history_that_replays(
    place: Place, place_store: Store, working: WorkerOf, store_history: StoreHistory
) -> None:
    case = await hand_over(place.client, place_store, task_timeout=UNHURRIED)
    for number in range(120):
        await case.signal("verification", by(UNIT, f"第{number}人"), confirmed=True, opinion="早")
    async with working():
        assert (await case.conclude())["outcome"] == "concluded"
    await store_history("flood", case)
    # One of every case (its report takes the record along), and one of the flood.
    assert (await runs_of(place.client, case.handle.id)).events["MARKER_RECORDED"] == 2


async def _is_written(case: OutsideCase) -> bool:
    recorded = await case.store.case(case.case_no)
    return recorded is not None and recorded == await case.view()


async def test_during_a_replay(place: Place, place_store: Store, working: WorkerOf) -> None:
    case = await hand_over(place.client, place_store)
    sent = 0
    numbers = itertools.count(1)
    for round_ in range(4):
        async with working():
            await case.until("dispatched" if round_ == 0 else "rectifying")
            for _ in range(10):
                await case.signal("rectification_report", by(UNIT), **PROGRESS)
                await case.submit("acknowledgement", by(UNIT, f"经办人{next(numbers)}"))
                await case.handle.signal("acknowledgement", args=[])
            sent += 30
            # A task that a worker is given while it stops is lost until its time is over.
            await until("nothing is under way", case.is_at_rest)
        # Nobody is there; what comes now is found by a worker that must bring the case up from its history first.
        for _ in range(20):
            await case.signal("rectification_report", by(UNIT), **PROGRESS)
        sent += 20
    async with working():
        view = await case.view()
        # A hundred progress reports of the hundred and twenty, and nothing of what had no argument.
        assert (view["progress_reports"], view["refused_count"]) == (100, 60)
        assert (await case.conclude())["outcome"] == "concluded"
        await is_whole(case, entries=sent + 8)
        await no_task_failed(case)


async def test_from_run_to_run_without_a_pause(place: Place, place_store: Store, working: WorkerOf) -> None:
    async with working():
        case = await hand_over(place.client, place_store, task_timeout=UNHURRIED)
        await case.until("dispatched")
        taken, runs = 0, set[str]()
        numbers = itertools.count(1)

        async def has_had_runs() -> int:
            described = await place.client.get_workflow_handle(case.handle.id).describe()
            runs.add(described.run_id)
            return len(runs)

        async def without_a_pause(door: str) -> None:
            nonlocal taken
            while await has_had_runs() < 4:
                for _ in range(25):
                    if door == "update":
                        message = {"kind": "verification", "message_id": f"v{next(numbers)}", "by": by(UNIT)}
                        code = await answer_to(case, [message | {"confirmed": True, "opinion": "不归我核实"}])
                        assert code == "not_yours"
                    else:
                        await case.handle.signal("acknowledgement", args=[])
                    taken += 1
                # More once the case has read these: the server throws back a task during which a hundred come.
                await case.view()

        await asyncio.gather(without_a_pause("update"), without_a_pause("update"), without_a_pause("signal"))
        assert (await case.conclude())["outcome"] == "concluded"
        assert len((await runs_of(place.client, case.handle.id)).ids) >= 4
        await is_whole(case, entries=taken + 8)
        await no_task_failed(case)


async def test_after_the_end_the_sender_is_told(place: Place, place_store: Store, working: WorkerOf) -> None:
    async with working():
        case = await hand_over(place.client, place_store)
        await case.until("dispatched")
        assert (await case.conclude())["outcome"] == "concluded"
        before = await case.view()
        lines = await place_store.timeline(case.case_no, with_refusals=True)
        with pytest.raises(RPCError) as signalled:
            await case.signal("acknowledgement", by(UNIT))
        with pytest.raises(RPCError) as submitted:
            await case.submit("acknowledgement", by(UNIT))
        assert signalled.value.status is submitted.value.status is RPCStatusCode.NOT_FOUND
        assert await case.view() == before
        assert await place_store.timeline(case.case_no, with_refusals=True) == lines


async def test_an_update_of_another_name_is_refused_and_on_record(
    place: Place, place_store: Store, working: WorkerOf
) -> None:
    async with working():
        case = await hand_over(place.client, place_store)
        await case.until("dispatched")
        for name, arguments in (("no_such_name", [{"message_id": "a"}]), ("签收", []), ("__temporal_x", [1, 2])):
            with pytest.raises(WorkflowUpdateFailedError) as failed:
                await case.handle.execute_update(name, args=arguments)
            assert isinstance(failed.value.cause, ApplicationError)
            assert failed.value.cause.type in {"unknown_kind", "malformed"}
        assert (await case.view())["refused_count"] == 3
        await case.signal("withdrawal", by("city/intake"), reason="结束")
        await case.handle.result()
        await no_task_failed(case)
