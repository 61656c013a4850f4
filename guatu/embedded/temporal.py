"""The Temporal dev server: all services, the web UI and a SQLite file in one process, on loopback only."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from guatu.embedded.data_directory import DataDirectory
from guatu.embedded.errors import (
    DataDirectoryMismatchError,
    DataDirectoryUnwritableError,
    PortInUseError,
)
from guatu.embedded.guarded_server import GuardedServer
from guatu.embedded.logs import lines_since, make_room
from guatu.embedded.ports import LOOPBACK, check_free, free_port
from guatu.embedded.process import Command, GuardedProcess
from guatu.embedded.temporal_binary import server_version

_FILE = "temporal.db"
_DURABLE = ("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=2")
"""Every commit reaches the disk (2: FULL); with a write-ahead log that costs a third of the time it else would."""
_READY_WITHIN = 120.0
"""Seconds."""
_STOP = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))
_TRIES = 3
"""The server chooses further ports of its own; when one is taken just before it listens, it is started again."""


class EmbeddedTemporal(GuardedServer):
    """One Temporal dev server; it can be stopped and started again on the same ports.

    Attributes:
        port: The port of the frontend (gRPC).
        ui_port: The port of the web UI.
    """

    def __init__(
        self,
        cli: Path,
        directory: DataDirectory,
        say: Callable[[str], None],
        *,
        port: int,
        ui_port: int,
        namespace: str,
        in_memory: bool,
        ui_codec_endpoint: str | None,
        extra_args: tuple[str, ...],
    ) -> None:
        super().__init__("The Temporal server", directory.logs / "temporal.log")
        self.port = port or free_port()
        self.ui_port = ui_port or free_port()
        self._cli = cli
        self._directory = directory
        self._say = say
        self._namespace = namespace
        self._in_memory = in_memory
        self._ui_codec_endpoint = ui_codec_endpoint
        self._extra_args = extra_args

    @property
    def address(self) -> str:
        """Host and port for clients."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def ui_url(self) -> str:
        """The web UI."""
        return f"http://{LOOPBACK}:{self.ui_port}"

    async def start(self) -> None:
        """Start the server and wait until it serves the namespace.

        Raises:
            DataDirectoryMismatchError: The data are those of a server with another database schema.
            DataDirectoryUnwritableError: The log or the data cannot be written.
            PortInUseError: One of the two ports is taken.
            ServerFailedError: It did not start.
        """
        if self.running:
            return
        version = await asyncio.to_thread(server_version, self._cli)
        if not self._in_memory:
            self._check_data(version)
        for attempt in range(1, _TRIES + 1):
            check_free(self.port, "the Temporal server")
            check_free(self.ui_port, "the Temporal UI")
            try:
                self._log_begin = make_room(self._log)
                self._process = await GuardedProcess.start(self._command())
            except OSError as error:
                raise DataDirectoryUnwritableError(self._directory.path, str(error).lower()) from error
            try:
                if await self._becomes_ready():
                    break
            except BaseException:
                await self.stop()
                raise
            self._process = None
            if attempt == _TRIES or not self._met_a_taken_port():
                self._raise_did_not_start()
        if not self._in_memory and self._directory.temporal_server is None:
            self._directory.record_temporal_server(version)

    async def stop(self) -> None:
        """Stop the server and wait until it has ended. Stopped again, it stays stopped."""
        process, self._process = self._process, None
        if process is not None:
            await process.stop()

    def _check_data(self, version: str) -> None:
        """The server makes its tables in a new file only and never changes those of an older one."""
        made_by = self._directory.temporal_server
        if made_by is None:
            # A server that was killed while it made the file has left it without some of its tables.
            for part in self._directory.temporal.glob(f"{_FILE}*"):
                part.unlink()
        elif made_by.split(".")[:2] != version.split(".")[:2]:
            told = (
                f"holds cases of Temporal server {made_by}, whose tables server {version} ({self._cli}) does not read"
            )
            raise DataDirectoryMismatchError(self._directory.path, told)

    def _command(self) -> Command:
        words = ["server", "start-dev", "--ip", LOOPBACK, "--port", str(self.port), "--ui-port", str(self.ui_port)]
        words += ["--ui-disable-news-fetch", "--log-level", "warn", "--log-format", "text"]
        if self._namespace != "default":  # which is there in any case
            words += ["--namespace", self._namespace]
        if self._ui_codec_endpoint:
            words += ["--ui-codec-endpoint", self._ui_codec_endpoint]
        if not self._in_memory:
            # By its bare name: the server makes an address of it, in which a "?" or "%" would mean something.
            words += ["--db-filename", _FILE, *_DURABLE]
        # Settings for clients (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, ...) are not meant for the server.
        env = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
        return Command(
            argv=(str(self._cli.absolute()), *words, *self._extra_args),
            log=self._log,
            stop=_STOP,
            cwd=self._directory.temporal,
            env=env,
            keep_open=(self._directory.lock,),
        )

    async def _becomes_ready(self) -> bool:
        """Wait until the namespace is served; False when the server ends instead."""
        assert self._process is not None  # start() has just set it
        began = time.monotonic()
        told = False
        while self._process.exit_code is None:
            if await self._serves():
                return True
            waited = time.monotonic() - began
            if waited > _READY_WITHIN:
                told_time = f"was not ready after {_READY_WITHIN:.0f} seconds"
                raise self._failed(told_time)
            if waited > 5 and not told:
                told = True
                self._say("the Temporal server is still starting")
            await asyncio.sleep(0.05)
        return False

    async def _serves(self) -> bool:
        try:
            client = await Client.connect(self.address, namespace=self._namespace)
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=self._namespace))
            return await client.service_client.check_health()
        except (RPCError, RuntimeError):  # RuntimeError: no connection
            return False

    def _met_a_taken_port(self) -> bool:
        return any("address already in use" in line for line in lines_since(self._log, self._log_begin))

    def _raise_did_not_start(self) -> None:
        reason = self._why()
        for port, purpose in ((self.port, "the Temporal server"), (self.ui_port, "the Temporal UI")):
            if f":{port}: bind: address already in use" in reason:
                raise PortInUseError(port, purpose)
        raise self._failed("did not start")
