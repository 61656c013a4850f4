"""The morning digest: a schedule that the worker keeps, and one message for each office that has work."""

from temporalio.client import ScheduleOverlapPolicy, ScheduleSpec, WorkflowExecutionStatus

from tests.notices.conftest import City
from tests.receiver import receiving
from tests.worker.worker_process import until
from tests.workflows.outside_program import UNIT
from worker.digest_schedules import digest_schedule_id
from worker.digest_schedules import digests as planned_digests
from worker.schedules import CATCH_UP, ensure_schedules
from workflows.notice_interface import MORNING_DIGEST

SUPERVISION = "city/supervision-team"


async def test_the_schedule_is_created_once_and_follows_the_file(city: City) -> None:
    own = digest_schedule_id(None)
    assert await ensure_schedules(city.client, planned_digests(city.jurisdictions)) == [own]
    handle = city.client.get_schedule_handle(own)
    first = (await handle.describe()).schedule
    assert first.spec.time_zone_name == "Asia/Shanghai"
    assert (first.spec.calendars[0].hour[0].start, first.spec.calendars[0].minute[0].start) == (8, 0)
    assert (first.policy.catchup_window, first.policy.overlap) == (CATCH_UP, ScheduleOverlapPolicy.SKIP)
    await handle.pause(note="市领导要求暂停")
    city.addresses({UNIT: [city.channel.address]}, morning_digest='"07:30"')
    assert await ensure_schedules(city.client, planned_digests(city.jurisdictions)) == []
    then = (await handle.describe()).schedule
    assert (then.spec.calendars[0].hour[0].start, then.spec.calendars[0].minute[0].start) == (7, 30)
    assert len(then.spec.calendars) == 1, "brought up to date, not added to"
    assert (then.state.paused, then.state.note) == (True, "市领导要求暂停"), "what an operator has paused stays paused"
    assert isinstance(then.spec, ScheduleSpec)


async def test_each_office_that_has_work_gets_one_message_a_day(city: City) -> None:
    async with receiving() as of_supervision:
        city.addresses({UNIT: [city.channel.address], SUPERVISION: [of_supervision.address]})
        await ensure_schedules(city.client, planned_digests(city.jurisdictions))
        handle = city.client.get_schedule_handle(digest_schedule_id(None))
        async with city.worker():
            for case_no in ("G1", "G2"):
                case = await city.hand_over(case_no)
                await case.until("dispatched")
                await city.until_all_is_out(case_no)
            await city.hand_over("G3", jurisdiction="dazhou")

            async def waits_for_the_unit() -> bool:
                return len((await city.store.to_do(None, [UNIT])).get(UNIT, [])) == 2

            await until("the unit has two acknowledgements to give", waits_for_the_unit)
            await handle.trigger()

            async def has_come() -> bool:
                return bool(digests())

            def digests() -> list[str]:
                return [each["message"] for each in city.channel.taken if each["title"].startswith("【晨报】")]

            await until("the unit has its digest", has_come)
            [digest] = digests()
            assert "G1 签收" in digest
            assert "G2 签收" in digest
            assert "G3" not in digest, "of another jurisdiction"
            await handle.trigger(overlap=ScheduleOverlapPolicy.ALLOW_ALL)
            await until("the second turn is over", lambda: has_had_turns(city, 2))
            await city.until_put_away()
            assert len(digests()) == 1, "the same day's is the same digest"
        assert of_supervision.taken == [], "nothing to do, nothing to read"


async def has_had_turns(city: City, count: int) -> bool:
    """Whether so many morning digests have been written, and none is being written."""
    turns = [each.status async for each in city.client.list_workflows(f"WorkflowType = '{MORNING_DIGEST}'")]
    return turns == [WorkflowExecutionStatus.COMPLETED] * count
