"""What becomes of a form on a case: a message, sent as ``POST …/messages`` sends it; a draft; or mistakes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from fastapi import Request
from pydantic_core import to_json

from api.authentication import require_on_case
from api.context import Context
from api.desk.drafts import keep_draft
from api.desk.files import attachment_address, keep_file
from api.desk.posted import ACT, AUTOSAVE, MESSAGE_ID, ROUND, SEEN, Posted
from api.desk.sessions import SignedIn
from api.desk.shown import Happened, ShownForm, happened, matters, new_message_id, shown_form
from api.desk.spreadsheets import AnswersError, answers_in
from api.messages import answer_of
from api.problems import ProblemError
from api.reopenings import reopened
from api.request_ids import request_id_of
from api.titles import with_titles
from intake.errors import EngineError
from petitions.access import Deed, offices_of
from petitions.case import Case, answer_key
from petitions.forms.fields import Form, Shape
from petitions.forms.reading import WHOLE_FORM, body_of, mistakes_in, refused_at
from petitions.messages import Refusal
from petitions.mistakes import Mistake
from petitions.offers import what_may_be_sent
from petitions.reopening import REOPEN, Reopening
from petitions.survey_rows import as_typed, rows_typed
from petitions.vocabulary import RefusalCode
from store import StoreError
from store.attachments import AttachedLine

_log = structlog.stdlib.get_logger()
_MESSAGE_ID = re.compile(r"desk-[0-9a-f]{24}")
_SHEET_BYTES = 2 * 1024 * 1024
_MOST_FILES = 300
"""Files of one case at the most; a real one has a dozen in each round."""
_AWAY = "案件流程系统暂时没有应答，尚未确认提交成功。填写的内容都在，请稍后再次提交（重复提交不会重复计算）。"


@dataclass(frozen=True)
class Sent:
    """The case has taken the message in, as this entry of its record."""

    seq: int


@dataclass(frozen=True)
class Done:
    """The draft is as the person wants it."""

    by_itself: bool = False
    """A script has kept it, the person goes on typing."""


@dataclass(frozen=True)
class Again:
    """The form is shown again."""

    case: Case
    form: ShownForm
    status: int


async def submit(
    request: Request, context: Context, here: SignedIn, case: Case, form: Form, posted: Posted
) -> Sent | Done | Again:
    """Do with a posted form what its button says.

    Args:
        request: By which it came.
        context: With the engine and the store.
        here: Who has posted it.
        case: As it stands.
        form: Which fields it has.
        posted: What was typed.

    Raises:
        StoreError: As the store says.
    """
    store, by = context.store, here.by
    if posted.one(ACT) == AUTOSAVE:
        # On its way it may have been overtaken by the very message that it was to become.
        if answer_key(posted.one(MESSAGE_ID)) not in case.answers:
            await keep_draft(context, by, case.case_no, form.kind, Posted(posted.typed))
        return Done(by_itself=True)
    if posted.one(ACT) == "discard":
        await context.in_time(store.drop_draft(by.office, by.name, case.case_no, form.kind))
        return Done()
    try:
        if posted.files:
            await context.rates.count(request, here.caller)
    except ProblemError as error:
        shown = shown_form(case, form, by.office, context.now(), typed=posted.typed)
        said = Mistake(where=WHOLE_FORM, said=error.problem.detail)
        return Again(case, _with_mistakes(shown, [said]), error.problem.status)
    typed, mistakes = await _with_files(context, here, case, form, posted)
    stated = posted.one(MESSAGE_ID)
    message_id = stated if _MESSAGE_ID.fullmatch(stated) else new_message_id()
    shown = replace(shown_form(case, form, by.office, context.now(), typed=typed), message_id=message_id)
    kept = Posted(typed)
    if posted.one(ACT) in {"draft", "rows"}:
        if mistakes:
            await keep_draft(context, by, case.case_no, form.kind, kept)
            return Again(case, _with_mistakes(shown, mistakes), 422)
        if posted.one(ACT) == "rows":
            return Again(case, shown, 200)
        await keep_draft(context, by, case.case_no, form.kind, kept)
        return Done()
    stated_round = _number(posted.one(ROUND))
    body, unread = body_of(form, case, typed, by, message_id, round_=stated_round or case.round)
    _attach(body, form, await context.in_time(store.attachments(case.case_no)), typed, case.case_no)
    mistakes += unread
    wrong = {mistake.where for mistake in mistakes}
    mistakes += [mistake for mistake in mistakes_in(form, body) if mistake.where not in wrong]
    if not mistakes and answer_key(message_id) not in case.answers:
        # Pressed twice, the change is one's own.
        changed = await _changed(context, case, form.kind, posted.one(SEEN))
        if changed:
            await _keep(context, here, case, form, kept)
            return Again(case, replace(shown, changed=changed), 409)
    if mistakes:
        await _keep(context, here, case, form, kept)
        return Again(case, _with_mistakes(shown, mistakes), 422)
    answer = await _send(request, context, here, case, form, body)
    if isinstance(answer, Sent):
        try:
            await context.in_time(store.drop_draft(by.office, by.name, case.case_no, form.kind))
        except StoreError as error:
            _log.warning("a draft that was sent was not dropped", case_no=case.case_no, error=str(error))
        return answer
    await _keep(context, here, case, form, kept)
    said, status = answer
    if status != 503:
        # The case remembers its answer to this message: what is mended is another one.
        shown = replace(shown, message_id=new_message_id())
    return Again(case, _with_mistakes(shown, [said]), status)


async def _send(
    request: Request, context: Context, here: SignedIn, case: Case, form: Form, body: dict[str, Any]
) -> Sent | tuple[Mistake, int]:
    """The case's receipt; or why there is none, and the status to say it with."""
    deed = Deed.REOPEN if form.kind == REOPEN else Deed.SEND_MESSAGE
    request_id = request_id_of(request)
    try:
        await require_on_case(context, here.caller, deed, case.case_no, by_office=here.by.office)
        await context.rates.count(request, here.caller)
        if form.kind == REOPEN:
            reopening = Reopening.model_validate_json(to_json(body), strict=True)
            receipt, _ = await reopened(context, case.case_no, reopening, request_id)
            return Sent(receipt.seq)
        answer = await answer_of(context, case.case_no, to_json(body), request_id)
    except EngineError as error:
        _log.warning("the engine cannot answer", path=request.url.path, kind=type(error).__name__, error=str(error))
        return Mistake(where=WHOLE_FORM, said=_AWAY), 503
    except ProblemError as error:
        return Mistake(where=WHOLE_FORM, said=error.problem.detail), error.problem.status
    if isinstance(answer, Refusal):
        if answer.code is RefusalCode.MESSAGE_ID_REUSED:
            said = "这张表单此前已经提交过；请看下面的办理记录。确需再提交一次的，请核对后再次点击。"
            return Mistake(where=WHOLE_FORM, said=said), 409
        said = with_titles(offices_of(context.jurisdictions.get(None)))(answer.reason)
        return refused_at(form, answer.model_copy(update={"reason": said})), 409
    return Sent(answer.seq)


async def _keep(context: Context, here: SignedIn, case: Case, form: Form, typed: Posted) -> None:
    """Keep what was typed, too, where it is shown again: a browser may be closed."""
    try:
        await keep_draft(context, here.by, case.case_no, form.kind, typed)
    except StoreError as error:
        _log.warning("a draft was not kept", case_no=case.case_no, error=str(error))


async def _with_files(
    context: Context, here: SignedIn, case: Case, form: Form, posted: Posted
) -> tuple[dict[str, tuple[str, ...]], list[Mistake]]:
    """What was typed, with what the files hold; files are kept at once, so that they need not be chosen again."""
    typed, mistakes = posted.typed, list[Mistake]()
    for field in form.fields:
        files = posted.files.get(field.name, ())
        if field.shape is Shape.FILES and files:
            chosen = dict.fromkeys(typed.get(field.name, ()))
            if form.kind not in {kind.value for kind in what_may_be_sent(case, here.by)}:
                mistakes.append(Mistake(where=field.name, said="现在不能由本单位提交，文件没有上传"))
                continue
            if len(await context.in_time(context.store.attachments(case.case_no))) + len(files) > _MOST_FILES:
                mistakes.append(Mistake(where=field.name, said=f"本件附件已满 {_MOST_FILES} 个，文件没有上传"))
                continue
            for file in files:
                kept = await keep_file(context, case.case_no, file, here.by)
                if isinstance(kept, str):
                    mistakes.append(Mistake(where=field.name, said=kept))
                else:
                    chosen[kept[0]] = None
            typed[field.name] = tuple(chosen)
        if field.shape is Shape.ANSWERS:
            rows = rows_typed(typed, field.questions)
            for file in files:
                try:
                    if (file.size or 0) > _SHEET_BYTES:
                        raise AnswersError("表格超过 2 MiB；请只保留问卷的各列后重新选择")
                    rows += answers_in(await file.read(), field.questions)
                except AnswersError as error:
                    mistakes.append(Mistake(where=field.name, said=str(error)))
            typed |= as_typed(rows, field.questions)
    return typed, mistakes


def _attach(
    body: dict[str, Any], form: Form, files: Sequence[AttachedLine], typed: dict[str, tuple[str, ...]], case_no: str
) -> None:
    """Put the chosen files into the body: only such as were handed in for this very case."""
    for field in form.fields:
        if field.shape is not Shape.FILES:
            continue
        wanted = set(typed.get(field.name, ()))
        chosen = [file for file in files if file.sha256 in wanted]
        if not chosen:
            continue
        if not field.beside:
            body[field.name] = [
                {"name": file.name, "sha256": file.sha256, "url": attachment_address(case_no, file.sha256)}
                for file in chosen
            ]
        elif "notes" in body:
            # The message has no place of its own for them; named by their content, none can be put in their stead.
            named = "；".join(f"{file.name}（SHA-256 {file.sha256}）" for file in chosen)
            body["notes"] += f"\n{field.label}：{named}"


async def _changed(context: Context, case: Case, kind: str, seen: str) -> list[Happened]:
    """What happened to the case since the form was shown, as far as it matters."""
    after = _number(seen)
    if after is None or after >= case.seq:
        return []
    lines = await context.in_time(context.store.timeline(case.case_no, after, 50))
    return [happened(case, line) for line in lines if matters(line.event, kind)]


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _with_mistakes(shown: ShownForm, mistakes: Sequence[Mistake]) -> ShownForm:
    by_field: dict[str, list[str]] = {}
    for mistake in mistakes:
        by_field.setdefault(mistake.where, []).append(mistake.said)
    return replace(shown, mistakes=by_field)
