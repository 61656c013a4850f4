"""``POST /v1/cases/{no}/messages``: the same answer as the update ``submit``, also after the case's end."""

import asyncio
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from store import Store
from tests.http.cases import UNIT, concluded, handed_over, message, regular_messages, until

pytestmark = pytest.mark.usefixtures("worker")


async def test_a_whole_case_by_http(http: httpx.AsyncClient) -> None:
    case_no = await handed_over(http)
    receipt: dict[str, Any] = {}
    for number, body in enumerate(regular_messages(), 1):
        answer = await http.post(f"/v1/cases/{case_no}/messages", json=body)
        assert answer.status_code == 200, answer.text
        receipt = answer.json()
        assert (receipt["case_no"], receipt["message_id"]) == (case_no, f"m{number}")
    view = await until(http, case_no, "concluded")
    assert view["closing"]["outcome"] == "concluded"
    timeline = (await http.get(f"/v1/cases/{case_no}/timeline", params={"limit": 200})).json()["entries"]
    assert timeline[receipt["seq"] - 1]["event"] == "survey_result"


async def test_the_answer_is_that_of_submit(http: httpx.AsyncClient, client: Client) -> None:
    case_no = await handed_over(http)
    body = message("acknowledgement", UNIT, "a1")
    by_http = (await http.post(f"/v1/cases/{case_no}/messages", json=body)).json()
    handle: Any = client.get_workflow_handle(f"case-{case_no}")
    assert await handle.execute_update("submit", body) == by_http
    again = (await http.post(f"/v1/cases/{case_no}/messages", json=body)).json()
    assert again == by_http


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    (message("acknowledgement", "unit/通川区生态环境局", "r1"), 403, "not_yours"),
    (message("acknowledgement", "city/nobody", "r2"), 409, "unknown_office"),
    (message("verification", "city/supervision-team", "r3", confirmed=True, opinion="好"), 409, "not_now"),
    (message("dispatch", "city/intake", "r4", unit="没有的局"), 409, "unknown_unit"),
    (message("dance", "city/intake", "r5"), 422, "unknown_kind"),
    (message("withdrawal", "city/intake", "r6"), 422, "malformed"),
    (message("withdrawal", "city/intake", "r7", reason="x" * 30_000), 413, "too_large"),
    ({"kind": "withdrawal"}, 422, "malformed"),
]


async def test_refusals_have_their_code_and_are_on_record(http: httpx.AsyncClient) -> None:
    case_no = await handed_over(http)
    for body, status, code in REFUSED:
        answer = await http.post(f"/v1/cases/{case_no}/messages", json=body)
        assert answer.status_code == status, answer.text
        problem = answer.json()
        assert (problem["type"], problem["code"]) == ("urn:guatu:problem:message-refused", code)
        assert problem["detail"]
    for content in (b"", b"{", b"[]", b"\xff", b"null", b"[" * 10_000):
        answer = await http.post(
            f"/v1/cases/{case_no}/messages", content=content, headers={"content-type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed"), answer.text
    view: dict[str, Any] = {}
    for _ in range(200):
        view = (await http.get(f"/v1/cases/{case_no}")).json()
        if view["refused_count"] == len(REFUSED) + 6:
            break
        await asyncio.sleep(0.05)
    assert view["refused_count"] == len(REFUSED) + 6


async def test_an_id_used_for_other_content_is_refused(http: httpx.AsyncClient) -> None:
    case_no = await handed_over(http)
    first = message("leader_instruction", "city/mayor", "same", text="一")
    assert (await http.post(f"/v1/cases/{case_no}/messages", json=first)).status_code == 200
    other = await http.post(f"/v1/cases/{case_no}/messages", json={**first, "text": "二"})
    assert (other.status_code, other.json()["code"]) == (409, "message_id_reused")


async def test_fifty_times_the_same_at_once_counts_once(http: httpx.AsyncClient) -> None:
    case_no = await handed_over(http)
    body = message("leader_instruction", "city/mayor", "once", text="立即办理")
    answers = await asyncio.gather(*(http.post(f"/v1/cases/{case_no}/messages", json=body) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


async def test_there_is_no_such_case(http: httpx.AsyncClient) -> None:
    for number in ("NONE", "a%20b", "%2F", "x" * 100):
        answer = await http.post(f"/v1/cases/{number}/messages", json=message("withdrawal", "city/intake", "1"))
        assert answer.status_code == 404, answer.text


async def test_after_the_end_the_record_answers_and_keeps_the_refusal(http: httpx.AsyncClient, store: Store) -> None:
    case_no = await handed_over(http)
    bodies = regular_messages()
    receipts = [(await http.post(f"/v1/cases/{case_no}/messages", json=body)).json() for body in bodies]
    await until(http, case_no, "concluded")
    await asyncio.sleep(0.3)
    repeated = await http.post(f"/v1/cases/{case_no}/messages", json=bodies[1])
    assert (repeated.status_code, repeated.json()) == (200, receipts[1])
    late = await http.post(
        f"/v1/cases/{case_no}/messages",
        json=message("leader_instruction", "city/mayor", "late", text="再查"),
        headers={"X-Request-ID": "late-1"},
    )
    assert (late.status_code, late.json()["code"]) == (409, "not_now")
    last = (await store.entries(case_no))[-1]
    assert (last.event, last.request_id) == ("refused", "late-1")
    assert (await http.get(f"/v1/cases/{case_no}")).json()["refused_count"] == 1


async def test_a_case_that_an_operator_has_stopped_says_so(http: httpx.AsyncClient, client: Client) -> None:
    case_no = await handed_over(http)
    await client.get_workflow_handle(f"case-{case_no}").terminate()
    answer = await http.post(f"/v1/cases/{case_no}/messages", json=message("withdrawal", "city/intake", "w"))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:guatu:problem:case-stopped")


async def test_request_ids_go_through_to_the_event_and_the_record(
    http: httpx.AsyncClient, client: Client, store: Store
) -> None:
    case_no = await handed_over(http)
    answer = await http.post(
        f"/v1/cases/{case_no}/messages",
        json=message("leader_instruction", "city/mayor", "traced", text="办"),
        headers={"X-Request-ID": "trace-42"},
    )
    assert answer.headers["x-request-id"] == "trace-42"
    history = (await client.get_workflow_handle(f"case-{case_no}").fetch_history()).to_json_dict()
    updates = [event for event in history["events"] if "workflowExecutionUpdateAcceptedEventAttributes" in event]
    header = updates[-1]["workflowExecutionUpdateAcceptedEventAttributes"]["acceptedRequest"]["input"]["header"]
    assert "guatu-request-id" in header["fields"]
    entries = await store.entries(case_no)
    for _ in range(200):
        entries = await store.entries(case_no)
        if entries[-1].event == "leader_instruction":
            break
        await asyncio.sleep(0.05)
    assert entries[-1].request_id == "trace-42"
    assert entries[0].request_id is not None, "its hand-over came with one that was given to it"
    odd = await http.get("/v1/cases", headers={"X-Request-ID": "a b\tc"})
    assert odd.headers["x-request-id"] != "a b\tc"


async def test_a_concluded_case_is_reopened_and_concluded_again(http: httpx.AsyncClient, store: Store) -> None:
    case_no = await handed_over(http)
    await concluded(http, case_no)
    before = await store.state(case_no)
    assert before is not None
    body = {
        "message_id": "again",
        "by": {"office": "city/intake", "name": "受理员"},
        "reason": "群众反映反弹",
        "days": 3,
        "authority": "督察组转办函3号",
    }

    async def reopened() -> httpx.Response:
        """As a program does that was told 503: sent again as it was, until it is known to be done."""
        answer = await http.post(f"/v1/cases/{case_no}/reopen", json=body)
        if answer.status_code != 503:
            return answer
        await asyncio.sleep(float(answer.headers["retry-after"]))
        return await reopened()

    answers = await asyncio.gather(*(reopened() for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 201}, [answer.text for answer in answers]
    assert {answer.json()["seq"] for answer in answers} == {before.seq + 1}
    view = await until(http, case_no, "rectifying")
    assert (view["round"], len(view["reopenings"]), view["former_closings"][0]["outcome"]) == (2, 1, "concluded")
    figures = (await http.get("/v1/figures")).json()
    await concluded(http, case_no, round_=2, prefix="again-")
    assert (await http.get("/v1/figures")).json()["concluded"] == figures["concluded"] + 1
    repeated = await http.post(f"/v1/cases/{case_no}/reopen", json=body)
    assert (repeated.status_code, repeated.json()["seq"]) == (200, before.seq + 1)


async def test_reopenings_that_are_refused(http: httpx.AsyncClient) -> None:
    body: dict[str, Any] = {
        "by": {"office": "city/intake", "name": "受理员"},
        "reason": "反弹",
        "days": 3,
        "authority": "督察组",
    }
    case_no = await handed_over(http)
    open_ = await http.post(f"/v1/cases/{case_no}/reopen", json=body)
    assert (open_.status_code, open_.json()["code"]) == (409, "not_now")
    await concluded(http, case_no)
    by_another = await http.post(
        f"/v1/cases/{case_no}/reopen", json={**body, "by": {"office": "city/mayor", "name": "市长"}}
    )
    assert (by_another.status_code, by_another.json()["code"]) == (403, "not_yours")
    assert (await http.get(f"/v1/cases/{case_no}")).json()["refused_count"] == 1
    for wrong in ({"days": 0}, {"days": "3"}, {"reason": ""}, {"authority": None}, {"by": "city/intake"}, {"more": 1}):
        answer = await http.post(f"/v1/cases/{case_no}/reopen", json={**body, **wrong})
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["where"].startswith("body.")
    assert (await http.post("/v1/cases/NONE/reopen", json=body)).status_code == 404
