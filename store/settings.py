"""The settings of the database, for every process that uses it."""

from typing import Annotated, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from store.addresses import address_fault
from store.tls import tls_fault


class DatabaseSettings(BaseSettings):
    """``GUATU_DATABASE_URL``, its password if it is kept apart, and the size of the pool."""

    model_config = SettingsConfigDict(env_prefix="GUATU_", extra="ignore", hide_input_in_errors=True)

    database_url: Annotated[str, Field(repr=False)]
    """``postgresql://user@host/database``: guatu's own database; TLS by libpq's parameters, such as
    ``?sslmode=verify-full&sslrootcert=/path/ca.pem``. Once read, the password is part of it."""
    database_password: SecretStr | None = None
    """The role's password, where the URL has none."""
    database_connections: Annotated[int, Field(ge=2, le=200)] = 20
    """Connections that one process holds at the most."""

    @field_validator("database_url")
    @classmethod
    def _usable(cls, given: str) -> str:
        if fault := address_fault(given) or tls_fault(given):
            raise ValueError(fault)
        return given

    @model_validator(mode="after")
    def _with_password(self) -> Self:
        if self.database_password is None:
            return self
        parts = urlsplit(self.database_url)
        if parts.password is not None or any(part.startswith("password=") for part in parts.query.split("&")):
            raise ValueError("GUATU_DATABASE_PASSWORD is set, and GUATU_DATABASE_URL has a password: give it once")
        password = quote(self.database_password.get_secret_value(), safe="")
        # Not put together again from its parts: that makes another address of one without a host.
        self.database_url = f"{self.database_url}{'&' if parts.query else '?'}password={password}"
        return self
