"""Several worker processes by one setting: each is a ``guatu worker`` of its own, kept running by this one.

One Python process uses one core, so a machine with more of them runs more of these. From outside they are one worker:
one health endpoint, which is ready when all of them are, and one page of metrics, each process's own by a label.
"""

import asyncio
import http.client
import os
from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from guatu.embedded.ports import LOOPBACK, free_port
from guatu.product import stopped_at_the_end
from guatu.running import say
from guatu.services import Service, SupervisedService, is_ready
from worker.health import Check, health_endpoint
from worker.settings import WorkerSettings

_LABEL = "process"
_SECONDS = 1.0
"""How long a process may take to tell what it has counted."""
_AFTER_DRAINING = 10.0
"""What a process gets to end in order beyond its draining."""


async def run_worker_processes(settings: WorkerSettings, stop: asyncio.Event) -> None:
    """Keep so many workers running until ``stop`` is set; then all of them drain.

    Args:
        settings: From the environment; the processes read the same, but for what is theirs alone.
        stop: Set it to stop.

    Raises:
        ServiceFailedError: One of them did not start.
        PortInUseError: The health endpoint cannot listen.
    """
    services = [_service(number, settings) for number in range(1, settings.worker_processes + 1)]
    supervised = [SupervisedService(service, say) for service in services]
    checks: dict[str, Check] = {service.name: _ready(service) for service in services}

    async with (
        health_endpoint(settings.worker_host, settings.worker_port, checks, _metrics_of_all(services)),
        stopped_at_the_end(*supervised),
    ):
        working = asyncio.create_task(_keep(supervised))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if working.done():
            await working  # only ever ends by an error
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def _keep(supervised: Sequence[SupervisedService]) -> None:
    # The first prepares the database and the search attributes; the others find them done.
    for service in supervised:
        await service.start()
    async with asyncio.TaskGroup() as group:
        for service in supervised:
            group.create_task(service.keep())


def _service(number: int, settings: WorkerSettings) -> Service:
    port = free_port()
    own = {"GUATU_WORKER_PROCESSES": "1", "GUATU_WORKER_HOST": LOOPBACK, "GUATU_WORKER_PORT": str(port)}
    return Service(
        name=f"worker {number}",
        arguments=("worker",),
        environment={**os.environ, **own},
        port=port,
        log=None,
        drain_seconds=settings.worker_drain_seconds + _AFTER_DRAINING,
    )


def _ready(service: Service) -> Check:
    async def check() -> str | None:
        return None if await asyncio.to_thread(is_ready, service.port) else f"the process {service.name} is not ready"

    return check


def _metrics_of_all(services: Sequence[Service]) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Together(services))
    return registry


class _Together(Collector):
    """The metrics of several processes, each sample with the number of its process."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = services

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: what there is shows when it is read."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """One family for each name, with the samples of all processes."""
        families: dict[str, Metric] = {}
        for service in self._services:
            process = service.name.split()[-1]
            for family in text_string_to_metric_families(_metrics_of(service.port)):
                known = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                known.samples += [
                    sample._replace(labels={**sample.labels, _LABEL: process}) for sample in family.samples
                ]
        return families.values()


def _metrics_of(port: int) -> str:
    """What a process has counted; nothing of one that does not answer now."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
