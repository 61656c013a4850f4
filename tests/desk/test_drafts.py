"""What the page's script keeps while somebody types: for that person alone, and only of who may send it."""

import json
from collections.abc import AsyncIterator

import pytest

from api.desk.posted import AUTOSAVE, FORM_BYTES
from store import Store
from tests.api.conftest import House, client_of
from tests.desk.browsing import Browser, HtmlForm
from tests.petitions.building import BYSTANDER, INTAKE, LEAD, UNIT, rectifying

PLACE = "/desk/cases/X1"


@pytest.fixture
async def store(own: House) -> Store:
    await own.records.keep(rectifying().forms_task_force())
    return Store(own.pool)


async def somebody(own: House, store: Store, office: str, name: str) -> Browser:
    browser = Browser(client_of(own.app))
    key = await store.issue_key(label="测试", office=office)
    assert (await browser.sign_in(key, name)).status == 200
    return browser


@pytest.fixture
async def unit(own: House, store: Store) -> AsyncIterator[Browser]:
    browser = await somebody(own, store, UNIT, "王经办")
    yield browser
    await browser.client.aclose()


async def report_on(browser: Browser) -> HtmlForm:
    return (await browser.open(PLACE)).form("/forms/rectification_report")


async def save(browser: Browser, form: HtmlForm, headers: dict[str, str] | None = None, **typed: str) -> int:
    """What the script's keeping of a draft is answered with."""
    values = {name: value for name, value in form.filled(**typed) if value} | {"act": AUTOSAVE}
    answer = await browser.client.post(f"{PLACE}/forms/rectification_report", data=values, headers=headers)
    assert answer.status_code != 204 or not answer.content
    return answer.status_code


async def kept(own: House) -> list[tuple[str, str, str]]:
    """Office, person and what was typed, of every draft that there is."""
    connection = await own.connect()
    rows = await connection.fetch("SELECT office, name, typed::text AS typed FROM desk_draft ORDER BY saved_at")
    await connection.close()
    return [(row["office"], row["name"], str(json.loads(row["typed"]))) for row in rows]


async def test_it_is_kept_and_stands_in_the_form_the_next_time(own: House, unit: Browser) -> None:
    form = await report_on(unit)
    assert await save(unit, form, facts="查到一半") == 204
    assert await save(unit, form, facts="查到一半，又查到", outcome__detained="x") == 204
    again = await report_on(unit)
    assert (again.value("facts"), again.value("outcome.detained")) == ("查到一半，又查到", "x")
    [(office, person, typed)] = await kept(own)
    assert (office, person) == (UNIT, "王经办")
    # Neither the token nor anything else that the desk itself puts into its forms.
    assert form.value("csrf") not in typed
    assert "message_id" not in typed


async def test_nobody_else_can_read_it(own: House, store: Store, unit: Browser) -> None:
    assert await save(unit, await report_on(unit), facts="只给自己看的话") == 204
    for office, name in ((UNIT, "李经办"), (LEAD, "王经办"), (BYSTANDER, "王经办"), (INTAKE, "王经办")):
        other = await somebody(own, store, office, name)
        for address in ("/desk", PLACE, f"{PLACE}?form=rectification_report", "/desk/cases"):
            page = await other.open(address)
            assert page.status in {200, 404}
            assert "只给自己看的话" not in page.answer.text
        await other.client.aclose()
    assert "只给自己看的话" in (await report_on(unit)).value("facts")


async def test_of_who_may_not_see_the_case_nothing_is_kept(own: House, store: Store, unit: Browser) -> None:
    form = await report_on(unit)
    stranger = await somebody(own, store, BYSTANDER, "王经办")
    token = (await stranger.open("/desk")).form("/sign-out").value("csrf")
    form.values = [(name, token if name == "csrf" else value) for name, value in form.values]
    assert await save(stranger, form, facts="别家的件") == 404
    assert await kept(own) == []
    await stranger.client.aclose()


async def test_without_the_token_or_from_elsewhere_nothing_is_kept(own: House, unit: Browser) -> None:
    form = await report_on(unit)
    assert await save(unit, form, {"origin": "https://evil.example"}, facts="别人的话") == 403
    assert await save(unit, form, {"sec-fetch-site": "cross-site"}, facts="别人的话") == 403
    form.values = [(name, "0" * 64 if name == "csrf" else value) for name, value in form.values]
    assert await save(unit, form, facts="别人的话") == 403
    assert await kept(own) == []


async def test_what_is_too_large_is_refused_and_the_draft_stays_as_it_was(own: House, unit: Browser) -> None:
    form = await report_on(unit)
    assert await save(unit, form, facts="原来的") == 204
    most = (4 * own.app.state.context.settings.desk_attachment_mib + 2) * 1024 * 1024
    assert most > FORM_BYTES
    assert await save(unit, form, facts="长" * (most // 9 + 1)) == 413
    assert (await report_on(unit)).value("facts") == "原来的"


async def test_after_signing_out_nothing_is_sent_and_nobody_else_keeps_anything(own: House, unit: Browser) -> None:
    form = await report_on(unit)
    cookies = dict(unit.client.cookies)
    await unit.press((await unit.open("/desk")).form("/sign-out"), None)
    # A browser that has no cookie of ours any more, and one that has another's form.
    assert await save(unit, form, facts="退出之后") == 401
    unit.client.cookies.update(cookies)
    others = HtmlForm(
        form.action, form.method, [(n, "0" * 64 if n == "csrf" else v) for n, v in form.values], form.names
    )
    assert await save(unit, others, facts="别人的话") == 401
    assert await kept(own) == []
    # What was typed in a tab that was still open is not lost: it waits for the same person.
    assert await save(unit, form, facts="另一个标签页") == 401
    [(office, person, typed)] = await kept(own)
    assert (office, person) == (UNIT, "王经办")
    assert "另一个标签页" in typed


async def test_a_draft_that_comes_after_its_own_message_is_not_kept(own: House, unit: Browser) -> None:
    form = await report_on(unit)
    # The unit's acknowledgement, which the case has taken in.
    form.values = [(name, "m1" if name == "message_id" else value) for name, value in form.values]
    assert await save(unit, form, facts="已经提交过的话") == 204
    assert await kept(own) == []


async def test_of_a_hand_over_no_complainant_is_kept(own: House, store: Store) -> None:
    intake = await somebody(own, store, INTAKE, "王经办")
    form = (await intake.open("/desk/hand-over")).form("/hand-over")
    values = {"csrf": form.value("csrf"), "location": "某地", "complainant.name": "某举报人", "act": AUTOSAVE}
    answer = await intake.client.post("/desk/hand-over", data=values)
    assert (answer.status_code, answer.content) == (204, b"")
    [(_, _, typed)] = await kept(own)
    assert "某地" in typed
    assert "举报人" not in typed
    await intake.client.aclose()
