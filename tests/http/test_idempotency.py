"""``Idempotency-Key`` and the limits on how much may be sent."""

import httpx
import pytest

from api.app import create_app
from intake.engine import Engine
from store import Store, open_pool
from store.requests import AnsweredRequest
from tests.http.cases import UNIT, handed_over, message, new_case
from tests.http.conftest import http_client, settings
from tests.places import SharedStack

pytestmark = pytest.mark.usefixtures("worker")


async def test_the_same_request_gets_the_same_answer(http: httpx.AsyncClient) -> None:
    body, key = new_case(), {"Idempotency-Key": "intake-1"}
    first = await http.post("/v1/cases", json=body, headers=key)
    again = await http.post("/v1/cases", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    without = await http.post("/v1/cases", json=body)
    assert without.status_code == 200


async def test_another_request_under_the_key_is_refused(http: httpx.AsyncClient) -> None:
    body, key = new_case(), {"Idempotency-Key": "intake-2"}
    assert (await http.post("/v1/cases", json=body, headers=key)).status_code == 201
    for change in ({"summary": "另一件"}, {"case_no": "OTHER2"}):
        other = await http.post("/v1/cases", json={**body, **change}, headers=key)
        assert (other.status_code, other.json()["type"]) == (409, "urn:guatu:problem:idempotency-key-reused")


async def test_other_details_of_the_complainant_under_the_key_are_told(http: httpx.AsyncClient) -> None:
    details = {"anonymous": False, "name": "赵某某", "telephone": "13700001111"}
    body, key = {**new_case(), "complainant": details}, {"Idempotency-Key": "intake-3"}
    assert (await http.post("/v1/cases", json=body, headers=key)).status_code == 201
    assert (await http.post("/v1/cases", json=body, headers=key)).status_code == 201
    other = {**body, "complainant": {**details, "telephone": "13700002222"}}
    assert (await http.post("/v1/cases", json=other, headers=key)).json()["type"] == "urn:guatu:problem:case-exists"


async def test_refusals_are_given_again_too(http: httpx.AsyncClient) -> None:
    case_no = await handed_over(http)
    body = message("verification", "city/supervision-team", "v1", confirmed=True, opinion="好")
    key = {"Idempotency-Key": "too-early"}
    first = await http.post(f"/v1/cases/{case_no}/messages", json=body, headers=key)
    again = await http.post(f"/v1/cases/{case_no}/messages", json=body, headers=key)
    assert (first.status_code, again.status_code) == (409, 409)
    assert again.json() == first.json()
    assert again.headers["content-type"] == "application/problem+json"


async def test_an_unusable_key_is_a_mistake(http: httpx.AsyncClient) -> None:
    for key in ("", "x" * 256, "é"):
        answer = await http.post("/v1/cases", json=new_case(), headers={"Idempotency-Key": key.encode("latin-1")})  # pyright: ignore[reportArgumentType] - bytes are what is sent
        assert answer.status_code == 422, key
        assert answer.json()["errors"][0]["where"] == "header.Idempotency-Key"


async def test_answers_are_kept_by_caller_and_the_first_one_stays(store: Store) -> None:
    first = AnsweredRequest(b"1" * 32, 201, {"location": "/v1/cases/1"}, "{}")
    await store.keep_answer("one", "key", first)
    await store.keep_answer("one", "key", AnsweredRequest(b"2" * 32, 200, {}, "other"))
    assert await store.answered_request("one", "key") == first
    assert await store.answered_request("another", "key") is None
    await store.forget_answers()
    assert await store.answered_request("one", "key") == first


async def test_who_sends_too_much_is_told_when_to_come_again(
    stack: SharedStack, engine: Engine, http: httpx.AsyncClient
) -> None:
    case_no = await handed_over(http)
    body = message("acknowledgement", UNIT, "a")
    async with (
        open_pool(stack.database_url, max_size=2) as pool,
        http_client(create_app(settings(stack, api_writes_per_minute=3), pool, engine=engine)) as few,
    ):
        answers = [await few.post(f"/v1/cases/{case_no}/messages", json=body) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[-1].json()["type"] == "urn:guatu:problem:too-many-requests"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert (await few.get(f"/v1/cases/{case_no}")).status_code == 200, "reading is not limited"
