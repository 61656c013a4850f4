"""Errors as problems (RFC 9457): a stable ``type``, an English ``title`` and a Chinese ``detail``.

Whoever calls branches on ``type`` or ``status``, never on a text. Pages answer with the same status as HTML.
"""

from collections.abc import Iterable
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from petitions.vocabulary import RefusalCode

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5


class ProblemType(StrEnum):
    """Every sort of problem; the value stands at the end of its ``type`` and never changes."""

    status: HTTPStatus
    heading: str

    def __new__(cls, value: str, status: HTTPStatus, heading: str) -> Self:
        """Make the member from its name in the ``type``, its status and its English title."""
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.status = status
        kind.heading = heading
        return kind

    NOT_FOUND = "not-found", HTTPStatus.NOT_FOUND, "There is nothing at this address"
    CASE_NOT_FOUND = "case-not-found", HTTPStatus.NOT_FOUND, "There is no case of this number"
    NOT_SIGNED_IN = "not-signed-in", HTTPStatus.UNAUTHORIZED, "The caller is not known"
    FORBIDDEN = "forbidden", HTTPStatus.FORBIDDEN, "The caller may not do this"
    METHOD_NOT_ALLOWED = "method-not-allowed", HTTPStatus.METHOD_NOT_ALLOWED, "This address does not take the method"
    INVALID_REQUEST = "invalid-request", HTTPStatus.UNPROCESSABLE_ENTITY, "The request has mistakes"
    CASE_EXISTS = "case-exists", HTTPStatus.CONFLICT, "There is a case of this number with other content"
    MESSAGE_REFUSED = "message-refused", HTTPStatus.CONFLICT, "The case does not take the message"
    CASE_STOPPED = "case-stopped", HTTPStatus.CONFLICT, "The case's workflow was stopped by an operator"
    KEY_REUSED = "idempotency-key-reused", HTTPStatus.CONFLICT, "The Idempotency-Key was used for another request"
    TOO_LARGE = "too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large"
    UNSUPPORTED_MEDIA_TYPE = (
        "unsupported-media-type",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "This address does not take content of this type",
    )
    TOO_MANY_REQUESTS = "too-many-requests", HTTPStatus.TOO_MANY_REQUESTS, "The caller sends too much at a time"
    SEALING_UNAVAILABLE = (
        "sealing-unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Details of complainants cannot be sealed or opened here",
    )
    ENGINE_AWAY = "engine-away", HTTPStatus.SERVICE_UNAVAILABLE, "The cases' engine cannot be used now"
    STORE_AWAY = "store-away", HTTPStatus.SERVICE_UNAVAILABLE, "The database cannot be used now"
    HTTP_ERROR = "http-error", HTTPStatus.BAD_REQUEST, "The request cannot be answered"
    INTERNAL_ERROR = "internal-error", HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here"

    @property
    def uri(self) -> str:
        """The ``type`` of the problem."""
        return f"urn:guatu:problem:{self.value}"


class Mistake(BaseModel):
    """One mistake of a request."""

    model_config = ConfigDict(frozen=True)

    where: Annotated[str, Field(examples=["query.limit"], description="Where it stands: `query.`, `path.` and a name.")]
    detail: Annotated[str, Field(examples=["应当不大于 200"], description="What is wrong, in Chinese.")]


class Problem(BaseModel):
    """A problem as it is answered (RFC 9457)."""

    model_config = ConfigDict(frozen=True)

    type: Annotated[str, Field(description="Stable; branch on it.", examples=[ProblemType.CASE_NOT_FOUND.uri])]
    title: Annotated[str, Field(description="What sort of problem, in English.")]
    status: Annotated[int, Field(description="The HTTP status once more.", ge=400, le=599)]
    detail: Annotated[str, Field(description="What is wrong this time and what to do, in Chinese.")]
    errors: Annotated[
        tuple[Mistake, ...] | None, Field(description="Every mistake of an invalid request; else absent.")
    ] = None
    code: Annotated[
        RefusalCode | None, Field(description="Why a case refused a message: the contract's code; else absent.")
    ] = None


class ProblemError(Exception):
    """Raised where a request cannot be answered as asked.

    Args:
        kind: Which sort of problem it is.
        detail: What is wrong this time, in Chinese.
        errors: The mistakes of an invalid request.
        status: Another status than the kind's own.
        headers: Headers of the answer.
        code: Why a case refused a message.
    """

    def __init__(
        self,
        kind: ProblemType,
        detail: str,
        *,
        errors: tuple[Mistake, ...] | None = None,
        code: RefusalCode | None = None,
        status: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.headers = headers or {}
        self.problem = Problem(
            type=kind.uri, title=kind.heading, status=status or kind.status, detail=detail, errors=errors, code=code
        )


def store_away() -> ProblemError:
    """Postgres cannot be used now; come again."""
    detail = f"数据库暂时无法使用，请在{RETRY_AFTER_SECONDS}秒后重试"
    return ProblemError(ProblemType.STORE_AWAY, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def engine_away() -> ProblemError:
    """Temporal, or every worker, cannot be used now; come again."""
    detail = f"案件流程系统暂时没有应答，请在{RETRY_AFTER_SECONDS}秒后原样重发（重发不会重复计算）"
    return ProblemError(ProblemType.ENGINE_AWAY, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def case_not_found(case_no: str) -> ProblemError:
    """There is no such case."""
    shown = case_no if len(case_no) <= 64 else f"{case_no[:63]}…"
    return ProblemError(ProblemType.CASE_NOT_FOUND, f"没有受理编号为“{shown}”的信访举报件，请核对编号")


def problem_response(error: ProblemError) -> JSONResponse:
    """The problem as JSON."""
    return JSONResponse(
        error.problem.model_dump(exclude_none=True),
        status_code=error.problem.status,
        media_type=MEDIA_TYPE,
        headers=error.headers,
    )


_EVERYWHERE = (ProblemType.INVALID_REQUEST, ProblemType.STORE_AWAY, ProblemType.INTERNAL_ERROR)


def declared(*kinds: ProblemType) -> dict[int | str, dict[str, Any]]:
    """The problems of a route for its OpenAPI description: those given, and what every route may answer with."""
    responses: dict[int | str, dict[str, Any]] = {}
    by_status: dict[int, list[ProblemType]] = {}
    for kind in dict.fromkeys((*kinds, *_EVERYWHERE)):
        by_status.setdefault(int(kind.status), []).append(kind)
    for status, alike in by_status.items():
        responses[status] = _declaration(alike)
    return responses


def _declaration(kinds: Iterable[ProblemType]) -> dict[str, Any]:
    described = list(kinds)
    declaration: dict[str, Any] = {
        "description": "; ".join(f"{kind.heading} (`{kind.uri}`)" for kind in described),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {kind.value: {"value": _example(kind)} for kind in described},
            }
        },
    }
    if {ProblemType.STORE_AWAY, ProblemType.TOO_MANY_REQUESTS} & set(described):
        declaration["headers"] = {
            "Retry-After": {"description": "Seconds after which to try again.", "schema": {"type": "integer"}}
        }
    return declaration


_EXAMPLE_DETAILS = {
    ProblemType.NOT_SIGNED_IN: "不能确认您的身份：请使用有效的密钥或登录令牌；没有密钥的，请联系系统管理员签发",
    ProblemType.FORBIDDEN: "通川区商务局不能退回重办案件；只有信访受理中心可以",
    ProblemType.CASE_EXISTS: "受理编号“X51000020210827001”已有案件，内容与此不同，原案不变；请核对编号",
    ProblemType.CASE_STOPPED: "本件的办理流程已被系统管理员中止，暂不能接收消息；请联系系统管理员",
    ProblemType.KEY_REUSED: "这个 Idempotency-Key 已用于另一个请求；请换一个后重新发送",
    ProblemType.TOO_LARGE: "内容过大，上限为 256 KiB；请缩短或分成几份发送",
    ProblemType.UNSUPPORTED_MEDIA_TYPE: "请以 JSON 发送，并把 Content-Type 设为 application/json",
    ProblemType.TOO_MANY_REQUESTS: "发送过于频繁（每分钟最多 6000 次），请在 12 秒后重试",
    ProblemType.SEALING_UNAVAILABLE: "举报人信息目前无法加密保存或解封查看，请联系系统管理员检查主密钥文件后重试",
    ProblemType.ENGINE_AWAY: "案件流程系统暂时没有应答，请在5秒后原样重发（重发不会重复计算）",
}


def _example(kind: ProblemType) -> dict[str, Any]:
    match kind:
        case ProblemType.CASE_NOT_FOUND:
            problem = case_not_found("X51000020210827001").problem
        case ProblemType.STORE_AWAY:
            problem = store_away().problem
        case ProblemType.INVALID_REQUEST:
            mistakes = (Mistake(where="query.limit", detail="应当不大于 200"),)
            problem = ProblemError(kind, "请求有误，请改正后重试", errors=mistakes).problem
        case ProblemType.MESSAGE_REFUSED:
            reason = "本件现为“核实中”，“签收”应在分发之后、提交整改报告之前发送"
            problem = ProblemError(kind, reason, code=RefusalCode.NOT_NOW).problem
        case _:
            problem = ProblemError(kind, _EXAMPLE_DETAILS.get(kind, INTERNAL_DETAIL)).problem
    return problem.model_dump(exclude_none=True)


INTERNAL_DETAIL = "系统内部出错，已记入日志；请稍后重试"
