"""The README's pictures: they show what the pages say now, and hold nothing but shapes and text."""

import re
from xml.etree import ElementTree

import pytest
from playwright.async_api import Browser

from tests.browser.city import Site
from tests.browser.pictures import PICTURES, PLACE, draw, drawn
from tests.browser.planting import Planted
from tests.browser.shown import PAGES, Shown

_SVG = "{http://www.w3.org/2000/svg}"
_MOST_BYTES = 400_000
_SHOWN = [page for page in PAGES if page.name in PICTURES]
_EACH = pytest.mark.parametrize("shown", _SHOWN, ids=lambda page: page.name)


def texts(svg: str) -> list[str]:
    """The runs of characters of a picture, in order."""
    return [each.text or "" for each in ElementTree.fromstring(svg).iter(f"{_SVG}text")]  # noqa: S314 - our own files


@_EACH
async def test_a_picture_says_what_its_page_says(shown: Shown, browser: Browser, standing: Site) -> None:
    kept = texts((PLACE / f"{shown.name}.svg").read_text(encoding="utf-8"))
    now = texts(await draw(browser, standing.address, shown))
    # Where a text is cut off depends on the fonts; and what it is cut off from is said by its first characters.
    assert [text[:6] for text in kept] == [text[:6] for text in now], "draw the pictures anew: make pictures"


@_EACH
def test_a_picture_is_small_text_that_points_nowhere(shown: Shown) -> None:
    picture = (PLACE / f"{shown.name}.svg").read_text(encoding="utf-8")
    assert len(picture.encode()) < _MOST_BYTES
    tags = {each.tag.removeprefix(_SVG) for each in ElementTree.fromstring(picture).iter()}  # noqa: S314
    assert tags <= {"svg", "style", "defs", "pattern", "path", "rect", "text"}
    assert not re.search(
        r"(file|data|https?):|/(home|root|tmp|Users)/", picture.replace("http://www.w3.org/2000/svg", "")
    )


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_both_readmes_show_the_pictures(readme: str) -> None:
    text = (PLACE.parent.parent / readme).read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(docs/pictures/(.+?)\.svg\)", text)) == set(PICTURES)


async def test_what_is_seen_is_drawn_and_nothing_else(planted: Planted) -> None:
    seen = (
        "<p>写着&lt;b&gt;</p><p hidden>藏着</p>"
        '<p style="width: 40px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis">一二三四五六七八</p>'
        '<p style="color: rgb(168, 32, 26); background: rgb(255, 240, 200); border: 2px dashed rgb(1, 2, 3)">红</p>'
    )
    picture = await drawn(await planted.show(seen))
    said = texts(picture)
    assert "写着<b>" in said
    assert "藏着" not in said
    assert any(text.startswith("一") and text.endswith("…") for text in said)
    assert 'fill="#a8201a"' in picture
    assert 'fill="#fff0c8"' in picture
    assert 'stroke="#010203"' in picture
    assert "stroke-dasharray" in picture
