"""What every value object of the domain shares: frozen, strict about unknown fields, aware times only."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints


class Value(BaseModel):
    """A frozen value object; a field it does not know is an error, so that no misspelling passes unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)


Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
"""A short text: an id, a person's name, a place."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, strip_whitespace=True)]
"""A free text that somebody wrote: 1 to 20,000 characters."""

Instant = AwareDatetime
"""A moment with its offset; naive times are refused."""
