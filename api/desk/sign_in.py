"""Signing in and out."""

import time
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from pydantic import TypeAdapter, ValidationError
from starlette.responses import HTMLResponse, Response

from api.access_settings import ApiAccess
from api.authentication import authentication_of, from_elsewhere
from api.context import Context, Reading
from api.desk.gate import HOME, SIGN_IN, posted_by
from api.desk.posted import posted
from api.desk.rendering import desk_page, see_other
from petitions.access import offices_of
from petitions.values import Name

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

PER_ADDRESS: Final = RateLimitItemPerMinute(20)
"""Failures to sign in of one address, in each API process; a whole office may sit behind one."""
OVERALL: Final = RateLimitItemPerMinute(300)
"""Attempts to sign in, of all together."""
WRONG: Final = "密钥不正确或已失效，请核对后重试；没有密钥的，请联系系统管理员签发"
"""Said of every key that is not good, whatever is wrong with it."""
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_LONGEST_NAME = 50


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


@router.get(SIGN_IN)
async def show_sign_in(
    request: Request, context: Reading, then: Annotated[str, Query(alias="next", max_length=500)] = HOME
) -> Response:
    """The form with which somebody signs in."""
    return await _form(request, context, then=then)


@router.post(SIGN_IN)
async def sign_in(request: Request, context: Reading) -> Response:
    """Exchange a key for a session."""
    form = await posted(request)
    then, name = form.one("next"), form.one("name").replace("\u3000", " ").strip()
    office = form.one("office").strip()
    if from_elsewhere(request):
        return await _form(request, context, then=then, name=name, said="请在本页填写后登录", status=403)
    attempts, address = _attempts(request), request.client.host if request.client else ""
    seconds = await attempts.wait(address)
    if seconds:
        said = f"登录过于频繁，请在{seconds}秒后重试"
        response = await _form(request, context, then=then, name=name, office=office, said=said, status=429)
        response.headers["Retry-After"] = str(seconds)
        return response
    if not _usable(name):
        at_name = f"请填写本人姓名，最多 {_LONGEST_NAME} 个字"
        return await _form(request, context, then=then, name=name, office=office, at_name=at_name, status=422)
    authentication = authentication_of(request, context)
    key_id = None
    if office and await authentication.is_local_operator(request):
        if office not in offices_of(context.jurisdictions.get(None)):
            return await _form(request, context, then=then, name=name, said="请选择单位（职务）", status=422)
    else:
        known = await authentication.office_of_key(form.one("key").strip())
        if known is None:
            await attempts.failed(address)
            return await _form(request, context, then=then, name=name, said=WRONG, status=403)
        key_id, office = known
    response = see_other(_within(then))
    await authentication.sessions.open(request, response, key_id=key_id, office=office, name=name)
    return response


@router.post("/desk/sign-out")
async def sign_out(request: Request, context: Reading) -> Response:
    """End the session."""
    admitted = await posted_by(request, context, back=HOME)
    if isinstance(admitted, Response):
        return admitted
    response = see_other(SIGN_IN)
    await authentication_of(request, context).sessions.end(request, response)
    return response


async def _form(
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
    operator = await authentication_of(request, context).is_local_operator(request)
    offices = list(offices_of(context.jurisdictions.get(None)).items()) if operator else []
    return desk_page(
        "sign-in.html",
        context,
        None,
        status=status,
        next=_within(then),
        name=name,
        office=office,
        offices=offices,
        keys=context.settings.api_access is ApiAccess.OPEN,
        said=said,
        at_name=at_name,
        longest=_LONGEST_NAME,
    )


def _attempts(request: Request) -> _Attempts:
    attempts = getattr(request.app.state, "sign_in_attempts", None)
    if not isinstance(attempts, _Attempts):
        attempts = request.app.state.sign_in_attempts = _Attempts()
    return attempts


def _usable(name: str) -> bool:
    try:
        return len(_NAME.validate_python(name)) <= _LONGEST_NAME and name.isprintable()
    except ValidationError:
        return False


def _within(then: str) -> str:
    """Where to go on: a page of the desk, or the desk; never somebody else's."""
    inside = then == HOME or then.startswith(f"{HOME}/")
    return then if inside and then.isprintable() and "\\" not in then and "//" not in then else HOME
