"""From errors to answers: a problem for programs, a page for people."""

from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.problems import INTERNAL_DETAIL, Mistake, ProblemError, ProblemType, problem_response, store_away
from api.rendering import page
from store import StoreError

_log = structlog.stdlib.get_logger()


def add_fault_handlers(app: FastAPI) -> None:
    """Answer every error as a problem, or on a page's address as a page."""

    @app.exception_handler(ProblemError)
    async def _(request: Request, error: ProblemError) -> Response:
        return _answer(request, error)

    @app.exception_handler(StoreError)
    async def _(request: Request, error: StoreError) -> Response:
        _log.warning("the store cannot answer", path=request.url.path, kind=type(error).__name__, error=str(error))
        return _answer(request, store_away())

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> Response:
        return _answer(request, _invalid(error.errors()))

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> Response:
        return _answer(request, _of_http(request, error))

    @app.exception_handler(Exception)
    async def _(request: Request, error: Exception) -> Response:
        # Starlette raises it again after the answer, so the server logs it with its trace.
        return _answer(request, ProblemError(ProblemType.INTERNAL_ERROR, INTERNAL_DETAIL))


def _answer(request: Request, error: ProblemError) -> Response:
    if not _asks_for_page(request):
        return problem_response(error)
    response = page("problem.html", status=error.problem.status, problem=error.problem)
    response.headers.update(error.headers)
    return response


def _asks_for_page(request: Request) -> bool:
    return not request.url.path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")


def _of_http(request: Request, error: HTTPException) -> ProblemError:
    headers = dict(error.headers or {})
    if error.status_code == ProblemType.NOT_FOUND.status:
        return ProblemError(ProblemType.NOT_FOUND, "没有这个地址，请核对", headers=headers)
    if error.status_code == ProblemType.METHOD_NOT_ALLOWED.status:
        detail = f"这个地址不接受 {request.method[:20]} 请求"
        return ProblemError(ProblemType.METHOD_NOT_ALLOWED, detail, headers=headers)
    return ProblemError(ProblemType.HTTP_ERROR, "请求无法处理，请检查后重试", status=error.status_code, headers=headers)


def _invalid(mistakes: Sequence[Any]) -> ProblemError:
    errors = tuple(
        Mistake(where=".".join(str(part)[:100] for part in mistake["loc"]), detail=_said(mistake))
        for mistake in mistakes
    )
    return ProblemError(ProblemType.INVALID_REQUEST, "请求有误，请改正后重试", errors=errors)


def _said(mistake: dict[str, Any]) -> str:
    context: dict[str, Any] = mistake.get("ctx", {})
    match mistake["type"]:
        case "missing":
            return "缺少这一项"
        case "extra_forbidden":
            return "没有这一项，请删去或改正拼写"
        case "enum" | "literal_error":
            return f"只能是 {str(context.get('expected', '')).replace(' or ', ', ')}"
        case "greater_than_equal":
            return f"应当不小于 {context.get('ge')}"
        case "less_than_equal":
            return f"应当不大于 {context.get('le')}"
        case "string_too_long":
            return f"过长，上限为 {context.get('max_length')} 个字符"
        case "string_too_short":
            return "不能为空"
        case "int_parsing" | "int_type":
            return "应当是整数"
        case "bool_parsing" | "bool_type":
            return "只能是 true 或 false"
        case "value_error":
            return str(context.get("error", "格式不对"))
        case _:
            return "格式不对"
