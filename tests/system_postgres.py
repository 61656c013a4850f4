"""A PostgreSQL of the system's packages: built with OpenSSL, which the wheel's is not, and an older one besides."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from guatu.embedded.accounts import Account, account_for
from guatu.embedded.ports import LOOPBACK, free_port
from guatu.embedded.process import Command, GuardedProcess, run
from store.connection import Connection
from tests.not_run import not_run

SETTING = "GUATU_TEST_POSTGRES_BIN"
"""The environment variable with the directory of its programs."""
_PLACES = ("/usr/lib/postgresql", "/usr/pgsql-18", "/usr/pgsql-17", "/usr/pgsql-16", "/usr/pgsql-15")
_STOP = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
_PATIENCE = 120.0


@dataclass(frozen=True)
class SystemPostgres:
    """A running server on loopback.

    Attributes:
        port: Where it listens, by TCP.
        socket_directory: Where its socket is: on it, everybody is let in as any role.
        directory: A directory of its own, which its account can read: for certificates.
    """

    port: int
    socket_directory: Path
    directory: Path

    def superuser_url(self, database: str = "postgres") -> str:
        """The address for whoever sets the server up, past TLS and passwords."""
        return f"postgresql://postgres@/{database}?host={self.socket_directory}&port={self.port}"

    async def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as a superuser, each by itself."""
        connection: Connection = await asyncpg.connect(self.superuser_url(database))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


def installed() -> list[Path]:
    """The directories with ``postgres`` and ``initdb`` that there are; the one to be preferred is the last."""
    if given := os.environ.get(SETTING):
        return [Path(given)]
    found = [path.parent for place in _PLACES for path in sorted(Path(place).glob("**/bin/initdb"))]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).parent)
    return found


def programs() -> Path:
    """The last of those; where there is none, the test is not run."""
    if not (found := installed()):
        not_run(
            f"there is no PostgreSQL of the system: install the package postgresql, or set {SETTING} to its programs"
        )
    return found[-1]


@asynccontextmanager
async def system_postgres(
    settings: Mapping[str, str], access: Sequence[str], files: Mapping[str, bytes], found: Path | None = None
) -> AsyncGenerator[SystemPostgres]:
    """A new server while the block runs.

    Args:
        settings: Of ``postgresql.conf``; ``{directory}`` in a value stands for the server's own directory.
        access: Lines of ``pg_hba.conf`` beside the one for its socket.
        files: What is put into its directory, readable by its account alone.
        found: The directory of its programs; none: as ``programs`` has it.
    """
    found = found or programs()
    # Not below pytest's own directory: that is closed to the account under which Postgres runs for root.
    with tempfile.TemporaryDirectory(prefix="guatu-pg-") as place:
        directory = Path(place)
        account = account_for(directory / "data", print)
        _put(directory, files, account)
        log = directory / "log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}

        def command(*argv: str) -> Command:
            return Command(
                argv=(str(found / argv[0]), *argv[1:]),
                log=log,
                stop=_STOP,
                env=environment | {"LC_ALL": "C", "TZ": "UTC"},
                uid=account.uid if account else None,
                gid=account.gid if account else None,
            )

        data = directory / "data"
        as_wanted = ("--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        made = await run(command("initdb", f"--pgdata={data}", *as_wanted))
        assert made == 0, log.read_text()
        server = SystemPostgres(free_port(), directory, directory)
        lines = ["local all all trust", *access]
        (data / "pg_hba.conf").write_text("".join(f"{line}\n" for line in lines))
        all_settings = {
            "listen_addresses": LOOPBACK,
            "port": str(server.port),
            "unix_socket_directories": str(directory),
            # Nothing is to outlive the test.
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            **{name: value.format(directory=directory) for name, value in settings.items()},
        }
        chosen = [word for name, value in all_settings.items() for word in ("-c", f"{name}={value}")]
        process = await GuardedProcess.start(command("postgres", "-D", str(data), *chosen))
        try:
            await _until_ready(server, process, log)
            yield server
        finally:
            await process.stop()


def _put(directory: Path, files: Mapping[str, bytes], account: Account | None) -> None:
    """Put files where the server's account alone can read them."""
    for name, content in files.items():
        (directory / name).write_bytes(content)
        (directory / name).chmod(0o600)
    if account is not None:
        for path in (directory, *directory.iterdir()):
            os.chown(path, account.uid, account.gid)


async def _until_ready(server: SystemPostgres, process: GuardedProcess, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        if process.exit_code is not None or time.monotonic() > deadline:
            raise AssertionError(await asyncio.to_thread(log.read_text))
        try:
            await server.execute("SELECT 1")
        except (OSError, asyncpg.CannotConnectNowError):
            await asyncio.sleep(0.05)
        else:
            return
