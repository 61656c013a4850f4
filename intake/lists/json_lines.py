"""JSON Lines: a hand-over of the contract on each line; a line that is wrong is that row's mistake alone."""

from typing import Any, cast

from pydantic_core import from_json

from intake.lists.errors import ListTooLargeError, UnreadableListError
from intake.lists.limits import ROWS
from petitions.hand_over import HandOver, HandOverError, is_case_no, read_hand_over
from petitions.lists.rows import Row

_BOM = b"\xef\xbb\xbf"
_NAMED = 100
"""So many names that are not read are told at the most."""
_LONGEST = 40


def read_json_lines(content: bytes) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Read the rows, and the names of what they hold beyond the contract, which is not read.

    Raises:
        UnreadableListError: it is one JSON array.
        ListTooLargeError: there are too many lines.
    """
    text = content.removeprefix(_BOM)
    if text.lstrip().startswith(b"["):
        raise UnreadableListError("这是一个 JSON 数组；请改为 JSON Lines：每行一个对象，行末不加逗号")
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > ROWS:
        raise ListTooLargeError(f"清单有 {len(lines)} 行，上限为 {ROWS} 行；请分成几份提交")
    ignored: dict[str, None] = {}
    rows = tuple(_row(number, line, ignored) for number, line in lines)
    return rows, tuple(ignored)


def _row(number: int, line: bytes, ignored: dict[str, None]) -> Row:
    fields = _fields(line)
    for name in fields:
        if name not in HandOver.model_fields and len(ignored) < _NAMED:
            ignored[name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"] = None
    try:
        hand_over = read_hand_over(line)
    except HandOverError as error:
        given = fields.get("case_no")
        case_no = given.strip().lstrip("* ") if isinstance(given, str) else ""
        known = case_no if is_case_no(case_no) else None
        return Row(row=number, case_no=known, hand_over=None, mistakes=error.mistakes)
    return Row(row=number, case_no=hand_over.case_no, hand_over=hand_over)


def _fields(line: bytes) -> dict[str, Any]:
    try:
        fields = from_json(line)
    except ValueError:
        return {}
    return cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}
