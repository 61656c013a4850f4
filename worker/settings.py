"""The settings of a worker process: ``GUATU_*`` of the environment. Temporal's own come by ``TEMPORAL_*``."""

from typing import Annotated

from pydantic import Field, HttpUrl, Json
from pydantic_settings import SettingsConfigDict

from petitions.clock import ShortClock
from sealing.settings import PayloadSettings
from store.settings import DatabaseSettings


class WorkerSettings(DatabaseSettings, PayloadSettings):
    """What a worker needs to know."""

    model_config = SettingsConfigDict(env_prefix="GUATU_", extra="ignore", hide_input_in_errors=True)

    jurisdiction: str = "dazhou"
    """A path, or the name of a shipped file."""
    short_clock: Json[ShortClock] | None = None
    """For demonstrations: new cases run by this clock (JSON of ``petitions.clock.ShortClock``)."""
    pages_url: HttpUrl = HttpUrl("http://127.0.0.1:8080")
    """Where the pages are, as people reach them: a case's details in the Temporal UI lead to its page."""
    worker_host: str = "127.0.0.1"
    """Where the health endpoint and the metrics listen."""
    worker_port: Annotated[int, Field(ge=0, le=65535)] = 8081
    """0 chooses a free one."""
    worker_drain_seconds: Annotated[int, Field(ge=0)] = 20
    """How long running activities may take to finish when the worker is told to stop."""
    worker_processes: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that work, each with a runtime of its own; more than one are kept running by the first."""
    worker_build_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] | None = None
    """The version of a worker deployment that this worker is; none: it takes part in no deployment."""
    worker_activities: Annotated[int, Field(ge=1)] = 20
    """Ordinary activities at a time."""
