"""The codec server: Temporal's UI and CLI have payloads opened here, and sealed what their forms send.

The protocol is Temporal's own: ``Payloads`` as JSON in, ``Payloads`` as JSON out. It answers whoever runs the machines
(``Deed.SEE_PAYLOADS``), in a browser only on pages of the Temporal UI, and every request to open something is on
record before it is answered. What does not open is passed on as it is.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Request, Response, Security
from fastapi.routing import APIRoute
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from temporalio.api.common.v1 import Payload, Payloads

from api.authentication import authentication_of, require
from api.bodies import body_of
from api.context import Context, Reading
from api.problems import ProblemError, ProblemType, store_away
from api.request_ids import request_id_of
from api.settings import ApiSettings
from petitions.access import Caller, Deed
from sealing.errors import SealingError
from sealing.payload_codec import PassingPayloads
from store import StoreAwayError
from store.payload_looks import PayloadLook

_log = structlog.stdlib.get_logger()

_MOST_BYTES = 16 * 1024 * 1024
"""A page of events that the UI shows is far smaller; a payload is 2 MiB at the most."""
_HEADERS = "Content-Type, X-Namespace, Authorization, Authorization-Extras"
_NAMESPACE = 200
"""Characters of a namespace that are kept."""


def _origin_of_ui(settings: ApiSettings) -> str:
    """The origin of the Temporal UI as a browser says it."""
    url = settings.temporal_ui_url
    usual = {"http": 80, "https": 443}.get(url.scheme)
    port = "" if url.port in {None, usual} else f":{url.port}"
    return f"{url.scheme}://{url.host}{port}"


def _cors(request: Request) -> dict[str, str]:
    """The headers that let a page of the Temporal UI read the answer, and no other page."""
    allowed = {"Vary": "Origin"}
    if _is_from_ui(request):
        origin = request.headers["origin"]
        allowed |= {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}
    return allowed


def _is_from_ui(request: Request) -> bool:
    context = request.app.state.context
    assert isinstance(context, Context)
    return request.headers.getlist("origin") == [_origin_of_ui(context.settings)]


class _ReadByTheUi(APIRoute):
    """Lets the Temporal UI read the answer, a refusal as well."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with the headers added to whatever it answers."""
        handle = super().get_route_handler()

        async def handling(request: Request) -> Response:
            try:
                response = await handle(request)
            except StoreAwayError:
                error = store_away()
                error.headers |= _cors(request)
                raise error from None
            except ProblemError as error:
                error.headers |= _cors(request)
                raise
            response.headers.update(_cors(request))
            return response

        return handling


async def _asking(request: Request, context: Reading) -> Caller:
    """Who asks: found out as everywhere, except that the Temporal UI is no other site."""
    asked = request
    if _is_from_ui(request):
        said = [(name, value) for name, value in request.scope["headers"] if name not in {b"origin", b"sec-fetch-site"}]
        asked = Request({**request.scope, "headers": said}, request.receive)
    caller = await authentication_of(request, context).caller(asked)
    request.state.caller = caller
    require(caller, Deed.SEE_PAYLOADS)
    return caller


_Operator = Annotated[Caller, Security(_asking)]
router = APIRouter(prefix="/codec", route_class=_ReadByTheUi, include_in_schema=False)


@router.options("/encode")
@router.options("/decode")
async def preflight() -> Response:
    """What a browser asks before it sends anything; the headers say whether it may."""
    allowed = {"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": _HEADERS}
    return Response(status_code=204, headers={**allowed, "Access-Control-Max-Age": "600"})


async def _payloads_of(request: Request) -> list[Payload]:
    """The payloads that a request brings.

    Raises:
        ProblemError: There are none that can be read, or they are too long.
    """
    text = await body_of(request, _MOST_BYTES)
    try:
        if not text.lstrip().startswith(b"{"):
            raise ParseError
        return list(Parse(text, Payloads(), ignore_unknown_fields=True).payloads)
    except (ParseError, UnicodeDecodeError, RecursionError):
        raise ProblemError(
            ProblemType.INVALID_REQUEST, "内容不是 Temporal 的 Payloads（JSON）；请以 {“payloads”: […]} 的形式发送"
        ) from None


@router.post("/decode")
async def decode(caller: _Operator, context: Reading, request: Request) -> Response:
    """Open payloads; the look is on record before they are given."""
    given = await _payloads_of(request)
    codec = PassingPayloads(context.payloads) if context.payloads else None
    opened = await codec.decode(given) if codec else given
    namespace = request.headers.get("x-namespace", "")[:_NAMESPACE]
    look = PayloadLook(
        caller_id=caller.id,
        acts_as=caller.acts_as,
        namespace=namespace,
        payloads=len(given),
        opened=sum(after is not before for before, after in zip(given, opened, strict=True)),
        request_id=request_id_of(request),
    )
    await context.in_time(context.store.write_payload_look(look))
    if context.on_look:
        context.on_look(look.opened, look.payloads - look.opened)
    _log.info("payloads were opened", **look.model_dump(exclude={"request_id"}))
    return _answer(opened)


@router.post("/encode")
async def encode(caller: _Operator, context: Reading, request: Request) -> Response:
    """Seal payloads, such as those of a form of the Temporal UI."""
    given = await _payloads_of(request)
    if context.payloads is None:
        return _answer(given)
    try:
        sealed = [context.payloads.seal(payload) for payload in given]
    except SealingError as error:
        _log.error("payloads cannot be sealed", why=str(error), caller=caller.id)
        detail = "流程数据目前无法加密，请联系系统管理员检查密钥文件（GUATU_PAYLOAD_KEY_FILE）后重试"
        raise ProblemError(ProblemType.SEALING_UNAVAILABLE, detail) from None
    return _answer(sealed)


def _answer(payloads: list[Payload]) -> Response:
    return Response(MessageToJson(Payloads(payloads=payloads), indent=None), media_type="application/json")
