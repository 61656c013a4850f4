"""Which pages are looked at, and on what. A new page is one line in ``PAGES``: every test here then holds for it."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from tests.browser.city import HELD_UP, REWORKED, WITHDRAWN


@dataclass(frozen=True)
class Paper:
    """A sheet that a page is printed on.

    Attributes:
        width: In millimetres.
        height: In millimetres.
        margin: Left and right, in millimetres.
    """

    width: int
    height: int
    margin: int

    @property
    def pixels(self) -> int:
        """How wide the printed area is, in CSS pixels."""
        return int((self.width - 2 * self.margin) / 25.4 * 96)


WALL_SHEET, CASE_SHEET, REPORT_SHEET = Paper(420, 297, 9), Paper(210, 297, 14), Paper(210, 297, 22)


@dataclass(frozen=True)
class Shown:
    """A page.

    Attributes:
        name: What the tests and the screenshots call it.
        path: Its address, from the slash on.
        paper: What it is printed on.
        status: How it is answered.
    """

    name: str
    path: str
    paper: Paper = CASE_SHEET
    status: int = 200


def case(number: str) -> str:
    """The address of a case's page."""
    return f"/cases/{quote(number, safe='')}"


PAGES = (
    Shown("wall", "/", WALL_SHEET),
    Shown("wall-filtered", f"/?{urlencode({'county': '万源市', 'missing': 'revisit'})}", WALL_SHEET),
    Shown("wall-mistaken", f"/?{urlencode({'county': '没有的县', 'at': '昨天'})}", WALL_SHEET),
    Shown("wall-past", "/?at=2021-09-02T18:00", WALL_SHEET),
    Shown("wall-screen", "/?screen=1", WALL_SHEET),
    Shown("stickers", "/?view=stickers"),
    Shown("counties", "/counties"),
    Shown("counties-satisfaction", "/counties?by=satisfaction"),
    Shown("case-open", case("DZ0902-03")),
    Shown("case-starred", case(HELD_UP)),
    Shown("case-overdue", case("DZ0829-04")),
    Shown("case-reworked", case(REWORKED)),
    Shown("case-with-refusals", case("DZ0831-03")),
    Shown("case-concluded", case("DZ0829-01")),
    Shown("case-concluded-starred", case("DZ0827-01")),
    Shown("case-merged", case("DZ0830-03")),
    Shown("case-withdrawn", case(WITHDRAWN)),
    Shown("report-submitted", f"{case('DZ0829-01')}/report", REPORT_SHEET),
    Shown("report-draft", f"{case('DZ0829-04')}/report", REPORT_SHEET),
    Shown("not-found", case("DZ9999-99"), WALL_SHEET, status=404),
)


@dataclass(frozen=True)
class Screen:
    """What a page is looked at on.

    Attributes:
        name: What the tests and the screenshots call it.
        width: In CSS pixels; on paper that of the printed area.
        height: In CSS pixels.
        telephone: A small screen that is touched.
        paper: Whether it is paper: print media.
    """

    name: str
    width: int
    height: int
    telephone: bool = False
    paper: bool = False


TELEVISION = Screen("1920x1080", 1920, 1080)
TELEPHONE = Screen("390x844", 390, 844, telephone=True)


def on_paper(page: Shown) -> Screen:
    """The page's own paper, as it is laid out for print."""
    return Screen("print", page.paper.pixels, 1000, paper=True)


def screens(page: Shown) -> tuple[Screen, ...]:
    """All that a page is looked at on."""
    return TELEVISION, TELEPHONE, on_paper(page)
