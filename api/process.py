"""The API process: its ports are taken first, then it serves until it is told to stop."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import structlog
from temporalio.contrib.opentelemetry import TracingInterceptor

from api.app import create_app
from api.authentication import start_authentication
from api.context import Context
from api.metrics import Metrics
from api.serving import serving, taken_port
from api.settings import ApiSettings
from intake.engine import Engine, connect_temporal
from store import StoreAwayError, open_pool, prepare_schema
from store.changes import CaseChanges
from telemetry.engine import EngineMetrics
from telemetry.traces import traced

_log = structlog.stdlib.get_logger()


async def run_api(settings: ApiSettings, stop: asyncio.Event, on_ready: Callable[[int], None] | None = None) -> None:
    """Serve pages, the HTTP API and the metrics until ``stop`` is set, then drain.

    It starts also while Postgres is away: requests are answered with 503 until it is back.

    Args:
        settings: From the environment.
        stop: Set it to stop. Signals are the caller's business.
        on_ready: Called once with the port, when connections are accepted.

    Raises:
        AccessSettingsError: A file that the settings of who may ask name cannot be used.
        PortInUseError: A port cannot be listened on.
        SchemaError: The database has a schema that this version does not know.
        StoreMisconfiguredError: Postgres does not let us in.
        AccessSettingsError, SealingUnavailableError: A file that the settings name cannot be used.
        JurisdictionError, NoSuchJurisdictionError: The jurisdiction file is not there, or wrong.
        TemporalSettingsError: Temporal's settings are wrong, or do not go together.
        KeyFileError, CipherMissingError: Payloads are to be sealed and cannot be.
        TracingSettingsError: Traces are to be sent and cannot be.
    """
    async with traced("guatu-api") as is_traced:
        await _run(settings, stop, on_ready, is_traced=is_traced)


async def _run(
    settings: ApiSettings, stop: asyncio.Event, on_ready: Callable[[int], None] | None, *, is_traced: bool
) -> None:
    with contextlib.ExitStack() as ports:
        listener = ports.enter_context(
            taken_port(settings.api_host, settings.api_port, purpose="the API", setting="GUATU_API_PORT")
        )
        private = ports.enter_context(
            taken_port(
                settings.api_metrics_host,
                settings.api_metrics_port,
                purpose="the API's metrics endpoint",
                setting="GUATU_API_METRICS_PORT",
            )
        )
        await _prepare(settings)
        metrics = Metrics()
        sdk = EngineMetrics(metrics.registry)
        async with open_pool(
            settings.database_url,
            min_size=0,
            max_size=settings.database_connections,
            command_seconds=settings.api_store_seconds,
            application_name="guatu api",
            on_statement=metrics.statements.ran,
        ) as pool:
            client = await connect_temporal(
                lazy=True,
                settings=settings,
                runtime=sdk.runtime,
                around=[TracingInterceptor()] if is_traced else [],
            )
            engine = Engine(client, settings.api_engine_seconds)
            changes = CaseChanges(settings.database_url)
            app = create_app(settings, pool, metrics, engine, changes)
            await start_authentication(app)
            context = app.state.context
            assert isinstance(context, Context)
            page = metrics.app(lambda: metrics.standing.refresh(context.standing, engine.stalled))
            drain = settings.api_drain_seconds
            async with (
                _in_the_background(changes.listen()),
                sdk.gathered(),
                serving(page, private, drain_seconds=drain) as metrics_server,
                serving(app, listener, drain_seconds=drain) as server,
            ):
                port: int = listener.getsockname()[1]
                _log.info("the API is ready", port=port, metrics_port=private.getsockname()[1])
                if on_ready:
                    on_ready(port)
                await _until_stopped(stop, server, metrics_server)
                _log.info("the API drains", seconds=drain)
                context.stops.set()


@contextlib.asynccontextmanager
async def _in_the_background(work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Something that goes on while the block runs."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _prepare(settings: ApiSettings) -> None:
    try:
        await prepare_schema(settings.database_url)
    except StoreAwayError as error:
        _log.warning("Postgres is away; requests are answered with 503 until it is back", error=str(error))


async def _until_stopped(stop: asyncio.Event, *servers: asyncio.Task[None]) -> None:
    """Wait for the order to stop, or for a server that ends by itself and so has failed."""
    order = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({order, *servers}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        order.cancel()
    for server in servers:
        if server.done():
            await server
            raise RuntimeError("an HTTP server of the API has ended by itself")
