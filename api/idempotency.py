"""``Idempotency-Key``: a request that is sent again under its key gets the answer that it got the first time.

Every writing route is idempotent by itself (case numbers, message ids), so a key is never needed to count once. It
spares a sender the difference between "done now" and "done before". Two requests that come at the same moment are
both carried out, to the same effect. Answers that say "later" or "who are you" are not kept.
"""

import hashlib
import json
import random
import re
from collections.abc import Awaitable, Callable

from fastapi import Request
from starlette.responses import Response

from api.context import Context
from api.problems import Mistake, ProblemError, ProblemType, problem_response
from petitions.access import Caller
from store.requests import AnsweredRequest

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_USABLE = re.compile(r"[\x20-\x7e]{1,255}")
_KEPT_HEADERS = ("content-type", "location")
_NOT_FINAL = {401, 403, 408, 425, 429}
_FORGET_ONE_IN = 500

DESCRIBED = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The sender's own key of the request; sent again under it, the request gets the same answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!-~]([ -~]*[!-~])?$"},
}
"""The header in the description of a route."""


async def answered_once(
    request: Request,
    context: Context,
    caller: Caller,
    content: bytes,
    answer: Callable[[], Awaitable[Response]],
    *,
    check: Callable[[], Awaitable[None]] | None = None,
) -> Response:
    """Answer a request, or give the answer that its key had before.

    Args:
        request: What came.
        context: With the store.
        caller: Keys of different callers have nothing to do with each other.
        content: By what another request under the same key is told: the body, without what must not be kept.
        answer: Carries the request out.
        check: Whether what ``content`` leaves out is the same as well, before an answer is given again.

    Raises:
        ProblemError: The key is unusable, or was used for another request; or as ``answer``.
        StoreError: As the store says.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return await answer()
    if not _USABLE.fullmatch(key):
        mistake = Mistake(where=f"header.{HEADER}", detail="应为 1 到 255 个可打印的 ASCII 字符")
        raise ProblemError(ProblemType.INVALID_REQUEST, "请求有误，请改正后重试", errors=(mistake,))
    fingerprint = _fingerprint(request, content)
    known = await context.in_time(context.store.answered_request(caller.id, key))
    if known is not None:
        again = _again(known, fingerprint)
        if check is not None:
            await check()
        return again
    try:
        response = await answer()
    except ProblemError as error:
        response = problem_response(error)
    if response.status_code < 500 and response.status_code not in _NOT_FINAL:
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        kept = AnsweredRequest(fingerprint, response.status_code, headers, bytes(response.body).decode())
        await context.in_time(context.store.keep_answer(caller.id, key, kept))
        if random.randrange(_FORGET_ONE_IN) == 0:  # noqa: S311 - now and then, no secret
            await context.in_time(context.store.forget_answers())
    return response


def _again(known: AnsweredRequest, fingerprint: bytes) -> Response:
    if known.fingerprint != fingerprint:
        detail = f"这个 {HEADER} 已用于另一个请求；请换一个后重新发送"
        raise ProblemError(ProblemType.KEY_REUSED, detail)
    return Response(known.body, status_code=known.status, headers={**known.headers, REPLAYED: "true"})


def _fingerprint(request: Request, content: bytes) -> bytes:
    parts = [request.method, request.url.path, request.headers.get("content-type", "")]
    return hashlib.sha256(json.dumps(parts).encode() + b"\n" + content).digest()
