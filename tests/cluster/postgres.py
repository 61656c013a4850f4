"""A PostgreSQL as an operator has it: the system's own, by TCP with passwords, or with TLS alone.

The wheel's PostgreSQL has no ``btree_gin``, which Temporal's visibility needs, so the system's is found, or got from
its packages, for root where there is ``apt-get``.
"""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from guatu.embedded.ports import LOOPBACK
from tests.certificates import Certificates
from tests.system_postgres import SystemPostgres, installed, system_postgres

OLDEST = 15
"""What guatu needs at least."""
PASSWORD = "on-loopback-for-one-run"  # noqa: S105 - of a server that goes with the test
PACKAGES = ("postgresql-15", "postgresql-contrib")
_DATABASES = {"guatu": "guatu", "temporal": "temporal", "temporal_visibility": "temporal"}


class NoPostgresError(Exception):
    """The system has no PostgreSQL that Temporal can use, and none can be had."""


def postgres_programs(say: Callable[[str], None]) -> Path:
    """The directory of the system's PostgreSQL programs, of the newest version that is new enough.

    Raises:
        NoPostgresError: There is none; the text says what was tried.
    """
    if found := _fit():
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
    if found := _fit():
        return found
    raise NoPostgresError("the packages were installed, and yet there is no PostgreSQL with btree_gin")


def _fit() -> Path | None:
    """The newest one that has what Temporal needs, in the places of Debian's packages."""
    found = [
        (int(programs.parent.name), programs)
        for programs in installed()
        if programs.parent.name.isdigit()
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


@dataclass(frozen=True)
class CityPostgres:
    """One server with the databases of guatu and of Temporal, each owned by a role of its own with a password.

    Attributes:
        server: The server.
        programs: The directory of its programs.
        place: A directory of the test's own, for dumps.
        authority: The certificate by which it is to be recognised, where it speaks TLS alone.
    """

    server: SystemPostgres
    programs: Path
    place: Path
    authority: Path | None

    @property
    def port(self) -> int:
        """Where it listens, by TCP."""
        return self.server.port

    def url(self, database: str = "guatu", role: str = "guatu") -> str:
        """The address of a database by TCP, with all that the server asks for."""
        tls = f"?sslmode=verify-full&sslrootcert={self.authority}" if self.authority else ""
        return f"postgresql://{role}:{PASSWORD}@{LOOPBACK}:{self.port}/{database}{tls}"

    async def make_database(self, database: str) -> None:
        """Make an empty database, in the place of one that is there."""
        await self.server.execute(
            f"DROP DATABASE IF EXISTS {database} WITH (FORCE)",
            f"CREATE DATABASE {database} OWNER {_DATABASES[database]}",
        )

    async def dump(self, *databases: str) -> Dump:
        """Save databases as an operator does, with ``pg_dump``."""
        files: dict[str, Path] = {}
        for database in databases:
            files[database] = self.place / f"{database}-{time.monotonic_ns()}.dump"
            await self._tool("pg_dump", "--format=custom", f"--file={files[database]}", database)
        return Dump(files)

    async def restore(self, dump: Dump) -> None:
        """Put databases back to what they were, with ``pg_restore``."""
        for database, file in dump.files.items():
            await self.make_database(database)
            await self._tool("pg_restore", "--exit-on-error", f"--dbname={database}", str(file))

    async def _tool(self, name: str, *arguments: str) -> None:
        where = (f"--host={self.server.socket_directory}", f"--port={self.port}", "--username=postgres")
        argv = [str(self.programs / name), *where, *arguments]
        done = await asyncio.to_thread(subprocess.run, argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@asynccontextmanager
async def city_postgres(programs: Path, place: Path, certificates: Certificates | None) -> AsyncGenerator[CityPostgres]:
    """A new server with its roles and databases, while the block runs.

    Args:
        programs: From ``postgres_programs``.
        place: A directory of the test's own.
        certificates: With these, only connections by TLS are let in.
    """
    settings = {"max_connections": "300"}
    admitted, files = "host", dict[str, bytes]()
    if certificates is not None:
        pair = certificates.server
        admitted, files = "hostssl", {"server.crt": pair.certificate.read_bytes(), "server.key": pair.key.read_bytes()}
        settings |= {"ssl": "on", "ssl_min_protocol_version": "TLSv1.2"}
        settings |= {"ssl_cert_file": "{directory}/server.crt", "ssl_key_file": "{directory}/server.key"}
    access = [f"{admitted} all all {LOOPBACK}/32 scram-sha-256"]
    async with system_postgres(settings, access, files, programs) as server:
        city = CityPostgres(server, programs, place, certificates.authority if certificates else None)
        for role in sorted(set(_DATABASES.values())):
            await server.execute(f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{PASSWORD}'")
        for database in _DATABASES:
            await city.make_database(database)
        yield city
