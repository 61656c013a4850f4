"""Settings of the environment, read with a sentence for every mistake."""

from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from guatu.errors import SettingsError

Settings = TypeVar("Settings", bound=BaseSettings)

_EXAMPLES = {"GUATU_DATABASE_URL": "postgresql://user@host/database"}


def read_settings(kind: type[Settings], **given: Any) -> Settings:
    """The settings of a process, from ``GUATU_*``.

    Args:
        kind: The settings to read.
        given: Fields that are known already, whatever the environment says.

    Raises:
        SettingsError: some are missing or wrong; the text names every one.
    """
    try:
        return kind(**given)
    except ValidationError as error:
        prefix = str(kind.model_config.get("env_prefix", ""))
        mistakes = error.errors(include_url=False, include_input=False)
        raise SettingsError("; ".join(_told(mistake, prefix) for mistake in mistakes)) from None


def _told(mistake: ErrorDetails, prefix: str) -> str:
    first, *rest = (str(part) for part in mistake["loc"]) if mistake["loc"] else ("",)
    name = f"{prefix}{first}".upper()
    if mistake["type"] == "missing" and not rest:
        example = _EXAMPLES.get(name)
        return f"{name} is not set" + (f" (for example {example})" if example else "")
    where = f" ({'.'.join(rest)})" if rest else ""
    return f"{name}{where} is wrong: {mistake['msg']}"
