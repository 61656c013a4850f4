"""Who comes to the desk's door: signed in or not, and whether a form that is posted is one of ours.

A form is taken only with the token of its session; and a browser that says a page of another site sends it is not
believed, token or not. Whatever is not taken, what was typed is shown again: nobody writes a report twice.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

import structlog
from fastapi import Request
from starlette.responses import Response

from api.authentication import authentication_of
from api.context import Context
from api.desk.drafts import keep_draft
from api.desk.posted import CSRF, MIB, Posted, posted
from api.desk.rendering import desk_page, see_other
from api.desk.sessions import COOKIE, SignedIn
from api.request_headers import from_elsewhere
from petitions.forms.of_messages import label_of
from store import StoreError

_log = structlog.stdlib.get_logger()
SIGN_IN: Final = "/desk/sign-in"
OIDC: Final = f"{SIGN_IN}/oidc"
"""Where signing in by the OIDC issuer begins."""
HOME: Final = "/desk"


async def signed_in(request: Request, context: Context) -> SignedIn | Response:
    """Who has signed in; or where to sign in first.

    Raises:
        StoreError: Postgres cannot say.
    """
    here = await authentication_of(request, context).sessions.of(request)
    return here or see_other(sign_in_address(request.url.path))


async def posted_by(
    request: Request, context: Context, *, back: str, draft_of: tuple[str, str] | None = None, most: int | None = None
) -> tuple[SignedIn, Posted] | Response:
    """A form, and who has posted it; or the answer that it is not taken.

    Args:
        request: What came.
        context: With the store and the settings.
        back: The page on which the form stands.
        draft_of: The case's number and the kind of message, if the form may be kept as a draft.
        most: How many bytes the form may have; none: as many as one without files.

    Raises:
        ProblemError: It is too long, or no form.
    """
    # Who carries no cookie of ours has not signed in: then not much is read.
    form = await (posted(request, most) if most and COOKIE in request.cookies else posted(request))
    sessions = authentication_of(request, context).sessions
    try:
        here = await sessions.of(request)
        if from_elsewhere(request):
            return not_taken(context, here, form, back, _ELSEWHERE, status=403)
        if here is not None and here.fits(form.one(CSRF)):
            return here, form
        if here is not None:
            kept = False
            if draft_of and _says_from_here(request):
                await keep_draft(context, here.by, *draft_of, form)
                kept = True
            return not_taken(context, here, form, back, _STALE_KEPT if kept else _STALE, status=403)
        ended = await sessions.ended_with(request)
        if ended is not None and draft_of and ended.fits(form.one(CSRF)):
            await keep_draft(context, ended.by, *draft_of, form)
            return not_taken(context, None, form, back, _ENDED_KEPT, status=401)
        return not_taken(context, None, form, back, _ENDED, status=401)
    except StoreError as error:
        _log.warning("the store cannot answer", path=request.url.path, kind=type(error).__name__, error=str(error))
        return rescued(context, None, form, back, _AWAY, status=503, address=request.url.path)


_ELSEWHERE = "这次提交来自其他网站的页面，已拒绝。请在本系统的工作台上办理。"
_STALE = "这张表单已经失效（可能重新登录过），未提交。以下是刚才填写的内容，请回到表单重新提交。"
_STALE_KEPT = "这张表单已经失效（可能重新登录过），未提交；刚才填写的内容已存为草稿，请回到表单核对后再次提交。"
_ENDED = "登录已结束，未提交。以下是刚才填写的内容；请重新登录后再次提交。"
_ENDED_KEPT = "登录已结束，未提交；刚才填写的内容已存为草稿。请以原单位、原姓名重新登录，草稿仍在表单里。"
_AWAY = "数据库暂时无法使用，未提交。填写的内容都在本页，请稍后点击“再次提交”（重复提交不会重复计算）。"


def rescued(
    context: Context, here: SignedIn | None, form: Posted, back: str, said: str, *, status: int, address: str
) -> Response:
    """A page with all that was typed, ready to be posted once more as it is."""
    response = desk_page(
        "rescued.html",
        context,
        here,
        status=status,
        said=said,
        back=back,
        again=address,
        hidden=[(name, value) for name, values in form.given.items() for value in values],
        typed=_told(form.typed),
        files=bool(form.files),
        signed_out=False,
        sign_in=sign_in_address(back),
    )
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def sign_in_address(then: str, way: str = SIGN_IN) -> str:
    """Where to sign in, to go on with a page then."""
    return way if then in {HOME, SIGN_IN} else f"{way}?next={quote(then)}"


def form_bytes(context: Context) -> int:
    """How many bytes a form with files may have."""
    return (4 * context.settings.desk_attachment_mib + 2) * MIB


def not_taken(context: Context, here: SignedIn | None, form: Posted, back: str, said: str, *, status: int) -> Response:
    """A page with all that was typed, to be read and copied, not to be posted: nobody says where it came from."""
    return desk_page(
        "rescued.html",
        context,
        here,
        status=status,
        said=said,
        back=back,
        again="",
        hidden=[],
        typed=_told(form.typed),
        files=bool(form.files),
        signed_out=here is None,
        sign_in=sign_in_address(back),
    )


def _told(typed: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [(label_of(name), text) for name, values in typed.items() if (text := "\n".join(values).strip())]


def _says_from_here(request: Request) -> bool:
    """Whether the browser itself says that a page of ours sends this."""
    return request.headers.get("sec-fetch-site") == "same-origin" or (
        # Another site's has been refused before.
        request.headers.get("origin") is not None
    )
