"""Tokens of an OIDC issuer: which are good, and how its keys are kept."""

import asyncio
import base64
import json
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from api.tokens import Claims, InvalidTokenError, KeysUnavailableError, Tokens
from tests.api.issuer import AUDIENCE, ISSUER, Issuer


class Clock:
    """Seconds that go forward when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


def tokens(keys: str, clock: Clock | None = None) -> Tokens:
    return Tokens(issuer=ISSUER, audience=AUDIENCE, keys=keys, clock=clock or Clock())


@pytest.fixture
def known(issuer: Issuer, tmp_path: Path) -> Tokens:
    return tokens(issuer.publish(tmp_path))


async def test_a_good_token_says_who_and_for_which_office(issuer: Issuer, known: Tokens) -> None:
    assert await known.check(issuer.token()) == Claims(subject="zhang.san", office="city/intake")
    assert await known.check(issuer.token(aud=["other", AUDIENCE])) == Claims("zhang.san", "city/intake")
    assert await known.check(issuer.token(office=None)) == Claims("zhang.san", None)
    assert await known.check(issuer.token(office=["city/intake"])) == Claims("zhang.san", None)


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
async def test_every_asymmetric_signature_of_an_rsa_key(issuer: Issuer, known: Tokens, algorithm: str) -> None:
    assert (await known.check(issuer.token(algorithm))).office == "city/intake"


async def test_clocks_may_differ_by_half_a_minute(issuer: Issuer, known: Tokens) -> None:
    now = datetime.now(UTC)
    assert await known.check(issuer.token(exp=now - timedelta(seconds=25)))
    assert await known.check(issuer.token(nbf=now + timedelta(seconds=25)))
    for bad in (
        issuer.token(exp=now - timedelta(seconds=35)),
        issuer.token(nbf=now + timedelta(seconds=35)),
    ):
        with pytest.raises(InvalidTokenError):
            await known.check(bad)


@pytest.mark.parametrize("claim", ["exp", "iss", "aud", "sub"])
async def test_a_token_must_say_all(issuer: Issuer, known: Tokens, claim: str) -> None:
    with pytest.raises(InvalidTokenError, match="MissingRequiredClaim"):
        await known.check(issuer.token_with({claim: None}))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": "soon"},
        {"exp": 1e400},
        {"exp": 10**30, "nbf": 10**30},
        {"iat": "x"},
        {"sub": ""},
        {"aud": 7},
        {"iss": []},
    ],
)
async def test_strange_claims_are_a_bad_token(issuer: Issuer, known: Tokens, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError):
        await known.check(issuer.token_with(changes))


@pytest.mark.parametrize(
    "text", ["", "x", "a.b.c", "a.b.c.d", ".", "..", "中文", "e30.e30.", "bnVsbA.e30.x", "W10.W10.W10"]
)
async def test_what_is_no_token(known: Tokens, text: str) -> None:
    with pytest.raises(InvalidTokenError) as refused:
        await known.check(text)
    assert len(text) < 5 or text not in str(refused.value)


async def test_forged_tokens_are_refused(issuer: Issuer, known: Tokens) -> None:
    head, body, signature = issuer.token().split(".")
    other = base64.urlsafe_b64encode(b'{"iss": "x"}').decode()
    for forged in (
        issuer.unsigned(),
        issuer.signed_with_the_public_key(),
        Issuer(issuer.kid).token(),
        issuer.token(headers={"kid": "another"}),
        f"{head}.{other}.{signature}",
        f"{head}.{body}.",
    ):
        with pytest.raises(InvalidTokenError):
            await known.check(forged)


async def test_a_key_signs_only_as_it_says_and_its_kind_allows(tmp_path: Path) -> None:
    curve, edwards = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    rsa = Issuer("rsa")
    keys = [
        {**ECAlgorithm.to_jwk(curve.public_key(), as_dict=True), "kid": "ec"},
        {**OKPAlgorithm.to_jwk(edwards.public_key(), as_dict=True), "kid": "okp"},
        {**rsa.jwk, "alg": "PS256"},
    ]
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": keys}))
    known = tokens(str(file))
    claims = jwt.decode(rsa.token(), options={"verify_signature": False})
    assert await known.check(jwt.encode(claims, curve, "ES256", {"kid": "ec"}))
    assert await known.check(jwt.encode(claims, edwards, "EdDSA", {"kid": "okp"}))
    assert await known.check(rsa.token("PS256"))
    with pytest.raises(InvalidTokenError):
        await known.check(rsa.token("RS256"))


async def test_secrets_and_keys_for_encryption_are_no_keys(issuer: Issuer, tmp_path: Path) -> None:
    private = RSAAlgorithm.to_jwk(issuer.private, as_dict=True) | {"kid": issuer.kid}
    for keys in (
        [{"kty": "oct", "k": "c2VjcmV0", "kid": issuer.kid}],
        [issuer.jwk | {"use": "enc"}],
        [private],
        [{"kty": "RSA", "n": "!", "e": "!"}, {"kty": "EC", "crv": "secp256k1"}, {}, 7],
        [],
    ):
        file = tmp_path / "keys.json"
        file.write_text(json.dumps({"keys": keys}))
        with pytest.raises(KeysUnavailableError, match="no public key for signatures") as refused:
            await tokens(str(file)).prepare()
        assert "c2VjcmV0" not in str(refused.value)


@pytest.mark.parametrize(("text", "said"), [("{", "not JSON"), ("[]", "no JWK set"), ('{"keys": 1}', "no JWK set")])
async def test_a_file_that_is_no_set_of_keys_is_told(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(text)
    with pytest.raises(KeysUnavailableError, match=f"GUATU_OIDC_JWKS={file}: {said}"):
        await tokens(str(file)).prepare()
    with pytest.raises(KeysUnavailableError, match=r"none\.json: No such file"):
        await tokens(str(tmp_path / "none.json")).prepare()


class Published:
    """The issuer's keys at an address: what they are now, and how often somebody came for them."""

    def __init__(self, keys: str) -> None:
        self.keys: str | None = keys
        self.asked = 0
        self.came = threading.Event()
        """Somebody came while they were held."""
        self.holding: threading.Event | None = None
        self.address = ""

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator["Published"]:
        """While the block runs."""
        published = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                published.asked += 1
                if published.holding:
                    published.came.set()
                    published.holding.wait(10)
                if self.path == "/elsewhere":
                    self.send_response(302)
                    self.send_header("Location", "/keys")
                    self.end_headers()
                    return
                self.send_response(200 if published.keys else 500)
                self.end_headers()
                self.wfile.write((published.keys or "").encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the library wants
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.address = f"http://127.0.0.1:{server.server_address[1]}/keys"
        try:
            yield self
        finally:
            await asyncio.to_thread(server.shutdown)
            server.server_close()


async def test_a_new_key_is_found_once_a_minute_at_the_most(issuer: Issuer) -> None:
    newer, clock = Issuer("k2"), Clock()
    async with Published(issuer.keys).serving() as published:
        known = tokens(published.address, clock)
        for _ in range(3):
            await known.check(issuer.token())
        assert published.asked == 1
        published.keys = json.dumps({"keys": [issuer.jwk, newer.jwk]})
        clock.now += 59
        with pytest.raises(InvalidTokenError, match="no such key"):
            await known.check(newer.token())
        assert published.asked == 1
        clock.now += 1
        checked = await asyncio.gather(*(known.check(newer.token()) for _ in range(5)))
        assert len(checked) == 5
        assert published.asked == 2


async def test_a_withdrawn_key_is_forgotten_within_the_hour(issuer: Issuer) -> None:
    clock = Clock()
    async with Published(issuer.keys).serving() as published:
        known = tokens(published.address, clock)
        await known.check(issuer.token())
        published.keys = Issuer("k2").keys
        clock.now += 3601
        with pytest.raises(InvalidTokenError, match="no such key"):
            await known.check(issuer.token())


async def test_while_the_issuer_is_away_what_was_had_holds(issuer: Issuer) -> None:
    clock = Clock()
    async with Published(issuer.keys).serving() as published:
        published.keys = None
        known = tokens(published.address, clock)
        with pytest.raises(KeysUnavailableError):
            await known.check(issuer.token())
        published.keys = issuer.keys
        clock.now += 60
        await known.check(issuer.token())
        published.keys = None
        clock.now += 7200
        await known.check(issuer.token())
        assert published.asked == 3


async def test_keys_come_from_nowhere_that_their_address_points_to(issuer: Issuer) -> None:
    async with Published(issuer.keys).serving() as published:
        with pytest.raises(KeysUnavailableError, match="302"):
            await tokens(published.address.replace("/keys", "/elsewhere")).prepare()
        assert published.asked == 1


async def test_nobody_waits_while_keys_are_fetched(issuer: Issuer) -> None:
    clock = Clock()
    async with Published(issuer.keys).serving() as published:
        known = tokens(published.address, clock)
        await known.check(issuer.token())
        clock.now += 61
        published.holding = threading.Event()
        waiting = asyncio.create_task(known.check(Issuer("k2").token()))
        await asyncio.to_thread(published.came.wait, 10)
        # The loop is free, and a key that is known needs no fetching.
        await asyncio.wait_for(known.check(issuer.token()), 5)
        assert not waiting.done()
        published.holding.set()
        with pytest.raises(InvalidTokenError):
            await waiting
