"""The schema: forward-only migrations in plain SQL (``store/migrations``), and whether a database has them.

Why there is a runner of our own: docs/decisions/0003-migrations.md.
"""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Literal

import asyncpg

from store import queries
from store.connection import CONNECT_SECONDS, Connection, OnPool, Pool, PooledConnection, connected, store_errors
from store.errors import SchemaError, StoreError, StoreMisconfiguredError
from store.rights import give_rights

_SQL = queries.load("schema")
_LOCK, _LIMIT_WAITING = _SQL["lock"], _SQL["limit_waiting"]
_MAKE_TABLE, _ADD_OLDEST = _SQL["make_table"], _SQL["add_oldest"]
_HAS_TABLE, _APPLIED, _WRITE_DOWN = _SQL["has_table"], _SQL["applied"], _SQL["write_down"]

_LOCK_KEY = int.from_bytes(b"guatu")
"""The advisory lock that one migrator at a time holds in a database."""
_TABLE_LOCK = "10s"
_OLDEST_POSTGRES = 15
_FILE = re.compile(r"(\d{4})_\w+\.sql")
_OLDEST = re.compile(r"-- oldest: (\d{4})\n")


@dataclass(frozen=True)
class Migration:
    """One step of the schema.

    Attributes:
        version: Its number, from 1 without a gap.
        name: Its file's name without ``.sql``.
        sql: Its statements; a first line ``-- oldest: NNNN`` says that a version that knows the schema no further than
            that works with the database as this migration leaves it. Without one, older versions are refused.
    """

    version: int
    name: str
    sql: str

    @property
    def oldest(self) -> int:
        """The latest migration that a version must know at least to work with what this one leaves."""
        said = _OLDEST.match(self.sql)
        return int(said[1]) if said else self.version

    @property
    def sha256(self) -> bytes:
        """The digest of its text: a migration never changes once it is out."""
        return sha256(self.sql.encode()).digest()


@dataclass(frozen=True)
class SchemaState:
    """How a database's schema stands to this version.

    Attributes:
        state: ``current``; ``ahead``: a newer version has migrated it, in ways that this one can work with;
            ``behind``: migrations are missing; ``unknown``: it was made by another version, and this one must not
            touch it.
        found: The latest migration that the database has; 0: none.
        known: The latest migration of this version.
        reason: One sentence on what is wrong and what to do; empty if nothing is.
    """

    state: Literal["current", "ahead", "behind", "unknown"]
    found: int
    known: int
    reason: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether this version can work with it as it is."""
        return self.state in {"current", "ahead"}


@cache
def migrations() -> tuple[Migration, ...]:
    """The migrations of this version in their order."""
    files = (file for file in resources.files("store").joinpath("migrations").iterdir() if _FILE.fullmatch(file.name))
    return tuple(
        Migration(version=int(file.name[:4]), name=file.name.removesuffix(".sql"), sql=file.read_text("utf-8"))
        for file in sorted(files, key=lambda file: file.name)
    )


async def schema_state(pool: Pool) -> SchemaState:
    """How the schema stands to this version.

    Raises:
        StoreError: As its kinds say.
    """
    async with connected(pool) as connection:
        return _compare(await _applied(connection))


async def require_schema(pool: Pool) -> None:
    """Refuse to work on a schema that this version cannot work with.

    Raises:
        SchemaError: It is behind or unknown; the text says what to do.
        StoreError: As its other kinds say.
    """
    found = await schema_state(pool)
    if not found.is_usable:
        raise SchemaError(found.reason)


async def prepare_schema(dsn: str) -> tuple[str, ...]:
    """For a process that starts: migrate what is behind, refuse what is unknown, and leave alone what can be used.

    Returns:
        The names of the migrations that were made.

    Raises:
        SchemaError: The database has a schema that this version does not know, or a migration failed.
        StoreError: As its other kinds say.
    """
    async with _connection(dsn) as connection:
        found = _compare(await _applied(connection))
        if found.is_usable:
            return ()
        try:
            return await _migrate(connection)
        except asyncpg.InsufficientPrivilegeError as error:
            # A role that may only add to the record makes no tables either: its owner has to.
            raise SchemaError(f"{found.reason} as the tables' owner ({error})") from None


async def migrate(dsn: str, application: str | None = None) -> tuple[str, ...]:
    """Bring the schema up to this version, all of it or nothing; two at once wait for each other.

    Args:
        dsn: The database, by the owner of its tables.
        application: The role that is to have the application's rights (``store.rights``), and no other.

    Returns:
        The names of the migrations that were made; none if there was nothing to do.

    Raises:
        SchemaError: The database has a schema that this version does not know, or a migration failed.
        StoreMisconfiguredError: The server is too old, the database cannot hold Chinese, or there is no such role,
            or none that rights bind.
        StoreError: As its other kinds say.
    """
    async with _connection(dsn) as connection:
        try:
            return await _migrate(connection, application)
        except asyncpg.InsufficientPrivilegeError as error:
            raise StoreMisconfiguredError(
                f"this role may not migrate ({error}): run guatu migrate as the tables' owner, or, where there are "
                "none yet, as a role that may make tables in the schema public"
            ) from None


async def _migrate(connection: Connection, application: str | None = None) -> tuple[str, ...]:
    _check_server(connection)
    async with connection.transaction():
        await connection.execute(*_LOCK(key=_LOCK_KEY))
        await connection.execute(*_LIMIT_WAITING(duration=_TABLE_LOCK))
        await connection.execute(*_MAKE_TABLE())
        await connection.execute(*_ADD_OLDEST())
        applied = await _applied(connection)
        found = _compare(applied)
        if found.state == "unknown":
            raise SchemaError(found.reason)
        missing = [migration for migration in migrations() if migration.version not in applied]
        for migration in missing:
            try:
                await connection.execute(migration.sql)
            except asyncpg.PostgresError as error:
                if isinstance(error, asyncpg.LockNotAvailableError | asyncpg.InsufficientPrivilegeError):
                    raise
                told = f"migration {migration.name} failed, and nothing has been changed: {error}"
                raise SchemaError(told) from error
            await connection.execute(
                *_WRITE_DOWN(
                    version=migration.version, name=migration.name, sha256=migration.sha256, oldest=migration.oldest
                )
            )
        if application is not None:
            await give_rights(connection, application)
    return tuple(migration.name for migration in missing)


@dataclass(frozen=True)
class _Applied:
    """A migration as a database has written it down."""

    name: str
    sha256: bytes
    oldest: int


async def _applied(connection: Connection | PooledConnection) -> Mapping[int, _Applied]:
    if not await connection.fetchval(*_HAS_TABLE()):
        return {}
    return {
        row["version"]: _Applied(row["name"], row["sha256"], row["oldest"] or row["version"])
        for row in await connection.fetch(*_APPLIED())
    }


def _compare(applied: Mapping[int, _Applied]) -> SchemaState:
    """Compare what was applied to what this version has."""
    known = migrations()
    latest, found = known[-1].version, max(applied, default=0)
    newer = [migration for version, migration in applied.items() if version > latest]
    if any(migration.oldest > latest for migration in newer):
        reason = (
            f"the database has schema {found}, made by a newer version of guatu; this version knows schemas up to "
            f"{latest}: run the newer version"
        )
        return SchemaState("unknown", found, latest, reason)
    changed = _changed(known[:found], applied)
    if changed:
        reason = (
            f"the database has schema {found}, but its migration {changed} is not the one that this version has: it "
            "was made by another line of guatu; run that one, or use another database"
        )
        return SchemaState("unknown", found, latest, reason)
    if newer:
        return SchemaState("ahead", found, latest)
    if found < latest:
        reason = f"the database has schema {found} and this version needs {latest}: run guatu migrate"
        return SchemaState("behind", found, latest, reason)
    return SchemaState("current", found, latest)


def _changed(known: Sequence[Migration], applied: Mapping[int, _Applied]) -> str | None:
    for migration in known:
        found = applied.get(migration.version)
        if found is None or found.sha256 != migration.sha256:
            return found.name if found else migration.name
    return None


@asynccontextmanager
async def _connection(dsn: str) -> AsyncGenerator[Connection]:
    """A connection without a time limit for statements: a migration may take long."""
    with store_errors(dsn):
        connection = await asyncpg.connect(
            dsn, timeout=CONNECT_SECONDS, server_settings={"application_name": "guatu migrate"}
        )
        try:
            yield connection
        finally:
            await connection.close(timeout=CONNECT_SECONDS)


def _check_server(connection: Connection) -> None:
    version = connection.get_server_version()
    if version.major < _OLDEST_POSTGRES:
        told = f"Postgres {version.major} is too old: guatu needs {_OLDEST_POSTGRES} or newer"
        raise StoreMisconfiguredError(told)
    encoding: str = connection.get_settings().server_encoding
    if encoding != "UTF8":
        raise StoreMisconfiguredError(f"the database has the encoding {encoding}: guatu needs one with UTF8")


class SchemaCheck(OnPool):
    """The part of the store that tells what is wrong with it."""

    async def schema(self) -> SchemaState:
        """How the schema stands to this version.

        Raises:
            StoreError: As its kinds say.
        """
        return await schema_state(self._pool)

    async def fault(self) -> str | None:
        """What is wrong with Postgres or the schema in one sentence; none if all is well. Never raises."""
        try:
            found = await schema_state(self._pool)
        except StoreError as error:
            return str(error)
        return found.reason or None
