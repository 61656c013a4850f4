"""The compose file as Compose reads it: merged keys, variables with their defaults."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

ROOT = Path(__file__).parent.parent.parent
COMPOSE, MAIL = ROOT / "docker-compose.yml", ROOT / "docker-compose.mail.yml"
_VARIABLE = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")


@dataclass(frozen=True)
class ServiceSpec:
    """A service of the file.

    Attributes:
        name: What others call it.
        spec: What stands there.
    """

    name: str
    spec: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """What it sets."""
        given: dict[str, str] = self.spec.get("environment", {})
        return given

    @property
    def image(self) -> str:
        """The image."""
        return str(self.spec.get("image", ""))

    @property
    def is_ours(self) -> bool:
        """Whether it runs our own image."""
        return self.image.startswith("guatu:")


def document(path: Path = COMPOSE, **variables: str) -> dict[str, Any]:
    """The whole file."""

    def value(match: re.Match[str]) -> str:
        name, how, rest = match.groups()
        if name in variables:
            return variables[name]
        assert how == ":-", f"{path.name} needs {name}: {rest}"
        return rest

    text = _VARIABLE.sub(value, path.read_text(encoding="utf-8"))
    return cast("dict[str, Any]", yaml.safe_load(text))


def services(path: Path = COMPOSE, **variables: str) -> dict[str, ServiceSpec]:
    """The services of the file by name."""
    return {name: ServiceSpec(name, spec) for name, spec in document(path, **variables)["services"].items()}


def plain_environment() -> dict[str, str]:
    """The environment of this process without anybody's settings."""
    foreign = ("GUATU_", "TEMPORAL_", "SQL_", "POSTGRES_", "PG")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
