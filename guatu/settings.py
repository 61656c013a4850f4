"""Settings of the environment, read with a sentence for every mistake.

Any setting may stand in a file instead, which the variable of the same name with ``_FILE`` names: so containers are
given their secrets.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from guatu.errors import SettingsError

Settings = TypeVar("Settings", bound=BaseSettings)

FROM_FILE = "_FILE"
"""What is added to a setting's name for the path of a file that holds its value."""
_EXAMPLES = {"GUATU_DATABASE_URL": "postgresql://user@host/database"}


def read_settings(kind: type[Settings], **given: Any) -> Settings:
    """The settings of a process, from ``GUATU_*``, or from the files that ``GUATU_*_FILE`` name.

    Args:
        kind: The settings to read.
        given: Fields that are known already, whatever the environment says.

    Raises:
        SettingsError: some are missing or wrong; the text names every one.
    """
    from_files = dict(_from_files(kind, given))
    try:
        return kind(**from_files, **given)
    except ValidationError as error:
        prefix = str(kind.model_config.get("env_prefix", ""))
        mistakes = error.errors(include_url=False, include_input=False)
        raise SettingsError("; ".join(_told(mistake, prefix) for mistake in mistakes)) from None


def value_in_file(variable: str, path: str) -> str:
    """What a file of one value holds, without the line's end.

    Args:
        variable: The environment variable that names the file, for the error.
        path: The file.

    Raises:
        SettingsError: It cannot be read, or is empty.
    """
    try:
        value = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{variable}={path}: {reason}") from None
    if not value:
        raise SettingsError(f"{variable}={path}: the file is empty")
    return value


def _from_files(kind: type[BaseSettings], given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    prefix = str(kind.model_config.get("env_prefix", ""))
    for field in kind.model_fields.keys() - given.keys():
        name = f"{prefix}{field}".upper()
        variable = f"{name}{FROM_FILE}"
        if (path := os.environ.get(variable)) is None:
            continue
        if name in os.environ:
            raise SettingsError(f"{name} and {variable} are both set: set one of them")
        yield field, value_in_file(variable, path)


def _told(mistake: ErrorDetails, prefix: str) -> str:
    first, *rest = (str(part) for part in mistake["loc"]) if mistake["loc"] else ("",)
    name = f"{prefix}{first}".upper()
    if mistake["type"] == "missing" and not rest:
        example = _EXAMPLES.get(name)
        return f"{name} is not set" + (f" (for example {example})" if example else "")
    said = mistake["msg"].removeprefix("Value error, ")
    if not first:
        return said  # it concerns several settings, and names them
    where = f" ({'.'.join(rest)})" if rest else ""
    return f"{name}{where} is wrong: {said}"
