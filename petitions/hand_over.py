"""The hand-over (交办): with what a case starts (§4, input)."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, cast

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import from_json

from petitions.mistakes import Mistake, TwoTonguesError, sentence_for
from petitions.regions import SEPARATOR, regions_of
from petitions.values import Name, StatedInstant, Text, Value
from petitions.vocabulary import Category, Channel

WORKFLOW_ID_PREFIX = "case-"

_CASE_NO = re.compile(r"[^\s/*\x00-\x1f]{1,64}")


def is_case_no(text: str) -> bool:
    """Whether this can be a case number: 1 to 64 characters without spaces, ``/`` and ``*``."""
    return _CASE_NO.fullmatch(text) is not None


def without_star(number: str) -> str:
    """A case number as lists and walls print it, without the ``*`` of a starred case, which is no part of it."""
    return number.strip().lstrip("* ")


class HandOverError(ValueError):
    """A hand-over that cannot open a case; the text says every mistake and where it stands.

    Attributes:
        mistakes: The same in Chinese, one by one; none where the text tells of something else than the content.
    """

    def __init__(self, text: str, mistakes: tuple[Mistake, ...] = ()) -> None:
        super().__init__(text)
        self.mistakes = mistakes


class HandOver(Value):
    """A case as the inspection group hands it over.

    Details of the complainant have no field here: they never enter Temporal (§6). A field that is not known is
    left out, not refused: a hand-over must not be lost for something superfluous.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    case_no: Name
    received_at: StatedInstant
    """The moment of the hand-over: all clocks of the case start here."""
    batch: Annotated[int, Field(ge=0, le=2_147_483_647)] | None = None
    """Number of the batch on the inspection group's list; a 32-bit integer, as Postgres keeps it."""
    channel: Channel
    starred: bool
    county: Name
    """The region; of a joint case all of them, the leading one first, with ``、`` between."""
    location: Text
    categories: Annotated[tuple[Category, ...], Field(fail_fast=True)]
    summary: Text
    responsible_unit: Name | None = None
    jurisdiction: Name | None = None
    """Name of the jurisdiction; none: the worker's."""

    @model_validator(mode="before")
    @classmethod
    def _star_before_the_number(cls, fields: Any) -> Any:
        """A ``*`` before the number, as lists print it, means starred and is not part of the number."""
        if not isinstance(fields, dict):
            return fields
        given = cast("dict[str, Any]", fields)
        number = given.get("case_no")
        if isinstance(number, str) and number.strip().startswith("*"):
            return {**given, "case_no": without_star(number), "starred": True}
        return given

    @field_validator("case_no")
    @classmethod
    def _usable_number(cls, number: str) -> str:
        if not is_case_no(number):
            raise TwoTonguesError(
                "a case number has 1 to 64 characters, without spaces, '/' or '*' inside",
                "受理编号应为 1 到 64 个字符，中间不能有空格、“/”或“*”",
            )
        return number

    @field_validator("county")
    @classmethod
    def _each_region_once(cls, county: str) -> str:
        return SEPARATOR.join(regions_of(county))

    @field_validator("categories")
    @classmethod
    def _each_category_once(cls, categories: tuple[Category, ...]) -> tuple[Category, ...]:
        return tuple(dict.fromkeys(categories)) or (Category.OTHER,)

    @property
    def workflow_id(self) -> str:
        """The id under which the case's workflow runs."""
        return f"{WORKFLOW_ID_PREFIX}{self.case_no}"


def read_hand_over(body: bytes) -> HandOver:
    """Read a hand-over from JSON.

    Raises:
        HandOverError: it is none; the text names every mistake.
    """
    try:
        from_json(body)
        return HandOver.model_validate_json(body)
    except ValidationError as error:
        raise _does_not_fit(error) from None
    except ValueError as error:
        not_json = Mistake(where=_WHOLE, said=f"不是有效的 JSON（{error}）")
        raise HandOverError(f"the hand-over is not JSON: {error}", (not_json,)) from None


def hand_over_of(fields: Mapping[str, Any]) -> HandOver:
    """Make a hand-over of fields that have been read already: a row of a list, say.

    Raises:
        HandOverError: it is none; the text names every mistake.
    """
    try:
        return HandOver.model_validate(dict(fields))
    except ValidationError as error:
        raise _does_not_fit(error) from None


_WHOLE = "交办件"
"""Where a mistake stands that concerns no single field."""


def _does_not_fit(error: ValidationError) -> HandOverError:
    mistakes = error.errors(include_url=False, include_input=False)
    places = [".".join(str(part) for part in mistake["loc"]) for mistake in mistakes]
    text = "; ".join(f"{place or 'input'}: {mistake['msg']}" for place, mistake in zip(places, mistakes, strict=True))
    return HandOverError(
        f"the hand-over does not fit the contract: {text}",
        tuple(
            Mistake(where=place or _WHOLE, said=sentence_for(mistake))
            for place, mistake in zip(places, mistakes, strict=True)
        ),
    )
