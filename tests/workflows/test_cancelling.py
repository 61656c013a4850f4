"""An operator's request to cancel a case is refused and on record; the case goes on, and nothing of it is lost."""

import asyncio
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Replayer

from guatu.embedded.postgres import EmbeddedPostgres
from petitions.events import ReportSubmitted
from store import Store
from tests.workflows import stoppable
from tests.workflows.outside_program import UNIT, OutsideCase, StoreHistory, by, hand_over
from worker.process import workflow_runner
from workflows.payloads import case_data_converter
from workflows.petition_case import PetitionCase

pytestmark = pytest.mark.usefixtures("worker")
client, postgres, store, worker = stoppable.client, stoppable.postgres, stoppable.store, stoppable.worker


async def cancelled(case: OutsideCase) -> dict[str, Any]:
    """Ask for it, and wait until it is refused."""
    await case.handle.cancel()
    view = await case.view()
    for _ in range(200):
        if view["refused_count"]:
            return view
        await asyncio.sleep(0.05)
        view = await case.view()
    raise AssertionError(f"{case.case_no} has refused nothing")


async def test_it_is_refused_and_the_case_goes_on_to_its_end(
    client: Client, store: Store, store_history: StoreHistory
) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    view = await cancelled(case)
    (refused,) = view["refused"]
    assert (refused["kind"], refused["code"]) == ("cancel", "unknown_kind")
    assert refused["reason"].startswith("在办件不能取消；要结束办理，请发送 withdrawal（撤回）")
    assert view["stage"] == "dispatched"
    await case.cover()
    await case.signal("withdrawal", by("city/intake"), reason="结束")
    result = await case.handle.result()
    assert result["outcome"] == "withdrawn"
    description = await case.handle.describe()
    assert description.status is WorkflowExecutionStatus.COMPLETED
    recorded = [entry.event for entry in await store.entries(case.case_no)]
    assert recorded.count("refused") == 1
    assert recorded.count("site_visit") == 1
    history = await case.handle.fetch_history()
    assert not [each for each in history.events if each.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED]
    replayer = Replayer(workflows=[PetitionCase], data_converter=case_data_converter, workflow_runner=workflow_runner())
    await replayer.replay_workflow(history)
    await store_history("cancelling", case)


async def test_together_with_the_start_and_while_it_reports_with_postgres_away(
    postgres: EmbeddedPostgres, client: Client, store: Store
) -> None:
    case = await hand_over(client, store)
    await cancelled(case)
    await case.until("dispatched")
    await postgres.stop()
    try:
        await case.signal("acknowledgement", by(UNIT))
        await case.until("rectifying")
        await case.cover()
        await case.report()
        await case.verify()
        await case.review()
        await case.survey()
        # Its report is on its way to Postgres, and nothing since the acknowledgement is written.
        await case.until("reporting")
        late = await hand_over(client, store)
        await cancelled(late)
        await late.signal("withdrawal", by("city/intake"), reason="结束")
    finally:
        await postgres.start()
    assert (await case.handle.result())["outcome"] == "concluded"
    assert (await late.handle.result())["outcome"] == "withdrawn"
    for one in (case, late):
        assert await store.case(one.case_no) == await one.view()
        entries = await store.entries(one.case_no)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert [entry.event for entry in entries].count("refused") == 1
    assert [problem async for problem in store.verify()] == []


async def test_while_the_report_is_submitted(postgres: EmbeddedPostgres, client: Client, store: Store) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.signal("acknowledgement", by(UNIT))
    await case.cover()
    await case.report()
    await case.verify()
    await case.review()
    await case.until("surveying")
    await postgres.stop()
    try:
        await case.survey()
        await case.until("reporting")
        await cancelled(case)
    finally:
        await postgres.start()
    result = await case.handle.result()
    assert result["outcome"] == "concluded"
    report = await store.report(case.case_no)
    (submitted,) = [e for e in await store.entries(case.case_no) if isinstance(e.happened, ReportSubmitted)]
    assert report is not None
    assert isinstance(submitted.happened, ReportSubmitted)
    assert report.sha256 == submitted.happened.sha256
