"""The wall as people use it: live, filtered, at a past moment, on a television, on paper, by keys."""

import re

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Live, Visits, VisitsCity
from tests.browser.layout import cut_off
from tests.browser.shown import PAGES, TELEPHONE, TELEVISION, Screen, on_paper
from tests.browser.tabs import Tabs
from tests.http.cases import message, new_case
from tests.worker.worker_process import until

WALL, SCREEN = PAGES[0], next(page for page in PAGES if page.name == "wall-screen")
SCREENFUL_MS = 15_000
"""After how long a television turns the page; see ``wall.js``."""


async def numbers(page: Page) -> list[str]:
    """The numbers of the cases on the wall, from above."""
    return await page.locator("#rows tbody th a").all_inner_texts()


async def test_the_wall_changes_without_being_opened_again_when_a_signal_is_sent(live: Live, visits: Visits) -> None:
    given = new_case()
    number = given["case_no"]
    async with visits(live.address) as visitor:
        page = await visitor.open(WALL)
        await expect(page.locator("#live-state")).to_have_text(re.compile("^实时"))
        await page.evaluate("() => { window.here = 'still'; }")

        async with httpx.AsyncClient(base_url=live.address, timeout=120) as http:
            assert (await http.post("/v1/cases", json=given)).status_code == 201
        row = page.locator(f"#rows tr[data-key={number}]")
        await expect(row).to_have_count(1)
        await expect(row.locator(".covers")).to_contain_text("领导批示未落实")

        case = live.client.get_workflow_handle(f"case-{number}")
        body = message("leader_instruction", "county/通川区/mayor", "live-wall", text="今晚就去看。")
        await case.signal("leader_instruction", {name: body[name] for name in body if name != "kind"})
        await expect(row.locator(".covers")).to_contain_text("领导批示已落实")
        await expect(row.locator(".mark", has_text="批")).to_have_count(1)

        assert await page.evaluate("() => window.here") == "still"


async def test_the_focus_and_the_place_stay_when_the_wall_changes(live: Live, visits: Visits) -> None:
    given, other = new_case(), new_case()
    async with httpx.AsyncClient(base_url=live.address, timeout=120) as http, visits(live.address) as visitor:
        assert (await http.post("/v1/cases", json=given)).status_code == 201

        async def is_recorded() -> bool:
            return await live.store.case(given["case_no"]) is not None

        await until("the case is recorded", is_recorded)
        page = await visitor.open(WALL)
        await page.locator(f"#rows a[href='/cases/{given['case_no']}']").focus()
        assert (await http.post("/v1/cases", json=other)).status_code == 201
        await expect(page.locator(f"#rows tr[data-key={other['case_no']}]")).to_have_count(1)
        await expect(page.locator(f"#rows a[href='/cases/{given['case_no']}']")).to_be_focused()


@pytest.mark.parametrize("javascript", [True, False])
async def test_filters_stand_in_the_address_and_can_be_taken_back(javascript: bool, visits_city: VisitsCity) -> None:
    async with visits_city(javascript=javascript) as visitor:
        page = await visitor.open(WALL)
        everything = await numbers(page)
        await page.locator("select[name=county]").select_option("万源市")
        await page.locator("select[name=missing]").select_option("revisit")
        await page.get_by_role("button", name="筛选", exact=True).click()
        await page.wait_for_url("**missing=revisit**")
        some = await numbers(page)
        assert some
        assert set(some) < set(everything)
        assert set(await page.locator("#rows td.county").all_inner_texts()) == {"万源市"}
        assert await page.locator("select[name=county]").input_value() == "万源市"

        await page.get_by_role("link", name="取消“缺覆盖：缺满意回访（访）”").click()
        await page.wait_for_url(lambda address: "missing" not in address)
        await page.get_by_role("link", name="全部取消").click()
        await page.wait_for_url(f"{visitor.address}/")
        assert await numbers(page) == everything


async def test_the_slider_goes_back_over_the_days_and_now_is_one_click_away(visits_city: VisitsCity) -> None:
    async with visits_city() as visitor:
        page = await visitor.open(WALL)
        everything = await numbers(page)
        await page.locator("input[type=range]").focus()
        for _ in range(3):
            await page.keyboard.press("ArrowLeft")
        await expect(page.locator("#day-said")).to_have_text("9月2日")
        # It goes by itself when it has come to rest.
        await page.wait_for_url("**day=6**")
        await expect(page.locator(".past-band")).to_contain_text("2021年9月2日")
        past = await numbers(page)
        assert past
        assert past != everything
        assert not await page.locator("#live-state").count()

        await page.get_by_role("link", name="← 前一天").click()
        await expect(page.locator(".past-band")).to_contain_text("2021年9月1日")
        await page.get_by_role("link", name="回到现在").click()
        await page.wait_for_url(f"{visitor.address}/")
        assert await numbers(page) == everything


async def test_a_past_moment_is_chosen_without_javascript(visits_city: VisitsCity) -> None:
    async with visits_city(javascript=False) as visitor:
        page = await visitor.open(WALL)
        await page.locator("input[name=at]").fill("2021-08-30T09:00")
        await page.get_by_role("button", name="回看").click()
        await expect(page.locator(".past-band")).to_contain_text("2021年8月30日")
        await page.get_by_role("button", name="看这一天").click()
        await expect(page.locator(".past-band")).to_contain_text("23:59")


async def test_a_television_turns_its_pages_and_is_left_by_a_key(visits_city: VisitsCity) -> None:
    async with visits_city() as visitor:
        await visitor.page.clock.install()
        page = await visitor.open(SCREEN)
        first = await numbers(page)
        await page.clock.fast_forward(SCREENFUL_MS + 1_000)
        await expect(page.locator("#rows")).to_have_attribute("data-page", "2")
        second = await numbers(page)
        assert not set(first) & set(second)
        await page.clock.fast_forward(SCREENFUL_MS + 1_000)
        await expect(page.locator("#rows")).to_have_attribute("data-page", "1")
        assert await numbers(page) == first

        await page.keyboard.press("Escape")
        await page.wait_for_url(f"{visitor.address}/")
        assert set(await numbers(page)) == {*first, *second}


async def test_a_televisions_screenful_fits_without_scrolling(looks: Tabs) -> None:
    page = await looks.large.show(SCREEN)
    assert await page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
    smallest = await page.evaluate(
        "() => Math.min(...[...document.querySelectorAll('tbody .no, tbody .county, tbody .stage, tbody .left')]"
        ".map(each => parseFloat(getComputedStyle(each).fontSize)))"
    )
    # Of 1,080 lines on a screen 80 cm high: characters of 18 mm, which are read from five metres.
    assert smallest >= 24


async def test_paper_has_the_chart_with_words_on_its_stickers_and_nothing_to_press(looks: Tabs) -> None:
    page = await looks.large.show(WALL, on_paper(WALL))
    assert await cut_off(page) == []
    assert {"黄", "蓝", "红"} <= set(await page.locator("tbody .sticker").evaluate_all(_FIRST_CHARACTERS))
    for gone in (".tools", ".keys", ".pager a"):
        assert not [each for each in await page.locator(gone).all() if await each.is_visible()]


_FIRST_CHARACTERS = "found => found.map(each => each.innerText.trim()[0])"


@pytest.mark.parametrize("screen", [TELEVISION, TELEPHONE], ids=lambda screen: screen.name)
async def test_keys_move_between_the_rows_and_to_the_filters(screen: Screen, visits_city: VisitsCity) -> None:
    async with visits_city(screen) as visitor:
        page = await visitor.open(WALL)
        rows = await numbers(page)
        for key, at in (("j", 0), ("j", 1), ("j", 2), ("k", 1), ("ArrowDown", 2), ("ArrowUp", 1)):
            await page.keyboard.press(key)
            assert await page.evaluate("() => document.activeElement.innerText") == rows[at]
        await page.keyboard.press("/")
        await expect(page.locator("#filters select").first).to_be_focused()
