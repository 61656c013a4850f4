"""Bearer tokens of an OIDC issuer: JWTs, checked against the issuer's published keys.

Only asymmetric signatures count: what anybody can fetch (the published keys) must not be what signs. The keys come
from a file, an address, or where the issuer itself says (OpenID Connect Discovery); they are kept, fetched anew when
they are an hour old or a token names a key that is not among them, once a minute at the most, and never on the event
loop.
"""

import asyncio
import http.client
import ipaddress
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import jwt
import structlog

_log = structlog.stdlib.get_logger()

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_BY_CURVE: Final[Mapping[str, tuple[str, ...]]] = {
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA",),
    "Ed448": ("EdDSA",),
}
_LEEWAY_SECONDS = 30
_FETCH_SECONDS = 5
_REFRESH_SECONDS = 60
_MAX_AGE_SECONDS = 3600
_MOST_BYTES = 1 << 20
_REQUIRED = ("exp", "iss", "aud", "sub")


class KeysUnavailableError(Exception):
    """The issuer's keys cannot be had or read; the text says where they should be and what is wrong."""


class InvalidTokenError(Exception):
    """A token that is not good; the text says why, for the log, and holds nothing of the token."""


@dataclass(frozen=True)
class Claims:
    """What a good token says.

    Attributes:
        subject: Whom the issuer knows the caller as.
        office: What the office's claim holds, if that is a text.
        name: The person's, as the issuer has it.
        nonce: Of the sign-in that the token is the answer to.
        party: To whom the token was issued (``azp``).
    """

    subject: str
    office: str | None
    name: str | None = None
    nonce: str | None = None
    party: str | None = None


@dataclass(frozen=True)
class _PublicKey:
    key: Any
    algorithms: tuple[str, ...]


class Tokens:
    """Checks tokens of one issuer.

    Args:
        issuer: ``iss`` of its tokens.
        audience: What must be in their ``aud``.
        keys: Where its keys (a JWK set) are: a path, or an ``https://`` or ``http://`` address; none: where the
            issuer itself says that they are.
        office_claim: The claim that holds the office's id.
        clock: Seconds that only go forward, for the age of the keys.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        keys: str | None = None,
        office_claim: str = "office",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._source = keys
        self._office_claim = office_claim
        self._clock = clock
        self._keys: dict[str | None, _PublicKey] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._fetching = asyncio.Lock()

    async def prepare(self) -> None:
        """Get the keys now, so that a wrong setting is told at the start.

        Raises:
            KeysUnavailableError: They cannot be had; an address may answer later, a file is to be mended.
        """
        async with self._fetching:
            await self._fetch()

    async def check(self, token: str) -> Claims:
        """What a token says, if it is good.

        Raises:
            InvalidTokenError: It is not.
            KeysUnavailableError: There are no keys to check it with.
        """
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError as error:
            raise InvalidTokenError(f"it is no JWT ({type(error).__name__})") from None
        kid = header.get("kid")
        key = await self._key(kid if isinstance(kid, str) else None)
        try:
            claims = jwt.decode(
                token,
                key=key.key,
                algorithms=key.algorithms,
                issuer=self._issuer,
                audience=self._audience,
                leeway=_LEEWAY_SECONDS,
                options={"require": list(_REQUIRED)},
            )
        except jwt.InvalidTokenError as error:
            raise InvalidTokenError(type(error).__name__) from None
        except (ValueError, TypeError, OverflowError) as error:
            # Claims of a shape that the library did not expect, in a token that the issuer signed.
            raise InvalidTokenError(f"its claims cannot be read ({type(error).__name__})") from None
        subject = str(claims["sub"]).strip()
        if not subject:
            raise InvalidTokenError("its subject is empty")
        return Claims(
            subject=subject,
            office=_text(claims, self._office_claim),
            name=_text(claims, "name") or _text(claims, "preferred_username"),
            nonce=_text(claims, "nonce"),
            party=_text(claims, "azp"),
        )

    async def _key(self, kid: str | None) -> _PublicKey:
        found = self._found(kid)
        if found is None or self._too_old():
            async with self._fetching:
                found = self._found(kid)
                if (found is None or self._too_old()) and self._may_try():
                    try:
                        await self._fetch()
                    except KeysUnavailableError as error:
                        _log.error("the keys of the OIDC issuer cannot be had", error=str(error))
                    found = self._found(kid)
        if found is None:
            if self._fetched_at is None:
                raise KeysUnavailableError("no keys of the OIDC issuer have been had yet")
            raise InvalidTokenError("the issuer has no such key")
        return found

    def _found(self, kid: str | None) -> _PublicKey | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    def _too_old(self) -> bool:
        return self._fetched_at is None or self._clock() - self._fetched_at > _MAX_AGE_SECONDS

    def _may_try(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= _REFRESH_SECONDS

    async def _fetch(self) -> None:
        self._tried_at = self._clock()
        source = self._source or await asyncio.to_thread(_said_by, self._issuer)
        where = f"GUATU_OIDC_JWKS={source}" if self._source else f"{source}, the jwks_uri of {self._issuer}"
        try:
            text = await asyncio.to_thread(_read, source)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise KeysUnavailableError(f"{where}: {_said(error)}") from None
        self._keys = _public_keys(text, where)
        self._fetched_at = self._tried_at


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else None


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Keys come from where the setting says, and from nowhere that this place points to."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Do not follow."""


def _read(source: str) -> bytes:
    if not is_address(source):
        return Path(source).read_bytes()
    request = urllib.request.Request(source, headers={"Accept": "application/json"})  # noqa: S310 - http(s) alone
    with urllib.request.build_opener(_NoRedirects).open(request, timeout=_FETCH_SECONDS) as answer:
        text: bytes = answer.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        raise ValueError(f"longer than {_MOST_BYTES} bytes")
    return text


def _said_by(issuer: str) -> str:
    """Where an issuer says that its keys are.

    Raises:
        KeysUnavailableError: It does not say so, or not as itself, or names a place that anybody on the way can change.
    """
    address = discovery_address(issuer)
    try:
        given: Any = json.loads(_read(address))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise KeysUnavailableError(f"{address}: {_said(error)}; or set GUATU_OIDC_JWKS") from None
    said = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    if said.get("issuer") != issuer:
        raise KeysUnavailableError(f"{address}: says that it is {str(said.get('issuer'))[:200]!r}, not {issuer!r}")
    keys: Any = said.get("jwks_uri")
    parts = urllib.parse.urlsplit(keys) if isinstance(keys, str) else None
    if parts is None or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))):
        raise KeysUnavailableError(f"{address}: has no https address for its keys (jwks_uri)")
    return str(keys)


def discovery_address(issuer: str) -> str:
    """Where an issuer tells of itself."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def is_loopback(host: str) -> bool:
    """Whether this name or address means the machine itself."""
    name = host.removeprefix("[").removesuffix("]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def is_address(source: str) -> bool:
    """Whether keys are to be fetched from an address rather than read from a file."""
    return urllib.parse.urlsplit(source).scheme in {"http", "https"}


def _public_keys(text: bytes, where: str) -> dict[str | None, _PublicKey]:
    """The keys of a JWK set that may sign tokens, by their ids.

    Raises:
        KeysUnavailableError: It is no JWK set, or none of its keys may sign.
    """
    try:
        given: Any = json.loads(text)
    except ValueError as error:
        raise KeysUnavailableError(f"{where}: not JSON ({error})") from None
    listed: Any = cast("dict[str, Any]", given).get("keys") if isinstance(given, dict) else None
    if not isinstance(listed, list):
        raise KeysUnavailableError(f"{where}: no JWK set: it has no list `keys`")
    found: dict[str | None, _PublicKey] = {}
    for each in cast("list[Any]", listed):
        key = _public_key(cast("dict[str, Any]", each)) if isinstance(each, dict) else None
        if key is not None:
            kid: Any = cast("dict[str, Any]", each).get("kid")
            found[kid if isinstance(kid, str) else None] = key
    if not found:
        raise KeysUnavailableError(f"{where}: holds no public key for signatures (RSA, EC with a NIST curve, or OKP)")
    return found


def _public_key(jwk: dict[str, Any]) -> _PublicKey | None:
    """A key that may sign tokens; none of a secret or private key, of one for encryption, or of an unknown kind."""
    kind, curve, said = jwk.get("kty"), jwk.get("crv"), jwk.get("alg")
    fitting = _RSA if kind == "RSA" else _BY_CURVE.get(str(curve), ()) if kind in ("EC", "OKP") else ()
    algorithms = tuple(name for name in fitting if said in (None, name))
    if not algorithms or "d" in jwk or jwk.get("use", "sig") != "sig":
        return None
    try:
        return _PublicKey(jwt.PyJWK(jwk, algorithms[0]).key, algorithms)
    except jwt.PyJWTError:
        return None
