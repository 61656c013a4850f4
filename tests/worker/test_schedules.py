"""The house's Schedules: made at a worker's start, once; they have their work done, and an operator may pause them."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs
from temporalio.client import ScheduleActionStartWorkflow, ScheduleOverlapPolicy

from activities import reconciliation
from activities.case_activities import CaseActivities
from activities.house_activities import HouseActivities
from activities.jurisdictions import Jurisdictions
from petitions.discrepancies import DiscrepancyKind
from petitions.jurisdiction.offices import STABILITY_TEAM
from petitions.notices import NoticeState
from store import Store, open_pool
from tests.notices_file import at_once
from tests.places import Place, SharedStack, new_place
from tests.receiver import Receiver, receiving
from tests.worker.conftest import dazhou
from tests.worker.worker_process import until, worker_process
from tests.workflows.outside_program import hand_over
from worker.digest_schedules import digests
from worker.process import case_worker, house_worker
from worker.schedules import Planned, daily, ensure_schedules, planned
from worker.settings import WorkerSettings
from workflows.payloads import case_data_converter

HEAD = "guatu-daily-head"


async def test_the_head_of_the_day_is_written_by_a_schedule(place: Place, store: Store, tmp_path: Path) -> None:
    async with worker_process(tmp_path / "first.log", place.settings) as worker:
        await worker.ready()
        made = [each.id for each in (*planned("Asia/Shanghai"), *digests(Jurisdictions("dazhou")))]
        assert worker.events("schedules made")[0]["ids"] == made
        handle = place.client.get_schedule_handle(HEAD)
        schedule = (await handle.describe()).schedule
        assert schedule.policy.catchup_window == timedelta(hours=1)
        assert schedule.policy.overlap is ScheduleOverlapPolicy.SKIP
        assert schedule.spec.time_zone_name == "Asia/Shanghai"
        await handle.trigger()

        async def is_written() -> bool:
            return [head.no async for head in store.heads()] == [1]

        await until("the head is written", is_written)
        await handle.pause(note="盘点期间暂停")
    async with worker_process(tmp_path / "second.log", place.settings) as worker:
        await worker.ready()
        assert worker.events("schedules made") == []
        state = (await handle.describe()).schedule.state
        assert (state.paused, state.note) == (True, "盘点期间暂停"), "what an operator has set is the operator's"


@asynccontextmanager
async def working(place: Place, stack: SharedStack, file: Path) -> AsyncGenerator[Store]:
    """The two workers of ``guatu worker`` in this process, with its schedules; the record that they write."""
    client = await stack.connect(namespace=place.client.namespace, data_converter=case_data_converter)
    jurisdictions = Jurisdictions(str(file))
    settings = WorkerSettings(database_url=place.database_url, jurisdiction=str(file))
    await ensure_schedules(client, planned("Asia/Shanghai"))
    async with open_pool(place.database_url, max_size=settings.database_connections) as pool:
        store = Store(pool)
        async with (
            case_worker(client, CaseActivities(store, jurisdictions), settings),
            house_worker(client, HouseActivities(store, client, jurisdictions), settings),
        ):
            yield store


async def test_a_workflow_that_was_terminated_is_found_by_a_schedule(
    stack: SharedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is told: in the log, on the wall, and to the petition-stability team, once."""
    # A case is looked at again and again before it counts as different: the record follows its workflow by moments.
    monkeypatch.setattr(reconciliation, "_PAUSE_SECONDS", 0.2)
    place, file = await new_place(stack, prepared=True), tmp_path / "with-an-address.toml"
    async with receiving() as channel:
        file.write_text(at_once(f'{dazhou()}\n"{STABILITY_TEAM}" = ["{channel.address}"]\n'), encoding="utf-8")
        with capture_logs() as logged:
            async with working(place, stack, file) as store:
                await _is_found_and_told_once(place, store, channel, logged)


async def _is_found_and_told_once(
    place: Place, store: Store, channel: Receiver, logged: Sequence[Mapping[str, Any]]
) -> None:
    case = await hand_over(place.client, store)
    await case.until("dispatched")
    await case.handle.terminate()
    reconcile = place.client.get_schedule_handle("guatu-reconcile")
    await reconcile.trigger()

    async def is_found() -> bool:
        return bool(await store.standing_discrepancies())

    await until("it is found", is_found)
    (standing,) = await store.standing_discrepancies()
    assert (standing.case_no, standing.kind) == (case.case_no, DiscrepancyKind.STOPPED)

    async def is_told() -> bool:
        return "流程异常" in channel.titles(case.case_no)

    await until("the team is told", is_told)
    (said,) = [line for line in logged if line["event"] == "a case and its workflow differ"]
    assert (said["case_no"], said["kind"], said["log_level"]) == (case.case_no, "stopped", "error")
    assert "流程已停止，时限不再推进。" in channel.taken[-1]["message"]

    async def is_on_the_ledger() -> bool:
        return not await store.undelivered() and bool(await store.notices(""))

    await until("the ledger knows", is_on_the_ledger)
    # The next turn finds it once more.
    seen_at = standing.seen_at
    await reconcile.trigger()

    async def is_seen_again() -> bool:
        (again,) = await store.standing_discrepancies()
        return again.seen_at > seen_at

    await until("the next turn has come", is_seen_again)

    async def turns_are_over() -> bool:
        running = place.client.list_workflows("WorkflowType = 'Reconcile' AND ExecutionStatus = 'Running'")
        return [run async for run in running] == []

    await until("it is done", turns_are_over)
    (only,) = await store.notices("")
    assert (only.state, only.attempts) == (NoticeState.SENT, 1)
    assert channel.titles(case.case_no).count("流程异常") == 1


async def test_a_schedule_of_an_older_version_is_brought_up_to_date(place: Place) -> None:
    older = Planned("renewed", "DailyHead", daily(time(3), "UTC"), "旧")
    newer = Planned("renewed", "DailyHead", daily(time(4), "Asia/Shanghai"), "旧")
    assert await ensure_schedules(place.client, [older]) == ["renewed"]
    assert await ensure_schedules(place.client, [newer]) == []
    schedule = (await place.client.get_schedule_handle("renewed").describe()).schedule
    assert schedule.spec.calendars[0].hour[0].start == 4
    assert schedule.spec.time_zone_name == "Asia/Shanghai"
    assert isinstance(schedule.action, ScheduleActionStartWorkflow)
    assert schedule.action.task_queue == "guatu-house"


@pytest.mark.parametrize("timezone", ["Asia/Shanghai", "Asia/Kathmandu", "America/New_York"])
async def test_a_day_begins_by_the_jurisdictions_clocks(place: Place, timezone: str) -> None:
    name = f"at-{timezone.partition('/')[2]}"
    await ensure_schedules(place.client, [Planned(name, "DailyHead", daily(time(0, 10), timezone), "")])
    description = await place.client.get_schedule_handle(name).describe()
    turns = [turn.astimezone(ZoneInfo(timezone)).strftime("%H:%M") for turn in description.info.next_action_times]
    assert set(turns) == {"00:10"}
