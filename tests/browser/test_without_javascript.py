"""JavaScript switched off: one can go around; that a page says no less is asked by ``PageChecks``."""

from tests.browser.conftest import VisitsCity
from tests.browser.contents import content
from tests.browser.planting import Planted
from tests.browser.shown import PAGES


async def test_one_can_go_around_without_javascript(visits_city: VisitsCity) -> None:
    async with visits_city(javascript=False) as visitor:
        page = await visitor.open(PAGES[0])
        await page.get_by_role("link", name="DZ0829-01", exact=True).first.click()
        await page.wait_for_url("**/cases/DZ0829-01")
        await page.get_by_role("link", name="办理报告", exact=True).click()
        await page.wait_for_url("**/cases/DZ0829-01/report")
        await page.get_by_role("link", name="挂图").first.click()
        await page.wait_for_url(f"{visitor.address}/")


async def test_what_only_a_script_says_is_found(planted: Planted) -> None:
    script = "<p id='here'></p><script>document.getElementById('here').textContent = '只有脚本会说'</script>"
    said = [(await content(await planted.show(script, javascript=on)))[0] for on in (True, False)]
    assert said == [["一页", "只有脚本会说"], ["一页"]]


async def test_what_is_said_of_the_live_page_alone_is_left_out(planted: Planted) -> None:
    page = await planted.show("<p>行</p><p data-live>实时</p>")
    for _ in range(2):
        assert (await content(page))[0] == ["一页", "行"]
    assert await page.locator("[data-live]").is_visible()
