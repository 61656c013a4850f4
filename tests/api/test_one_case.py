"""One case and its timeline by HTTP."""

from typing import Any

import httpx
import pytest

from api.shapes import CaseView
from petitions.view import case_view
from petitions.vocabulary import RefusalCode
from tests.api.conftest import House, Records
from tests.petitions.building import BYSTANDER, K, Story, concluded, surveying


async def test_a_case_is_answered_as_its_query_answers_it(client: httpx.AsyncClient, records: Records) -> None:
    story = surveying(case_no="X1")
    await records.keep(story)
    answer = await client.get("/v1/cases/X1")
    assert answer.status_code == 200
    assert answer.json() == case_view(story.case)


@pytest.mark.parametrize("make", [Story, surveying, concluded])
async def test_the_answer_is_as_described(client: httpx.AsyncClient, records: Records, make: Any) -> None:
    story: Story = make(case_no="X1")
    await records.keep(story)
    view = CaseView.model_validate((await client.get("/v1/cases/X1")).json())
    assert view.stage is story.case.stage


@pytest.mark.parametrize("number", ["X2", "%20", "*X1", "X%00", "%FF", "长" * 65, "a%2Fb"])
@pytest.mark.parametrize("path", ["/v1/cases/{}", "/v1/cases/{}/timeline"])
async def test_no_such_case(bare: House, path: str, number: str) -> None:
    answer = await bare.client.get(path.format(number))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] in {"urn:guatu:problem:case-not-found", "urn:guatu:problem:not-found"}


async def test_numbers_may_hold_what_addresses_escape(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(Story(case_no="达信〔2021〕1号?#&"))
    answer = await client.get("/v1/cases/%E8%BE%BE%E4%BF%A1%E3%80%942021%E3%80%951%E5%8F%B7%3F%23%26")
    assert answer.json()["case_no"] == "达信〔2021〕1号?#&"


async def test_the_timeline_comes_in_pages(client: httpx.AsyncClient, records: Records) -> None:
    story = concluded(case_no="X1")
    await records.keep(story)
    seen: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        answer = (await client.get("/v1/cases/X1/timeline", params={"after": after, "limit": 4})).json()
        assert answer["case_no"] == "X1"
        assert len(answer["entries"]) <= 4
        seen += answer["entries"]
        after = answer["next_after"]
    assert [entry["seq"] for entry in seen] == [line.seq for line in story.case.timeline]
    assert [entry["text"] for entry in seen] == story.texts()
    assert seen[0]["by"] is None
    assert {"office", "name"} == set(next(entry["by"] for entry in seen if entry["by"]))


async def test_after_the_end_there_is_nothing_more(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(Story(case_no="X1"))
    answer = await client.get("/v1/cases/X1/timeline", params={"after": 1000})
    assert answer.json() == {"case_no": "X1", "entries": [], "next_after": None}


async def test_refusals_are_told_when_asked_for(client: httpx.AsyncClient, records: Records) -> None:
    story = surveying(case_no="X1")
    story.refuses(RefusalCode.NOT_YOURS, K.VERIFICATION, BYSTANDER)
    await records.keep(story)

    async def events(**query: str) -> list[str]:
        answer = await client.get("/v1/cases/X1/timeline", params=query)
        return [entry["event"] for entry in answer.json()["entries"]]

    assert "refused" not in await events()
    assert (await events(refused="true"))[-1] == "refused"


@pytest.mark.parametrize("query", [{"after": "-1"}, {"after": "2147483648"}, {"limit": "201"}, {"before": "3"}])
async def test_a_wrong_question_is_refused(bare: House, query: dict[str, str]) -> None:
    answer = await bare.client.get("/v1/cases/X1/timeline", params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == f"query.{next(iter(query))}"
