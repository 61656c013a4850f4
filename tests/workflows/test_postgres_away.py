"""Postgres away for an hour delays writes and nothing else."""

from datetime import datetime, timedelta

import pytest
from temporalio.client import Client

from guatu.embedded.postgres import EmbeddedPostgres
from store import Store
from tests.worker.worker_process import until
from tests.workflows import stoppable
from tests.workflows.outside_program import CHINA, UNIT, OutsideCase, StoreHistory, by, hand_over

pytestmark = pytest.mark.usefixtures("worker")
client, postgres, store, worker = stoppable.client, stoppable.postgres, stoppable.store, stoppable.worker


async def has_breach(case: OutsideCase, milestone: str) -> bool:
    """Whether a milestone of the case has passed, and no other."""
    return [breach["milestone"] for breach in (await case.view())["breaches"]] == [milestone]


async def is_tried_again(case: OutsideCase) -> bool:
    """Whether a write of the case has been tried in vain."""
    described = (await case.handle.describe()).raw_description
    return any(each.attempt > 1 for each in described.pending_activities)


async def test_the_procedure_goes_on_and_writes_catch_up_in_order(
    postgres: EmbeddedPostgres, client: Client, store: Store, store_history: StoreHistory
) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await postgres.stop()
    try:
        await case.signal("acknowledgement", by(UNIT))
        await case.until("rectifying")
        await case.cover()
        late = await hand_over(client, store)
        assert (await late.until("dispatched"))["responsible_unit"] == UNIT
        receipt = await late.submit("acknowledgement", by(UNIT))
        assert receipt["case_no"] == late.case_no
        # The deadlines run. (The server does not skip time while an activity is tried again, so this one is short.)
        limit = (datetime.now(CHINA) + timedelta(seconds=2)).isoformat()
        await late.signal("leader_instruction", by("city/mayor"), text="两秒内办结。", complete_by=limit)
        await until("the instruction's limit is over", lambda: has_breach(late, "instruction_limit"))
        await case.report()
        await case.verify()
        await case.review()
        await case.survey()
        # Everything but the report, which Postgres is to keep, is done.
        await case.until("reporting")
        await late.signal("withdrawal", by("city/intake"), reason="结束")
        await late.until("withdrawn")
    finally:
        await postgres.start()
    assert (await case.handle.result())["outcome"] == "concluded"
    await late.handle.result()
    for one in (case, late):
        lines = await store.timeline(one.case_no, with_refusals=True)
        assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
        assert await store.case(one.case_no) == await one.view()
    problems = [problem async for problem in store.verify()]
    assert problems == []
    await store_history("postgres-away", case)


async def test_a_report_is_submitted_only_when_postgres_has_it(
    postgres: EmbeddedPostgres, client: Client, store: Store
) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.cover()
    await case.report()
    await case.verify()
    await case.review()
    await case.until("surveying")
    await postgres.stop()
    try:
        await case.survey()
        await case.until("reporting")
        await until("a write is tried again", lambda: is_tried_again(case))
        assert (await case.view())["stage"] == "reporting"
    finally:
        await postgres.start()
    assert (await case.handle.result())["outcome"] == "concluded"
    assert await store.report(case.case_no) is not None
