"""The list of cases: filters, and pages that stay right while cases come in."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from tests.api.conftest import House, Records, house
from tests.petitions.building import INTAKE, UNIT, K, Story, concluded, rectifying, verifying
from tests.store.servers import Server


async def numbers(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get("/v1/cases", params=query)
    assert answer.status_code == 200, answer.text
    return [case["case_no"] for case in answer.json()["cases"]]


@pytest.fixture(scope="module")
async def different(server: Server, template: str) -> AsyncGenerator[httpx.AsyncClient]:
    """One case of every sort that filters tell apart."""
    async with house(server, template) as shared:
        await shared.records.keep(*_different())
        yield shared.client


def _different() -> list[Story]:
    return [
        rectifying(case_no="A", county="甲县", categories=["water", "air"]),
        verifying(case_no="B", county="乙县").stars(),
        concluded(case_no="C", received_at="2021-08-28T10:00:00+08:00"),
        rectifying(case_no="D", received_at="2021-08-26T10:00:00+08:00", categories=["noise"]).on_day(8),
        Story(case_no="E", received_at="2021-08-25T10:00:00+08:00").takes(K.WITHDRAWAL, INTAKE),
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["C", "B", "A", "D", "E"]),
        ({"county": "乙县"}, ["B"]),
        ({"stage": "rectifying"}, ["A", "D"]),
        ({"stage": "withdrawn"}, ["E"]),
        ({"sticker": "red"}, ["D"]),
        ({"starred": "true"}, ["B"]),
        ({"starred": "false"}, ["C", "A", "D", "E"]),
        ({"overdue": "true"}, ["D"]),
        ({"closed": "true"}, ["C", "E"]),
        ({"closed": "false"}, ["B", "A", "D"]),
        ({"unit": UNIT}, ["C", "B", "A", "D", "E"]),
        ({"unit": UNIT.removeprefix("unit/"), "starred": "true"}, ["B"]),
        ({"unit": "unit/没有的局"}, []),
        ({"category": "noise"}, ["D"]),
        ({"category": "air"}, ["A"]),
        ({"waiting_for": "city/supervision-team"}, ["B"]),
        ({"waiting_for": "city/nobody"}, []),
    ],
)
async def test_every_filter_holds(different: httpx.AsyncClient, query: dict[str, str], expected: list[str]) -> None:
    assert await numbers(different, **query) == expected


async def test_an_item_tells_what_a_list_needs(client: httpx.AsyncClient, records: Records) -> None:
    story = verifying(case_no="X9", summary="电站断流")
    await records.keep(story)
    (item,) = (await client.get("/v1/cases")).json()["cases"]
    assert item["case_no"] == "X9"
    assert item["stage"] == "verifying"
    assert item["summary"] == "电站断流"
    assert item["coverage"] == {"instruction": False, "supervision": False, "task_force": False, "revisit": False}
    assert {"office": "city/supervision-team", "what": "verification"}.items() <= item["waiting_for"][-1].items()
    assert item["due_at"] == "2021-09-03T02:00:00Z"


async def test_pages_give_every_case_once_while_others_come_in(client: httpx.AsyncClient, records: Records) -> None:
    # All handed over at the same moment: only the number tells them apart.
    await records.keep(*(Story(case_no=f"N{number:02}") for number in range(11)))
    seen: list[str] = []
    cursor: str | None = None
    for page in range(10):
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        answer = (await client.get("/v1/cases", params=query)).json()
        seen += [case["case_no"] for case in answer["cases"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
        await records.keep(Story(case_no=f"Z{page}", received_at="2021-08-30T10:00:00+08:00"))
    assert seen == [f"N{number:02}" for number in reversed(range(11))]


async def test_a_full_last_page_has_no_next(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(Story(case_no="A"), Story(case_no="B"))
    assert (await client.get("/v1/cases", params={"limit": 2})).json()["next_cursor"] is None


async def test_filters_hold_across_pages(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(*(Story(case_no=f"N{number}", county="甲县" if number % 2 else "乙县") for number in range(6)))
    first = (await client.get("/v1/cases", params={"county": "甲县", "limit": 2})).json()
    rest = await numbers(client, county="甲县", limit=2, cursor=first["next_cursor"])
    assert [case["case_no"] for case in first["cases"]] + rest == ["N5", "N3", "N1"]


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"limit": "0"}, "query.limit"),
        ({"limit": "201"}, "query.limit"),
        ({"limit": "many"}, "query.limit"),
        ({"stage": "lost"}, "query.stage"),
        ({"starred": "perhaps"}, "query.starred"),
        ({"conty": "甲县"}, "query.conty"),
        ({"county": "\x00"}, "query.county"),
        ({"county": ""}, "query.county"),
        ({"unit": "局\x00"}, "query.unit"),
        ({"cursor": ""}, "query.cursor"),
        ({"cursor": "!!!"}, "query.cursor"),
        ({"cursor": "游标"}, "query.cursor"),
        ({"cursor": "QQ"}, "query.cursor"),
        # 0001-01-01T00:00:00+14:00 X, which lies before all calendars; and a number with a NUL.
        ({"cursor": "MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMCBY"}, "query.cursor"),
        ({"cursor": "MjAyMS0wOC0yN1QxMDowMDowMCswODowMCBBAA"}, "query.cursor"),
    ],
)
async def test_a_wrong_question_is_refused_with_its_place(bare: House, query: dict[str, str], where: str) -> None:
    answer = await bare.client.get("/v1/cases", params=query)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "urn:guatu:problem:invalid-request"
    assert [mistake["where"] for mistake in problem["errors"]] == [where]
    assert all(mistake["detail"] for mistake in problem["errors"])


async def test_all_mistakes_are_told_at_once(bare: House) -> None:
    answer = await bare.client.get("/v1/cases", params={"limit": "0", "stage": "lost", "conty": "x"})
    assert {mistake["where"] for mistake in answer.json()["errors"]} == {"query.limit", "query.stage", "query.conty"}
