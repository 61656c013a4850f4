"""Signing in at the desk by a real OIDC provider: to it and back, and whatever can go wrong on the way."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

from api.access_settings import AccessSettingsError
from api.app import create_app
from api.desk.oidc import AWAY, EXPIRED, REFUSED
from api.desk.sessions import COOKIE
from api.desk.signing_in import PER_ADDRESS
from api.tokens import KeysUnavailableError, Tokens
from guatu.embedded.ports import free_port
from store import Store
from tests.api.conftest import House, client_of, settings_for
from tests.api.issuer import Issuer
from tests.desk.browsing import Browser, Shown
from tests.desk.provider import CLIENT, Provider, running_provider
from tests.petitions.building import STABILITY, UNIT, rectifying

PERSON: dict[str, Any] = {"sub": "wang.5", "name": "王经办", "office": STABILITY}
BACK = "http://127.0.0.1/desk/sign-in/oidc/back"


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with running_provider(claims=dict(PERSON), back=BACK) as provider:
        yield provider


@dataclass(frozen=True)
class Person:
    """Somebody with a browser, at an application that has people sign in by the provider."""

    browser: Browser
    app: FastAPI

    async def leave(self, then: str = "") -> httpx.Response:
        """Go to the provider and press its button; what it answers with leads back."""
        start = await self.browser.client.get(f"/desk/sign-in/oidc{then}")
        assert start.status_code == 303, start.text
        async with httpx.AsyncClient(timeout=60) as elsewhere:
            return await elsewhere.get(start.headers["location"])

    async def come_back(self, answer: httpx.Response, **changes: str) -> Shown:
        """Go where the provider sends people, with changes to what they bring."""
        assert answer.status_code == 302, answer.text
        address = urlsplit(answer.headers["location"])
        brought = {name: values[0] for name, values in parse_qs(address.query).items()} | changes
        back = await self.browser.client.get(address.path, params={n: v for n, v in brought.items() if v})
        return Shown.of(back)

    async def sign_in(self, then: str = "") -> Shown:
        """All the way."""
        return await self.come_back(await self.leave(then))


@pytest.fixture
async def person(own: House, provider: Provider, tmp_path: Path) -> AsyncIterator[Person]:
    await own.records.keep(rectifying())
    app = create_app(settings_for(own.database, **provider.settings(tmp_path)), own.pool)
    async with client_of(app) as client:
        yield Person(Browser(client), app)


def leads_on(page: Shown) -> str:
    """Where a page leads by itself."""
    found = [given.get("content") or "" for _, given in page.tags if given.get("http-equiv") == "refresh"]
    return found[0].removeprefix("0; url=") if found else ""


async def test_to_the_issuer_and_back_to_the_page_that_was_asked_for(person: Person, provider: Provider) -> None:
    page = await person.browser.open("/desk/cases/X1")
    assert person.browser.at == "/desk/sign-in"
    way = next(given["href"] for tag, given in page.tags if tag == "a" and "/oidc" in (given.get("href") or ""))
    assert way == "/desk/sign-in/oidc?next=/desk/cases/X1"
    back = await person.sign_in("?next=/desk/cases/X1")
    assert back.status == 200
    assert leads_on(back) == "/desk/cases/X1"
    page = await person.browser.open("/desk/cases/X1")
    assert "王经办" in page.text
    assert "task_force" in page.kinds()
    assert "管理员身份" not in page.text
    asked = provider.asked[0]
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3


async def test_the_cookies_of_the_way_and_of_the_session(person: Person, own: House) -> None:
    start = await person.browser.client.get("/desk/sign-in/oidc")
    way = flags_of(start, "guatu_oidc_")
    assert {"httponly", "samesite=lax", "path=/desk/sign-in/oidc", "max-age=600"} <= way
    async with httpx.AsyncClient(timeout=60) as elsewhere:
        answer = await elsewhere.get(start.headers["location"])
    query = urlsplit(answer.headers["location"]).query
    back = await person.browser.client.get(f"/desk/sign-in/oidc/back?{query}")
    assert {"httponly", "samesite=strict", "path=/"} <= flags_of(back, COOKIE)
    assert "max-age=0" in flags_of(back, "guatu_oidc_"), "it has done its part"
    assert flags_of(back, "guatu_identity") == {"httponly", "samesite=strict", "path=/desk/sign-out"}
    connection = await own.connect()
    kept = await connection.fetchrow("SELECT key_id, subject, office, name FROM desk_session")
    assert kept is not None
    assert dict(kept) == {"key_id": None, "subject": "wang.5", "office": STABILITY, "name": "王经办"}
    await connection.close()


def flags_of(answer: httpx.Response, beginning: str) -> set[str]:
    lines = [line for line in answer.headers.get_list("set-cookie") if line.startswith(beginning)]
    assert len(lines) == 1, lines
    return {part.strip().lower() for part in lines[0].split(";")[1:]}


async def test_cookies_are_for_https_where_the_desk_is(own: House, provider: Provider, tmp_path: Path) -> None:
    changes = provider.settings(tmp_path, desk_url="https://guatu.example")
    async with client_of(create_app(settings_for(own.database, **changes), own.pool)) as client:
        start = await client.get("/desk/sign-in/oidc")
    assert "secure" in flags_of(start, "guatu_oidc_")
    assert parse_qs(urlsplit(start.headers["location"]).query)["redirect_uri"] == [
        "https://guatu.example/desk/sign-in/oidc/back"
    ]


async def refused(person: Person, back: Shown, said: str, status: int) -> None:
    assert back.status == status
    assert said in back.text
    assert COOKIE not in person.browser.client.cookies
    await person.browser.open("/desk")
    assert person.browser.at == "/desk/sign-in"


async def test_a_state_that_this_browser_has_not_begun(person: Person) -> None:
    answer = await person.leave()
    stranger = "A" * 43
    for state in ("", "x", stranger, "é" * 43):
        await refused(person, await person.come_back(answer, state=state), EXPIRED, 403)
    # As another browser would: that of somebody who was sent the link.
    person.browser.client.cookies.clear()
    await refused(person, await person.come_back(answer), EXPIRED, 403)


async def test_the_state_of_another_tab_does_not_fit_the_cookie(person: Person) -> None:
    one, other = await person.leave(), await person.leave("?next=/desk/cases")
    state = parse_qs(urlsplit(one.headers["location"]).query)["state"][0]
    forged = state[:16] + "A" * 27
    await refused(person, await person.come_back(one, state=forged), EXPIRED, 403)
    # Two tabs do not disturb one another.
    assert leads_on(await person.come_back(other)) == "/desk/cases"
    assert leads_on(await person.come_back(one)) == "/desk"


async def test_the_same_way_back_opens_nothing_twice(person: Person) -> None:
    answer = await person.leave()
    assert (await person.come_back(answer)).status == 200
    person.browser.client.cookies.delete(COOKIE)
    await refused(person, await person.come_back(answer), EXPIRED, 403)


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"exp": NOW - timedelta(minutes=5)},
        {"exp": None},
        {"iss": "https://other.example"},
        {"aud": "guatu"},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"sub": ""},
        {"office": "system/12345"},
    ],
    ids=lambda changes: "-".join(changes),
)
async def test_an_identity_token_that_is_not_good_for_this_sign_in(
    person: Person, provider: Provider, changes: dict[str, Any]
) -> None:
    provider.token_changes = changes
    await refused(person, await person.sign_in(), REFUSED, 403)


async def test_a_token_that_somebody_else_has_signed(person: Person, provider: Provider) -> None:
    provider.keys, provider.signer = provider.signer, Issuer()
    await refused(person, await person.sign_in(), REFUSED, 403)


@pytest.mark.parametrize("office", [None, "", "unit/无此单位", ["city/intake"], 7])
async def test_an_account_without_an_office_of_this_jurisdiction(
    person: Person, provider: Provider, office: object
) -> None:
    provider.claims["office"] = office
    await refused(person, await person.sign_in(), "没有写明本辖区的单位（职务）", 403)


async def test_the_issuer_refuses(person: Person, provider: Provider) -> None:
    provider.refuses = "access_denied"
    await refused(person, await person.sign_in(), REFUSED, 403)
    provider.refuses = ""
    answer = await person.leave()
    await refused(person, await person.come_back(answer, code="another"), REFUSED, 403)


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({}, 500),
        JSONResponse({"error": "server_error"}, 503),
        Response("<p>busy</p>", 502, media_type="text/html"),
        Response("[]", 200, media_type="application/json"),
        Response(status_code=302, headers={"location": "http://127.0.0.1:1/"}),
    ],
    ids=["500", "503", "502", "list", "redirect"],
)
async def test_the_issuers_token_endpoint_is_broken(person: Person, provider: Provider, answer: Response) -> None:
    provider.token_answer = answer
    await refused(person, await person.sign_in(), AWAY, 503)


async def test_an_answer_without_an_identity_token(person: Person, provider: Provider) -> None:
    provider.token_answer = JSONResponse({"access_token": "x", "token_type": "Bearer"})
    await refused(person, await person.sign_in(), REFUSED, 403)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "http://login.example/token"},
    ],
    ids=["another", "nowhere", "no-address", "not-https"],
)
async def test_an_issuer_that_says_of_itself_what_cannot_be(
    person: Person, provider: Provider, changes: dict[str, Any]
) -> None:
    provider.discovery_changes = changes
    page = await person.browser.open("/desk/sign-in/oidc")
    assert page.status == 503
    assert AWAY in page.text
    # It is asked again: what was wrong is not kept.
    provider.discovery_changes = {}
    assert (await person.sign_in()).status == 200


async def test_the_issuer_is_away_and_a_key_still_signs_in(own: House, provider: Provider, tmp_path: Path) -> None:
    key = await Store(own.pool).issue_key(label="测试", office=UNIT)
    nowhere = f"http://127.0.0.1:{free_port()}"
    changes = provider.settings(tmp_path, oidc_issuer=nowhere, oidc_jwks=f"{nowhere}/jwks")
    async with client_of(create_app(settings_for(own.database, **changes), own.pool)) as client:
        browser = Browser(client)
        page = await browser.open("/desk/sign-in/oidc?next=/desk/cases")
        assert page.status == 503
        assert page.answer.headers["retry-after"] == "5"
        assert AWAY in page.text
        form = next(form for form in page.forms if "key" in form.names)
        assert form.value("next") == "/desk/cases"
        page = await browser.press(form, None, key=key, name="王经办")
        assert page.status == 200
        assert browser.at == "/desk/cases"


async def test_signing_out_ends_the_session_here_and_at_the_issuer(person: Person, provider: Provider) -> None:
    await person.sign_in()
    before = person.browser.client.cookies[COOKIE]
    out = await person.browser.press((await person.browser.open("/desk")).form("/sign-out"), None)
    on = urlsplit(leads_on(out))
    assert f"{on.scheme}://{on.netloc}{on.path}" == f"{provider.address}/end"
    ended = {name: value for name, [value] in parse_qs(on.query).items()}
    hint = jwt.decode(ended.pop("id_token_hint"), options={"verify_signature": False})
    assert (hint["sub"], hint["aud"]) == ("wang.5", CLIENT)
    assert ended == {"client_id": CLIENT, "post_logout_redirect_uri": "http://127.0.0.1/desk/sign-in"}
    assert "max-age=0" in flags_of(out.answer, "guatu_identity"), "nobody ends a session twice"
    person.browser.client.cookies.set(COOKIE, before)
    await person.browser.open("/desk")
    assert person.browser.at == "/desk/sign-in"


async def test_signing_out_where_the_issuer_has_no_such_address(person: Person, provider: Provider) -> None:
    provider.discovery_changes = {"end_session_endpoint": None}
    await person.sign_in()
    await person.browser.press((await person.browser.open("/desk")).form("/sign-out"), None)
    assert person.browser.at == "/desk/sign-in"


async def test_a_token_that_no_cookie_holds_is_left_out_on_signing_out(person: Person, provider: Provider) -> None:
    provider.claims["groups"] = ["某处"] * 1_000
    await person.sign_in()
    out = await person.browser.press((await person.browser.open("/desk")).form("/sign-out"), None)
    assert parse_qs(urlsplit(leads_on(out)).query).keys() == {"client_id", "post_logout_redirect_uri"}


async def test_the_issuer_says_itself_where_its_keys_are(own: House, provider: Provider, tmp_path: Path) -> None:
    await own.records.keep(rectifying())
    app = create_app(settings_for(own.database, **provider.settings(tmp_path, oidc_jwks="")), own.pool)
    async with client_of(app) as client:
        person = Person(Browser(client), app)
        assert leads_on(await person.sign_in()) == "/desk"
        # Programs' tokens are checked by the same keys.
        claims = {"iss": provider.address, "aud": "guatu", "office": STABILITY}
        for signer, status in ((provider.signer, 200), (Issuer(), 401)):
            token = signer.token_with(claims)
            answer = await client.get("/v1/cases", headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == status


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"jwks_uri": None}, "no https address for its keys"),
        ({"jwks_uri": "http://login.example/keys"}, "no https address for its keys"),
        ({"jwks_uri": 7}, "no https address for its keys"),
        ({"issuer": "https://evil.example"}, "says that it is 'https://evil.example'"),
    ],
)
async def test_an_issuer_whose_keys_cannot_be_believed(
    provider: Provider, changes: dict[str, object], said: str
) -> None:
    await Tokens(issuer=provider.address, audience=CLIENT).prepare()
    provider.discovery_changes = changes
    with pytest.raises(KeysUnavailableError, match=said):
        await Tokens(issuer=provider.address, audience=CLIENT).prepare()


async def test_a_session_ends_with_the_issuer(person: Person, own: House) -> None:
    await person.sign_in()
    async with client_of(create_app(settings_for(own.database, api_access="keys"), own.pool)) as client:
        client.cookies = person.browser.client.cookies
        browser = Browser(client)
        await browser.open("/desk")
        assert browser.at == "/desk/sign-in"
        assert (await client.get("/desk/sign-in/oidc")).status_code == 404
        assert "统一身份认证" not in (await browser.open("/desk/sign-in")).text


async def test_a_form_after_the_session_has_run_out_is_kept_for_signing_in_anew(person: Person, own: House) -> None:
    await person.sign_in()
    form = (await person.browser.open("/desk/cases/X1")).form("/forms/task_force")
    await own.pool.execute("UPDATE desk_session SET last_seen_at = now() - interval '9 hours'")
    page = await person.browser.press(form, lead_leader__name="包案人")
    assert page.status == 401
    assert "已存为草稿" in page.text
    await person.sign_in()
    again = (await person.browser.open("/desk/cases/X1")).form("/forms/task_force")
    assert again.value("lead_leader.name") == "包案人"


async def test_attempts_by_the_issuer_are_limited_too(person: Person) -> None:
    for _ in range(PER_ADDRESS.amount):
        assert (await person.browser.open("/desk/sign-in/oidc/back?state=x&code=y")).status == 403
    for address in ("/desk/sign-in/oidc/back?state=x&code=y", "/desk/sign-in/oidc"):
        page = await person.browser.open(address)
        assert page.status == 429
        assert 0 < int(page.answer.headers["retry-after"]) <= 60


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example/", "/", "/desk/\\evil"])
async def test_signing_in_leads_nowhere_else(person: Person, then: str) -> None:
    answer = await person.leave(f"?next={then}")
    assert leads_on(await person.come_back(answer)) == "/desk"


async def test_what_is_written_into_the_cookie_by_hand_leads_nowhere_else(person: Person) -> None:
    answer = await person.leave()
    name, value = next((n, v) for n, v in person.browser.client.cookies.items() if n.startswith("guatu_oidc_"))
    for then in ("aHR0cHM6Ly9ldmlsLmV4YW1wbGUv", "!", "_w"):
        parts = value.split(".")[:3]
        person.browser.client.cookies.clear()
        person.browser.client.cookies.set(name, ".".join([*parts, then]))
        back = await person.come_back(answer, code="")
        assert back.status == 403
        assert [form.value("next") for form in back.forms if "key" in form.names] == ["/desk"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"desk_url": ""}, "GUATU_DESK_URL must be set, too"),
        ({"desk_url": "http://guatu.example"}, "GUATU_DESK_URL must be https"),
        ({"oidc_issuer": "", "oidc_audience": "", "oidc_jwks": ""}, "GUATU_OIDC_ISSUER"),
        ({"oidc_client_id": ""}, "GUATU_OIDC_CLIENT_ID must be set, too"),
    ],
)
def test_settings_that_do_not_go_together(changes: dict[str, object], said: str, tmp_path: Path) -> None:
    provider = Provider(address="https://login.example")
    with pytest.raises(ValidationError, match=said):
        settings_for("postgresql://x@y/z", **provider.settings(tmp_path, **changes))


def test_a_secret_that_cannot_be_read(tmp_path: Path) -> None:
    provider = Provider(address="https://login.example")
    empty = tmp_path / "empty"
    empty.write_text("\n")
    for file, said in ((tmp_path / "none", "No such file"), (empty, "it is empty")):
        settings = settings_for("postgresql://x@y/z", **provider.settings(tmp_path, oidc_client_secret_file=file))
        with pytest.raises(AccessSettingsError, match=said):
            settings.client_secret()
