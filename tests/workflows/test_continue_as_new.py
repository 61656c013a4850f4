"""A history that grows long: the case goes on in a new run, with nothing lost, refused twice or counted twice."""

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError

from store import Store
from tests.workflows.outside_program import UNIT, StoreHistory, by, hand_over

pytestmark = pytest.mark.usefixtures("worker")


async def test_a_long_case_continues_as_new_with_nothing_lost(
    client: Client, store: Store, store_history: StoreHistory
) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    await case.cover()
    first_run = (await case.handle.describe()).run_id
    acknowledgement = {"kind": "acknowledgement", "message_id": "ack", "by": by(UNIT)}
    receipt = await case.handle.execute_update("submit", acknowledgement)
    with pytest.raises(WorkflowUpdateFailedError):
        await case.submit("verification", by("city/supervision-team"), confirmed=True, opinion="早了")
    progress = {
        "final": False,
        "finding": "substantiated",
        "facts": "进展",
        "measures": "进展",
        "completion": "stage_completed",
    }
    sent = 0
    while (await client.get_workflow_handle(case.handle.id).describe()).run_id == first_run:
        await case.submit("rectification_report", by(UNIT), **progress)
        sent += 1
        assert sent < 150, "the case never continued as new"
    for _ in range(5):
        await case.signal("rectification_report", by(UNIT), **progress)
    again = await case.handle.execute_update("submit", acknowledgement)
    assert again == receipt
    view = await case.view()
    assert view["refused_count"] == 1
    assert view["coverage"] == {"instruction": True, "supervision": True, "task_force": True, "revisit": False}
    assert view["progress_reports"] == sent + 5
    await case.report()
    await case.verify()
    await case.review()
    await case.survey()
    result = await case.handle.result()
    assert result["outcome"] == "concluded"
    lines = await store.timeline(case.case_no, limit=2_000, with_refusals=True)
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    assert await store.case(case.case_no) == await case.view()
    await store_history("continued-as-new", case)
