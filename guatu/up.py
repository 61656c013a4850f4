"""``guatu up``: the whole product on one machine, with servers of its own and the real clock."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from guatu.embedded import EmbeddedSettings, EmbeddedStack
from guatu.embedded.ports import check_free
from guatu.product import (
    api_is_installed,
    api_service,
    api_url,
    ports_told_with_their_options,
    stopped_at_the_end,
    worker_service,
)
from guatu.running import say
from guatu.services import Service, SupervisedService, inherited_settings
from guatu.settings import read_settings
from worker.settings import WorkerSettings


@dataclass(frozen=True)
class UpOptions:
    """How it is to run; a port of 0 chooses a free one.

    Attributes:
        data_dir: Where everything is kept.
        temporal_port: The Temporal server's port.
        ui_port: The Temporal UI's port.
        api_port: The API's port.
    """

    data_dir: Path
    temporal_port: int
    ui_port: int
    api_port: int


async def up(options: UpOptions, stop: asyncio.Event) -> int:
    """Run until told to stop.

    Returns:
        The exit status.

    Raises:
        CommandError, EmbeddedStackError: It cannot be run; or one of the servers ended by itself.
    """
    worker_port = read_settings(WorkerSettings, database_url="").worker_port
    asked_for = {
        options.temporal_port: "--temporal-port 0",
        options.ui_port: "--ui-port 0",
        options.api_port: "--api-port 0",
        worker_port: "GUATU_WORKER_PORT=0",
    }
    try:
        with ports_told_with_their_options(asked_for):
            for port, purpose in ((options.api_port, "the API"), (worker_port, "the worker's health endpoint")):
                if port:
                    check_free(port, purpose)
            settings = EmbeddedSettings(
                data_dir=options.data_dir, temporal_port=options.temporal_port, ui_port=options.ui_port
            )
            async with EmbeddedStack(settings, say) as stack:
                data_dir = await asyncio.to_thread(options.data_dir.expanduser().absolute)
                environment = inherited_settings()
                services = [worker_service(stack, data_dir, worker_port, environment)]
                if api_is_installed():
                    services.append(api_service(stack, data_dir, options.api_port, environment))
                await _run(stack, services)
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
        say("stopped")
    return 0


async def _run(stack: EmbeddedStack, services: list[Service]) -> None:
    """Keep the services running until a server ends or this is cancelled."""
    supervised = [SupervisedService(service, say) for service in services]
    async with stopped_at_the_end(*supervised):
        for service in supervised:
            await service.start()
        for line in _addresses(stack, services):
            print(line, flush=True)  # noqa: T201 - a command
        async with asyncio.TaskGroup() as group:
            group.create_task(stack.watch())
            for service in supervised:
                group.create_task(service.keep())


def _addresses(stack: EmbeddedStack, services: list[Service]) -> list[str]:
    lines = [f"Temporal UI   {stack.ui_url}", f"Temporal      {stack.temporal_address} (namespace {stack.namespace})"]
    lines += [f"API           {api_url(service)}" for service in services if service.name == "api"]
    lines.append(f'Postgres      psql "{stack.database_url}"')
    lines += [f"Log           {service.name}: {service.log}" for service in services]
    return [*lines, "Ctrl-C ends everything; the data stay."]
