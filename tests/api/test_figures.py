"""The figures by HTTP, as of any moment."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from tests.api.conftest import NOW, House, house
from tests.petitions.building import Story, concluded
from tests.store.servers import Server


@pytest.fixture(scope="module")
async def three(server: Server, template: str) -> AsyncGenerator[httpx.AsyncClient]:
    """One concluded at 18:00 on 08-27, one starred of the 28th, and one that is handed over only tomorrow."""
    async with house(server, template) as shared:
        await shared.records.keep(
            concluded(case_no="A"),
            Story(case_no="B", county="乙县", starred=True, received_at="2021-08-28T10:00:00+08:00"),
            Story(case_no="C", received_at="2021-09-04T10:00:00+08:00"),
        )
        yield shared.client


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2021-08-27T09:59:59+08:00", {"received": 0, "concluded": 0, "starred": 0, "by_county": {}}),
        ("2021-08-27T10:00:00+08:00", {"received": 1, "concluded": 0, "starred": 0, "by_county": {"甲县": 1}}),
        ("2021-08-27T23:00:00Z", {"received": 1, "concluded": 1, "starred": 0, "by_county": {"甲县": 1}}),
        (
            "2021-09-30T00:00:00.5+08:00",
            {"received": 3, "concluded": 1, "starred": 1, "by_county": {"乙县": 1, "甲县": 2}},
        ),
    ],
)
async def test_figures_as_of_a_moment(three: httpx.AsyncClient, at: str, expected: dict[str, object]) -> None:
    answer = await three.get("/v1/figures", params={"at": at})
    assert answer.status_code == 200
    assert expected.items() <= answer.json().items()


async def test_without_a_moment_it_is_the_procedures_now(three: httpx.AsyncClient) -> None:
    answer = (await three.get("/v1/figures")).json()
    assert answer["received"] == 2
    assert answer["at"].startswith(f"{NOW:%Y-%m-%dT%H:%M}")


async def test_a_plus_that_was_not_escaped_is_understood(bare: House) -> None:
    answer = await bare.client.get("/v1/figures?at=2021-08-27T10:00:00+08:00")
    assert answer.json()["at"] == "2021-08-27T10:00:00+08:00"


@pytest.mark.parametrize(
    "at",
    ["2021-08-27", "2021-08-27T10:00:00", "1630000000", "now", "", "9999-12-31T23:59:59-12:00", "2021-02-30T10:00:00Z"],
)
async def test_only_moments_are_taken(bare: House, at: str) -> None:
    answer = await bare.client.get("/v1/figures", params={"at": at})
    assert answer.status_code == 422
    (mistake,) = answer.json()["errors"]
    assert mistake["where"] == "query.at"
