"""The pages that are tested, and their screens. A new page is one line here: every test then holds for it."""

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
        office: For which somebody has signed in at the desk; empty: nobody has.
    """

    name: str
    path: str
    paper: Paper = CASE_SHEET
    status: int = 200
    office: str = ""


def case(number: str) -> str:
    """The address of a case's page."""
    return f"/cases/{quote(number, safe='')}"


def desk(number: str, *kinds: str) -> str:
    """The address of a case's desk page, with these forms unfolded."""
    query = "&".join(f"form={kind}" for kind in kinds)
    return f"/desk/cases/{quote(number, safe='')}?{query}"


_OF_LEADERS = ("leader_instruction", "task_force", "site_visit")
_OF_STABILITY = ("dispatch", "task_force", "site_visit", "preliminary_review")
_OF_INTAKE = ("dispatch", "extension", "starring", "merge", "withdrawal")
DESK_PAGES = (
    Shown("desk-sign-in", "/desk/sign-in"),
    Shown("desk-work-list", "/desk", office="city/supervision-team"),
    Shown("desk-work-list-bulk", "/desk", office="unit/通川区生态环境局"),
    Shown("desk-work-list-dispatch", "/desk", office="city/intake"),
    Shown("desk-cases", "/desk/cases", office="city/stability-team"),
    Shown("desk-hand-over", "/desk/hand-over", office="city/intake"),
    Shown("desk-unit", desk("DZ0829-04", "acknowledgement", "site_visit"), office="unit/通川区生态环境局"),
    Shown("desk-report", desk("DZ0904-02"), office="unit/通川区市场监督管理局"),
    Shown("desk-leader", desk("DZ0904-02", *_OF_LEADERS), office="city/mayor"),
    Shown("desk-stability", desk("DZ0902-02", *_OF_STABILITY), office="city/stability-team"),
    Shown("desk-verification", desk("DZ0831-02"), office="city/supervision-team"),
    Shown("desk-survey", desk("DZ0831-04"), office="city/revisit-team"),
    Shown("desk-intake", desk("DZ0903-02", *_OF_INTAKE), office="city/intake"),
    Shown("desk-reopen", desk("DZ0829-01", "reopen"), office="city/intake"),
)

WALL_PAGES = (
    Shown("wall", "/", WALL_SHEET),
    Shown("wall-filtered", f"/?{urlencode({'county': '万源市', 'missing': 'revisit'})}", WALL_SHEET),
    Shown("wall-mistaken", f"/?{urlencode({'county': '没有的县', 'at': '昨天'})}", WALL_SHEET),
    Shown("wall-past", "/?at=2021-09-02T18:00", WALL_SHEET),
    Shown("wall-screen", "/?screen=1", WALL_SHEET),
    Shown("stickers", "/?view=stickers"),
    Shown("counties", "/counties"),
    Shown("counties-satisfaction", "/counties?by=satisfaction"),
)
CASE_PAGES = (
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
PAGES = (*WALL_PAGES, *CASE_PAGES, *DESK_PAGES)


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
