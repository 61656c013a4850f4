"""The settings of who may ask: ``GUATU_API_ACCESS``, the pepper of the keys, and the OIDC issuer."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from api.tokens import is_loopback
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
    api_secure_cookies: bool = False
    """Whether cookies are sent by https alone; also without it they are, where the request itself came by https. For a
    proxy that speaks https outside and http to this process."""
    oidc_issuer: str | None = None
    """``iss`` of the tokens that are taken; none: no tokens are."""
    oidc_audience: str | None = None
    """What must be in a token's ``aud``."""
    oidc_jwks: str | None = None
    """Where the issuer's keys (a JWK set) are: a path, or an https or http address; none: where the issuer says."""
    oidc_office_claim: Annotated[str, Field(min_length=1)] = "office"
    """The claim that holds the office's id, or ``system/<name>``."""
    oidc_client_id: str | None = None
    """As which client the issuer knows this system: then people sign in at the desk by the issuer; none: by keys
    alone."""
    oidc_client_secret_file: Path | None = None
    """The path of a file with the client's secret; none: it has none, and PKCE alone protects the exchange."""
    desk_url: HttpUrl | None = None
    """Where browsers reach this system (``https://guatu.example.gov.cn``), for the way back from the issuer."""

    @field_validator("oidc_issuer", "oidc_audience", "oidc_jwks", "oidc_client_id", "desk_url", mode="before")
    @classmethod
    def _empty_is_none(cls, given: object) -> object:
        return given or None

    @property
    def cookies_by_https_alone(self) -> bool:
        """Whether a setting says that browsers come by https, whatever a proxy makes of it."""
        return self.api_secure_cookies or (self.desk_url is not None and self.desk_url.scheme == "https")

    @model_validator(mode="after")
    def _all_of_an_issuer(self) -> Self:
        given = {
            "GUATU_OIDC_ISSUER": self.oidc_issuer,
            "GUATU_OIDC_AUDIENCE": self.oidc_audience,
        }
        missing = [name for name, value in given.items() if value is None]
        if missing and len(missing) < len(given):
            raise ValueError(f"{', '.join(missing)} must be set, too: a token is checked with both of {[*given]}")
        if self.oidc_jwks is not None and missing:
            raise ValueError(f"GUATU_OIDC_JWKS is set, so {', '.join(missing)} must be set, too")
        if self.oidc_issuer is not None and self.oidc_jwks is None and not _tells_of_itself(self.oidc_issuer):
            raise ValueError("GUATU_OIDC_JWKS must be set, too: GUATU_OIDC_ISSUER is no https address to ask for keys")
        if self.oidc_client_id is not None:
            needed = given | {"GUATU_DESK_URL": self.desk_url}
            if lacking := [name for name, value in needed.items() if value is None]:
                raise ValueError(f"GUATU_OIDC_CLIENT_ID is set, so {', '.join(lacking)} must be set, too")
            if not (self.desk_url and (self.desk_url.scheme == "https" or is_loopback(self.desk_url.host or ""))):
                raise ValueError("GUATU_DESK_URL must be https: what the issuer answers with passes through it")
        elif self.oidc_client_secret_file is not None:
            raise ValueError("GUATU_OIDC_CLIENT_SECRET_FILE is set, so GUATU_OIDC_CLIENT_ID must be set, too")
        return self

    def client_secret(self) -> str | None:
        """With what this system proves to the issuer who it is; none: with nothing.

        Raises:
            AccessSettingsError: The file cannot be read, or is empty.
        """
        file = self.oidc_client_secret_file
        if file is None:
            return None
        try:
            secret = file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or "it is no text"
            raise AccessSettingsError(f"GUATU_OIDC_CLIENT_SECRET_FILE={file}: {said}") from None
        if not secret:
            raise AccessSettingsError(f"GUATU_OIDC_CLIENT_SECRET_FILE={file}: it is empty")
        return secret


def _tells_of_itself(issuer: str) -> bool:
    """Whether an issuer has an address at which it can be asked, by nobody else in between."""
    parts = urlsplit(issuer)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
