"""The whole of it: PostgreSQL, Temporal's server, worker processes and API replicas, each a process of its own."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from guatu.embedded.ports import LOOPBACK, free_port
from guatu.embedded.process import Command, GuardedProcess
from guatu.services import is_ready
from sealing.key_file import new_key_file
from store import Store, open_pool
from tests.certificates import Certificates, make_certificates
from tests.cluster.postgres import CityPostgres, city_postgres
from tests.cluster.temporal import TemporalServer
from tests.cluster.temporal_programs import TemporalPrograms
from tests.guatu.running import environment

PATIENCE = 600.0
"""Seconds until a process must be ready; the machine may be busy."""


@dataclass
class Serving:
    """A process of the product that serves."""

    process: GuardedProcess
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{LOOPBACK}:{self.port}"

    async def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        assert await self.process.stop() == 0, self.said()

    def said(self) -> str:
        """What it wrote last."""
        return self.log.read_text(errors="replace")[-3000:]


class Cluster:
    """Servers that are up, and what is started beside them."""

    def __init__(
        self, place: Path, postgres: CityPostgres, temporal: TemporalServer, certificates: Certificates | None
    ) -> None:
        self.place = place
        self.postgres = postgres
        self.temporal = temporal
        self.certificates = certificates
        self._started: list[Serving] = []
        self._key_file = place / "master-keys.json"
        new_key_file(self._key_file)

    def settings(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What every process of the product is told."""
        return {
            "GUATU_DATABASE_URL": self.postgres.url(),
            "GUATU_MASTER_KEY_FILE": str(self._key_file),
            **self.temporal.client_settings(),
            **(more or {}),
        }

    async def worker(self, more: Mapping[str, str] | None = None, source: Path | None = None) -> Serving:
        """Start ``guatu worker``, of this source tree or of another one, and wait until it is ready."""
        port = free_port()
        return await self._start("worker", port, {"GUATU_WORKER_PORT": str(port), **(more or {})}, source)

    async def api(self, more: Mapping[str, str] | None = None) -> Serving:
        """Start ``guatu api`` and wait until it is ready."""
        port = free_port()
        return await self._start(
            "api", port, {"GUATU_API_PORT": str(port), "GUATU_API_METRICS_PORT": "0", **(more or {})}
        )

    async def client(self) -> Client:
        """A plain client, as an outside program has it."""
        return await self.temporal.client()

    @asynccontextmanager
    async def store(self) -> AsyncGenerator[Store]:
        """The record."""
        async with open_pool(self.postgres.url(), min_size=0, max_size=4, command_seconds=PATIENCE) as pool:
            yield Store(pool)

    async def guatu(
        self, *arguments: str, source: Path | None = None, more: Mapping[str, str] | None = None
    ) -> tuple[int, str, str]:
        """Run a command to its end: its status, what it printed, and what it told."""
        process = await asyncio.create_subprocess_exec(
            *_argv(*arguments),
            env=_environment(self.settings(more), source),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self.place,
        )
        printed, told = await asyncio.wait_for(process.communicate(), PATIENCE)
        return process.returncode or 0, printed.decode(), told.decode()

    def started(self) -> tuple[Serving, ...]:
        """What of the product was started and has not ended."""
        return tuple(service for service in self._started if service.process.exit_code is None)

    async def stop_services(self) -> None:
        """Stop everything of the product that still runs."""
        started, self._started = self._started, []
        for service in started:
            service.process.ask_to_stop()
        for service in started:
            await service.process.stop()

    async def _start(self, name: str, port: int, more: Mapping[str, str], source: Path | None = None) -> Serving:
        log = self.place / f"{name}-{port}.log"
        command = Command(
            argv=_argv(name),
            log=log,
            stop=((signal.SIGTERM, 60.0), (signal.SIGKILL, 5.0)),
            cwd=self.place,
            env=_environment(self.settings(more), source),
        )
        serving = Serving(await GuardedProcess.start(command), port, log)
        self._started.append(serving)
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not await asyncio.to_thread(is_ready, port):
            assert serving.process.exit_code is None, serving.said()
            assert asyncio.get_running_loop().time() < deadline, serving.said()
            await asyncio.sleep(0.2)
        return serving


def _argv(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "guatu", *arguments)


def _environment(settings: Mapping[str, str], source: Path | None) -> dict[str, str]:
    chosen = environment(settings)
    return chosen | {"PYTHONPATH": str(source)} if source else chosen


@asynccontextmanager
async def running_cluster(programs: TemporalPrograms, postgres: Path, *, tls: bool) -> AsyncGenerator[Cluster]:
    """Servers on a new PostgreSQL, without any process of the product; all stopped at the end."""
    async with AsyncExitStack() as stack:
        place = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="guatu-cluster-", ignore_cleanup_errors=True))
        )
        certificates = make_certificates(place / "certificates") if tls else None
        server = await stack.enter_async_context(city_postgres(postgres, place, certificates))
        temporal = TemporalServer(programs, server, place, certificates)
        stack.push_async_callback(temporal.stop)
        await temporal.make_schema()
        await temporal.start()
        cluster = Cluster(place, server, temporal, certificates)
        stack.push_async_callback(cluster.stop_services)
        yield cluster
