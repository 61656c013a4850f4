"""The pages on a real engine: what offices send is there when a page is opened."""

import httpx

from tests.browser.conftest import Live, Visits
from tests.browser.shown import Shown, case
from tests.http.cases import message, new_case
from tests.worker.worker_process import until


async def test_a_case_comes_onto_the_wall_and_its_page_tells_what_is_sent(live: Live, visits: Visits) -> None:
    given = new_case()
    number = given["case_no"]
    async with httpx.AsyncClient(base_url=live.address, timeout=120) as http, visits(live.address) as visitor:
        assert (await http.post("/v1/cases", json=given)).status_code == 201

        async def is_recorded() -> bool:
            return await live.store.case(number) is not None

        await until("the case is recorded", is_recorded)
        wall = await visitor.open(Shown("wall", "/"))
        link = wall.get_by_role("link", name=number, exact=True)
        await link.click()
        await wall.wait_for_url(f"**{case(number)}")
        assert given["summary"] in await wall.inner_text("body")

        instruction = message("leader_instruction", "county/通川区/mayor", "live-1", text="今晚就去看。")
        assert (await http.post(f"/v1/cases/{number}/messages", json=instruction)).status_code in {200, 202}

        async def is_told() -> bool:
            await wall.reload()
            return "今晚就去看。" in await wall.inner_text("body")

        await until("the page tells the instruction", is_told)
