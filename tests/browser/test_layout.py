"""Every page fits: on a telephone without scrolling to the side, on a large screen, and on its own paper."""

import re

import pytest

from tests.browser.conftest import Opened, Visits, VisitsCity
from tests.browser.layout import cut_off, not_seen_whole, sticking_out
from tests.browser.planting import planted_site
from tests.browser.shown import TELEPHONE, Screen, Shown


async def test_it_fits_and_is_printed_whole_on_its_own_paper(opened: Opened) -> None:
    assert await sticking_out(opened.page) == [], "wider than the screen"
    if opened.screen.paper:
        assert await cut_off(opened.page) == [], "cut off on paper"
        sizes = sheets(await opened.page.pdf(prefer_css_page_size=True, print_background=True))
        assert 1 <= len(sizes) <= 6
        assert set(sizes) == {(opened.shown.paper.width, opened.shown.paper.height)}


@pytest.mark.parametrize("path", ["/", "/?screen=1"])
@pytest.mark.parametrize("width", [1280, 1366, 1536, 1600, 1920, 3840])
async def test_the_wall_is_seen_whole_on_an_office_screen(width: int, path: str, visits_city: VisitsCity) -> None:
    # How long is left stands at its right edge.
    async with visits_city(Screen("office", width, width * 9 // 16)) as visitor:
        page = await visitor.open(Shown("wall", path))
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
async def test_a_table_that_is_not_seen_whole_is_found(columns: list[str], found: list[str], visits: Visits) -> None:
    wide = "".join(f'<col style="width: {width}">' for width in columns)
    table = f"<colgroup>{wide}</colgroup><thead><tr><th>受理编号</th><th>阶段</th></tr></thead>"
    style = "table-layout: fixed; border-collapse: collapse; font-size: 16px; width: 1px"
    planted = f'<div class="scroll" style="overflow-x: auto"><table style="{style}">{table}</table></div>'
    async with planted_site(planted) as address, visits(address, Screen("office", 1280, 720)) as visitor:
        assert await not_seen_whole(await visitor.open(Shown("planted", "/"))) == found


def sheets(pdf: bytes) -> list[tuple[int, int]]:
    """Width and height of each sheet, in millimetres."""
    boxes = re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]", pdf)
    return [(round(float(width) / 72 * 25.4), round(float(height) / 72 * 25.4)) for width, height in boxes]


FAULTS = {
    "wide": '<p style="width: 700px">宽</p>',
    "long-word": f"<p>{'长' * 10}{'a' * 200}</p>",
    "shifted": '<p style="position: relative; left: 300px">偏</p>',
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_is_too_wide_is_found(fault: str, visits: Visits) -> None:
    async with planted_site(FAULTS[fault]) as address, visits(address, TELEPHONE) as visitor:
        assert await sticking_out(await visitor.open(Shown("planted", "/")))


@pytest.mark.parametrize(("unfolded", "found"), [("", False), (" open", True)])
async def test_what_is_folded_away_may_be_wide_until_it_is_opened(unfolded: str, found: bool, visits: Visits) -> None:
    planted = f'<details{unfolded}><summary>看</summary><p style="width: 900px">宽</p></details>'
    async with planted_site(planted) as address, visits(address, TELEPHONE) as visitor:
        assert bool(await sticking_out(await visitor.open(Shown("planted", "/")))) is found


async def test_a_table_may_scroll_by_itself(visits: Visits) -> None:
    planted = '<div style="overflow-x: auto"><p style="width: 900px">宽</p></div>'
    async with planted_site(planted) as address, visits(address, TELEPHONE) as visitor:
        page = await visitor.open(Shown("planted", "/"))
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
async def test_what_is_cut_off_is_found(style: str, cut: bool, visits: Visits) -> None:
    planted = f'<div style="{style}">第一行<br>第二行<br>第三行</div>' if "height" in style else None
    planted = planted or f'<div style="{style}">很长很长很长很长的一行</div>'
    async with planted_site(planted) as address, visits(address) as visitor:
        assert bool(await cut_off(await visitor.open(Shown("planted", "/")))) is cut
