"""How callers come to be known: keys, tokens, and whoever is on this machine; what the process says of it."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from structlog.testing import capture_logs

from api.access_settings import AccessSettingsError
from api.app import create_app
from api.authentication import Authentication, start_authentication
from api.context import Context
from api.tokens import is_loopback
from petitions.access import LOCAL_OPERATOR
from store import Store
from store.api_keys import Pepper
from tests.api.conftest import House, client_of, settings_for
from tests.api.issuer import Issuer
from tests.api.test_access_matrix import bearer
from tests.petitions.building import BYSTANDER, INTAKE, UNIT, rectifying


@pytest.fixture
def store(own: House) -> Store:
    return Store(own.pool)


def app_with(house: House, **settings: object) -> FastAPI:
    return create_app(settings_for(house.database, **settings), house.pool)


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


async def status(client: httpx.AsyncClient, headers: dict[str, str] | None = None, address: str = "/v1/cases") -> int:
    return (await client.get(address, headers=headers or {})).status_code


class TestWithoutCredentials:
    """``GUATU_API_ACCESS``: who is let in without a key."""

    async def test_the_operator_of_this_machine_until_a_key_is_issued(self, own: House, store: Store) -> None:
        assert await status(own.client) == 200
        key = await store.issue_key(label="第一把", office=INTAKE)
        assert await status(own.client) == 401
        assert await status(own.client, bearer(key)) == 200
        await store.revoke_key(key.split("_")[1], "不用了")
        assert await status(own.client) == 401

    @pytest.mark.parametrize(
        "header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via", "x-forwarded-for"]
    )
    async def test_not_whom_a_proxy_brings(self, own: House, header: str) -> None:
        assert await status(own.client, {header: "127.0.0.1"}) == 401

    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LOCALHOST", "wall.localhost"]
    )
    async def test_names_of_this_machine(self, own: House, host: str) -> None:
        assert await status(own.client, {"Host": host}) == 200

    @pytest.mark.parametrize(
        "host",
        ["wall", "evil.example", "localhost.evil.example", "192.168.0.9", "", "[", "127.0.0.1.nip.io", "0.0.0.0"],  # noqa: S104 - no place to listen
    )
    async def test_no_name_of_somebody_else_that_leads_here(self, own: House, host: str) -> None:
        assert await status(own.client, {"Host": host}) == 401

    async def test_nobody_where_other_machines_reach_it(self, own: House) -> None:
        async with client_of(app_with(own, api_host="0.0.0.0")) as client:  # noqa: S104 - the case in question
            assert await status(client) == 401

    async def test_nobody_where_there_is_an_issuer(self, own: House, tmp_path: Path) -> None:
        async with client_of(app_with(own, **Issuer().settings(tmp_path))) as client:
            assert await status(client) == 401

    async def test_nobody_if_it_is_set_so(self, own: House) -> None:
        async with client_of(app_with(own, api_access="keys")) as client:
            assert await status(client) == 401
            assert await status(client, address="/livez") == 200
            assert await status(client, address="/v1/openapi.json") == 200

    async def test_everybody_if_it_is_set_so(self, own: House, store: Store) -> None:
        key = await store.issue_key(label="某人", office=BYSTANDER)
        await own.records.keep(rectifying())
        async with client_of(app_with(own, api_access="open", api_host="0.0.0.0")) as client:  # noqa: S104 - the case in question
            assert await status(client, {"Host": "wall", "Via": "proxy"}, "/v1/cases/X1") == 200
            # Whoever shows a key is who the key says, and a wrong one is wrong.
            assert await status(client, bearer(key), "/v1/cases/X1") == 404
            assert await status(client, bearer("guatu_1_2")) == 401

    async def test_a_wrong_key_makes_no_local_operator(self, own: House) -> None:
        assert await status(own.client, bearer("x")) == 401
        assert await status(own.client, {"Authorization": ""}) == 401


class TestKeys:
    """API keys, as Bearer and as the password of Basic."""

    async def test_as_bearer_or_as_a_password(self, own: House, store: Store) -> None:
        await own.records.keep(rectifying())
        for office, seen in ((UNIT, 200), (BYSTANDER, 404)):
            key = await store.issue_key(label="某人", office=office)
            for headers in (bearer(key), {"Authorization": f"bearer  {key} "}, basic("谁", key), basic("", key)):
                for address in ("/v1/cases/X1", "/cases/X1"):
                    assert await status(own.client, headers, address) == seen

    async def test_every_wrong_one_is_told_the_same(self, own: House, store: Store) -> None:
        good = await store.issue_key(label="某人", office=INTAKE)
        revoked = await store.issue_key(label="某人", office=INTAKE)
        await store.revoke_key(revoked.split("_")[1], "丢失")
        expired = await store.issue_key(label="某人", office=INTAKE, expires_at=datetime.now(UTC))
        wrong = [
            {},
            bearer("guatu_00000000_" + "0" * 64),
            bearer(good[:-1] + ("0" if good[-1] != "0" else "1")),
            bearer(good + "0"),
            bearer(revoked),
            bearer(expired),
            bearer(""),
            {"Authorization": good},
            {"Authorization": "Basic !"},
            {"Authorization": "Basic //8="},
            basic(good, ""),
        ]
        answers = [await own.client.get("/v1/cases", headers=headers) for headers in wrong]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.text for answer in answers}) == 1
        assert answers[0].json()["type"] == "urn:guatu:problem:not-signed-in"
        assert {answer.headers["WWW-Authenticate"] for answer in answers} == {'Bearer realm="guatu"'}

    async def test_two_authorizations_are_none(self, own: House, store: Store) -> None:
        key = await store.issue_key(label="某人", office=INTAKE)
        both = [("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {key}")]
        assert (await own.client.get("/v1/cases", headers=both)).status_code == 401

    async def test_a_page_asks_the_browser_for_a_password(self, own: House, store: Store) -> None:
        await store.issue_key(label="某人", office=INTAKE)
        answer = await own.client.get("/", headers={"Accept": "text/html"})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="guatu", charset="UTF-8"'
        assert answer.headers["content-type"].startswith("text/html")
        assert "不能确认您的身份" in answer.text

    async def test_who_is_not_known_is_told_nothing_of_the_request(self, own: House, store: Store) -> None:
        await store.issue_key(label="某人", office=INTAKE)
        for address in ("/v1/cases?limit=x", "/v1/cases/%2A", "/v1/figures?at=never", "/v1/bulletins/never"):
            assert await status(own.client, address=address) == 401, address

    async def test_the_log_has_the_id_and_no_secret(self, own: House, store: Store) -> None:
        key = await store.issue_key(label="某人", office=INTAKE)
        id_, secret = key.split("_")[1:]
        forged = key[:-64] + "a" * 64
        await store.revoke_key(id_, "丢失")
        with capture_logs() as logs:
            await own.client.get("/v1/cases", headers=bearer(key))
            await own.client.get("/v1/cases", headers=bearer(forged))
            await own.client.get("/v1/cases", headers=bearer(f"guatu_{secret}"))
            await own.client.get("/v1/cases", headers=basic(key, "x"))
        assert [log["why"].partition(": ")[2] for log in logs[:2]] == ["revoked", "the secret is wrong"]
        assert all(id_ in log["why"] for log in logs[:2])
        assert len(logs) == 4
        text = json.dumps(logs, default=str)
        assert secret not in text
        assert "a" * 64 not in text

    async def test_a_revocation_takes_effect_within_half_a_minute(self, own: House, store: Store) -> None:
        key = await store.issue_key(label="某人", office=INTAKE)
        seconds = 0.0
        context = own.app.state.context
        assert isinstance(context, Context)
        own.app.state.authentication = Authentication(context, clock=lambda: seconds)
        assert await status(own.client, bearer(key)) == 200
        await store.revoke_key(key.split("_")[1], "丢失")
        seconds = 29.9
        assert await status(own.client, bearer(key)) == 200
        seconds = 30.0
        assert await status(own.client, bearer(key)) == 401

    async def test_an_end_is_heeded_also_for_a_key_that_is_kept(self, own: House, store: Store) -> None:
        key = await store.issue_key(label="某人", office=INTAKE, expires_at=datetime.now(UTC) + timedelta(seconds=1))
        assert await status(own.client, bearer(key)) == 200
        while datetime.now(UTC) < (await _kept(store, key)):
            assert await status(own.client, bearer(key), "/livez") == 200
        assert await status(own.client, bearer(key)) == 401

    async def test_use_is_written_down(self, own: House, store: Store) -> None:
        key = await store.issue_key(label="某人", office=INTAKE)
        await status(own.client, bearer(key))
        [kept] = await store.api_keys()
        assert kept.last_used_at is not None
        await status(own.client, bearer(key))
        assert await store.api_keys() == [kept]

    async def test_with_a_pepper_only_keys_issued_with_it(self, own: House, store: Store, tmp_path: Path) -> None:
        file = tmp_path / "pepper"
        file.write_bytes(b"0123456789abcdef\n")
        plain = await store.issue_key(label="某人", office=INTAKE)
        peppered = await store.issue_key(label="某人", office=INTAKE, pepper=Pepper(b"0123456789abcdef"))
        async with client_of(app_with(own, api_key_pepper_file=str(file))) as client:
            assert await status(client, bearer(peppered)) == 200
            with capture_logs() as logs:
                assert await status(client, bearer(plain)) == 401
            assert "issued with another pepper" in logs[0]["why"]
        assert await status(own.client, bearer(plain)) == 200
        assert await status(own.client, bearer(peppered)) == 401


async def _kept(store: Store, key: str) -> datetime:
    kept = await store.api_key(key.split("_")[1])
    assert kept is not None
    assert kept.expires_at is not None
    return kept.expires_at


class TestTokens:
    """JWTs of the issuer; what makes one good stands in test_tokens."""

    async def test_for_an_office_or_a_system(self, own: House, tmp_path: Path) -> None:
        issuer = Issuer()
        await own.records.keep(rectifying())
        async with client_of(app_with(own, **issuer.settings(tmp_path))) as client:
            for office, seen in (
                ("city/intake", 200),
                ("unit/通川区商务局", 404),
                ("county/宣汉县/mayor", 404),
                ("system/12345", 200),
            ):
                assert await status(client, bearer(issuer.token(office=office)), "/v1/cases/X1") == seen, office

    @pytest.mark.parametrize(
        "office", [None, "", "city/nobody", "unit/无此单位", "system/", "local", 7, ["city/intake"]]
    )
    async def test_without_an_office_of_ours_it_is_of_no_use(self, own: House, tmp_path: Path, office: object) -> None:
        issuer = Issuer()
        async with client_of(app_with(own, **issuer.settings(tmp_path))) as client:
            answer = await client.get("/v1/cases", headers=bearer(issuer.token(office=office)))
        assert answer.status_code == 403
        assert "“office”没有写明本辖区的单位" in answer.json()["detail"]

    async def test_another_claim_may_hold_the_office(self, own: House, tmp_path: Path) -> None:
        issuer = Issuer()
        settings = issuer.settings(tmp_path) | {"oidc_office_claim": "https://city.example/post"}
        async with client_of(app_with(own, **settings)) as client:
            good = issuer.token_with({"office": None, "https://city.example/post": "city/mayor"})
            assert await status(client, bearer(good)) == 200
            assert await status(client, bearer(issuer.token())) == 403

    async def test_keys_are_good_beside_them(self, own: House, store: Store, tmp_path: Path) -> None:
        key = await store.issue_key(label="某人", office=INTAKE)
        async with client_of(app_with(own, **Issuer().settings(tmp_path))) as client:
            assert await status(client, bearer(key)) == 200

    async def test_without_an_issuer_there_are_none(self, own: House) -> None:
        assert await status(own.client, bearer(Issuer().token())) == 401


class TestFromElsewhere:
    """What a browser sends by itself for a page of another site is refused; a Bearer header is no such thing."""

    ELSEWHERE = (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    )
    HERE: tuple[dict[str, str], ...] = (
        {},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    )

    @pytest.mark.parametrize("with_key", [True, False], ids=["Basic", "local operator"])
    async def test_writing(self, own: House, store: Store, with_key: bool) -> None:
        key = await store.issue_key(label="某人", office=INTAKE) if with_key else ""
        credentials = basic("", key) if with_key else {}
        for headers in self.ELSEWHERE:
            assert await self.written(own, {**credentials, **headers}) == 403, headers
            if with_key:
                assert await self.written(own, {**bearer(key), **headers}) == 200
        for headers in self.HERE:
            assert await self.written(own, {**credentials, **headers}) == 200, headers

    async def test_reading_is_the_browsers_own_to_guard(self, own: House) -> None:
        assert await status(own.client, {"Origin": "https://evil.example"}) == 200

    @staticmethod
    async def written(own: House, headers: dict[str, str]) -> int:
        """What a route that writes would answer: one is made for the purpose, so that it is any route."""
        from api.authentication import Asking

        if not any(getattr(route, "path", "") == "/written" for route in own.app.routes):

            @own.app.post("/written")
            async def _(caller: Asking) -> str:  # pyright: ignore[reportUnusedFunction] - the application calls it
                return caller.acts_as

        return (await own.client.post("/written", headers=headers)).status_code


class TestStart:
    """What the process reads at its start, and what it says of who is let in."""

    @staticmethod
    async def said(house: House, **settings: object) -> dict[str, object]:
        with capture_logs() as logs:
            await start_authentication(app_with(house, **settings))
        [line] = [dict(log) for log in logs if log["event"] == "who may ask"]
        return line

    async def test_it_says_who_is_let_in(self, own: House, store: Store, tmp_path: Path) -> None:
        assert "whoever is on this machine" in str((await self.said(own))["callers"])
        assert "0.0.0.0 can be reached" in str((await self.said(own, api_host="0.0.0.0"))["callers"])  # noqa: S104 - the case in question
        assert "tokens of the OIDC issuer" in str((await self.said(own, **Issuer().settings(tmp_path)))["callers"])
        opened = await self.said(own, api_access="open")
        assert (opened["log_level"], "everybody" in str(opened["callers"])) == ("warning", True)
        assert "credentials alone" in str((await self.said(own, api_access="keys"))["callers"])
        await store.issue_key(label="某人", office=INTAKE)
        assert (await self.said(own))["callers"] == "who has a key alone"

    @pytest.mark.parametrize("content", [None, b"short"])
    async def test_a_pepper_that_is_none_is_told(self, bare: House, tmp_path: Path, content: bytes | None) -> None:
        file = tmp_path / "pepper"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(AccessSettingsError, match=f"GUATU_API_KEY_PEPPER_FILE={file}: "):
            await start_authentication(app_with(bare, api_key_pepper_file=str(file)))

    async def test_a_file_of_keys_that_is_none_is_told(self, bare: House, tmp_path: Path) -> None:
        settings = Issuer().settings(tmp_path) | {"oidc_jwks": str(tmp_path / "none.json")}
        with pytest.raises(AccessSettingsError, match=r"none\.json: No such file"):
            await start_authentication(app_with(bare, **settings))

    async def test_an_address_of_keys_may_answer_later(self, bare: House, tmp_path: Path) -> None:
        settings = Issuer().settings(tmp_path) | {"oidc_jwks": "http://127.0.0.1:1/keys"}
        with capture_logs() as logs:
            await start_authentication(app_with(bare, **settings))
        assert any("cannot be had yet" in log["event"] for log in logs)

    async def test_while_postgres_is_away_nobody_is_taken_for_local(self) -> None:
        from store import open_pool

        settings = settings_for("postgresql://guatu@127.0.0.1:1/guatu")
        async with (
            open_pool(settings.database_url, min_size=0) as pool,
            client_of(create_app(settings, pool)) as client,
        ):
            assert await status(client) == 503
            assert await status(client, bearer("guatu_00000000_" + "0" * 64)) == 503


@pytest.mark.parametrize(
    "given",
    [
        {"oidc_issuer": "x"},
        {"oidc_jwks": "x", "oidc_audience": "y"},
        {"oidc_jwks": "x"},
        # Keys are not asked for where anybody on the way can answer.
        {"oidc_issuer": "x", "oidc_audience": "y"},
        {"oidc_issuer": "http://login.example", "oidc_audience": "y"},
    ],
)
def test_an_issuer_is_set_whole(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"GUATU_OIDC_\w+.* must be set, too"):
        settings_for("postgresql://guatu@/guatu", **given)


def test_an_empty_setting_is_none() -> None:
    assert settings_for("postgresql://guatu@/guatu", oidc_issuer="", oidc_audience="", oidc_jwks="").oidc_issuer is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("", False)],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) == expected


def test_the_local_operator_is_one_of_a_kind() -> None:
    assert LOCAL_OPERATOR.local
    assert LOCAL_OPERATOR.sight.everything
