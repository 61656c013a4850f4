"""Whatever people typed is shown as text, on every page and in every free text."""

import json
from typing import Any

import httpx
import pytest

from petitions.case_rules import Gate
from petitions.report import handling_report
from petitions.vocabulary import Category, RefusalCode
from tests.api.conftest import House, Records
from tests.api.pages import Page
from tests.petitions.building import MAY_SEND, TITLES, K, Story, small_rules

_NUMBERS = iter(range(1000))
_NASTY = (
    "<script>alert({0})</script>\"'><img src=x onerror=alert({0})>{{{{ 7*7 }}}}&lt;b&gt;&#60;i&#62; =HYPERLINK(1){0}"
)


def nasty(planted: list[str]) -> str:
    """A text that would do harm if it were not escaped; each is another."""
    text = _NASTY.format(next(_NUMBERS))
    planted.append(text)
    return text


def harmful_story(planted: list[str], case_no: str = "<script>alert(1)</script>".replace("/", "")) -> Story:
    """A case in which every text that anybody can write is harmful."""
    unit = "unit/" + nasty(planted)
    lead = "unit/" + nasty(planted)
    rules = small_rules(
        may_send=MAY_SEND,
        units=(unit, lead),
        titles={office: nasty(planted) for office in TITLES},
        default_unit=unit,
        jurisdiction="<b>",
        version="<i>",
    )
    story = Story(
        rules,
        case_no=case_no,
        county=nasty(planted),
        location=nasty(planted),
        summary=nasty(planted),
        categories=[Category.WATER],
    )
    story.dispatched()

    def says(kind: K, office: str, **body: Any) -> None:
        story.takes(kind, office, nasty(planted), **body)

    says(K.ACKNOWLEDGEMENT, unit)
    says(K.LEADER_INSTRUCTION, "county/甲县/mayor", text=nasty(planted), complete_by="2021-08-30T10:00:00+08:00")
    says(K.SITE_VISIT, "city/leader/vice-mayor", purpose="supervision", notes=nasty(planted))
    says(
        K.TASK_FORCE,
        "city/stability-team",
        lead_leader={"office": "county/甲县/mayor", "name": nasty(planted)},
        lead_department=lead,
        assisting_departments=[unit],
        members=[nasty(planted), {"office": "city/intake", "name": nasty(planted)}],
    )
    says(K.EXTENSION, "city/intake", reason=nasty(planted), authority=nasty(planted)[:40])
    says(K.STARRING, "city/intake", starred=False, reason=nasty(planted))
    says(K.RECTIFICATION_REPORT, unit, facts=nasty(planted), measures=nasty(planted))
    says(K.VERIFICATION, "city/supervision-team", opinion=nasty(planted))
    says(K.PRELIMINARY_REVIEW, "city/stability-team", opinion=nasty(planted))
    story.refuses(RefusalCode.UNKNOWN_OFFICE, K.SITE_VISIT, nasty(planted))
    unreadable = story.send_bytes(json.dumps({"message_id": nasty(planted)}).encode(), "<script>alert(2)</script>")
    assert unreadable.refusal
    return story


@pytest.fixture
def planted() -> list[str]:
    return []


def assert_harmless(html: str) -> Page:
    page = Page(html)
    assert page.harm == []
    assert all(link.startswith(("/", "#", "http://127.0.0.1:8233/")) for link in page.links), page.links
    return page


async def test_on_the_wall(client: httpx.AsyncClient, records: Records, planted: list[str]) -> None:
    closed = harmful_story(planted, "<b>closed").takes(K.WITHDRAWAL, "city/intake", reason="x")
    await records.keep(closed)
    planted.clear()
    story = harmful_story(planted)
    await records.keep(story)
    page = assert_harmless((await client.get("/")).text)
    assert story.case.case_no in page.text
    assert story.case.hand_over.location in page.text
    assert closed.case.hand_over.location in page.text
    assert any(story.case.hand_over.summary in title for title in page.titles)


async def test_on_a_cases_page(client: httpx.AsyncClient, records: Records, planted: list[str]) -> None:
    story = harmful_story(planted)
    await records.keep(story)
    page = assert_harmless((await client.get(f"/cases/{story.case.case_no.replace('<', '%3C')}")).text)
    case = story.case
    for text in (
        case.hand_over.summary,
        case.hand_over.location,
        case.instructions[0].text,
        case.visits[0].notes,
        case.reports[0].facts,
        case.reports[0].measures,
        case.refused[-1].reason,
        case.title_of("city/stability-team"),
        *(str(member) for member in (case.task_force.members if case.task_force else ()) if isinstance(member, str)),
    ):
        assert text in page.text, text


@pytest.mark.parametrize("submitted", [False, True])
async def test_on_a_report(client: httpx.AsyncClient, records: Records, planted: list[str], submitted: bool) -> None:
    story = harmful_story(planted)
    await records.keep(story)
    if submitted:
        await records.store.submit_report(story.case.case_no, "1", handling_report(story.case), story.now)
    page = assert_harmless((await client.get(f"/cases/{story.case.case_no.replace('<', '%3C')}/report")).text)
    assert story.case.reports[0].measures in page.text
    assert ("草稿" in page.text) is not submitted


async def test_in_errors(bare: House) -> None:
    for path in ("/cases/<script>alert(1)", "/<b>", "/cases/X1?after=<script>"):
        answer = await bare.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code in {404, 422}
        assert_harmless(answer.text)


def test_the_story_plants_enough(planted: list[str]) -> None:
    assert harmful_story(planted).case.rules.gate is Gate.REQUIRED
    assert len(planted) > 25
