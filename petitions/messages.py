"""The messages of the contract (§4) as models, and how one is read from the bytes that somebody sent.

Reading never raises: what cannot be read becomes a ``Refusal`` with its stable code and a Chinese sentence that
says what is wrong, where, and what to do.
"""

import hashlib
import json
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from petitions.mistakes import OVERLONG, sentence_for
from petitions.values import AS_WHOLE, STORABLE, Name, Person, StatedInstant, Text, Value, storable
from petitions.vocabulary import Completion, Finding, MessageKind, Opinion, Purpose, RefusalCode

MESSAGE_BYTES = 256 * 1024
"""A message larger than this is refused as ``too_large``; a case must stay well below Temporal's 2 MiB."""

RESPONSES = 2_000
"""Survey answers in one message at the most; more come as further partial results."""


_PARTS = 100
"""Fields of a message, or of one survey answer, that are looked at at all."""


class Refusal(Value):
    """Why a message was not taken: the stable code and a sentence a person understands."""

    code: RefusalCode
    reason: str


class Message(Value):
    """What all messages carry."""

    message_id: Name
    """The sender's own unique id; a message sent twice counts once."""
    by: Person
    occurred_at: StatedInstant | None = None
    """When it happened, if the sender says so; the case keeps its own time of receipt."""


class Dispatch(Message):
    """A clerk names the responsible unit (分发)."""

    kind: Literal[MessageKind.DISPATCH] = MessageKind.DISPATCH
    unit: Name
    note: Text | None = None


class Acknowledgement(Message):
    """The unit has received the case (签收)."""

    kind: Literal[MessageKind.ACKNOWLEDGEMENT] = MessageKind.ACKNOWLEDGEMENT


class LeaderInstruction(Message):
    """A leader instructs (批示), perhaps with a time limit of its own."""

    kind: Literal[MessageKind.LEADER_INSTRUCTION] = MessageKind.LEADER_INSTRUCTION
    text: Text
    complete_by: StatedInstant | None = None


class TaskForce(Message):
    """One case, one task force (工作专班): lead leader, lead department (主办), assisting ones (协办)."""

    kind: Literal[MessageKind.TASK_FORCE] = MessageKind.TASK_FORCE
    lead_leader: Person
    lead_department: Name
    assisting_departments: Annotated[tuple[Name, ...], Field(max_length=50, fail_fast=True)]
    members: Annotated[tuple[Name | Person, ...], Field(max_length=100, fail_fast=True)] = ()
    """Persons by name, persons of an office, or offices by their id."""


class SiteVisit(Message):
    """Somebody was on site (现场督导, 调查 or 核实)."""

    kind: Literal[MessageKind.SITE_VISIT] = MessageKind.SITE_VISIT
    purpose: Purpose
    notes: Text


class MeasuresTaken(Value):
    """What followed for those responsible, in counts and yuan."""

    orders_to_rectify: Annotated[int, Field(ge=0), AS_WHOLE] = 0
    penalties_filed: Annotated[int, Field(ge=0), AS_WHOLE] = 0
    fine_yuan: Annotated[int | float, Field(ge=0, allow_inf_nan=False)] = 0
    criminal_cases: Annotated[int, Field(ge=0), AS_WHOLE] = 0
    detained: Annotated[int, Field(ge=0), AS_WHOLE] = 0
    interviewed: Annotated[int, Field(ge=0), AS_WHOLE] = 0
    held_accountable: Annotated[int, Field(ge=0), AS_WHOLE] = 0


class Attachment(Value):
    """A file that belongs to a report, kept elsewhere and known by its content."""

    name: Name
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]
    url: Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(storable), STORABLE]


class RectificationReport(Message):
    """The unit reports on its rectification (整改报告); the final one ends the stage."""

    kind: Literal[MessageKind.RECTIFICATION_REPORT] = MessageKind.RECTIFICATION_REPORT
    final: bool
    finding: Finding
    facts: Text
    measures: Text
    completion: Completion
    outcome: MeasuresTaken | None = None
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=50, fail_fast=True)] = ()


class Verification(Message):
    """The case-supervision team confirms the rectification on the ground, or sends it back (核实)."""

    kind: Literal[MessageKind.VERIFICATION] = MessageKind.VERIFICATION
    confirmed: bool
    opinion: Text


class PreliminaryReview(Message):
    """The petition-stability team passes the case or returns it (初审)."""

    kind: Literal[MessageKind.PRELIMINARY_REVIEW] = MessageKind.PRELIMINARY_REVIEW
    passed: bool
    opinion: Text


class SurveyResponse(Value):
    """One resident's answer; ``respondent`` is a pseudonym, unique in a round."""

    respondent: Name
    opinion: Opinion
    answers: Annotated[dict[Name, Name], Field(max_length=30, default_factory=dict)]
    comment: Text | None = None


class SurveyResult(Message):
    """Answers of the residents around the site (满意度问卷); several partial results may come in a round."""

    kind: Literal[MessageKind.SURVEY_RESULT] = MessageKind.SURVEY_RESULT
    round: Annotated[int, Field(ge=1), AS_WHOLE]
    responses: Annotated[tuple[SurveyResponse, ...], Field(max_length=RESPONSES, fail_fast=True)]
    complete: bool
    team: Annotated[tuple[Name, ...], Field(max_length=50, fail_fast=True)] = ()


class Extension(Message):
    """More days for the remaining milestones (延期)."""

    kind: Literal[MessageKind.EXTENSION] = MessageKind.EXTENSION
    days: Annotated[int, Field(ge=1, le=365), AS_WHOLE]
    reason: Text
    authority: Text


class Starring(Message):
    """The case is starred, or no longer (加星调整)."""

    kind: Literal[MessageKind.STARRING] = MessageKind.STARRING
    starred: bool
    reason: Text


class Merge(Message):
    """The case is a duplicate and is answered through another (重复件并案)."""

    kind: Literal[MessageKind.MERGE] = MessageKind.MERGE
    into: Name
    reason: Text


class Withdrawal(Message):
    """The inspection group takes the case back (撤回)."""

    kind: Literal[MessageKind.WITHDRAWAL] = MessageKind.WITHDRAWAL
    reason: Text


AnyMessage = Annotated[
    Dispatch
    | Acknowledgement
    | LeaderInstruction
    | TaskForce
    | SiteVisit
    | RectificationReport
    | Verification
    | PreliminaryReview
    | SurveyResult
    | Extension
    | Starring
    | Merge
    | Withdrawal,
    Field(discriminator="kind"),
]
"""Any message of the contract, told apart by ``kind``."""


class Unreadable(Value):
    """Bytes that are no message: what could be made out of them, and why they are refused."""

    kind: str
    message_id: str | None
    refusal: Refusal

    SHORTENED: ClassVar[int] = 200


_ADAPTER: TypeAdapter[AnyMessage] = TypeAdapter(AnyMessage)


def read_message(body: bytes, kind: str | None = None) -> AnyMessage | Unreadable:
    """Read a message from JSON.

    Args:
        body: what was sent, JSON in UTF-8.
        kind: the kind, where the way it came says so (a signal's name); ``None``: it must stand in the body.

    Returns:
        the message, or why it is none. Never raises.
    """
    if len(body) > MESSAGE_BYTES:
        size = f"消息有 {len(body)} 字节，上限为 {MESSAGE_BYTES} 字节；请缩短后重新发送"
        return _unreadable(kind, None, RefusalCode.TOO_LARGE, size)
    try:
        fields: Any = from_json(body)
    except ValueError as error:
        return _unreadable(kind, None, RefusalCode.MALFORMED, f"不是有效的 JSON（{error}）；请检查后重新发送")
    if not isinstance(fields, dict):
        return _unreadable(kind, None, RefusalCode.MALFORMED, "消息应当是一个 JSON 对象；请检查后重新发送")
    fields = cast("dict[str, Any]", fields)
    message_id, stated = fields.get("message_id"), fields.get("kind", kind)
    if (overlong := _overlong(fields)) is not None:
        return _unreadable(stated, message_id, RefusalCode.TOO_LARGE, f"{overlong}；请缩短后重新发送")
    if not isinstance(stated, str) or stated not in set(MessageKind):
        return _unreadable(
            stated, message_id, RefusalCode.UNKNOWN_KIND, f"没有“{_short(stated)}”这种消息；可用的有：{_KINDS}"
        )
    if kind is not None and stated != kind:
        return _unreadable(
            kind,
            message_id,
            RefusalCode.MALFORMED,
            f"消息名为“{_short(kind)}”，内容却写着 kind“{_short(stated)}”；请改为一致",
        )
    try:
        # From JSON again, not from the dict: strict JSON mode takes times and tuples, but no "3" for 3.
        return _ADAPTER.validate_json(json.dumps({**fields, "kind": stated}), strict=True)
    except ValidationError as error:
        return _unreadable(stated, message_id, *_explain(error))
    except ValueError as error:
        return _unreadable(stated, message_id, RefusalCode.MALFORMED, f"不是有效的 JSON（{error}）；请检查后重新发送")


def _overlong(fields: dict[str, Any]) -> str | None:
    """What has far more parts than any message, if anything: to validate it would hold up the case."""
    if len(fields) > _PARTS:
        return f"消息：过长，最多 {_PARTS} 项"
    for name, value in fields.items():
        if isinstance(value, list | dict) and len(cast("list[Any]", value)) > RESPONSES:
            return f"{_short(name)}：过长，上限为 {RESPONSES}"
    responses = fields.get("responses")
    for response in cast("list[Any]", responses) if isinstance(responses, list) else ():
        parts = cast("dict[str, Any]", response).values() if isinstance(response, dict) else ()
        if any(isinstance(part, list | dict) and len(cast("list[Any]", part)) > _PARTS for part in parts):
            return f"responses：其中一份过长，最多 {_PARTS} 项"
    return None


def content_digest(message: AnyMessage) -> str:
    """A digest of the content, by which a repeat is told from another message under the same id."""
    return hashlib.sha256(message.model_dump_json().encode()).hexdigest()[:24]


_KINDS = "、".join(MessageKind)


def _unreadable(kind: Any, message_id: Any, code: RefusalCode, reason: str) -> Unreadable:
    known_id = _short(message_id) if isinstance(message_id, str) else None
    return Unreadable(kind=_short(kind), message_id=known_id, refusal=Refusal(code=code, reason=reason))


def _short(value: Any) -> str:
    """Of an unknown value as much as may stand in a reason and in Postgres."""
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return text.replace("\x00", "�")[: Unreadable.SHORTENED]


_MOST_MISTAKES = 100
"""Mistakes that are looked at one by one: a message of nothing but mistakes must not hold up the case."""
_NO_PART = {"Person", "int", "float", "[key]", "function-after[storable(), constrained-str]"}
"""What pydantic puts into the place of a mistake and the sender never wrote: the branches of a union, a key."""


def _explain(error: ValidationError) -> tuple[RefusalCode, str]:
    """All mistakes of a message (the first five in words) and the code they amount to."""
    if error.error_count() > _MOST_MISTAKES:
        return RefusalCode.MALFORMED, f"有 {error.error_count()} 处错误；请对照消息格式改正后重新发送"
    mistakes = error.errors(include_url=False, include_input=False)
    said = "；".join(f"{_where(mistake)}：{sentence_for(mistake)}" for mistake in mistakes[:5])
    more = f"；另有 {len(mistakes) - 5} 处" if len(mistakes) > 5 else ""
    overlong = all(mistake["type"] in OVERLONG for mistake in mistakes)
    code = RefusalCode.TOO_LARGE if overlong else RefusalCode.MALFORMED
    return code, f"{said}{more}。请改正后重新发送"


def _where(mistake: ErrorDetails) -> str:
    """The place of a mistake as the sender wrote it; names come from the sender, so they are cut and made storable."""
    *path, last = (str(part) for part in mistake["loc"][1:]) if len(mistake["loc"]) > 1 else ("消息",)
    kept = [part for part in path if part not in _NO_PART]
    if not kept or last not in _NO_PART or mistake["type"] == "extra_forbidden":
        kept.append(last)
    return _short(".".join(kept))
