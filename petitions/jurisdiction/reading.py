"""Reading a jurisdiction file: either all of it is right, or every mistake is told with its line.

JurisdictionError (ValueError)      the file as a whole; ``problems`` lists what is wrong
"""

import re
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from types import NoneType
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from petitions.jurisdiction.checks import Mistake, mistakes_between_parts, suggestion
from petitions.jurisdiction.model import Jurisdiction
from petitions.jurisdiction.toml_positions import Path, key_lines
from petitions.values import Value

_LINE_IN_TEXT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_BOM = "\ufeff"
_KINDS = {
    "string_type": "a text in quotes",
    "int_type": "a whole number without quotes",
    "bool_type": "true or false without quotes",
    "tuple_type": 'a list in brackets, such as ["a", "b"]',
    "dict_type": "a table",
    "model_type": "a table",
}
_GIVEN: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a fraction",
    list: "a list",
    dict: "a table",
}


class Problem(Value):
    """One mistake in a jurisdiction file."""

    line: int
    """The line, from 1: that of the key or list element, or of the table in which something is missing."""
    where: str
    """The path of keys, such as ``counties.通川区.units[0]``; empty for what concerns the file as a whole."""
    reason: str
    """What is wrong, and what to do."""


class JurisdictionError(ValueError):
    """A jurisdiction file that is wrong; its text has a line ``source:line: where: reason`` for every mistake."""

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        self.source = source
        self.problems = problems
        super().__init__(
            "\n".join(
                f"{source}:{problem.line}: {f'{problem.where}: ' * bool(problem.where)}{problem.reason}"
                for problem in problems
            )
        )


def read_jurisdiction(text: str, *, source: str = "<jurisdiction>") -> Jurisdiction:
    """Read a jurisdiction from the text of its TOML file.

    Args:
        text: The whole text.
        source: What to call it in the error: the file's path, say.

    Returns:
        The jurisdiction; its ``version`` is the file's own, ``+``, and the first 12 digits of the text's SHA-256.

    Raises:
        JurisdictionError: The text is wrong. A mistake in the syntax hides all others; apart from that every
            mistake is told, by line.
    """
    text = text.removeprefix(_BOM)  # some editors put one there
    try:
        data = tomllib.loads(text)
        lines = key_lines(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise JurisdictionError(source, (_syntax_problem(error, text),)) from None
    except RecursionError:
        raise JurisdictionError(source, (Problem(line=1, where="", reason="nested too deeply"),)) from None
    mistakes: list[Mistake] = []
    jurisdiction: Jurisdiction | None = None
    try:
        jurisdiction = Jurisdiction.model_validate(data)
    except ValidationError as error:
        mistakes += map(_mistake, error.errors(include_url=False))
    mistakes += mistakes_between_parts(data)
    if jurisdiction is None or mistakes:
        raise JurisdictionError(source, tuple(_problems(mistakes, lines)))
    fingerprint = sha256(text.encode(errors="surrogatepass")).hexdigest()[:12]
    return jurisdiction.model_copy(update={"version": f"{jurisdiction.version}+{fingerprint}"})


def _syntax_problem(error: tomllib.TOMLDecodeError, text: str) -> Problem:
    message = str(error)
    found = _LINE_IN_TEXT.search(message)  # the only place where Python 3.11 tells it
    line = int(found[1]) if found and found[1] else max(1, len(text.rstrip().splitlines()))
    return Problem(line=line, where="", reason=f"not TOML: {_LINE_IN_TEXT.sub('', message)}")


def _problems(mistakes: list[Mistake], lines: dict[Path, int]) -> Iterator[Problem]:
    found = {
        Problem(line=_line(mistake.path, lines), where=_where(mistake.path), reason=mistake.reason): None
        for mistake in mistakes
    }
    return iter(sorted(found, key=lambda problem: problem.line))


def _line(path: Path, lines: dict[Path, int]) -> int:
    while path not in lines:
        path = path[:-1]
    return lines[path]


def _where(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _mistake(error: ErrorDetails) -> Mistake:
    of_key = error["loc"][-1:] == ("[key]",)
    path = error["loc"][:-1] if of_key else error["loc"]
    kind, given, context = error["type"], cast("object", error["input"]), error.get("ctx", {})
    match kind:
        case "missing":
            reason = "is missing; add it"
        case "extra_forbidden":
            reason = f"unknown key; {suggestion(str(path[-1]), _known_keys(path[:-1]))}"
        case "enum":
            choices = re.findall(r"'([^']*)'", context["expected"])
            called = "unknown key" if of_key else f'"{given}" is not one of the words for this'
            reason = f"{called}; {suggestion(str(given), choices)}"
        case "greater_than_equal":
            reason = f"{given} is too small; it must be at least {context['ge']}"
        case "less_than_equal":
            reason = f"{given} is too large; it must be at most {context['le']}"
        case "too_short" | "string_too_short":
            reason = "is empty; write at least one entry, or remove the line" if kind == "too_short" else "is empty"
        case "string_too_long":
            reason = f"is too long; at most {context['max_length']} characters"
        case "value_error":
            reason = str(context["error"])
        case _ if kind in _KINDS:
            reason = f"must be {_KINDS[kind]}, not {_GIVEN.get(type(given), 'a date or time')}"
        case _:
            reason = error["msg"]
    return Mistake(tuple(path), reason)


def _known_keys(path: Path) -> list[str]:
    """The keys that the table at this path may have."""
    here: Any = Jurisdiction
    for part in path:
        if isinstance(here, type) and issubclass(here, BaseModel):
            here = here.model_fields[str(part)].annotation
            if NoneType in get_args(here):  # a table that may be left out
                here = get_args(here)[0]
        else:  # a table with free keys, or a list: what its values are
            here = [kind for kind in get_args(here) if kind is not ...][-1]
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []
