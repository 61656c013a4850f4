"""Survey answers as rows of a form or of a sheet: a resident in each, a column for each of the questions asked."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from petitions.vocabulary import Opinion

Row = tuple[str, ...]
"""The cells of a row, in the order of ``columns``."""

OPINIONS: Final[tuple[tuple[str, str], ...]] = tuple((word.value, word.label) for word in Opinion)
_OPINION_WORDS: Final = {label: value for value, label in OPINIONS}
_ANSWER: Final = "answers."


def columns(questions: Sequence[str]) -> tuple[str, ...]:
    """The columns, by what they are called in a form: the n-th question's is ``answers.n``, from 0 on."""
    return ("respondent", "opinion", *(f"{_ANSWER}{number}" for number in range(len(questions))), "comment")


def heading(column: str) -> str:
    """What a column is called above it, and in mistakes; a question by its number, from 1 on."""
    if column.startswith(_ANSWER):
        return f"问{int(column.removeprefix(_ANSWER)) + 1}"
    return {"respondent": "受访人", "opinion": "意见", "comment": "说明"}[column]


def rows_typed(typed: Mapping[str, Sequence[str]], questions: Sequence[str]) -> list[Row]:
    """The rows in which anything stands; each column was typed as ``responses.<column>``, row by row."""
    given = [list(typed.get(f"responses.{column}", ())) for column in columns(questions)]
    most = max(map(len, given))
    padded = [column + [""] * (most - len(column)) for column in given]
    return [row for row in zip(*padded, strict=True) if "".join(row).strip()]


def as_typed(rows: Sequence[Row], questions: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The rows as a form would have posted them."""
    return {f"responses.{column}": tuple(row[place] for row in rows) for place, column in enumerate(columns(questions))}


def response_of(row: Row, questions: Sequence[str]) -> dict[str, Any]:
    """A row as the message has it; what is blank is left out."""
    cells = dict(zip(columns(questions), (cell.strip() for cell in row), strict=True))
    cells["opinion"] = _OPINION_WORDS.get(cells["opinion"], cells["opinion"])
    response: dict[str, Any] = {
        column: cell for column, cell in cells.items() if cell and not column.startswith(_ANSWER)
    }
    answers = {
        question: cells[f"{_ANSWER}{number}"]
        for number, question in enumerate(questions)
        if cells[f"{_ANSWER}{number}"]
    }
    return response | ({"answers": answers} if answers else {})
