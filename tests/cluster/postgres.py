"""A PostgreSQL as an operator has it: the system's own, by TCP with passwords, or with TLS alone.

The wheel's PostgreSQL has no ``btree_gin``, which Temporal's visibility needs, so the system's is found, or got from
its packages, for root where there is ``apt-get``.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from guatu.embedded.accounts import Account, account_for
from guatu.embedded.ports import LOOPBACK, free_port
from guatu.embedded.process import Command, GuardedProcess, run
from tests.cluster.certificates import Certificates

OLDEST = 15
"""What guatu needs at least."""
PASSWORD = "on-loopback-for-one-run"  # noqa: S105 - of a server that goes with the test
PACKAGES = ("postgresql-15", "postgresql-contrib")
_STOP = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
_SUPERUSER = "postgres"
_ROLES = ("guatu", "temporal")
_DATABASES = {"guatu": "guatu", "temporal": "temporal", "temporal_visibility": "temporal"}


class NoPostgresError(Exception):
    """The system has no PostgreSQL that Temporal can use, and none can be had."""


def postgres_programs(say: Callable[[str], None]) -> Path:
    """The directory of the system's PostgreSQL programs, of the newest version that is new enough.

    Raises:
        NoPostgresError: There is none; the text says what was tried.
    """
    if found := _installed():
        return found
    apt = shutil.which("apt-get")
    if os.geteuid() != 0 or apt is None:
        raise NoPostgresError(
            f"there is no PostgreSQL {OLDEST} with btree_gin, and only root with apt-get may install it"
        )
    say(f"installing {' and '.join(PACKAGES)} with apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (("update",), ("install", "-y", "--no-install-recommends", *PACKAGES)):
        done = subprocess.run([apt, *arguments], env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoPostgresError(f"apt-get {arguments[0]} failed: {done.stderr.strip()[-300:]}")
    if found := _installed():
        return found
    raise NoPostgresError("the packages were installed, and yet there is no PostgreSQL with btree_gin")


def _installed() -> Path | None:
    found = [
        (int(programs.parent.name), programs)
        for programs in Path("/usr/lib/postgresql").glob("*/bin")
        if programs.parent.name.isdigit()
        and (programs / "initdb").exists()
        and Path(f"/usr/share/postgresql/{programs.parent.name}/extension/btree_gin.control").exists()
    ]
    fit = [programs for version, programs in sorted(found) if version >= OLDEST]
    return fit[-1] if fit else None


@dataclass(frozen=True)
class Dump:
    """Databases as they were at one moment."""

    files: dict[str, Path]

    def only(self, *databases: str) -> "Dump":
        """These of them alone."""
        return Dump({database: self.files[database] for database in databases})


class SystemPostgres:
    """One server with the databases of guatu and of Temporal, each owned by a role of its own with a password.

    Args:
        programs: From ``postgres_programs``.
        place: An empty directory that other accounts may pass through.
        certificates: With these, only connections by TLS are let in.
    """

    def __init__(self, programs: Path, place: Path, certificates: Certificates | None) -> None:
        self.port = free_port()
        self._programs = programs
        self._place = place
        self._data = place / "postgres"
        self._log = place / "postgres.log"
        self._certificates = certificates
        self._account: Account | None = None
        self._process: GuardedProcess | None = None

    def url(self, database: str = "guatu", role: str = "guatu") -> str:
        """The address of a database by TCP, with all that the server asks for."""
        tls = f"?sslmode=verify-full&sslrootcert={self._certificates.authority}" if self._certificates else ""
        return f"postgresql://{role}:{PASSWORD}@{LOOPBACK}:{self.port}/{database}{tls}"

    async def start(self) -> None:
        """Make the data, start the server, and make roles and databases."""
        self._account = account_for(self._data, lambda line: None)
        self._data.mkdir(mode=0o700)
        self._give(self._data)
        made = await run(self._command("initdb", f"--pgdata={self._data}", "--encoding=UTF8", "--locale=C.UTF-8",
                                       "--auth-local=trust", "--auth-host=scram-sha-256", f"--username={_SUPERUSER}",
                                       "--no-sync", "--no-instructions"))  # fmt: skip
        assert made == 0, self._log.read_text()
        self._configure()
        self._process = await GuardedProcess.start(self._command("postgres", "-D", str(self._data)))
        await self._until_ready()
        for role in _ROLES:
            await self.execute(f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{PASSWORD}'")
        for database in _DATABASES:
            await self.make_database(database)

    async def stop(self) -> None:
        """Stop it and wait until it has ended."""
        if self._process is not None:
            await self._process.stop()

    async def make_database(self, database: str) -> None:
        """Make an empty database, in the place of one that is there."""
        await self.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        await self.execute(f"CREATE DATABASE {database} OWNER {_DATABASES[database]}")

    async def execute(self, statement: str, database: str = _SUPERUSER) -> None:
        """Run a statement as the superuser, by the socket."""
        connection = await asyncpg.connect(self._by_socket(database))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def dump(self, *databases: str) -> Dump:
        """Save databases as an operator does, with ``pg_dump``."""
        files: dict[str, Path] = {}
        for database in databases:
            files[database] = self._place / f"{database}-{time.monotonic_ns()}.dump"
            await self._tool("pg_dump", "--format=custom", f"--file={files[database]}", database)
        return Dump(files)

    async def restore(self, dump: Dump) -> None:
        """Put databases back to what they were, with ``pg_restore``."""
        for database, file in dump.files.items():
            await self.make_database(database)
            await self._tool("pg_restore", "--exit-on-error", f"--dbname={database}", str(file))

    async def _tool(self, name: str, *arguments: str) -> None:
        where = (f"--host={self._place}", f"--port={self.port}", f"--username={_SUPERUSER}")
        argv = [str(self._programs / name), *where, *arguments]
        done = await asyncio.to_thread(subprocess.run, argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def _configure(self) -> None:
        lines = [
            f"port = {self.port}",
            f"listen_addresses = '{LOOPBACK}'",
            f"unix_socket_directories = '{self._place}'",
            "max_connections = 300",
            "logging_collector = off",
        ]
        admitted = "host"
        if (given := self._certificates) is not None:
            # The server wants a key of its own account that nobody else may read.
            for source, name in ((given.server.certificate, "server.crt"), (given.server.key, "server.key")):
                own = self._data / name
                own.write_bytes(source.read_bytes())
                own.chmod(0o600)
                self._give(own)
            lines += ["ssl = on", "ssl_min_protocol_version = 'TLSv1.2'"]
            admitted = "hostssl"
        with (self._data / "postgresql.conf").open("a") as configuration:
            configuration.write("\n".join(lines) + "\n")
        rules = f"local all all trust\n{admitted} all all {LOOPBACK}/32 scram-sha-256\n"
        (self._data / "pg_hba.conf").write_text(rules)

    def _command(self, program: str, *arguments: str) -> Command:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        return Command(
            argv=(str(self._programs / program), *arguments),
            log=self._log,
            stop=_STOP,
            env=env | {"LC_ALL": "C.UTF-8", "TZ": "UTC"},
            uid=self._account.uid if self._account else None,
            gid=self._account.gid if self._account else None,
        )

    def _give(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)
            if path == self._data:  # the socket stands beside it
                os.chown(self._place, self._account.uid, self._account.gid)

    def _by_socket(self, database: str) -> str:
        return f"postgresql://{_SUPERUSER}@/{database}?host={self._place}&port={self.port}"

    async def _until_ready(self) -> None:
        for _ in range(600):
            assert self._process is not None
            assert self._process.exit_code is None, self._log.read_text()
            try:
                connection = await asyncpg.connect(self._by_socket(_SUPERUSER), timeout=10)
            except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.1)
            else:
                await connection.close()
                return
        raise AssertionError(f"PostgreSQL is not ready: {self._log.read_text()}")
