"""The settings of who may ask: ``GUATU_API_ACCESS``, the pepper of the keys, and the OIDC issuer."""

import ipaddress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from store.api_keys import NO_PEPPER, Pepper, WeakPepperError
from store.settings import DatabaseSettings


class AccessSettingsError(Exception):
    """A setting of who may ask is wrong; the text names it and says what to do."""


class ApiAccess(StrEnum):
    """Who is let in without a key."""

    AUTO = "auto"
    """The operator of this machine, while no key was ever issued and nobody else can reach the API."""
    KEYS = "keys"
    """Nobody."""
    OPEN = "open"
    """Everybody who reaches the API."""


class KeySettings(DatabaseSettings):
    """What issuing keys and checking them needs to know."""

    model_config = SettingsConfigDict(env_prefix="GUATU_", extra="ignore", hide_input_in_errors=True)

    jurisdiction: str = "dazhou"
    """The path of a jurisdiction file, or the name of a shipped one, as the workers have it."""
    api_key_pepper_file: Path | None = None
    """The path of a file with the secret that keys are hashed with; see ``store.api_keys``."""

    def pepper(self) -> Pepper:
        """What keys are hashed with.

        Raises:
            AccessSettingsError: The file cannot be read, or holds too little.
        """
        if self.api_key_pepper_file is None:
            return NO_PEPPER
        try:
            return Pepper.from_text(self.api_key_pepper_file.read_bytes())
        except (OSError, WeakPepperError) as error:
            said = error.strerror if isinstance(error, OSError) else error
            raise AccessSettingsError(
                f"GUATU_API_KEY_PEPPER_FILE={self.api_key_pepper_file}: {said}; "
                "make one with: head -c 32 /dev/urandom | base64 > FILE"
            ) from None


class AccessSettings(KeySettings):
    """What an API process needs to know to find out who is asking."""

    api_access: ApiAccess = ApiAccess.AUTO
    """Who is let in without a key; see docs/decisions/0011."""
    oidc_issuer: str | None = None
    """``iss`` of the tokens that are taken; none: no tokens are."""
    oidc_audience: str | None = None
    """What must be in a token's ``aud``."""
    oidc_jwks: str | None = None
    """Where the issuer's keys (a JWK set) are: a path, or an https or http address."""
    oidc_office_claim: Annotated[str, Field(min_length=1)] = "office"
    """The claim that holds the office's id, or ``system/<name>``."""

    @field_validator("oidc_issuer", "oidc_audience", "oidc_jwks")
    @classmethod
    def _empty_is_none(cls, given: str | None) -> str | None:
        return given or None

    @model_validator(mode="after")
    def _all_of_an_issuer(self) -> Self:
        given = {
            "GUATU_OIDC_ISSUER": self.oidc_issuer,
            "GUATU_OIDC_AUDIENCE": self.oidc_audience,
            "GUATU_OIDC_JWKS": self.oidc_jwks,
        }
        missing = [name for name, value in given.items() if value is None]
        if missing and len(missing) < len(given):
            raise ValueError(f"{', '.join(missing)} must be set, too: a token is checked with all three of {[*given]}")
        return self


def is_loopback(host: str) -> bool:
    """Whether this name or address means the machine itself."""
    name = host.removeprefix("[").removesuffix("]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
