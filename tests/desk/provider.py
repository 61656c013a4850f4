"""A real OIDC provider: discovery, a sign-in page, codes that hold once, PKCE, and tokens signed by real keys."""

import base64
import hashlib
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from tests.api.issuer import Issuer
from tests.browser.city import served

CLIENT, SECRET = "guatu-desk", "s3cret/+ of the client"


@dataclass
class Provider:
    """The provider, and what it does wrongly if a test says so.

    Attributes:
        address: Its issuer's name.
        claims: Of the account that signs in.
        token_changes: Claims of the identity token that are changed, or left out by none.
        signer: Whose key signs.
        refuses: The error with which it sends people back.
        token_answer: What its token endpoint answers instead.
        discovery_changes: What it says otherwise of itself.
        with_page: Whether people press a button there, as in a real one.
        ended: The queries with which its end-session address was called.
        asked: The authorization requests.
    """

    address: str = ""
    claims: dict[str, Any] = field(default_factory=dict[str, Any])
    token_changes: dict[str, Any] = field(default_factory=dict[str, Any])
    signer: Issuer = field(default_factory=Issuer)
    keys: Issuer | None = None
    refuses: str = ""
    token_answer: Response | None = None
    discovery_changes: dict[str, Any] = field(default_factory=dict[str, Any])
    with_page: bool = False
    ended: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    asked: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    back: str = ""
    _codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def app(self) -> FastAPI:
        """What it answers."""
        app = FastAPI(openapi_url=None)
        app.add_api_route("/.well-known/openid-configuration", self._discovery)
        app.add_api_route("/jwks", self._jwks)
        app.add_api_route("/authorize", self._authorize)
        app.add_api_route("/token", self._token, methods=["POST"])
        app.add_api_route("/end", self._end)
        return app

    def settings(self, directory: Path, **changes: object) -> dict[str, object]:
        """What an API process is set to that has people sign in here."""
        secret = directory / "client-secret"
        secret.write_text(f"{SECRET}\n", encoding="utf-8")
        return {
            "oidc_issuer": self.address,
            "oidc_audience": "guatu",
            "oidc_jwks": f"{self.address}/jwks",
            "oidc_client_id": CLIENT,
            "oidc_client_secret_file": secret,
            "desk_url": "http://127.0.0.1",
        } | changes

    async def _discovery(self) -> Response:
        said = {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/jwks",
            "end_session_endpoint": f"{self.address}/end",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
        return JSONResponse({key: value for key, value in (said | self.discovery_changes).items() if value is not None})

    async def _jwks(self) -> Response:
        return Response((self.keys or self.signer).keys, media_type="application/json")

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["redirect_uri"] == self.back
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        assert asked["state"]
        assert asked["nonce"]
        if self.refuses:
            back = urlencode({"error": self.refuses, "state": asked["state"]})
        else:
            code = secrets.token_urlsafe(16)
            self._codes[code] = asked
            back = urlencode({"code": code, "state": asked["state"]})
        address = f"{asked['redirect_uri']}?{back}"
        if self.with_page:
            link = address.replace("&", "&amp;")
            return HTMLResponse(
                "<!doctype html><html lang='zh-CN'><head><meta charset='utf-8'><title>统一身份认证</title>"
                f"<link rel='icon' href='data:,'></head><body><main><h1>统一身份认证</h1>"
                f"<a href='{link}'>以某人身份登录</a></main></body></html>"
            )
        return RedirectResponse(address, status_code=302)

    async def _token(self, request: Request) -> Response:
        if self.token_answer is not None:
            return self.token_answer
        given = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self._codes.pop(given.get("code", ""), None)
        basic = base64.b64decode(request.headers.get("authorization", " ").partition(" ")[2]).decode()
        client, _, secret = basic.partition(":")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest()).decode()
        if (unquote(client), unquote(secret)) not in {(CLIENT, SECRET), (CLIENT, SECRET.replace(" ", "+"))}:
            return JSONResponse({"error": "invalid_client"}, 401)
        if (
            asked is None
            or given["grant_type"] != "authorization_code"
            or given["redirect_uri"] != asked["redirect_uri"]
            or challenge.rstrip("=") != asked["code_challenge"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = {"iss": self.address, "aud": CLIENT, "nonce": asked["nonce"], "office": None}
        token = self.signer.token_with(claims | self.claims | self.token_changes)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": token})

    async def _end(self, request: Request) -> Response:
        self.ended.append(dict(request.query_params))
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], status_code=302)


@asynccontextmanager
async def running_provider(host: str = "127.0.0.1", **attributes: Any) -> AsyncGenerator[Provider]:
    """A provider, for as long as the block runs.

    Args:
        host: As which browsers know it; ``localhost`` is another site than ``127.0.0.1``.
        attributes: Of the provider.
    """
    provider = Provider(**attributes)
    async with served(provider.app()) as address:
        provider.address = address.replace("127.0.0.1", host)
        yield provider
