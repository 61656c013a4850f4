"""What an operator reads of a case in the Temporal UI, and the way from there to its page."""

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client

from petitions.hand_over import WORKFLOW_ID_PREFIX
from store import Store
from tests.workflows.outside_program import by, hand_over
from workflows.pages import page_of

pytestmark = pytest.mark.usefixtures("worker")


async def test_the_details_say_where_the_case_stands_and_lead_to_its_page(client: Client, store: Store) -> None:
    case = await hand_over(client, store)
    await case.until("dispatched")
    told = await case.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    assert "已分发" in told.current_details
    assert "**等待办理**" in told.current_details
    number = case.handle.id.removeprefix(WORKFLOW_ID_PREFIX)
    assert f"[打开本件页面](http://127.0.0.1:8080/cases/{number})" in told.current_details
    await case.signal("withdrawal", by("city/intake"), reason="结束")
    await case.handle.result()


def test_outside_a_worker_that_knows_the_pages_there_is_no_address() -> None:
    assert page_of("X1") is None
