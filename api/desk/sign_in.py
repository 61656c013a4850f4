"""Signing in by a key, and signing out."""

from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from api.authentication import authentication_of
from api.context import Context, Reading
from api.desk.gate import HOME, SIGN_IN, posted_by
from api.desk.hints import SIGN_OUT, drop_hint, hint_in
from api.desk.posted import posted
from api.desk.rendering import desk_page, see_other
from api.desk.signing_in import LONGEST_NAME, failed, sign_in_page, too_often, usable_name, within
from api.oidc_provider import ProviderAwayError
from api.request_headers import from_elsewhere
from petitions.access import offices_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_log = structlog.stdlib.get_logger()
WRONG: Final = "密钥不正确或已失效，请核对后重试；没有密钥的，请联系系统管理员签发"
"""Said of every key that is not good, whatever is wrong with it."""


@router.get(SIGN_IN)
async def show_sign_in(
    request: Request, context: Reading, then: Annotated[str, Query(alias="next", max_length=500)] = HOME
) -> Response:
    """The page on which people sign in."""
    return await sign_in_page(request, context, then=then)


@router.post(SIGN_IN)
async def sign_in(request: Request, context: Reading) -> Response:
    """Exchange a key for a session."""
    form = await posted(request)
    then, name = form.one("next"), form.one("name").replace("\u3000", " ").strip()
    office = form.one("office").strip()
    if from_elsewhere(request):
        return await sign_in_page(request, context, then=then, name=name, said="请在本页填写后登录", status=403)
    stopped = await too_often(request, context, then=then, name=name, office=office)
    if stopped is not None:
        return stopped
    if not usable_name(name):
        at_name = f"请填写本人姓名，最多 {LONGEST_NAME} 个字"
        return await sign_in_page(request, context, then=then, name=name, office=office, at_name=at_name, status=422)
    authentication = authentication_of(request, context)
    key_id = None
    if office and await authentication.is_local_operator(request):
        if office not in offices_of(context.jurisdictions.get(None)):
            return await sign_in_page(request, context, then=then, name=name, said="请选择单位（职务）", status=422)
    else:
        known = await authentication.office_of_key(form.one("key").strip())
        if known is None:
            await failed(request)
            return await sign_in_page(request, context, then=then, name=name, said=WRONG, status=403)
        key_id, office = known
    response = see_other(within(then))
    await authentication.sessions.open(request, response, key_id=key_id, office=office, name=name)
    return response


@router.post(SIGN_OUT)
async def sign_out(request: Request, context: Reading) -> Response:
    """End the session; who has signed in by the OIDC issuer is led on to end theirs there."""
    admitted = await posted_by(request, context, back=HOME)
    if isinstance(admitted, Response):
        return admitted
    here, _ = admitted
    on = await _end_at_issuer(request, context) if here.session.subject is not None else None
    response = desk_page("on.html", context, None, heading="已退出工作台", on=on) if on else see_other(SIGN_IN)
    await authentication_of(request, context).sessions.end(request, response)
    drop_hint(response)
    return response


async def _end_at_issuer(request: Request, context: Context) -> str | None:
    provider = authentication_of(request, context).provider
    try:
        return await provider.end_address(SIGN_IN, hint_in(request)) if provider else None
    except ProviderAwayError as error:
        _log.warning("the OIDC issuer is away; somebody is signed out here alone", error=str(error))
        return None
