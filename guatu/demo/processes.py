"""The worker and the API of a demonstration, and the short clock that the worker's cases run by."""

import contextlib
import shlex
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from guatu.demo.timetable import Timetable
from guatu.embedded import EmbeddedStack
from guatu.product import (
    api_is_installed,
    api_service,
    api_url,
    stack_environment,
    stopped_at_the_end,
    worker_service,
)
from guatu.running import say
from guatu.services import SupervisedService
from petitions.clock import ShortClock

_WORKER_SECONDS = 8.0
"""How long the worker may take to be ready before the first case; if it takes longer, it is given more."""
_BEFORE_FIRST = timedelta(seconds=0.5)
"""So long before the first case the worker must be ready."""


@dataclass(frozen=True)
class DemoProcesses:
    """What is running.

    Attributes:
        clock: The clock that new cases run by.
        worker: The worker.
        api: The API, where this build has it.
        api_url: Where that is.
        worker_settings: A file for a shell, with the settings of a further worker.
    """

    clock: ShortClock
    worker: SupervisedService
    api: SupervisedService | None
    api_url: str | None
    worker_settings: Path

    @property
    def services(self) -> tuple[SupervisedService, ...]:
        """All of them."""
        return (self.worker,) if self.api is None else (self.worker, self.api)


@contextlib.asynccontextmanager
async def demo_processes(
    stack: EmbeddedStack, timetable: Timetable, data_dir: Path, *, day_seconds: float, api_port: int
) -> AsyncGenerator[DemoProcesses]:
    """Start them, and stop them when the block ends.

    Args:
        stack: The servers.
        timetable: Whose jurisdiction and first case count.
        data_dir: The stack's data directory.
        day_seconds: How many seconds a shown day takes.
        api_port: The API's port; 0 chooses a free one.

    Raises:
        ServiceFailedError: One of them did not start.
    """
    # Nothing of the operator's own GUATU_* settings: the demonstration is the same everywhere.
    settings = {"GUATU_JURISDICTION": timetable.jurisdiction}
    async with contextlib.AsyncExitStack() as exits:
        api, url = None, None
        if api_is_installed():
            service = api_service(stack, data_dir, api_port, settings)
            api, url = SupervisedService(service, say), api_url(service)
            await exits.enter_async_context(stopped_at_the_end(api))
            await api.start()
        clock, worker = await _start_worker(exits, stack, timetable, data_dir, settings, day_seconds)
        by_hand = {**settings, **stack_environment(stack), **_clock_setting(clock), "GUATU_WORKER_PORT": "0"}
        worker_settings = data_dir / "worker.env"
        worker_settings.write_text(
            "".join(f"{name}={shlex.quote(value)}\n" for name, value in by_hand.items()), encoding="utf-8"
        )
        yield DemoProcesses(clock, worker, api, url, worker_settings)


async def _start_worker(
    exits: contextlib.AsyncExitStack,
    stack: EmbeddedStack,
    timetable: Timetable,
    data_dir: Path,
    settings: dict[str, str],
    day_seconds: float,
) -> tuple[ShortClock, SupervisedService]:
    """Start the worker with a clock by which it is ready before the first case; if it is not, again with more time."""
    patience = _WORKER_SECONDS
    while True:
        clock = _clock_for_first_case_in(patience, timetable, day_seconds)
        service = worker_service(stack, data_dir, 0, settings | _clock_setting(clock))
        worker = SupervisedService(service, say)
        async with contextlib.AsyncExitStack() as attempt:
            await attempt.enter_async_context(stopped_at_the_end(worker))
            try:
                await worker.start(patience)
            except TimeoutError:
                patience *= 2
                say(f"the worker is slow to start here; it is given {patience:g} s")
                continue
            await exits.enter_async_context(attempt.pop_all())
            return clock, worker


def _clock_for_first_case_in(seconds: float, timetable: Timetable, day_seconds: float) -> ShortClock:
    """A clock by which the first case comes a moment after so many seconds from now."""
    now = datetime.now(UTC)
    clock = ShortClock(engine_origin=now, shown_origin=timetable.first_day, day_seconds=day_seconds)
    first = min(case.handed_in for case in timetable.cases)
    lead = clock.engine(first) - now
    return clock.model_copy(update={"engine_origin": now + timedelta(seconds=seconds) + _BEFORE_FIRST - lead})


def _clock_setting(clock: ShortClock) -> dict[str, str]:
    return {"GUATU_SHORT_CLOCK": clock.model_dump_json()}
