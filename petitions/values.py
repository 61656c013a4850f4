"""What every value object of the domain shares: frozen, strict about unknown fields, aware times only."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints


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


Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), AfterValidator(storable)]
"""A short text: an id, a person's name, a place; 1 to 200 characters."""

Text = Annotated[
    str, StringConstraints(min_length=1, max_length=20_000, strip_whitespace=True), AfterValidator(storable)
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


StatedInstant = Annotated[AwareDatetime, AfterValidator(of_our_time)]
"""A moment that somebody outside states: aware, of the years 1900 to 2999."""


class Person(Value):
    """Somebody who acts for an office: the office's id and the person's own name."""

    office: Name
    name: Name
