"""The setting of the database, for every process that uses it."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DatabaseSettings(BaseSettings):
    """``GUATU_DATABASE_URL`` and the size of the pool."""

    model_config = SettingsConfigDict(env_prefix="GUATU_", extra="ignore")

    database_url: str
    """``postgresql://user@host/database``: guatu's own database."""
    database_connections: Annotated[int, Field(ge=2, le=200)] = 20
    """Connections that one process holds at the most."""
