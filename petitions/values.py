"""What every value object of the domain shares: frozen, strict about unknown fields, aware times only."""

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


class Person(Value):
    """Somebody who acts for an office: the office's id and the person's own name."""

    office: Name
    name: Name
