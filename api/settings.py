"""The settings of an API process: ``GUATU_*`` of the environment, and the namespace by Temporal's own name."""

from typing import Annotated

from pydantic import AliasChoices, Field, HttpUrl, Json
from pydantic_settings import SettingsConfigDict

from api.access_settings import AccessSettings
from api.desk.settings import DeskSettings
from petitions.clock import ShortClock
from sealing.settings import SealingSettings

Port = Annotated[int, Field(ge=0, le=65535)]


class ApiSettings(AccessSettings, SealingSettings, DeskSettings):
    """What an API process needs to know."""

    model_config = SettingsConfigDict(
        env_prefix="GUATU_", extra="ignore", hide_input_in_errors=True, populate_by_name=True
    )

    api_host: str = "127.0.0.1"
    """Where pages and the HTTP API listen."""
    api_port: Port = 8080
    """0 chooses a free one."""
    api_metrics_host: str = "127.0.0.1"
    """Where the metrics listen: a private address."""
    api_metrics_port: Port = 8082
    """0 chooses a free one."""
    api_drain_seconds: Annotated[int, Field(ge=0)] = 10
    """How long requests that are under way may take to finish when the process is told to stop."""
    api_engine_seconds: Annotated[float, Field(gt=0)] = 10
    """How long a request waits for the cases' engine (Temporal and the workers) before it is answered with 503."""
    api_writes_per_minute: Annotated[int, Field(gt=0)] = 6_000
    """Requests that write, of one caller, in each API process; more are answered with 429."""
    api_store_seconds: Annotated[float, Field(gt=0)] = 2.5
    """How long a request waits for Postgres before it is answered with 503."""
    temporal_ui_url: HttpUrl = HttpUrl("http://127.0.0.1:8233")
    """The address of the Temporal UI as browsers reach it; a case's page links to its workflow there."""
    temporal_namespace: Annotated[
        str, Field(min_length=1, validation_alias=AliasChoices("temporal_namespace", "TEMPORAL_NAMESPACE"))
    ] = "default"
    """The namespace of the workflows, for the same links (``TEMPORAL_NAMESPACE``)."""
    short_clock: Json[ShortClock] | None = None
    """For demonstrations: "now" is the time of this clock (JSON of ``petitions.clock.ShortClock``)."""
