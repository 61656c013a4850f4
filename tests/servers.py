"""The servers of a test run: one Postgres and one Temporal dev server for all its test processes.

The first test process that needs them starts them, in a process of their own (``python -m tests.servers DIRECTORY``);
the others read their addresses from the run's directory. They stop when no test process is left: every one holds a
shared lock on a file of that directory, which the kernel releases however the process ends.
"""

import asyncio
import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import asyncpg
from pydantic import BaseModel, ConfigDict

from guatu.embedded.postgres import APPLICATION, DATABASE
from guatu.embedded.stack import EmbeddedSettings, EmbeddedStack
from store import migrate
from store.connection import Connection
from tests.store.servers import NOT_DURABLE

TEMPLATE = "guatu_template"
"""The migrated database that every other is cloned from; its tables belong to the role ``guatu``."""
_DYNAMIC = {
    # Each workflow may have a clock of its own.
    "frontend.WorkflowTimeSkippingEnabled": "true",
    # Long enough for every path, short enough for a test of what happens when a history grows long.
    "limit.historyCount.suggestContinueAsNew": "400",
    # Every test process registers namespaces of its own; none may wait until the server has noticed it.
    "system.namespaceCacheRefreshInterval": '"500ms"',
    # A workflow that is deleted has gone seconds later, not half a minute.
    "history.transferProcessorUpdateAckInterval": '"1s"',
    "history.visibilityProcessorUpdateAckInterval": '"1s"',
    # A task that fails is tried again a second later, however often it has failed.
    "history.workflowTaskRetryMaxInterval": '"1s"',
}
TEMPORAL_SETTINGS = tuple(
    word for name, value in _DYNAMIC.items() for word in ("--dynamic-config-value", f"{name}={value}")
)
POSTGRES_SETTINGS = {**NOT_DURABLE, "max_connections": "400", "max_wal_size": "8GB", "checkpoint_timeout": "1h"}

_USERS, _STARTING, _RUNNING, _ADDRESSES, _LOG = "users.lock", "starting.lock", "running.lock", "servers.json", "log"
_START_SECONDS = 300.0
_STOP_SECONDS = 60.0


class RunServers(BaseModel):
    """Addresses of the run's servers.

    Attributes:
        postgres: The address of Postgres, with ``{role}`` and ``{database}`` in it.
        temporal_address: Host and port of the Temporal server.
        ui_url: The Temporal UI.
        temporal_cli: The Temporal CLI.
    """

    model_config = ConfigDict(frozen=True)

    postgres: str
    temporal_address: str
    ui_url: str
    temporal_cli: Path

    def dsn(self, database: str, role: str = DATABASE) -> str:
        """The address of a database for a role; ``postgres`` is the superuser."""
        return self.postgres.format(role=role, database=database)


@contextlib.contextmanager
def run_directory() -> Generator[Path]:
    """The run's directory; when the block ends, the servers stop, if there are any, and it is removed."""
    directory = Path(tempfile.mkdtemp(prefix="guatu-tests-"))
    directory.chmod(0o711)  # Postgres runs under another account for root
    try:
        with _locked(directory / _USERS, fcntl.LOCK_SH):
            yield directory
        _wait_for_the_end(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def using(directory: Path) -> Generator[RunServers]:
    """The run's servers, started if they are not there yet; they do not stop before the block ends."""
    with _locked(directory / _USERS, fcntl.LOCK_SH):
        with _locked(directory / _STARTING, fcntl.LOCK_EX):
            if not (directory / _ADDRESSES).exists():
                _start(directory)
        yield RunServers.model_validate_json((directory / _ADDRESSES).read_bytes())


def _start(directory: Path) -> None:
    """Start the servers and wait for their addresses.

    Raises:
        RuntimeError: They did not start; the text is what they wrote.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GUATU_", "TEMPORAL_")) or name == "GUATU_TEMPORAL_CLI"
    }
    with (directory / _LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers", str(directory)],
            cwd=Path(__file__).parents[1],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    began = time.monotonic()
    while not (directory / _ADDRESSES).exists():
        if process.poll() is not None or time.monotonic() - began > _START_SECONDS:
            raise RuntimeError(f"the tests' servers did not start:\n{(directory / _LOG).read_text()}")
        time.sleep(0.05)


def _wait_for_the_end(directory: Path) -> None:
    """Wait until the servers' process has ended, for a minute at most."""
    began = time.monotonic()
    while time.monotonic() - began < _STOP_SECONDS:
        with contextlib.suppress(BlockingIOError), _locked(directory / _RUNNING, fcntl.LOCK_EX | fcntl.LOCK_NB):
            return
        time.sleep(0.05)


@contextlib.contextmanager
def _locked(file: Path, operation: int) -> Generator[None]:
    """Hold a lock on a file, which is made if it is missing.

    Raises:
        BlockingIOError: The operation does not wait, and another process holds the lock.
    """
    with file.open("a") as lock:
        fcntl.flock(lock, operation)
        yield


async def serve(directory: Path) -> None:
    """Run the servers until no test process uses them any more."""

    def say(line: str) -> None:
        print(line, flush=True)  # noqa: T201 - goes to the log

    settings = EmbeddedSettings(
        data_dir=directory / "data",
        temporal_port=0,
        ui_port=0,
        temporal_in_memory=True,
        extra_server_args=TEMPORAL_SETTINGS,
        postgres_settings=POSTGRES_SETTINGS,
    )
    with _locked(directory / _RUNNING, fcntl.LOCK_EX):
        async with EmbeddedStack(settings, say) as stack:
            connection: Connection = await asyncpg.connect(stack.postgres.dsn("postgres", "postgres"))
            await connection.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0 ENCODING 'UTF8' OWNER {DATABASE}")
            await connection.close()
            await migrate(stack.postgres.dsn(TEMPLATE), APPLICATION)
            servers = RunServers(
                postgres=stack.postgres.dsn("{database}", "{role}"),
                temporal_address=stack.temporal_address,
                ui_url=stack.ui_url,
                temporal_cli=stack.temporal_cli,
            )
            draft = directory / f"{_ADDRESSES}.new"
            draft.write_text(servers.model_dump_json())
            draft.rename(directory / _ADDRESSES)
            while True:
                with contextlib.suppress(BlockingIOError), _locked(directory / _USERS, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    return
                await asyncio.sleep(0.2)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
