"""The complainant (举报人): details that come with a hand-over and never enter the case (§6).

Nothing of them may stand in a log, a trace or an error's text. So this is no ``Value`` that shows itself: it says
nothing of its content, and its mistakes are told without what was given.
"""

from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails

from petitions.values import STORABLE, storable


def _none_if_blank(given: object) -> object:
    """Systems that leave something open often send an empty text."""
    return None if isinstance(given, str) and not given.strip() else given


_Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(storable), STORABLE]
_Telephone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=50), AfterValidator(storable), STORABLE]
_Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(storable), STORABLE]
_OrBlank = BeforeValidator(_none_if_blank)


class Complainant(BaseModel):
    """Who complains, by name (实名) or anonymously (匿名).

    Also an anonymous complainant may have left a telephone number or an address. What is empty counts as not given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    anonymous: Annotated[bool, Field(description="Anonymous (匿名) or by name (实名).")]
    name: Annotated[_Name | None, _OrBlank, Field(description="The name; none of an anonymous complainant.")] = None
    telephone: Annotated[_Telephone | None, _OrBlank, Field(description="How to call back.")] = None
    address: Annotated[
        _Address | None, _OrBlank, Field(description="Where the complainant lives or can be reached.")
    ] = None

    @model_validator(mode="after")
    def _no_name_of_an_anonymous_one(self) -> Self:
        if self.anonymous and self.name is not None:
            raise ValueError("匿名举报人不应有姓名：请删去姓名，或改为实名")
        return self

    # The last of the validators: those before it are told through it, too.
    @model_validator(mode="wrap")
    @classmethod
    def _mistakes_without_what_was_given(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Tell mistakes without input, whichever model this is a field of, and unknown fields without their names."""
        try:
            return handler(given)
        except ValidationError as error:
            mistakes = [
                InitErrorDetails(
                    type=mistake["type"],
                    loc=() if mistake["type"] == "extra_forbidden" else mistake["loc"],
                    ctx=mistake.get("ctx", {}),
                    input=None,
                )
                for mistake in error.errors(include_url=False, include_input=False)
            ]
        # Outside of the handler: the first error is not carried along in the second.
        raise ValidationError.from_exception_data(cls.__name__, mistakes, hide_input=True)

    def __setattr__(self, name: str, value: Any) -> None:
        """Frozen; pydantic's own refusal would show the value.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(f"{name} of a complainant cannot be set")

    def __repr__(self) -> str:
        return "Complainant(…)"

    __str__ = __repr__

    def __repr_args__(self) -> list[tuple[str, Any]]:
        """Nothing, for whatever prints models in its own way."""
        return []

    def __rich_repr__(self) -> list[Any]:
        """Nothing."""
        return []
