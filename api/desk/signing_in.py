"""What all ways to sign in share: the page, how often it may be tried, and where it leads."""

import time
from typing import Final

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from pydantic import TypeAdapter, ValidationError
from starlette.responses import HTMLResponse

from api.access_settings import ApiAccess
from api.authentication import authentication_of
from api.context import Context
from api.desk.gate import HOME, OIDC, sign_in_address
from api.desk.rendering import desk_page
from petitions.access import offices_of
from petitions.values import Name

PER_ADDRESS: Final = RateLimitItemPerMinute(20)
"""Failures to sign in of one address, in each API process; a whole office may sit behind one."""
OVERALL: Final = RateLimitItemPerMinute(300)
"""Attempts to sign in, of all together."""
LONGEST_NAME: Final = 50
"""Characters of a person's name at the most."""
_NAME: TypeAdapter[str] = TypeAdapter(Name)


class _Attempts:
    """Counts attempts to sign in, and those that fail."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def wait(self, address: str) -> int:
        """Count an attempt; for how many seconds no more are taken, 0: this one is."""
        if not await self._limiter.hit(OVERALL, "all"):
            return await self._seconds(OVERALL, "all")
        if not await self._limiter.test(PER_ADDRESS, address):
            return await self._seconds(PER_ADDRESS, address)
        return 0

    async def failed(self, address: str) -> None:
        """Count a failure."""
        await self._limiter.hit(PER_ADDRESS, address)

    async def _seconds(self, limit: RateLimitItemPerMinute, whose: str) -> int:
        window = await self._limiter.get_window_stats(limit, whose)
        return max(1, round(window.reset_time - time.time()))


def _attempts(request: Request) -> _Attempts:
    attempts = getattr(request.app.state, "sign_in_attempts", None)
    if not isinstance(attempts, _Attempts):
        attempts = request.app.state.sign_in_attempts = _Attempts()
    return attempts


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


async def too_often(
    request: Request, context: Context, *, then: str, name: str = "", office: str = ""
) -> HTMLResponse | None:
    """Count an attempt to sign in; the answer if it is one too many."""
    seconds = await _attempts(request).wait(_address(request))
    if not seconds:
        return None
    said = f"登录过于频繁，请在{seconds}秒后重试"
    response = await sign_in_page(request, context, then=then, name=name, office=office, said=said, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


async def failed(request: Request) -> None:
    """Count a failure to sign in."""
    await _attempts(request).failed(_address(request))


async def sign_in_page(
    request: Request,
    context: Context,
    *,
    then: str,
    name: str = "",
    office: str = "",
    said: str = "",
    at_name: str = "",
    status: int = 200,
) -> HTMLResponse:
    """The page on which people sign in.

    Args:
        request: Of whoever wants to.
        context: With the settings.
        then: Where to go on.
        name: That was typed.
        office: That was chosen, where anybody may choose one.
        said: What is wrong with the whole.
        at_name: What is wrong with the name.
        status: Of the answer.
    """
    authentication = authentication_of(request, context)
    operator = await authentication.is_local_operator(request)
    offices = list(offices_of(context.jurisdictions.get(None)).items()) if operator else []
    return desk_page(
        "sign-in.html",
        context,
        None,
        status=status,
        next=within(then),
        oidc=sign_in_address(within(then), OIDC) if authentication.provider else None,
        name=name,
        office=office,
        offices=offices,
        keys=context.settings.api_access is ApiAccess.OPEN,
        said=said,
        at_name=at_name,
        longest=LONGEST_NAME,
    )


def usable_name(name: str) -> bool:
    """Whether a person can be called so on the record."""
    try:
        return len(_NAME.validate_python(name)) <= LONGEST_NAME and name.isprintable()
    except ValidationError:
        return False


def within(then: str) -> str:
    """Where to go on: a page of the desk, or the desk; never somebody else's."""
    inside = then == HOME or then.startswith(f"{HOME}/")
    return then if inside and then.isprintable() and "\\" not in then and "//" not in then else HOME
