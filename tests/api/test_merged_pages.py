"""Merged cases as a browser and a client get them: the wall, both cases' pages, the report, and the case as JSON."""

import httpx

from petitions.report import handling_report
from tests.api.conftest import House, Records
from tests.api.pages import Page
from tests.petitions.building import INTAKE, K, Story, concluded, rectifying


def merged(case_no: str, into: str) -> Story:
    return Story(case_no=case_no).takes(K.MERGE, INTAKE, into=into)


async def read(client: httpx.AsyncClient, path: str) -> Page:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    page = Page(answer.text)
    assert page.harm == []
    return page


async def test_the_wall_shows_both(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(rectifying(case_no="A"), merged("B", "A"), concluded(case_no="C"), merged("D", "C"))
    page = await read(client, "/")
    assert "并入： B" in page.text
    assert "并入 A" in page.text
    assert "并入： D" in page.text
    # In its row or list, and beside the other.
    assert {link: page.links.count(link) for link in ("/cases/A", "/cases/B", "/cases/C", "/cases/D")} == {
        "/cases/A": 2,
        "/cases/B": 2,
        "/cases/C": 2,
        "/cases/D": 2,
    }


async def test_both_cases_pages(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(concluded(case_no="C"), merged("D", "C"))
    assert "并入件 1件 D" in (await read(client, "/cases/C")).text
    page = await read(client, "/cases/D")
    assert "后者已于8月27日 18:00办结，其办理结果即为本件的答复" in page.text
    assert "/cases/C/report" in page.links


async def test_likely_duplicates_on_an_open_cases_page(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(rectifying(case_no="A", location="李家巷"), Story(case_no="B", location="李家巷"))
    page = await read(client, "/cases/A")
    assert "疑似重复件 B 相似度100%" in page.text
    assert "/cases/B" in page.links


async def test_the_report(client: httpx.AsyncClient, records: Records) -> None:
    other = concluded(case_no="C", summary="另一件所说")
    await records.keep(other, merged("D", "C"))
    digest = await records.store.submit_report("C", "C/1", handling_report(other.case), other.now)
    page = await read(client, "/cases/D/report")
    assert "D已并入C，以下为C的办理报告。" in page.text
    assert digest in page.text
    assert {"/cases/C", "/cases/D"} <= set(page.links)
    assert "已并入" not in (await read(client, "/cases/C/report")).text


async def test_the_case_as_json(own: House) -> None:
    story = concluded(case_no="C")
    await own.records.keep(story, merged("D", "C"))
    assert (await own.client.get("/v1/cases/D")).json()["answered_by"] == {
        "case_no": "C",
        "stage": "concluded",
        "outcome": "concluded",
        "concluded_at": "2021-08-27T10:00:00Z",
    }
    assert "answered_by" not in (await own.client.get("/v1/cases/C")).json()
