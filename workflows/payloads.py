"""How payloads are read at a case's doors: any bytes, in any number, without ever failing a workflow task.

The SDK decodes a handler's arguments before the handler is called. What it cannot decode it drops with a line in
the log, and a wrong number of arguments fails the task for ever. Here a payload without a type hint stays raw, so
that handlers declared with ``*bodies: RawValue`` are called with whatever came, and refuse what they cannot read.
"""

from collections.abc import Sequence
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.common import RawValue
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter, DefaultFailureConverter, PayloadConverter
from temporalio.exceptions import ApplicationError

from petitions.messages import AnyMessage, Refusal, Unreadable, read_message
from petitions.vocabulary import RefusalCode

_JSON = {b"json/plain", b"json/protobuf", b"binary/plain"}


class RawUnlessTyped(PydanticPayloadConverter):
    """The pydantic converter, except that a payload for which no type is known stays a ``RawValue``."""

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """Decode payloads of known type; wrap the others."""
        if not type_hints:
            return [RawValue(payload) for payload in payloads]
        return super().from_payloads(payloads, type_hints)


class RefusalsWithoutTrace(DefaultFailureConverter):
    """The failure converter, except that a refusal is told without where in the program it was raised.

    Nobody needs that of a refusal, and in the sandbox to find out takes long enough for some hundreds of refused
    updates to hold up a case: the sources are read anew each time the case is brought up.
    """

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Convert, a refusal by its code and its reason alone."""
        if isinstance(exception, ApplicationError) and exception.type in _CODES:
            exception = exception.with_traceback(None)
        super().to_failure(exception, payload_converter, failure)


class SealedFailures(RefusalsWithoutTrace):
    """The same where payloads are sealed: what a failure says is sealed with them; its type stays in plain."""

    def __init__(self) -> None:
        super().__init__(encode_common_attributes=True)

    def from_failure(self, failure: Failure, payload_converter: PayloadConverter) -> BaseException:
        """Convert; what it says is of no known type, and would stay raw."""
        if failure.HasField("encoded_attributes"):
            said = _SAID.from_payload(failure.encoded_attributes, dict[str, str])
            failure = Failure.FromString(failure.SerializeToString())
            failure.ClearField("encoded_attributes")
            failure.message, failure.stack_trace = said.get("message", ""), said.get("stack_trace", "")
        return super().from_failure(failure, payload_converter)


_SAID = PydanticPayloadConverter()
_CODES = frozenset(code.value for code in RefusalCode)

case_data_converter = DataConverter(
    payload_converter_class=RawUnlessTyped, failure_converter_class=RefusalsWithoutTrace
)
"""What the worker (and a replayer) of ``PetitionCase`` must use. A client may use any JSON converter."""

_SEALED = b"binary/encrypted"
"""The encoding of a payload that is sealed: of one that no codec has opened."""
UNREADABLE = "内容已加密，收到时无法解密（密钥不在密钥文件中，或内容被截断、改动）；请核对密钥文件后重新发送"


class KeyIsGoneError(Exception):
    """What was read once does not open any more; raised, it stops the workflow task until it does."""

    def __init__(self) -> None:
        super().__init__(
            "a payload that this case has read before does not open any more: put back the payload key file with the "
            "key that it names, or the history; the case then goes on by itself"
        )


def sealed(bodies: Sequence[RawValue]) -> bool:
    """Whether something of it was sealed and is not open."""
    return any(body.payload.metadata.get("encoding") == _SEALED for body in bodies)


def was_unreadable(bodies: Sequence[RawValue], what: str) -> bool:
    """Whether what came by a door did not open when it came; call it at the same place for whatever comes.

    Keys are added and lost. What was decided when it came stands in the history, by a marker, so that the case is
    replayed to the same end whether it opens by then or not.

    Args:
        bodies: What came.
        what: A name for it, which no other has in this run.

    Raises:
        KeyIsGoneError: It opened when it came, and does not now.
    """
    closed = sealed(bodies)
    if not closed and not workflow.unsafe.is_replaying():
        return False
    if workflow.patched(f"unreadable-{what}"):
        return True
    if closed:
        raise KeyIsGoneError
    return False


def json_of(bodies: Sequence[RawValue]) -> bytes | str:
    """The JSON of the one argument that was sent, or in Chinese why there is none."""
    if len(bodies) != 1:
        return f"应当正好有一个参数，收到 {len(bodies)} 个；请把消息内容作为一个 JSON 对象发送"
    payload = bodies[0].payload
    encoding = payload.metadata.get("encoding", b"")
    if encoding == b"binary/null":
        return "内容为空；请把消息内容作为一个 JSON 对象发送"
    if encoding not in _JSON:
        said = encoding.decode(errors="replace").replace("\x00", "�")[:40]
        return f"内容的编码“{said}”无法识别；请以 JSON 发送"
    return payload.data


def message_of(kind: str | None, bodies: Sequence[RawValue]) -> AnyMessage | Unreadable:
    """The message that was sent under this name (none: the body names its kind), or why it is none."""
    body = json_of(bodies)
    return unreadable(kind, body) if isinstance(body, str) else read_message(body, kind)


def unreadable(kind: str | None, reason: str) -> Unreadable:
    """Something of which nothing but its name can be read, refused for a reason."""
    return Unreadable(kind=kind or "", message_id=None, refusal=Refusal(code=RefusalCode.MALFORMED, reason=reason))
