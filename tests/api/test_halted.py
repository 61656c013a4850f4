"""The wall and the case's page say which cases stand apart from their workflows."""

import httpx

from petitions.discrepancies import Discrepancy, DiscrepancyKind
from tests.api.conftest import Records
from tests.api.pages import Page
from tests.petitions.building import rectifying

STOPPED = DiscrepancyKind.STOPPED


async def read(client: httpx.AsyncClient, path: str) -> Page:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    page = Page(answer.text)
    assert page.harm == []
    return page


async def test_a_stopped_workflow_is_said_until_it_is_over(client: httpx.AsyncClient, records: Records) -> None:
    await records.keep(rectifying(case_no="X1"), rectifying(case_no="X2"))
    assert "流程异常" not in (await read(client, "/")).text
    found = Discrepancy(case_no="X1", kind=STOPPED, what="its workflow was <b>terminated", todo="see to it")
    await records.store.keep_discrepancies([found], DiscrepancyKind)
    for path in ("/", "/?part=rows", "/cases/X1"):
        page = await read(client, path)
        assert "流程异常1件 X1 流程已停止，时限不再推进" in page.text
        assert "发现" in page.text
    assert "流程异常" not in (await read(client, "/cases/X2")).text
    assert "流程异常" not in (await read(client, "/?at=2021-09-01T08:00")).text, "a past moment knows nothing of it"
    await records.store.keep_discrepancies([], DiscrepancyKind)
    assert "流程异常" not in (await read(client, "/")).text
    assert "曾有流程异常：流程已停止，时限不再推进" in (await read(client, "/cases/X1")).text


async def test_of_many_the_wall_names_a_few(client: httpx.AsyncClient, records: Records) -> None:
    numbers = [f"X{number}" for number in range(12)]
    await records.keep(*(rectifying(case_no=number) for number in numbers))
    found = [Discrepancy(case_no=number, kind=STOPPED, what="terminated", todo="") for number in numbers]
    await records.store.keep_discrepancies(found, DiscrepancyKind)
    text = (await read(client, "/")).text
    assert "流程异常12件 X0 流程已停止" in text
    assert text.count("流程已停止") == 5
