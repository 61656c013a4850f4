"""The identity token of a session that the OIDC issuer opened, for telling the issuer which one is to end.

It waits in a cookie that comes along on signing out alone: no store of ours holds anybody's token.
"""

import re
from typing import Final

from fastapi import Request
from starlette.responses import Response

SIGN_OUT: Final = "/desk/sign-out"
_COOKIE: Final = "guatu_identity"
_MOST: Final = 3_800
"""Characters of a cookie that browsers still keep; a longer token is left out, and the issuer asks whose session."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}")


def keep_hint(response: Response, token: str, *, secure: bool) -> None:
    """Have the browser keep the token until its session ends; one that is too long takes an older one away."""
    if len(token) > _MOST:
        drop_hint(response)
        return
    response.set_cookie(_COOKIE, token, path=SIGN_OUT, httponly=True, samesite="strict", secure=secure)


def hint_in(request: Request) -> str | None:
    """The token that a browser has kept."""
    given = request.cookies.get(_COOKIE, "")
    return given if len(given) <= _MOST and _TOKEN.fullmatch(given) else None


def drop_hint(response: Response) -> None:
    """Have the browser forget it."""
    response.delete_cookie(_COOKIE, path=SIGN_OUT, httponly=True, samesite="strict")
