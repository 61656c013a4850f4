"""What is wrong with something that was sent, in Chinese: one sentence for each kind of mistake that pydantic tells.

Never in a sentence: what the sender wrote there. It may be anything, a complainant's telephone number as well.
"""

from typing import Final

from pydantic_core import ErrorDetails

from petitions.values import Value

OVERLONG: Final = frozenset({"string_too_long", "too_long"})
"""Kinds of mistakes that mean no more than: too long."""

_TIME = "时间格式不对，例如 2021-08-27T10:00:00+08:00"
_SAID = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这一项，请删去或改正拼写",
    "string_too_short": "不能为空",
    "bool_parsing": "只能是 true 或 false",
    "bool_type": "只能是 true 或 false",
    "int_parsing": "应当是整数",
    "int_type": "应当是整数",
    "string_type": "应当是文字",
    "tuple_type": "应当是列表",
    "list_type": "应当是列表",
    "timezone_aware": "时间要带时区，例如 2021-08-27T10:00:00+08:00",
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "datetime_parsing": _TIME,
    "datetime_type": _TIME,
    "dict_type": "应当是一个对象",
    "finite_number": "应当是有限的数",
    "float_type": "应当是数字",
    "int_from_float": "应当是整数",
    "model_attributes_type": "应当是一个对象",
    "model_type": "应当是一个对象",
    "string_pattern_mismatch": "格式不对",
}


class Mistake(Value):
    """One mistake: where it stands, and what is wrong and what to do, in Chinese."""

    where: str
    said: str


class TwoTonguesError(ValueError):
    """A rule of a model that is broken: the text is English, for programs' logs; ``said`` is Chinese, for people."""

    def __init__(self, text: str, said: str) -> None:
        super().__init__(text)
        self.said = said


def sentence_for(mistake: ErrorDetails) -> str:
    """What is wrong, without where: ``应当是整数``."""
    kind, context = mistake["type"], mistake.get("ctx", {})
    if kind in {"enum", "literal_error"}:
        return f"只能是 {context.get('expected', '').replace(' or ', ', ')}"
    if kind in OVERLONG:
        return f"过长，上限为 {context.get('max_length', '')}"
    if kind in {"greater_than_equal", "less_than_equal"}:
        bound = context.get("ge", context.get("le"))
        return f"应当{'不小于' if 'ge' in context else '不大于'} {bound}"
    if kind == "value_error":
        error = context.get("error", "")
        return error.said if isinstance(error, TwoTonguesError) else str(error)
    return _SAID.get(kind, "格式不对")
