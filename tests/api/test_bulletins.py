"""The bulletin of a day by HTTP: counted from the record, with a remark wherever the counts do not add up."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from tests.api.conftest import House, house
from tests.petitions.building import Story
from tests.store.servers import Server


@pytest.fixture(scope="module")
async def two_batches(server: Server, template: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A batch of the 27th, and one of the 28th with a joint case of two types and a starred letter."""
    async with house(server, template) as shared:
        await shared.records.keep(
            Story(case_no="A1", county="通川区", batch=1, channel="phone", received_at="2021-08-27T09:00:00+08:00"),
            Story(
                case_no="B1",
                county="通川区、达川区",
                batch=2,
                channel="phone",
                categories=["water", "air"],
                received_at="2021-08-28T09:00:00+08:00",
            ),
            Story(
                case_no="B2",
                county="万源市",
                batch=2,
                channel="letter",
                starred=True,
                received_at="2021-08-28T09:30:00+08:00",
            ),
        )
        yield shared.client


async def test_a_batch_is_counted_by_way_type_and_region(two_batches: httpx.AsyncClient) -> None:
    answer = await two_batches.get("/v1/bulletins/2021-08-28")
    assert answer.status_code == 200
    (batch,) = answer.json()["batches"]
    assert (batch["batch"], batch["received"], batch["phone"], batch["letter"], batch["starred"]) == (2, 2, 1, 1, 1)
    assert answer.json()["cumulative"]["received"] == 3
    said = str(answer.json())
    assert "B1" in str(answer.json()["remarks"]), "the joint case that makes the regions add up to more is named"
    assert "达川区" in said


async def test_the_same_as_the_press_prints_it(two_batches: httpx.AsyncClient) -> None:
    answer = await two_batches.get("/v1/bulletins/2021-08-28", headers={"Accept": "text/plain"})
    assert answer.headers["content-type"].startswith("text/plain")
    assert "第二批" in answer.text
    assert "2件" in answer.text


async def test_a_day_without_a_batch_has_no_bulletin(bare: House) -> None:
    answer = await bare.client.get("/v1/bulletins/2021-08-29")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:guatu:problem:not-found"


@pytest.mark.parametrize("day", ["2021-8-28", "1630000000", "20210828", "2021-02-30", "9999-12-31"])
async def test_only_days_are_taken(bare: House, day: str) -> None:
    assert (await bare.client.get(f"/v1/bulletins/{day}")).status_code == 422
