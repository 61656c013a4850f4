"""``guatu up``: the whole product on one machine, with servers of its own and the real clock."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from api.settings import ApiSettings
from guatu.embedded import EmbeddedSettings, EmbeddedStack
from guatu.embedded.ports import check_free, free_port
from guatu.product import (
    api_service,
    ports_told_with_their_options,
    prepare_database,
    stopped_at_the_end,
    ui_codec_endpoint,
    url_of,
    worker_service,
)
from guatu.running import say
from guatu.services import Service, SupervisedService, inherited_settings
from guatu.settings import read_settings
from sealing.settings import PayloadSettings
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

    Args:
        options: How.
        stop: Is set when the operator ends it, which also cancels this.

    Returns:
        The exit status.

    Raises:
        CommandError, EmbeddedStackError: It cannot be run; or one of the servers ended by itself.
    """
    # Any mistake in the environment is told before anything is started.
    worker_port = read_settings(WorkerSettings, database_url="").worker_port
    metrics_port = read_settings(ApiSettings, database_url="").api_metrics_port
    own_ports = {
        options.api_port: ("the API", "--api-port 0"),
        worker_port: ("the worker's health endpoint", "GUATU_WORKER_PORT=0"),
        metrics_port: ("the API's metrics", "GUATU_API_METRICS_PORT=0"),
    }
    asked_for = {port: instead for port, (_, instead) in own_ports.items()}
    asked_for |= {options.temporal_port: "--temporal-port 0", options.ui_port: "--ui-port 0"}
    try:
        with ports_told_with_their_options(asked_for):
            for port, (purpose, _) in own_ports.items():
                if port:
                    check_free(port, purpose)
            # Chosen here: the Temporal UI, which starts before the API, is told where that will be.
            api_port = options.api_port or free_port()
            settings = EmbeddedSettings(
                data_dir=options.data_dir,
                temporal_port=options.temporal_port,
                ui_port=options.ui_port,
                ui_codec_endpoint=ui_codec_endpoint(read_settings(PayloadSettings), api_port),
            )
            async with EmbeddedStack(settings, say) as stack:
                await prepare_database(stack)
                environment = inherited_settings()
                data_dir = options.data_dir.expanduser().absolute()
                api = api_service(stack, data_dir, api_port, environment)
                pages = {"GUATU_PAGES_URL": url_of(api)}
                worker = worker_service(stack, data_dir, worker_port, {**pages, **environment})
                await _run(stack, worker, api)
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
        say("stopped")
    return 0


async def _run(stack: EmbeddedStack, worker: Service, api: Service) -> None:
    """Keep the processes running until a server ends or this is cancelled."""
    supervised = [SupervisedService(service, say) for service in (worker, api)]
    async with stopped_at_the_end(*supervised):
        async with asyncio.TaskGroup() as group:
            for service in supervised:
                group.create_task(service.start())
        for line in _addresses(stack, worker, api):
            print(line, flush=True)  # noqa: T201 - a command
        async with asyncio.TaskGroup() as group:
            group.create_task(stack.watch())
            for service in supervised:
                group.create_task(service.keep())


def _addresses(stack: EmbeddedStack, worker: Service, api: Service) -> list[str]:
    return [
        f"挂图和接口     {url_of(api)}",
        f"Temporal 界面  {stack.ui_url}/namespaces/{stack.namespace}/workflows",
        f"Temporal       {stack.temporal_address}（命名空间 {stack.namespace}）",
        f'数据库         psql "{stack.database_url}"',
        f"日志           {worker.log}、{api.log}",
        "按 Ctrl-C 全部停止，数据保留。",
    ]
