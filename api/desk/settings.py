"""The settings of the desk."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DeskSettings(BaseSettings):
    """What the desk needs to know."""

    model_config = SettingsConfigDict(env_prefix="GUATU_", extra="ignore", hide_input_in_errors=True)

    desk_idle_hours: Annotated[float, Field(gt=0, le=24)] = 8
    """After how many hours without a request somebody must sign in again."""
    desk_session_hours: Annotated[float, Field(gt=0, le=24)] = 24
    """After how many hours somebody must sign in again in any case."""
    desk_attachment_mib: Annotated[int, Field(ge=1, le=50)] = 10
    """How large a file that belongs to a report may be, in MiB."""
