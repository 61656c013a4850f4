"""``POST /v1/cases``: a hand-over becomes a case, once, whoever sends it how often."""

import asyncio
from typing import Any

import httpx
import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client

from petitions.hand_over import HandOver
from store import Store
from tests.http.cases import concluded, handed_over, new_case, until

pytestmark = pytest.mark.usefixtures("worker")


async def test_a_new_case_is_there_and_the_same_again_is_the_same(http: httpx.AsyncClient) -> None:
    body = new_case()
    first = await http.post("/v1/cases", json=body)
    assert first.status_code == 201, first.text
    assert first.headers["location"] == f"/v1/cases/{body['case_no']}"
    assert first.json() | {"likely_duplicates": []} == {
        "case_no": body["case_no"],
        "workflow_id": f"case-{body['case_no']}",
        "created": True,
        "complainant_sealed": False,
        "likely_duplicates": [],
    }
    view = await until(http, body["case_no"], "dispatched")
    assert view["summary"] == body["summary"]
    again = await http.post("/v1/cases", json=body)
    assert (again.status_code, again.json()["created"]) == (200, False)


async def test_the_same_number_with_other_content_is_refused_and_changes_nothing(http: httpx.AsyncClient) -> None:
    case_no = await handed_over(http)
    before = (await http.get(f"/v1/cases/{case_no}")).json()
    answer = await http.post("/v1/cases", json=new_case(case_no=case_no, summary="另一件事"))
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:guatu:problem:case-exists"
    assert (await http.get(f"/v1/cases/{case_no}")).json() == before


async def test_before_the_record_has_it_temporal_tells_the_same_from_the_other(http: httpx.AsyncClient) -> None:
    body = new_case()
    answers = await asyncio.gather(*(http.post("/v1/cases", json=body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [201]
    other = await http.post("/v1/cases", json={**body, "starred": True})
    assert other.status_code == 409


async def test_fifty_callers_at_once_start_one_case(http: httpx.AsyncClient, client: Client) -> None:
    body = new_case()
    answers = await asyncio.gather(*(http.post("/v1/cases", json=body) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    await until(http, body["case_no"], "dispatched")
    started = [
        event
        async for event in client.get_workflow_handle(f"case-{body['case_no']}").fetch_history_events()
        if event.HasField("workflow_execution_started_event_attributes")
    ]
    assert len(started) == 1


async def test_temporal_has_forgotten_a_concluded_case_and_the_record_has_not(
    http: httpx.AsyncClient, client: Client
) -> None:
    body = new_case()
    assert (await http.post("/v1/cases", json=body)).status_code == 201
    await until(http, body["case_no"], "dispatched")
    await concluded(http, body["case_no"])
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=f"case-{body['case_no']}")
        )
    )
    assert (await http.post("/v1/cases", json=body)).status_code == 200
    assert (await http.post("/v1/cases", json={**body, "county": "宣汉县"})).status_code == 409


async def test_a_star_before_the_number_is_no_part_of_it(http: httpx.AsyncClient) -> None:
    body = new_case(responsible_unit=None)
    answer = await http.post("/v1/cases", json={**body, "case_no": f"*{body['case_no']}"})
    assert answer.status_code == 201
    assert answer.json()["case_no"] == body["case_no"]
    view = await until(http, body["case_no"], "dispatched")
    assert view["starred"]


async def test_what_is_not_known_is_left_out_and_does_not_enter_temporal(
    http: httpx.AsyncClient, client: Client, store: Store
) -> None:
    body = new_case(telephone="13900001234", note="from another system")
    assert (await http.post("/v1/cases", json=body)).status_code == 201
    await until(http, body["case_no"], "dispatched")
    history = await client.get_workflow_handle(f"case-{body['case_no']}").fetch_history()
    assert "13900001234" not in history.to_json()
    known = await store.state(body["case_no"])
    assert known is not None
    assert known.hand_over == HandOver.model_validate(body)


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"case_no": ""}, "body.case_no"),
    ({"case_no": "a b"}, "body.case_no"),
    ({"case_no": None}, "body.case_no"),
    ({"received_at": "2021-08-27T10:00:00"}, "body.received_at"),
    ({"received_at": "yesterday"}, "body.received_at"),
    ({"received_at": "0001-01-01T00:00:00+14:00"}, "body.received_at"),
    ({"channel": "fax"}, "body.channel"),
    ({"starred": "perhaps"}, "body.starred"),
    ({"categories": "water"}, "body.categories"),
    ({"categories": ["fire"]}, "body.categories.0"),
    ({"summary": "x" * 20_001}, "body.summary"),
    ({"county": "a\x00b"}, "body.county"),
    ({"complainant": "王某"}, "body.complainant"),
    ({"complainant": {"name": "王某"}}, "body.complainant.anonymous"),
]


@pytest.mark.parametrize(("change", "where"), MISTAKES, ids=lambda given: str(given)[:40])
async def test_a_mistake_is_told_with_its_place_in_chinese(
    http: httpx.AsyncClient, change: dict[str, Any], where: str
) -> None:
    answer = await http.post("/v1/cases", json=new_case(**change))
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["type"] == "urn:guatu:problem:invalid-request"
    assert [mistake["where"] for mistake in problem["errors"]] == [where]
    assert "王某" not in answer.text


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"a": 1e999}', b"[" * 5_000, b"NaN"]
)
async def test_what_is_no_hand_over_at_all(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post("/v1/cases", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text


async def test_too_large_and_wrong_type(http: httpx.AsyncClient) -> None:
    huge = await http.post("/v1/cases", json=new_case(summary="x" * 300_000))
    assert (huge.status_code, huge.json()["type"]) == (413, "urn:guatu:problem:too-large")

    async def chunks():
        for _ in range(100):
            yield b" " * 10_000

    streamed = await http.post("/v1/cases", content=chunks(), headers={"content-type": "application/json"})
    assert streamed.status_code == 413
    form = await http.post("/v1/cases", data={"case_no": "1"})
    assert (form.status_code, form.json()["type"]) == (415, "urn:guatu:problem:unsupported-media-type")


async def test_details_of_the_complainant_are_sealed_and_tell_the_same_from_the_other(http: httpx.AsyncClient) -> None:
    body = new_case()
    details = {"anonymous": False, "name": "李某某", "telephone": "13800004321"}
    first = await http.post("/v1/cases", json={**body, "complainant": details})
    assert (first.status_code, first.json()["complainant_sealed"]) == (201, True)
    assert "13800004321" not in first.text
    assert (await http.post("/v1/cases", json={**body, "complainant": details})).status_code == 200
    other = await http.post("/v1/cases", json={**body, "complainant": {**details, "telephone": "13800009999"}})
    assert other.status_code == 409
    assert "1380000" not in other.text
    without = await http.post("/v1/cases", json=body)
    assert without.status_code == 200
    looked = await http.get(f"/v1/cases/{body['case_no']}/complainant", params={"purpose": "电话回访", "name": "某"})
    assert looked.status_code == 403, "who has no key sees no complainant"
