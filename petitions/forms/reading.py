"""What a person typed into a form becomes the body of a message, or mistakes, each at the field where it belongs.

Blank is as good as left out. Whatever cannot be understood is handed on as it was typed: then the message's own
model says what is wrong with it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta, timezone
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from petitions.case import Case
from petitions.forms.fields import Form, FormField, Shape
from petitions.forms.of_messages import model_of
from petitions.lists.moments import moment, stated
from petitions.messages import Refusal
from petitions.mistakes import Mistake, sentence_for
from petitions.reopening import REOPEN
from petitions.survey_rows import columns, heading, response_of, rows_typed
from petitions.values import Person
from petitions.vocabulary import MessageKind, RefusalCode

Typed = Mapping[str, Sequence[str]]
"""What was typed, by the names of the fields; a field may have several values."""

WHOLE_FORM: Final = ""
"""Where a mistake stands that concerns no single field."""

_MOMENT_SAID: Final = "请写明年月日和几时几分，例如 2021-09-02 18:00"


def body_of(
    form: Form, case: Case, typed: Typed, by: Person, message_id: str, round_: int
) -> tuple[dict[str, Any], list[Mistake]]:
    """The body of the message, and what could not be read of it.

    Args:
        form: Of the message.
        case: On which it is sent.
        typed: What was typed.
        by: Who sends it.
        message_id: Its own id.
        round_: The round that was open when the form was shown.
    """
    offset = timezone(timedelta(minutes=case.rules.durations.utc_offset_minutes))
    body: dict[str, Any] = {"message_id": message_id, "by": by.model_dump()}
    mistakes: list[Mistake] = []
    for field in form.fields:
        value = _value(field, case, typed, offset)
        if isinstance(value, Mistake):
            mistakes.append(value)
        elif value is not None:
            _put(body, field.name, value)
        if field.required and value is None:
            mistakes.append(Mistake(where=field.name, said=_asked_for(field)))
    if form.kind == MessageKind.SURVEY_RESULT.value:
        body["round"] = round_
    if form.kind != REOPEN:
        body["kind"] = form.kind
    return body, mistakes


def mistakes_in(form: Form, body: Mapping[str, Any]) -> list[Mistake]:
    """What the message's model finds wrong with the body, each mistake at the form's field where it belongs."""
    try:
        model_of(form.kind).model_validate_json(json.dumps(body), strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    except ValueError:
        # Half a character, which no JSON can carry.
        return [Mistake(where=WHOLE_FORM, said="含有无法识别的字符，请删去后重新提交")]
    else:
        return []
    return [_at_its_field(form, mistake) for mistake in found[:20]]


def refused_at(form: Form, refusal: Refusal) -> Mistake:
    """A refusal, at the field that it is about."""
    names = {field.name for field in form.fields}
    where = _REFUSED_AT.get(refusal.code, WHOLE_FORM)
    if refusal.code is RefusalCode.UNKNOWN_UNIT:
        where = "unit" if "unit" in names else "lead_department"
    for name in names:
        if refusal.reason.startswith(f"{name}："):
            return Mistake(where=name, said=refusal.reason.removeprefix(f"{name}："))
    return Mistake(where=where if where in names else WHOLE_FORM, said=refusal.reason)


_REFUSED_AT: Final = {
    RefusalCode.TOO_FEW_RESPONSES: "complete",
    RefusalCode.DUPLICATE_RESPONDENT: "responses",
    RefusalCode.WRONG_ROUND: "responses",
}


def _value(field: FormField, case: Case, typed: Typed, offset: timezone) -> Any:
    """A field's value as the body has it; none if nothing was typed, a mistake if it cannot be read."""
    given = [value.strip() for value in typed.get(field.name, ()) if value.strip()]
    match field.shape:
        case Shape.ANSWERS:
            return [response_of(row, field.questions) for row in rows_typed(typed, field.questions)] or None
        case Shape.FILES:
            return None
        case Shape.MANY:
            return given
        case Shape.PEOPLE:
            return [_member(case, line) for line in _lines(given)] or None
        case Shape.NAMES:
            return list(_lines(given)) or None
        case _ if not given:
            return None
        case Shape.CHOICE if given[-1] in {"true", "false"}:
            return given[-1] == "true"
        case Shape.WHOLE | Shape.AMOUNT:
            return _number(given[-1])
        case Shape.MOMENT:
            found = stated(given[-1])
            if found is None or found.day is None or found.at is None:
                return Mistake(where=field.name, said=_MOMENT_SAID)
            return moment(found.day, found.at, offset).isoformat()
        case _:
            return given[-1]


def _number(text: str) -> int | float | str:
    plain = text.replace(",", "").replace("，", "")
    try:
        return int(plain) if len(plain) < 16 else text
    except ValueError:
        pass
    try:
        return float(plain)
    except ValueError:
        return text


def _lines(given: Sequence[str]) -> Iterator[str]:
    for text in given:
        for line in text.replace("、", "\n").splitlines():
            if line.strip():
                yield line.strip()


def _member(case: Case, line: str) -> str | dict[str, str]:
    """A line of the list of members: an office by its title, a person of an office, or just a person."""
    if (office := _office_called(case, line)) is not None:
        return office
    titled, _, name = line.rpartition(" ")
    office = _office_called(case, titled.strip())
    return {"office": office, "name": name} if office is not None and name else line


def _office_called(case: Case, title: str) -> str | None:
    if not title:
        return None
    if f"unit/{title.removeprefix('unit/')}" in case.rules.units:
        return f"unit/{title.removeprefix('unit/')}"
    return next((office for office, known in case.rules.titles.items() if title in {known, office}), None)


def _put(body: dict[str, Any], name: str, value: Any) -> None:
    *path, last = name.split(".")
    for part in path:
        body = body.setdefault(part, {})
    body[last] = value


def _asked_for(field: FormField) -> str:
    return "请选择" if field.shape in {Shape.CHOICE, Shape.SELECT, Shape.MANY} else "请填写"


def _at_its_field(form: Form, mistake: ErrorDetails) -> Mistake:
    place = [str(part) for part in mistake["loc"]]
    said = sentence_for(mistake)
    for field in form.fields:
        parts = field.name.split(".")
        if place[: len(parts)] != parts:
            continue
        rest = place[len(parts) :]
        if rest and rest[0].isdecimal():
            said = f"第{int(rest[0]) + 1}行{_column(field, rest)}：{_plain(mistake, said)}"
        return Mistake(where=field.name, said=_plain(mistake, said) if not rest else said)
    return Mistake(where=WHOLE_FORM, said=said)


def _column(field: FormField, place: Sequence[str]) -> str:
    """What the column of a row is called in which something is wrong; empty: it is in none."""
    if "answers" in place and place[-1] in field.questions:
        return heading(columns(field.questions)[2 + field.questions.index(place[-1])])
    return heading(place[-1]) if place[-1] in columns(()) else ""


def _plain(mistake: ErrorDetails, said: str) -> str:
    """What programs are told in the contract's words, people are told in theirs."""
    if mistake["type"] in {"enum", "literal_error"}:
        return "请从所列的选项中选择；问卷意见只能是满意、基本满意或不满意" if "opinion" in mistake["loc"] else "请选择"
    if mistake["type"] == "missing":
        return "请选择" if "opinion" in mistake["loc"] else "请填写"
    if mistake["type"] in {"bool_type", "bool_parsing"}:
        return "请选择"
    return said
