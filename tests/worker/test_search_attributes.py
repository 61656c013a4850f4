"""A worker on a namespace that lacks the search attributes registers them before it takes a case."""

from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType, IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest

from store import Store
from tests.places import Place
from tests.worker.worker_process import until, worker_process
from tests.workflows.outside_program import by, hand_over
from worker.search_attributes import SearchAttributesMissingError, require_search_attributes

TYPES = {
    "CaseStage": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "CaseSticker": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "CaseCounty": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "CaseUnit": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "CaseCategory": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "CaseWaitingFor": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "CaseStarred": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "CaseOverdue": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "CaseDueAt": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "CaseRound": IndexedValueType.INDEXED_VALUE_TYPE_INT,
}
"""The contract's."""


async def registered(place: Place) -> dict[str, "IndexedValueType.ValueType"]:
    """What the namespace has."""
    answer = await place.client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=place.client.namespace)
    )
    return dict(answer.custom_attributes)


async def test_they_are_registered_once_and_hold_from_the_first_case_on(
    place: Place, store: Store, tmp_path: Path
) -> None:
    assert await registered(place) == {}
    with pytest.raises(SearchAttributesMissingError) as missing:
        await require_search_attributes(place.client)
    assert all(f"{name}=" in str(missing.value) for name in TYPES)
    assert "CaseWaitingFor=KeywordList" in str(missing.value)
    async with worker_process(tmp_path / "first.log", place.settings) as worker:
        case_no = "S00001"
        await worker.says("the worker is ready")
        assert await registered(place) == TYPES
        await require_search_attributes(place.client)
        assert worker.events("search attributes registered")[0]["names"] == sorted(TYPES)
        # At once: a task that met a server which does not know them yet would fail, and wait to be tried again.
        case = await hand_over(place.client, store, case_no=case_no)
        await case.until("dispatched")

        async def is_listed() -> bool:
            query = "CaseStage = 'dispatched' AND CaseWaitingFor = 'city/stability-team' AND CaseRound = 1"
            return [one.id async for one in place.client.list_workflows(query)] == [f"case-{case_no}"]

        await until("the case is listed by its search attributes", is_listed)
        await case.signal("withdrawal", by("city/intake"), reason="结束")
        await case.handle.result()
        history = await case.handle.fetch_history()
        failed = [one for one in history.events if one.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED]
        assert failed == []
    async with worker_process(tmp_path / "second.log", place.settings) as worker:
        await worker.ready()
        assert worker.events("search attributes registered") == []
