"""Request ids: the caller's own or one given here; it stands in the answer, log, trace, Temporal's events, record."""

import re
import uuid
from typing import Final

import structlog
from fastapi import Request
from opentelemetry import trace
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.traces import REQUEST_ID

HEADER: Final = "X-Request-ID"
_USABLE = re.compile(r"[\x21-\x7e]{1,128}")


class RequestIds:
    """Takes the id that a request brings, if it can be one, or gives it one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its id, and answer with it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _USABLE.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        trace.get_current_span().set_attribute(REQUEST_ID, request_id)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, sending)


def request_id_of(request: Request) -> str | None:
    """The id of a request; none only where the application is used without ``RequestIds``."""
    return getattr(request.state, "request_id", None)
