"""The worker and the API of a demonstration, and the short clock that they run by."""

import asyncio
import contextlib
import shlex
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from guatu.demo.timetable import Timetable
from guatu.embedded import EmbeddedStack
from guatu.product import (
    api_service,
    payload_environment,
    stack_environment,
    stopped_at_the_end,
    url_of,
    worker_service,
)
from guatu.running import say
from guatu.services import SupervisedService
from petitions.clock import ShortClock
from sealing.settings import PayloadSettings

_READY_SECONDS = 10.0
"""How long the processes may take to be ready before the first case; if they take longer, they are given more."""
_BEFORE_FIRST = timedelta(seconds=0.5)
"""So long before the first case they must be ready."""


@dataclass(frozen=True)
class DemoProcesses:
    """What is running.

    Attributes:
        clock: The clock that new cases run by.
        worker: The worker.
        api: The API with the pages.
        api_url: Where that is.
        worker_settings: A file for a shell, with the settings of a further worker.
    """

    clock: ShortClock
    worker: SupervisedService
    api: SupervisedService
    api_url: str
    worker_settings: Path


@contextlib.asynccontextmanager
async def demo_processes(
    stack: EmbeddedStack,
    timetable: Timetable,
    data_dir: Path,
    *,
    jurisdiction: str,
    day_seconds: float,
    api_port: int,
) -> AsyncGenerator[DemoProcesses]:
    """Start them with a clock by which they are ready before the first case, and stop them when the block ends.

    Args:
        stack: The servers.
        timetable: Whose first case counts.
        data_dir: The stack's data directory.
        jurisdiction: The name or the path of their jurisdiction file.
        day_seconds: How many seconds a shown day takes.
        api_port: The API's port; 0 chooses a free one.

    Raises:
        ServiceFailedError: One of them did not start.
    """
    patience = _READY_SECONDS
    while True:
        clock = clock_for_first_case_in(patience, timetable, day_seconds)
        # Of the operator's own GUATU_* settings only whether payloads are sealed: the demonstration is the same
        # everywhere.
        settings = {"GUATU_JURISDICTION": jurisdiction, "GUATU_SHORT_CLOCK": clock.model_dump_json()}
        settings |= payload_environment(PayloadSettings())
        api = api_service(stack, data_dir, api_port, {**settings, "GUATU_API_METRICS_PORT": "0"})
        settings["GUATU_PAGES_URL"] = url_of(api)
        worker = worker_service(stack, data_dir, 0, settings)
        supervised = SupervisedService(worker, say), SupervisedService(api, say)
        async with stopped_at_the_end(*supervised):
            if await _all_ready(supervised, patience):
                file = data_dir / "worker.env"
                _write_settings(file, {**settings, **stack_environment(stack), "GUATU_WORKER_PORT": "0"})
                yield DemoProcesses(clock, *supervised, url_of(api), file)
                return
        patience *= 2
        say(f"the worker and the API are slow to start here; they are given {patience:g} s")


async def _all_ready(services: tuple[SupervisedService, ...], patience: float) -> bool:
    """Start services; whether all of them are ready in time."""
    ready = True
    try:
        async with asyncio.TaskGroup() as group:
            for service in services:
                group.create_task(service.start(patience))
    except* TimeoutError:
        ready = False
    return ready


def clock_for_first_case_in(seconds: float, timetable: Timetable, day_seconds: float) -> ShortClock:
    """A clock by which the first case comes a moment after so many seconds from now."""
    now = datetime.now(UTC)
    clock = ShortClock(engine_origin=now, shown_origin=timetable.first_day, day_seconds=day_seconds)
    first = min(case.handed_in for case in timetable.cases)
    lead = clock.engine(first) - now
    return clock.model_copy(update={"engine_origin": now + timedelta(seconds=seconds) + _BEFORE_FIRST - lead})


def _write_settings(file: Path, settings: dict[str, str]) -> None:
    lines = (f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
    file.write_text("".join(lines), encoding="utf-8")
