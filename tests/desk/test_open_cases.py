"""The open cases at the desk: found by number, and listed page by page, the most urgent first."""

import re
from datetime import UTC, datetime

import httpx
import pytest

from api.desk import work_list
from store import Store
from tests.desk.conftest import SignsIn
from tests.http.cases import handed_over

pytestmark = pytest.mark.usefixtures("worker")


async def test_a_case_is_found_by_its_number(http: httpx.AsyncClient, signs_in: SignsIn) -> None:
    case_no = await handed_over(http)
    team = await signs_in("city/revisit-team")
    await team.open(f"/desk?no=*{case_no}")
    assert team.at == f"/desk/cases/{case_no}"
    page = await team.open("/desk?no=没有 这件")
    assert page.status == 404
    assert "没有受理编号为" in page.text


async def test_open_cases_are_listed_page_by_page_the_most_urgent_first(
    http: httpx.AsyncClient, signs_in: SignsIn, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = {await handed_over(http) for _ in range(3)}
    standing = await store.wall_now(now=datetime.now(UTC), limit=10_000)
    order = [case.case_no for case in standing.cases]
    assert handed <= set(order)
    monkeypatch.setattr(work_list, "_ON_A_PAGE", on_a_page := max(2, len(order) // 3))

    team, address = await signs_in("city/revisit-team"), "/desk/cases"
    listed: list[str] = []
    while address:
        page = await team.open(address)
        numbers = re.findall(r'<p class="task-line"><a href="[^"]*">(.*?)</a>', page.answer.text)
        assert 1 <= len(numbers) <= on_a_page
        listed += numbers
        assert f"共{len(order)}件" in page.text
        way = re.search(r'<a href="([^"]*)" rel="next">', page.answer.text)
        address = way[1] if way else ""
    assert listed == order


@pytest.mark.parametrize(("page", "status"), [("9999999", 422), ("1000", 404), ("0", 422), ("二", 422)])
async def test_a_page_that_is_not_there_is_said(page: str, status: int, signs_in: SignsIn) -> None:
    team = await signs_in("city/revisit-team")
    assert (await team.open(f"/desk/cases?page={page}")).status == status
