"""Both servers together, for as long as an ``async with`` lasts."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from guatu.embedded.data_directory import DataDirectory, default_data_directory
from guatu.embedded.errors import EmbeddedStackError
from guatu.embedded.ports import check_free
from guatu.embedded.postgres import APPLICATION, EmbeddedPostgres, postgres_programs
from guatu.embedded.temporal import EmbeddedTemporal
from guatu.embedded.temporal_binary import find_temporal


@dataclass(frozen=True)
class EmbeddedSettings:
    """How the embedded servers are to run.

    Attributes:
        data_dir: Where their data survive a restart.
        temporal_port: The Temporal server's port on 127.0.0.1; 0 chooses a free one.
        ui_port: The Temporal UI's port on 127.0.0.1; 0 chooses a free one.
        namespace: The Temporal namespace to have.
        temporal_in_memory: Whether Temporal forgets everything when it stops.
        ui_codec_endpoint: Where the Temporal UI has sealed payloads opened; none: it shows them as they are.
        extra_server_args: Further arguments of ``temporal server start-dev``.
        temporal_cli: The Temporal CLI to use and no other; by default one is looked for.
        postgres_settings: Further settings of ``postgresql.conf``.
    """

    data_dir: Path = field(default_factory=default_data_directory)
    temporal_port: int = 7233
    ui_port: int = 8233
    namespace: str = "default"
    temporal_in_memory: bool = False
    ui_codec_endpoint: str | None = None
    extra_server_args: tuple[str, ...] = ()
    temporal_cli: Path | None = None
    postgres_settings: Mapping[str, str] = field(default_factory=dict[str, str])


class EmbeddedStack:
    """A PostgreSQL and a Temporal server of our own.

    Used as an asynchronous context manager: inside it both are ready. Nothing of them is left when it ends, however
    it ends, and their data are there again the next time.

    Attributes:
        postgres: The PostgreSQL server; inside only.
        temporal: The Temporal server; inside only.
        temporal_cli: The Temporal CLI that was found; inside only.
    """

    postgres: EmbeddedPostgres
    temporal: EmbeddedTemporal
    temporal_cli: Path

    def __init__(self, settings: EmbeddedSettings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._exits = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start both servers.

        Raises:
            EmbeddedStackError: They cannot be had; the text is one sentence for the operator.
        """
        settings = self._settings
        postgres_programs()  # nothing is made where the extra is missing
        async with self._exits:  # undoes what has been done if anything fails
            directory = await DataDirectory.open(settings.data_dir, self._say)
            self._exits.callback(directory.close)
            # Before a download, not after it.
            for port, purpose in (
                (settings.temporal_port, "the Temporal server"),
                (settings.ui_port, "the Temporal UI"),
            ):
                if port:
                    check_free(port, purpose)
            self.temporal_cli = await find_temporal(self._say, settings.temporal_cli)
            self.postgres = EmbeddedPostgres(directory, self._say, settings.postgres_settings)
            self.temporal = EmbeddedTemporal(
                self.temporal_cli,
                directory,
                self._say,
                port=settings.temporal_port,
                ui_port=settings.ui_port,
                namespace=settings.namespace,
                in_memory=settings.temporal_in_memory,
                ui_codec_endpoint=settings.ui_codec_endpoint,
                extra_args=settings.extra_server_args,
            )
            self._exits.push_async_callback(self._stop_both)
            await self.postgres.start()
            await self.temporal.start()
            self._exits = self._exits.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both servers, and wait until they have ended."""
        await self._exits.aclose()

    @property
    def database_url(self) -> str:
        """PostgreSQL's address for the owner of the database, for asyncpg and psql."""
        return self.postgres.dsn()

    @property
    def application_url(self) -> str:
        """The same for the product's processes, which own nothing there."""
        return self.postgres.dsn(role=APPLICATION)

    @property
    def temporal_address(self) -> str:
        """Temporal's address: host and port."""
        return self.temporal.address

    @property
    def ui_url(self) -> str:
        """The Temporal UI's address."""
        return self.temporal.ui_url

    @property
    def namespace(self) -> str:
        """The Temporal namespace."""
        return self._settings.namespace

    async def watch(self) -> None:
        """Wait until a server ends although nobody stopped it; never returns otherwise.

        Raises:
            ServerFailedError: One has.
        """
        while True:
            for server in (self.postgres, self.temporal):
                if (problem := server.died) is not None:
                    raise problem
            await asyncio.sleep(0.5)

    async def _stop_both(self) -> None:
        # Both are asked before either is waited for: a second interruption while waiting changes nothing any more.
        self.postgres.ask_to_stop()
        self.temporal.ask_to_stop()
        await self.temporal.stop()
        await self.postgres.stop()


__all__ = ["EmbeddedSettings", "EmbeddedStack", "EmbeddedStackError"]
