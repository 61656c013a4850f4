"""How the desk tests fill in forms, and where they find what is said about a field."""

import re
from typing import Any

import httpx

from tests.desk.browsing import Browser, HtmlForm, Shown
from tests.http.cases import handed_over, regular_messages, until

REPORT: dict[str, str] = {
    "final": "true",
    "finding": "substantiated",
    "facts": "查明的事实",
    "measures": "采取的措施",
    "completion": "completed",
}


def report(**changes: str) -> dict[str, Any]:
    """What is typed into a report."""
    return {**REPORT, **changes}


async def form_on(browser: Browser, case_no: str, kind: str) -> HtmlForm:
    page = await browser.open(f"/desk/cases/{case_no}")
    assert page.status == 200, page.text
    return page.form(f"/forms/{kind}")


def said_at(page: Shown, name: str, kind: str) -> str:
    """What is said beside a field."""
    id_ = f"form-{kind}-{name}".replace("_", "-").replace(".", "-")
    found = re.search(rf'id="{id_}-wrong">(.*?)</p>', page.answer.text)
    return re.sub("<.*?>", "", found[1]) if found else ""


async def surveying(http: httpx.AsyncClient) -> str:
    """A case whose residents are to be asked."""
    case_no = await handed_over(http)
    for body in regular_messages()[:-1]:
        answer = await http.post(f"/v1/cases/{case_no}/messages", json=body)
        assert answer.status_code == 200, answer.text
    await until(http, case_no, "surveying")
    return case_no
