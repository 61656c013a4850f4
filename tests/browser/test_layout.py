"""Content that does not fit is found, and the wall is seen whole in an office. ``PageChecks`` asks all pages."""

import pytest

from tests.browser.layout import cut_off, not_seen_whole, sheets, sticking_out
from tests.browser.planting import Planted
from tests.browser.shown import TELEPHONE, WALL_SHEET, Screen, Shown
from tests.browser.tabs import Tabs


@pytest.mark.parametrize("path", ["/", "/?screen=1"])
@pytest.mark.parametrize("width", [1280, 1366, 1536, 1600, 1920, 3840])
async def test_the_wall_is_seen_whole_on_an_office_screen(width: int, path: str, looks: Tabs) -> None:
    # How long is left stands at its right edge.
    page = await looks.large.show(Shown("wall", path), Screen("office", width, width * 9 // 16))
    assert await not_seen_whole(page) == []
    left = page.locator(".chart .left").first
    box = await left.bounding_box()
    assert box is not None
    assert box["width"] > 0
    assert box["x"] + box["width"] <= width


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["10rem", "10rem"], []),
        (["30rem", "60rem"], ["1440 in 1264"]),
        (["0", "10rem"], ["<th> 受理编号"]),
    ],
)
async def test_a_table_that_is_not_seen_whole_is_found(columns: list[str], found: list[str], planted: Planted) -> None:
    wide = "".join(f'<col style="width: {width}">' for width in columns)
    table = f"<colgroup>{wide}</colgroup><thead><tr><th>受理编号</th><th>阶段</th></tr></thead>"
    style = "table-layout: fixed; border-collapse: collapse; font-size: 16px; width: 1px"
    region = f'<div class="scroll" style="overflow-x: auto"><table style="{style}">{table}</table></div>'
    assert await not_seen_whole(await planted.show(region, Screen("office", 1280, 720))) == found


FAULTS = {
    "wide": '<p style="width: 700px">宽</p>',
    "long-word": f"<p>{'长' * 10}{'a' * 200}</p>",
    "shifted": '<p style="position: relative; left: 300px">偏</p>',
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_is_too_wide_is_found(fault: str, planted: Planted) -> None:
    assert await sticking_out(await planted.show(FAULTS[fault], TELEPHONE))


@pytest.mark.parametrize(("unfolded", "found"), [("", False), (" open", True)])
async def test_what_is_folded_away_may_be_wide_until_it_is_opened(unfolded: str, found: bool, planted: Planted) -> None:
    folded = f'<details{unfolded}><summary>看</summary><p style="width: 900px">宽</p></details>'
    assert bool(await sticking_out(await planted.show(folded, TELEPHONE))) is found


async def test_a_table_may_scroll_by_itself(planted: Planted) -> None:
    page = await planted.show('<div style="overflow-x: auto"><p style="width: 900px">宽</p></div>', TELEPHONE)
    assert await sticking_out(page) == []
    # But not on paper.
    assert await cut_off(page) == ["<div> 宽"]


@pytest.mark.parametrize(
    ("style", "cut"),
    [
        ("height: 20px; overflow: hidden", True),
        ("width: 40px; white-space: nowrap; overflow: hidden", True),
        ("width: 40px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis", False),
        ("", False),
    ],
)
async def test_what_is_cut_off_is_found(style: str, cut: bool, planted: Planted) -> None:
    text = "第一行<br>第二行<br>第三行" if "height" in style else "很长很长很长很长的一行"
    assert bool(await cut_off(await planted.show(f'<div style="{style}">{text}</div>'))) is cut


async def test_the_sheets_are_those_of_the_pages_own_paper(planted: Planted) -> None:
    size = f"{WALL_SHEET.width}mm {WALL_SHEET.height}mm"
    style = f"<style>@page {{ size: {size} }} p {{ break-before: page }}</style>"
    page = await planted.show(f"{style}<p>第二页</p>")
    assert await sheets(page) == [(WALL_SHEET.width, WALL_SHEET.height)] * 2
