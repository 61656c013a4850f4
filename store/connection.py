"""Connections: the pool with its time limits, and how asyncpg's many errors become the few of ``store.errors``."""

import asyncio
import contextlib
import json
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy
from pydantic_core import from_json

from store import queries
from store.addresses import hosts_of
from store.errors import SchemaError, StoreAwayError, StoreError, StoreMisconfiguredError
from store.tls import shows_certificate

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    PooledConnection: TypeAlias = PoolConnectionProxy[asyncpg.Record]
else:  # generic for the type checker alone
    Pool, Connection, PooledConnection = asyncpg.Pool, asyncpg.Connection, PoolConnectionProxy

_log = structlog.stdlib.get_logger()

_AWAY = (
    OSError,  # refused, reset, no such socket, no such host
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, starting up, or a statement cancelled by its time limit
    asyncpg.InsufficientResourcesError,  # too many connections, disk or memory full
    asyncpg.TransactionRollbackError,  # deadlock
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby that is not promoted yet
    asyncpg.InternalClientError,  # the connection was lost in the middle of a message
)
_MISCONFIGURED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ClientConfigurationError,
)
_INTERRUPTED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""A connection with TLS that has ended, as any may; every other error of TLS is there to stay."""
_OTHER_SCHEMA = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError)

CONNECT_SECONDS = 5.0
"""How long connecting, and waiting for a free connection of the pool, may take."""
_LET_GO_SECONDS = 1.0
"""How long the server gets to end a statement that took too long."""
_GRACE_SECONDS = 0.25
"""How long a call waits for a silent server, which may just be back, or was only slow once."""


@dataclass(frozen=True)
class Statement:
    """A statement that has been run, told without its text and its values.

    Attributes:
        name: The named query, ``<file>.<query>``, or ``other``.
        seconds: How long it took.
        failure: The name of the error's type, if it failed.
    """

    name: str
    seconds: float
    failure: str | None


OnStatement = Callable[[Statement], None]
"""Is told of every statement right after it, in the context in which it was run; it must not fail."""


@contextmanager
def store_errors(dsn: str = "") -> Generator[None]:
    """Raise the errors of ``store.errors`` for those of asyncpg and of the network; others pass as they are.

    Args:
        dsn: the address, while a connection to it is being made.
    """
    try:
        yield
    except StoreError:
        raise
    except ssl.SSLCertVerificationError as error:
        raise StoreMisconfiguredError(
            f"the certificate of Postgres is not trusted ({error.verify_message}): check sslrootcert, and that the "
            "database URL has the host that the certificate names"
        ) from error
    except ssl.SSLError as error:
        if isinstance(error, _INTERRUPTED):
            raise StoreAwayError(f"Postgres does not answer now ({_said(error)})") from error
        raise StoreMisconfiguredError(
            f"TLS with Postgres fails ({error.reason or error}): check sslcert, sslkey and sslrootcert"
        ) from error
    except PermissionError as error:
        if not error.filename:
            raise StoreAwayError(f"Postgres does not answer now ({_said(error)})") from error
        # Where no certificate is named, one is looked for in the home directory, as libpq does.
        raise StoreMisconfiguredError(
            f"{error.filename} cannot be read ({error.strerror}): name our certificate for Postgres by sslcert and "
            "sslkey in GUATU_DATABASE_URL, or set HOME to this account's own directory"
        ) from error
    except socket.gaierror as error:
        host = f"; no such host: {', '.join(hosts_of(dsn))}" if dsn else ""
        raise StoreAwayError(f"Postgres does not answer now ({_said(error)}{host}){_what_to_do(dsn)}") from error
    except asyncpg.ConnectionDoesNotExistError as error:
        # A server that does not accept our certificate ends the connection after the handshake, without a word to us.
        hint = "; it may not accept our certificate (sslcert): its log says why" if shows_certificate(dsn) else ""
        raise StoreAwayError(f"Postgres does not answer now ({_said(error)}{hint})") from error
    except _AWAY as error:
        raise StoreAwayError(f"Postgres does not answer now ({_said(error)}){_what_to_do(dsn)}") from error
    except _MISCONFIGURED as error:
        raise StoreMisconfiguredError(
            f"Postgres does not let us in ({_said(error)}): check GUATU_DATABASE_URL, and GUATU_DATABASE_PASSWORD"
        ) from error
    except _OTHER_SCHEMA as error:
        raise SchemaError(f"the database lacks what this version needs ({_said(error)}): run guatu migrate") from error
    except asyncpg.InterfaceError as error:
        # Of this very type, and no subclass: the connection or the pool has been closed under us.
        if type(error) is not asyncpg.InterfaceError:
            raise
        raise StoreAwayError(f"the connection to Postgres is closed ({error})") from error


def _what_to_do(dsn: str) -> str:
    """Said of a connection that is being made: one that was there may be back in a moment."""
    return ": start it, or set GUATU_DATABASE_URL" if dsn else ""


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


@asynccontextmanager
async def open_pool(
    dsn: str,
    *,
    min_size: int = 1,
    max_size: int = 10,
    command_seconds: float = 5.0,
    application_name: str = "guatu",
    on_statement: OnStatement | None = None,
) -> AsyncGenerator[Pool]:
    """A pool of connections, closed at the end.

    Args:
        dsn: ``postgresql://user@host/database``.
        min_size: Connections that are opened at once; 0: Postgres may be away at first.
        max_size: Connections at the most; an activity that gets none in five seconds fails and is tried again.
        command_seconds: How long one statement may take, in seconds.
        application_name: How Postgres lists the connections.
        on_statement: Is told of every statement.

    Raises:
        StoreAwayError: Postgres cannot be reached.
        StoreMisconfiguredError: It does not let us in.
    """
    settings = {
        "application_name": application_name,
        "timezone": "UTC",
        # Compiling would take longer than any of these statements runs.
        "jit": "off",
        # The default is for disks that turn: by it whole tables would be read where an index has the answer.
        "random_page_cost": "1.1",
        # A process that stands still in the middle of a transaction must not hold a case for ever.
        "idle_in_transaction_session_timeout": "60s",
    }
    with store_errors(dsn):
        pool = await asyncpg.create_pool(
            dsn,
            min_size=min_size,
            max_size=max_size,
            timeout=CONNECT_SECONDS,
            command_timeout=command_seconds,
            server_settings=settings,
            init=lambda connection: _prepare(connection, on_statement),
            reset=_nothing_to_reset,
        )
    try:
        yield pool
    finally:
        await _close(pool)


@asynccontextmanager
async def connected(pool: Pool) -> AsyncGenerator[PooledConnection]:
    """A connection of the pool, with errors as the store's own.

    Raises:
        StoreError: As its kinds say.
    """
    with store_errors():
        connection = await pool.acquire(timeout=CONNECT_SECONDS)
        try:
            yield connection
        finally:
            # One that is still in the middle of something is closed then, and the pool makes another.
            with contextlib.suppress(TimeoutError):
                await pool.release(connection, timeout=_LET_GO_SECONDS)


class Line:
    """The way to Postgres, which may fall silent: then nobody waits for it but one who asks.

    A server that takes connections and answers nothing would have each call wait out its time limit, and hold what it
    was called in: a worker's slot for an activity, which a notice needs that could do without Postgres. So when a call
    has waited in vain, and no other was answered in the latter half of that, one question is put to the server until it
    is answered, and till then all calls fail.

    Args:
        pool: its connections.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._answered_at = time.monotonic()
        self._asking: asyncio.Task[None] | None = None
        """Puts the question, as long as the server is silent."""

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[PooledConnection]:
        """A connection, with errors as the store's own.

        Raises:
            StoreAwayError: At once, while the server is silent.
            StoreError: As its kinds say.
        """
        if self._asking and not (await asyncio.wait({self._asking}, timeout=_GRACE_SECONDS))[0]:
            raise StoreAwayError("Postgres does not answer now (it is silent, and is being asked)")
        began = time.monotonic()
        try:
            async with connected(self._pool) as connection:
                yield connection
        except StoreAwayError as error:
            if not _is_silence(error):
                self._answered_at = time.monotonic()
            elif self._asking is None and self._answered_at < (began + time.monotonic()) / 2:
                # In nobody's name: neither a case's nor a request's.
                self._asking = asyncio.create_task(self._ask(), context=Context())
            raise
        except Exception:
            self._answered_at = time.monotonic()
            raise
        self._answered_at = time.monotonic()

    async def _ask(self) -> None:
        """Ask until there is an answer, and be it that there is no server any more."""
        _log.warning("Postgres is silent: what needs it fails at once until it answers")
        is_silent = True
        try:
            while is_silent:
                try:
                    async with connected(self._pool) as connection:
                        await connection.execute("SELECT 1")
                    is_silent = False
                except StoreError as error:
                    is_silent = _is_silence(error)
        finally:
            self._asking = None
        _log.info("Postgres is silent no more")


def _is_silence(error: StoreError) -> bool:
    return isinstance(error.__cause__, TimeoutError)


class OnPool:
    """What the parts of the store share: the pool they were given."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._line = Line(pool)

    def _connected(self) -> AbstractAsyncContextManager[PooledConnection]:
        return self._line.connected()


async def _prepare(connection: Connection, on_statement: OnStatement | None) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=json.dumps, decoder=from_json)
    if on_statement:
        connection.add_query_logger(lambda logged: on_statement(_told(logged)))


def _told(logged: asyncpg.connection.LoggedQuery) -> Statement:
    failure = type(logged.exception).__name__ if logged.exception else None
    return Statement(queries.name_of(logged.query) or "other", logged.elapsed, failure)


async def _nothing_to_reset(connection: Connection) -> None:
    """Spares the round trip of asyncpg's reset: no session setting, lock or listener is left by the store."""


async def _close(pool: Pool) -> None:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await pool.close()
    except (TimeoutError, *_AWAY):
        pool.terminate()
