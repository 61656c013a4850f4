"""The OIDC issuer as people sign in by it: the authorization code flow with PKCE, state and nonce.

Where its endpoints are is asked of the issuer itself (OpenID Connect Discovery) and kept for an hour; its keys come
from where ``GUATU_OIDC_JWKS`` says, or the issuer itself, as for the tokens of programs.
"""

import asyncio
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from pydantic import BaseModel, ConfigDict, HttpUrl, ValidationError

from api.access_settings import AccessSettings
from api.tokens import Claims, InvalidTokenError, KeysUnavailableError, Tokens, discovery_address, is_loopback

_SECONDS: Final = 5.0
_KEPT_SECONDS: Final = 3600.0
_MOST_BYTES: Final = 1 << 20
_SCOPE: Final = "openid profile"

BACK_PATH: Final = "/desk/sign-in/oidc/back"
"""Where the issuer sends people back to; ``GUATU_DESK_URL`` with this is to be registered there."""


class ProviderAwayError(Exception):
    """The issuer does not answer, or not as it should; the text says what, for the log."""


class SignInRefusedError(Exception):
    """The issuer, or what it answered, does not say who somebody is; the text says why, for the log."""


class _Endpoints(BaseModel):
    """What the issuer says of itself; what is not needed is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    issuer: str
    authorization_endpoint: HttpUrl
    token_endpoint: HttpUrl
    end_session_endpoint: HttpUrl | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


@dataclass(frozen=True)
class Begun:
    """A sign-in that was begun: what only the browser that began it knows until it comes back."""

    state: str
    nonce: str
    verifier: str

    def __repr__(self) -> str:
        return "Begun(…)"


class SignInProvider:
    """Has people sign in by the issuer.

    Args:
        issuer: Its name, which is the address under which it tells of itself.
        client_id: As which client it knows this system.
        secret: With what this system proves who it is; none: with nothing.
        desk_url: Where browsers reach this system, without a slash at the end.
        tokens: Checks the issuer's identity tokens for this client.
        clock: Seconds that only go forward, for how long the endpoints are kept.
    """

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        secret: str | None,
        desk_url: str,
        tokens: Tokens,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._secret = secret
        self._desk_url = desk_url
        self._tokens = tokens
        self._clock = clock
        self._known: tuple[float, _Endpoints] | None = None
        self._asking = asyncio.Lock()

    async def begin(self) -> tuple[str, Begun]:
        """Begin a sign-in: the address at the issuer to send the browser to, and what to remember until it is back.

        Raises:
            ProviderAwayError: Where that is cannot be found out.
        """
        endpoints = await self._endpoints()
        begun = Begun(*(secrets.token_urlsafe(32) for _ in range(3)))
        async with self._client(endpoints) as client:
            address: str = client.create_authorization_url(
                str(endpoints.authorization_endpoint),
                state=begun.state,
                code_verifier=begun.verifier,
                nonce=begun.nonce,
            )[0]
        return address, begun

    async def finish(self, code: str, begun: Begun) -> tuple[Claims, str]:
        """Who has signed in, and the identity token that says so.

        Args:
            code: That the browser has brought back.
            begun: The sign-in that it is the answer to.

        Raises:
            ProviderAwayError: The issuer does not answer now.
            SignInRefusedError: The code is not good, or the identity token is not, or not for this sign-in.
        """
        endpoints = await self._endpoints()
        try:
            async with self._client(endpoints) as client:
                answer: Any = await client.fetch_token(
                    str(endpoints.token_endpoint),
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=begun.verifier,
                )
        except OAuthError as error:
            raise SignInRefusedError(f"the issuer refuses the code: {str(error.error)[:100]!r}") from None
        except (httpx2.HTTPError, ValueError) as error:
            raise ProviderAwayError(f"{endpoints.token_endpoint}: {type(error).__name__}: {error}") from None
        token: Any = answer.get("id_token")
        if not isinstance(token, str):
            raise SignInRefusedError("the issuer's answer has no id_token")
        try:
            claims = await self._tokens.check(token)
        except KeysUnavailableError as error:
            raise ProviderAwayError(str(error)) from None
        except InvalidTokenError as error:
            raise SignInRefusedError(f"id_token: {error}") from None
        if claims.party not in {None, self._client_id}:
            raise SignInRefusedError("id_token: issued to another client (azp)")
        if claims.nonce is None or not hmac.compare_digest(claims.nonce.encode(), begun.nonce.encode()):
            raise SignInRefusedError("id_token: its nonce is not the one of this sign-in")
        return claims, token

    async def end_address(self, then: str, hint: str | None = None) -> str | None:
        """Where the browser ends its session at the issuer, too; none: the issuer has no such address.

        Args:
            then: The path here to come back to.
            hint: The identity token of the session that is to end, so that the issuer need not ask whose; none: it is
                not known any more.

        Raises:
            ProviderAwayError: Where that is cannot be found out.
        """
        end = (await self._endpoints()).end_session_endpoint
        if end is None:
            return None
        given = {"client_id": self._client_id, "post_logout_redirect_uri": f"{self._desk_url}{then}"}
        query = urlencode(given | ({"id_token_hint": hint} if hint else {}))
        return f"{end}{'&' if end.query else '?'}{query}"

    def _client(self, endpoints: _Endpoints) -> Any:
        """The library's client, whose stubs leave most of its types unsaid."""
        methods = endpoints.token_endpoint_auth_methods_supported
        posted = "client_secret_basic" not in methods and "client_secret_post" in methods
        with_secret = "client_secret_post" if posted else "client_secret_basic"
        return AsyncOAuth2Client(
            client_id=self._client_id,
            client_secret=self._secret,
            token_endpoint_auth_method=with_secret if self._secret else "none",
            code_challenge_method="S256",
            scope=_SCOPE,
            redirect_uri=f"{self._desk_url}{BACK_PATH}",
            timeout=_SECONDS,
            follow_redirects=False,
        )

    async def _endpoints(self) -> _Endpoints:
        async with self._asking:
            if self._known is None or self._clock() - self._known[0] > _KEPT_SECONDS:
                self._known = self._clock(), await self._ask()
            return self._known[1]

    async def _ask(self) -> _Endpoints:
        address = discovery_address(self._issuer)
        try:
            async with httpx2.AsyncClient(timeout=_SECONDS, follow_redirects=False) as client:
                answer = await client.get(address, headers={"Accept": "application/json"})
                answer.raise_for_status()
            found = _Endpoints.model_validate_json(answer.content[:_MOST_BYTES])
        except httpx2.HTTPError as error:
            raise ProviderAwayError(f"{address}: {type(error).__name__}: {error}") from None
        except ValidationError as error:
            raise ProviderAwayError(f"{address}: not what an issuer says of itself: {_first(error)}") from None
        if found.issuer != self._issuer:
            raise ProviderAwayError(f"{address}: says that it is {found.issuer[:200]!r}, not {self._issuer!r}")
        for endpoint in (found.authorization_endpoint, found.token_endpoint, found.end_session_endpoint):
            if endpoint is not None and endpoint.scheme != "https" and not is_loopback(endpoint.host or ""):
                raise ProviderAwayError(f"{address}: {endpoint} is not https")
        return found


def provider_of(settings: AccessSettings) -> SignInProvider | None:
    """The issuer by which people sign in, or none: they sign in by keys alone.

    Raises:
        AccessSettingsError: The file with the secret cannot be used.
    """
    if not (settings.oidc_client_id and settings.oidc_issuer and settings.desk_url):
        return None
    tokens = Tokens(
        issuer=settings.oidc_issuer,
        audience=settings.oidc_client_id,
        keys=settings.oidc_jwks,
        office_claim=settings.oidc_office_claim,
    )
    return SignInProvider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        secret=settings.client_secret(),
        desk_url=str(settings.desk_url).rstrip("/"),
        tokens=tokens,
    )


def _first(error: ValidationError) -> str:
    mistake = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, mistake['loc']))}: {mistake['msg']}"
