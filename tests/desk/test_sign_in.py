"""Signing in at the desk: what opens a session, what ends it, and which forms are believed."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi.routing import APIRoute

from api.app import create_app
from api.desk.routes import DESK_ROUTERS
from api.desk.sessions import COOKIE
from api.desk.sign_in import WRONG
from api.desk.signing_in import PER_ADDRESS
from store import Store
from tests.api.conftest import House, client_of, settings_for
from tests.desk.browsing import Browser, Shown
from tests.petitions.building import BYSTANDER, INTAKE, UNIT, rectifying

AWAY = {"accept": "text/html"}


@pytest.fixture
def store(own: House) -> Store:
    return Store(own.pool)


@pytest.fixture
async def key(store: Store) -> str:
    return await store.issue_key(label="测试", office=UNIT)


@pytest.fixture
async def browser(own: House, key: str) -> AsyncIterator[Browser]:
    """Somebody of the unit who has signed in."""
    await own.records.keep(rectifying())
    async with client_of(own.app) as client:
        browser = Browser(client)
        assert (await browser.sign_in(key, "王经办")).status == 200
        yield browser


def is_sign_in(page: Shown) -> bool:
    return any(form.action == "/desk/sign-in" for form in page.forms)


async def test_a_session_is_opened_and_its_cookie_is_for_the_browser_alone(own: House, key: str) -> None:
    data = {"key": key, "name": "王经办", "next": "/desk/cases"}
    answer = await own.client.post("/desk/sign-in", data=data)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/cases")
    cookie = answer.headers["set-cookie"]
    assert re.match(rf"{COOKIE}=[A-Za-z0-9_-]{{43}};", cookie)
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/", "max-age=86400"} <= flags
    assert "secure" not in flags
    page = await own.client.get("/desk")
    assert page.status_code == 200
    assert "王经办" in page.text
    assert UNIT.removeprefix("unit/") in page.text
    assert key not in page.text
    assert answer.cookies[COOKIE] not in page.text
    connection = await own.connect()
    kept = await connection.fetch("SELECT * FROM desk_session")
    assert answer.cookies[COOKIE] not in str([dict(row) for row in kept]), "the id itself is nowhere"
    await connection.close()


async def test_the_cookie_is_for_https_where_the_request_or_the_setting_says_so(own: House, key: str) -> None:
    data = {"key": key, "name": "王经办"}
    told = create_app(settings_for(own.database, api_secure_cookies=True), own.pool)
    async with client_of(told) as client:
        assert "; secure" in (await client.post("/desk/sign-in", data=data)).headers["set-cookie"].lower()
    transport = httpx.ASGITransport(app=own.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://127.0.0.1") as client:
        assert "; secure" in (await client.post("/desk/sign-in", data=data)).headers["set-cookie"].lower()


async def test_every_failure_is_told_by_the_same_sentence(own: House, store: Store, key: str) -> None:
    revoked = await store.issue_key(label="测试", office=UNIT)
    await store.revoke_key(revoked.split("_")[1], "测试")
    system = await store.issue_key(label="测试", system="12345")
    never = f"guatu_{'0' * 8}_{'0' * 64}"
    told: set[str] = set()
    for given in ("", "x", never, key[:-1] + "!", key[:-64] + "0" * 64, revoked, system):
        answer = await own.client.post("/desk/sign-in", data={"key": given, "name": "王经办"})
        assert answer.status_code == 403
        assert WRONG in answer.text
        assert "set-cookie" not in answer.headers
        told.add(answer.text)
    assert len(told) == 1


async def test_the_person_must_say_who_they_are(own: House, key: str) -> None:
    for name in ("", "  ", "长" * 51, "甲\x00乙"):
        answer = await own.client.post("/desk/sign-in", data={"key": key, "name": name})
        assert answer.status_code == 422
        assert "请填写本人姓名" in answer.text


async def test_attempts_are_limited(own: House) -> None:
    for _ in range(PER_ADDRESS.amount):
        assert (await own.client.post("/desk/sign-in", data={"key": "x", "name": "甲"})).status_code == 403
    answer = await own.client.post("/desk/sign-in", data={"key": "x", "name": "甲"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60


@pytest.mark.parametrize(
    "then",
    ["https://evil.example/", "//evil.example/", "/desk//evil.example", "/desk/\\evil", "/", "/v1/cases", "desk", ""],
)
async def test_signing_in_leads_nowhere_else(own: House, key: str, then: str) -> None:
    answer = await own.client.post("/desk/sign-in", data={"key": key, "name": "甲", "next": then})
    assert answer.headers["location"] == "/desk"


async def test_who_has_not_signed_in_is_led_to_it_and_back(own: House, key: str) -> None:
    await own.records.keep(rectifying())
    async with client_of(own.app) as client:
        browser = Browser(client)
        page = await browser.open("/desk/cases/X1")
        assert is_sign_in(page)
        page = await browser.press(page.form("/sign-in"), None, key=key, name="王经办")
        assert browser.at == "/desk/cases/X1"
        assert "rectification_report" in page.kinds()


async def test_signing_out_ends_the_session_for_good(browser: Browser) -> None:
    before = browser.client.cookies[COOKIE]
    page = await browser.open("/desk")
    assert is_sign_in(await browser.press(page.form("/sign-out"), None))
    browser.client.cookies.set(COOKIE, before)
    assert is_sign_in(await browser.open("/desk"))


async def test_signing_in_anew_ends_the_session_before(browser: Browser, key: str) -> None:
    before = browser.client.cookies[COOKIE]
    await browser.sign_in(key, "李经办")
    assert browser.client.cookies[COOKIE] != before
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, before)
    assert is_sign_in(await browser.open("/desk"))


@pytest.mark.parametrize(
    "age",
    ["last_seen_at = now() - interval '8 hours 1 minute'", "opened_at = now() - interval '24 hours 1 minute'"],
)
async def test_a_session_runs_out_and_what_was_typed_is_there_after_signing_in_again(
    own: House, browser: Browser, key: str, age: str
) -> None:
    form = (await browser.open("/desk/cases/X1")).form("/forms/rectification_report")
    connection = await own.connect()
    await connection.execute(f"UPDATE desk_session SET {age}")  # noqa: S608 - the test's own words
    page = await browser.press(form, facts="查明的事实", measures="采取的措施")
    assert page.status == 401
    assert "查明的事实" in page.text
    assert "草稿" in page.text
    await browser.sign_in(key, "王经办")
    listed = await browser.open("/desk")
    assert "我的草稿" in listed.text
    again = (await browser.open("/desk/cases/X1")).form("/forms/rectification_report")
    assert (again.value("facts"), again.value("measures")) == ("查明的事实", "采取的措施")
    # Somebody else of the office does not see it.
    await browser.sign_in(key, "李经办")
    assert (await browser.open("/desk/cases/X1")).form("/forms/rectification_report").value("facts") == ""
    await connection.close()


async def test_a_session_ends_with_its_key(own: House, browser: Browser, store: Store, key: str) -> None:
    form = (await browser.open("/desk/cases/X1")).form("/forms/rectification_report")
    await store.revoke_key(key.split("_")[1], "调离")
    # Another process has not read the key yet; this one may go on for half a minute.
    other = create_app(settings_for(own.database), own.pool)
    async with client_of(other) as client:
        client.cookies.set(COOKIE, browser.client.cookies[COOKIE])
        elsewhere = Browser(client)
        assert is_sign_in(await elsewhere.open("/desk"))
        page = await elsewhere.press(form, facts="查明的事实")
        assert page.status == 401
        assert "查明的事实" in page.text


async def test_a_form_without_the_sessions_token_is_refused_and_keeps_what_was_typed(
    own: House, browser: Browser, key: str
) -> None:
    form = (await browser.open("/desk/cases/X1")).form("/forms/rectification_report")
    token = form.value("csrf")
    others = client_of(own.app)
    other = Browser(others)
    await other.sign_in(key, "李经办")
    foreign = (await other.open("/desk")).form("/sign-out").value("csrf")
    assert foreign != token
    for wrong in ("", "0" * 64, foreign, "é"):
        values = [(n, v) for n, v in form.filled(facts="查明的事实") if n != "csrf"]
        page = await browser.post(form, [*values, *([("csrf", wrong)] if wrong else [])])
        assert page.status == 403
        assert "查明的事实" in page.text
        assert "未提交" in page.text
    # The browser itself said that our own page sent it: then it is kept, to be sent again from the form.
    again = (await browser.open("/desk/cases/X1")).form("/forms/rectification_report")
    assert again.value("facts") == "查明的事实"
    await others.aclose()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_a_form_that_another_site_sends_is_refused_whatever_it_carries(
    own: House, browser: Browser, headers: dict[str, str]
) -> None:
    form = (await browser.open("/desk/cases/X1")).form("/forms/rectification_report")
    page = await browser.press(form, headers=headers, facts="别人的话")
    assert page.status == 403
    assert not any("/forms/" in each.action for each in page.forms), "nothing on the page sends it after all"
    again = (await browser.open("/desk/cases/X1")).form("/forms/rectification_report")
    assert again.value("facts") == "", "nor is it kept as one's own"
    answer = await own.client.post("/desk/sign-in", data={"key": "x", "name": "y"}, headers=headers)
    assert answer.status_code == 403


async def test_every_form_that_posts_carries_the_token(browser: Browser) -> None:
    for address in ("/desk", "/desk/cases", "/desk/cases/X1"):
        page = await browser.open(address)
        assert page.forms
        for form in page.forms:
            if form.method == "post":
                assert re.fullmatch("[0-9a-f]{64}", form.value("csrf")), f"{address}: {form.action}"


async def test_what_posts_asks_for_a_session_and_a_token(own: House, browser: Browser) -> None:
    """Every address of the desk that takes a form, whatever comes to it."""
    routes = [route for router in DESK_ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    posts = [route.path for route in routes if "POST" in (route.methods or ())]
    assert len(posts) >= 4
    async with client_of(own.app) as stranger:
        for path in posts:
            address = path.replace("{no}", "X1").replace("{kind}", "acknowledgement")
            if path == "/desk/sign-in":
                continue
            assert (await stranger.post(address, data={"csrf": "x"}, headers=AWAY)).status_code == 401, path
            mine = await browser.client.post(address, data={"csrf": "x"}, headers=AWAY)
            assert mine.status_code == 403, path


async def test_what_shows_leads_who_has_not_signed_in_to_it(own: House) -> None:
    await Store(own.pool).issue_key(label="测试", office=INTAKE)
    for address in ("/desk", "/desk/cases", "/desk/hand-over", "/desk/cases/X1"):
        answer = await own.client.get(address, headers=AWAY)
        assert answer.status_code == 303, address
        assert answer.headers["location"].startswith("/desk/sign-in"), address


async def test_the_session_is_known_on_pages_and_not_by_programs(own: House, browser: Browser) -> None:
    assert (await browser.client.get("/", headers=AWAY)).status_code == 200
    assert (await browser.client.get("/cases/X1", headers=AWAY)).status_code == 200
    assert (await browser.client.get("/v1/cases")).status_code == 401
    async with client_of(own.app) as stranger:
        assert (await stranger.get("/cases/X1", headers=AWAY)).status_code == 401


async def test_another_offices_case_is_none(own: House) -> None:
    await own.records.keep(rectifying())
    key = await Store(own.pool).issue_key(label="测试", office=BYSTANDER)
    browser = Browser(own.client)
    await browser.sign_in(key)
    for address in ("/desk/cases/X1", "/desk/cases/X9", "/desk?no=X1", "/desk?no=X9", "/cases/X1"):
        page = await browser.open(address)
        assert page.status == 404, address
    token = (await browser.open("/desk")).form("/sign-out").value("csrf")
    for no in ("X1", "X9"):
        for kind in ("acknowledgement", "rectification_report"):
            answer = await browser.client.post(f"/desk/cases/{no}/forms/{kind}", data={"csrf": token, "act": "draft"})
            assert answer.status_code == 404
    assert "X1" not in (await browser.open("/desk/cases")).text


async def test_the_operator_of_this_machine_tries_the_desk_for_any_office(own: House) -> None:
    await own.records.keep(rectifying())
    browser = Browser(own.client)
    page = await browser.open("/desk")
    assert "本机管理员试用" in page.text
    form = page.form("/sign-in")
    assert "city/intake" in form.options["office"]
    page = await browser.press(form, None, office="city/stability-team", name="赵维稳")
    assert "现以本机管理员身份代" in page.text
    assert "赵维稳" in page.text
    assert "task_force" in (await browser.open("/desk/cases/X1")).kinds()
    wrong = await browser.client.post("/desk/sign-in", data={"office": "city/nobody", "name": "甲"})
    assert wrong.status_code == 422
    # With the first key this ends, at once.
    await Store(own.pool).issue_key(label="第一把", office=INTAKE)
    assert is_sign_in(await browser.open("/desk"))
    choosing = await browser.client.post("/desk/sign-in", data={"office": "city/stability-team", "name": "甲"})
    assert choosing.status_code == 403


async def test_where_everybody_is_let_in_a_key_still_signs_in(own: House, key: str) -> None:
    everybody = create_app(settings_for(own.database, api_access="open"), own.pool)
    async with client_of(everybody) as client:
        browser = Browser(client)
        page = await browser.open("/desk/sign-in")
        assert "设为开放访问" in page.text
        by_key = next(form for form in page.forms if "key" in form.names)
        page = await browser.press(by_key, None, key=key, name="张　三")
        assert page.status == 200
        assert "张 三" in page.text
        assert "管理员身份" not in page.text


async def test_headers_of_the_desk(browser: Browser) -> None:
    answer = (await browser.open("/desk")).answer
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert answer.headers["referrer-policy"] == "same-origin", "else browsers send Origin: null with forms"
    assert answer.headers["cache-control"] == "no-store"
