"""What every value object of the domain shares: frozen, strict about unknown fields, aware times only."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints


class Value(BaseModel):
    """A frozen value object; a field it does not know is an error, so that no misspelling passes unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def storable(text: str) -> str:
    """Refuse what Postgres cannot keep in a text: the NUL character.

    Raises:
        ValueError: the text holds a NUL.
    """
    if "\x00" in text:
        raise ValueError("含有空字符（NUL）")
    return text


STORABLE = Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})
"""For schemas: what ``storable`` asks for."""

WHITE = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space as pydantic strips it, for the character classes of patterns in schemas."""

_SAYS_SOMETHING = Field(json_schema_extra={"pattern": rf"^[^\u0000]*[^\u0000{WHITE}][^\u0000]*$"})
"""For schemas: what ``strip_whitespace``, ``min_length`` and ``storable`` ask for together."""

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, strip_whitespace=True),
    AfterValidator(storable),
    _SAYS_SOMETHING,
]
"""A short text: an id, a person's name, a place; 1 to 200 characters."""

Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20_000, strip_whitespace=True),
    AfterValidator(storable),
    _SAYS_SOMETHING,
]
"""A free text that somebody wrote: 1 to 20,000 characters."""

Instant = AwareDatetime
"""A moment with its offset; naive times are refused."""


def of_our_time(at: datetime) -> datetime:
    """Refuse what a time zone or extensions could carry out of the calendar, which ends with the year 9999.

    Raises:
        ValueError: the year is not of 1900 to 2999.
    """
    if not 1900 <= at.year <= 2999:
        raise ValueError("年份应在 1900 到 2999 之间")
    return at


OF_OUR_TIME = r"^(19|2[0-9])[0-9]{2}-"
"""For schemas: how a day or a moment of the years 1900 to 2999 begins."""


StatedInstant = Annotated[
    AwareDatetime,
    AfterValidator(of_our_time),
    Field(json_schema_extra={"pattern": OF_OUR_TIME}),
]
"""A moment that somebody outside states: aware, of the years 1900 to 2999."""


def _whole(given: object) -> object:
    return int(given) if isinstance(given, float) and given.is_integer() else given


AS_WHOLE = BeforeValidator(_whole)
"""Takes 3.0 for 3 where a count is asked for: JSON has one sort of number, and some senders write all with a point."""


class Person(Value):
    """Somebody who acts for an office: the office's id and the person's own name."""

    office: Name
    name: Name
