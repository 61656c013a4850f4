"""Signing in by the OIDC issuer: to it, and back from it.

What only this browser knows of a sign-in (state, nonce, PKCE's verifier) waits in a cookie of its own, so two tabs may
sign in at once. That cookie is ``SameSite=Lax``, since the way back begins at the issuer; the session's is ``Strict``
and would not come along on it, so the way back ends on a page of ours, which leads on by itself.
"""

import base64
import binascii
import hmac
import re
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from api.authentication import authentication_of
from api.context import Context, Reading
from api.desk.gate import HOME, OIDC
from api.desk.hints import keep_hint
from api.desk.rendering import desk_page, see_other
from api.desk.sessions import BY_ISSUER
from api.desk.signing_in import LONGEST_NAME, failed, sign_in_page, too_often, usable_name, within
from api.oidc_provider import BACK_PATH, Begun, ProviderAwayError, SignInProvider, SignInRefusedError
from api.problems import ProblemError, ProblemType
from api.tokens import Claims

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_log = structlog.stdlib.get_logger()
_COOKIE: Final = "guatu_oidc_"
_SECONDS: Final = 600
"""How long somebody may take to sign in at the issuer."""
_RANDOM = re.compile(r"[A-Za-z0-9_-]{43}")

AWAY: Final = "统一身份认证暂时没有应答，请稍后重试；有单位密钥的，也可以用密钥登录"
REFUSED: Final = "统一身份认证没有确认您的身份，请重新登录；仍不成功的，请联系系统管理员"
EXPIRED: Final = "这次登录已经过期，或者不是从本页开始的，请重新登录"


class _Brought(BaseModel):
    """What the browser brings back from the issuer."""

    model_config = ConfigDict(extra="ignore")

    state: Annotated[str, Field(max_length=200)] = ""
    code: Annotated[str, Field(max_length=4000)] = ""
    error: Annotated[str, Field(max_length=200)] = ""


@router.get(OIDC)
async def begin(
    request: Request, context: Reading, then: Annotated[str, Query(alias="next", max_length=500)] = HOME
) -> Response:
    """Send the browser to the issuer."""
    provider = _provider(request, context)
    stopped = await too_often(request, context, then=then)
    if stopped is not None:
        return stopped
    try:
        address, begun = await provider.begin()
    except ProviderAwayError as error:
        return await _away(request, context, then, error)
    response = see_other(address)
    response.set_cookie(
        _cookie_of(begun.state),
        ".".join((begun.state, begun.nonce, begun.verifier, _packed(within(then)))),
        max_age=_SECONDS,
        path=OIDC,
        httponly=True,
        samesite="lax",
        secure=authentication_of(request, context).sessions.secure(request),
    )
    return response


@router.get(BACK_PATH)
async def come_back(request: Request, context: Reading, brought: Annotated[_Brought, Query()]) -> Response:
    """Open a session for whom the issuer says it is."""
    provider = _provider(request, context)
    stopped = await too_often(request, context, then=HOME)
    if stopped is not None:
        return stopped
    begun, then = _remembered(request, brought.state)
    if begun is None:
        await failed(request)
        return await sign_in_page(request, context, then=then, said=EXPIRED, status=403)
    try:
        if brought.error or not brought.code:
            raise SignInRefusedError(f"the issuer says {brought.error!r}")
        claims, token = await provider.finish(brought.code, begun)
        response = await _let_in(request, context, claims, then)
        keep_hint(response, token, secure=authentication_of(request, context).sessions.secure(request))
    except ProviderAwayError as error:
        return await _away(request, context, then, error)
    except SignInRefusedError as error:
        _log.warning("a sign-in was refused", why=str(error))
        response = await _not_in(request, context, then, REFUSED)
    except ProblemError as error:
        # No office of this jurisdiction: the issuer's people have to mend that.
        response = await _not_in(request, context, then, error.problem.detail)
    response.delete_cookie(_cookie_of(begun.state), path=OIDC, httponly=True, samesite="lax")
    return response


async def _let_in(request: Request, context: Context, claims: Claims, then: str) -> Response:
    authentication = authentication_of(request, context)
    caller = authentication.caller_of(claims)
    if caller.office is None:
        raise SignInRefusedError("the account is an intake system's, which has no desk")
    subject = caller.id.removeprefix(BY_ISSUER)
    names = [(claims.name or "").replace("\u3000", " ").strip(), subject, subject[:LONGEST_NAME]]
    name = next((name for name in names if usable_name(name)), None)
    if name is None:
        raise SignInRefusedError("the account has no name")
    response = desk_page("on.html", context, None, heading="已登录", on=then)
    await authentication.sessions.open(request, response, office=caller.office, name=name, subject=subject)
    return response


async def _not_in(request: Request, context: Context, then: str, said: str) -> HTMLResponse:
    await failed(request)
    return await sign_in_page(request, context, then=then, said=said, status=403)


async def _away(request: Request, context: Context, then: str, error: ProviderAwayError) -> Response:
    _log.warning("the OIDC issuer is away", error=str(error))
    response = await sign_in_page(request, context, then=then, said=AWAY, status=503)
    response.headers["Retry-After"] = "5"
    return response


def _provider(request: Request, context: Context) -> SignInProvider:
    provider = authentication_of(request, context).provider
    if provider is None:
        raise ProblemError(ProblemType.NOT_FOUND, "没有这个地址，请核对")
    return provider


def _cookie_of(state: str) -> str:
    return f"{_COOKIE}{state[:16]}"


def _remembered(request: Request, state: str) -> tuple[Begun | None, str]:
    """The sign-in that this browser has begun with this state, and where to go on; none: it has begun no such."""
    parts = request.cookies.get(_cookie_of(state), "").split(".") if _RANDOM.fullmatch(state) else []
    if len(parts) != 4 or not all(_RANDOM.fullmatch(part) for part in parts[:3]):
        return None, HOME
    begun = Begun(*parts[:3])
    return (begun if hmac.compare_digest(begun.state, state) else None), within(_unpacked(parts[3]))


def _packed(then: str) -> str:
    return base64.urlsafe_b64encode(then.encode()).decode().rstrip("=")


def _unpacked(packed: str) -> str:
    try:
        return base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
    except (binascii.Error, ValueError):
        return HOME
