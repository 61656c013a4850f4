"""HTML, formulas and scripts in every text that somebody can type: a browser shows them as they were typed."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, Page

from petitions.report import handling_report
from store import Store
from tests.api.conftest import NOW
from tests.api.test_escaping import harmful_story
from tests.browser.city import standing_site
from tests.browser.conftest import Visits
from tests.browser.layout import sticking_out
from tests.browser.planting import Planted
from tests.browser.shown import Shown, case, desk
from tests.browser.tabs import Tabs, open_tabs
from tests.petitions.building import K, Story, rectifying
from tests.store.servers import Server

_FOREIGN = """() => {
const elements = ['script', 'link', 'img', 'b', 'i', 'iframe', 'object', 'embed', 'base', 'style'];
const addresses = ['href', 'src', 'action', 'formaction'];
return JSON.stringify([...document.querySelectorAll('*')].flatMap(element => {
    const found = [];
    const own = ['script', 'link'].includes(element.localName)
        && (element.getAttribute('src') ?? element.getAttribute('href') ?? '').startsWith('/static/');
    if (elements.includes(element.localName) && !own) found.push(`<${element.localName}>`);
    for (const attribute of element.attributes) {
        if (attribute.name.startsWith('on') || ['style', 'srcdoc'].includes(attribute.name))
            found.push(`<${element.localName} ${attribute.name}>`);
        if (addresses.includes(attribute.name) && /^\\s*(javascript|data|vbscript):/i.test(attribute.value))
            found.push(`<${element.localName} ${attribute.name}=${attribute.value}>`);
    }
    return found;
}));
}"""
"""What came into the page as something else than text. Our own pictures are inline SVG, so ``svg`` is none of it."""


async def foreign(page: Page) -> list[str]:
    """Elements and attributes on the page that none of our templates has."""
    return json.loads(await page.evaluate(_FOREIGN))


@dataclass(frozen=True)
class Typed:
    """A site whose every text is harmful.

    Attributes:
        tabs: Where it is shown.
        harmful: The case that is open.
        long: A case with a word without an end.
    """

    tabs: Tabs
    harmful: Story
    long: Story


@pytest.fixture(scope="session")
async def typed(browser: Browser, server: Server, template: str) -> AsyncGenerator[Typed]:
    """The site; the browser is asked for first, so that without one no database is made."""
    harmful = harmful_story([])
    over = harmful_story([], "<b>over").takes(K.WITHDRAWAL, "city/intake", reason="<script>alert(3)</script>")
    merged = harmful_story([], "<i>merged").takes(K.MERGE, "city/intake", into=harmful.case.case_no, reason="<b>")
    word = "臭" * 60 + "x" * 300
    long = rectifying(case_no="N" * 60, county="x" * 60, location=word, summary=word)
    long.instructs(text=word).forms_task_force(members=["m" * 60])
    async with standing_site(server, template, NOW) as site:
        store = Store(site.pool)
        for story in (harmful, over, merged, long):
            await store.record(story.case.case_no, story.entries)
        await store.submit_report(over.case.case_no, "1", handling_report(over.case), over.now)
        for kind, fields in _DRAFTS.items():
            case_no = "" if kind == "hand_over" else harmful.case.case_no
            await store.keep_draft(OFFICE, PERSON, case_no, kind, dict.fromkeys(fields, (_DRAFTED,)))
        async with open_tabs(browser, site.address) as tabs:
            yield Typed(tabs, harmful, long)


OFFICE, PERSON = "city/intake", "<u>王</u>'\"=1+1"
"""Whose desk it is: intake sees every case and may send the most."""
_DRAFTED = '</textarea></option><script>alert(6)</script>"\'><img src=x onerror=alert(7)>=HYPERLINK("x")'
_DRAFTS = {
    "hand_over": ("case_no", "batch", "location", "summary", "county", "responsible_unit"),
    "extension": ("days", "reason", "authority"),
    "starring": ("starred", "reason"),
    "merge": ("into", "reason"),
    "withdrawal": ("reason",),
    "site_visit": ("purpose", "notes"),
}
_NUMBERS = ("<script>alert(1)<script>", "<b>over", "<i>merged")
_PAGES = (
    Shown("wall", "/"),
    *(Shown(f"case-{at}", case(number)) for at, number in enumerate(_NUMBERS)),
    *(Shown(f"report-{at}", f"{case(number)}/report") for at, number in enumerate(_NUMBERS)),
    Shown("not-found", case("<img src=x onerror=alert(4)>"), status=404),
    Shown("no-such-page", "/%3Cscript%3Ealert(5)%3C%2Fscript%3E", status=404),
)


@pytest.mark.parametrize("shown", _PAGES, ids=lambda page: page.name)
@pytest.mark.parametrize("javascript", [True, False])
async def test_it_is_shown_as_text(shown: Shown, javascript: bool, typed: Typed) -> None:
    tab = typed.tabs.large if javascript else typed.tabs.scriptless
    page = await tab.show(shown)
    assert await foreign(page) == []
    said = await page.inner_text("body")
    # Dialogs, and what the content security policy has kept from running.
    tab.assert_quiet()
    assert "<" in said or shown.name in {"not-found", "no-such-page"}


async def test_every_text_of_the_case_stands_there_as_typed(typed: Typed) -> None:
    story = typed.harmful.case
    said = await (await typed.tabs.large.show(_PAGES[1])).inner_text("body")
    typed.tabs.large.assert_quiet()
    for text in (story.hand_over.summary, story.instructions[0].text, story.visits[0].notes, story.reports[0].facts):
        assert text in said


_HOLDING = """text => JSON.stringify([...document.querySelectorAll('input, textarea')]
    .filter(field => field.value === text).map(field => field.name))"""
"""The names of the fields that hold a text."""
_DESK = (
    Shown("desk-work-list", "/desk"),
    Shown("desk-cases", "/desk/cases"),
    Shown("desk-hand-over", "/desk/hand-over"),
    *(Shown(f"desk-case-{at}", desk(number, *_DRAFTS)) for at, number in enumerate(_NUMBERS)),
    Shown("desk-nothing-found", f"/desk?{urlencode({'no': _DRAFTED})}", status=404),
)


async def test_at_the_desk_it_is_shown_as_text_also_in_drafts(typed: Typed, visits: Visits) -> None:
    async with visits(typed.tabs.large.visitor.address) as visitor:
        await visitor.sign_in(OFFICE, PERSON)
        drafted = set[str]()
        for shown in _DESK:
            page = await visitor.open(shown)
            assert await foreign(page) == [], shown.name
            assert PERSON in await page.inner_text("body"), shown.name
            drafted |= set(json.loads(await page.evaluate(_HOLDING, _DRAFTED)))
        assert {"case_no", "location", "summary", "reason", "authority", "into", "notes"} <= drafted


@pytest.mark.parametrize("path", ["/", "case", "report"])
async def test_a_word_without_an_end_does_not_widen_a_telephones_page(path: str, typed: Typed) -> None:
    address = case(typed.long.case.case_no)
    where = {"/": "/", "case": address, "report": f"{address}/report"}[path]
    assert await sticking_out(await typed.tabs.telephone.show(Shown(path, where))) == []
    typed.tabs.telephone.assert_quiet()


FAULTS = {
    "<b>": "<b>粗</b>",
    "<img>": "<img src='/picture' alt='方块'>",
    "<script>": "<script>1</script>",
    "<p onclick>": "<p onclick='1'>按</p>",
    "<p style>": "<p style='color: red'>红</p>",
    "<a href=javascript:alert(1)>": "<a href='javascript:alert(1)'>去</a>",
}


@pytest.mark.parametrize("found", FAULTS)
async def test_what_was_not_escaped_is_found(found: str, planted: Planted) -> None:
    assert found in await foreign(await planted.show(FAULTS[found]))
