"""The worker's private port: ``/livez``, ``/readyz`` and ``/metrics``, served from the worker's own loop."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable

import uvicorn
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telemetry.page import metrics_page

Check = Callable[[], Awaitable[str | None]]
"""Returns what is wrong, or none."""

_CHECK_SECONDS = 3


class PortInUseError(RuntimeError):
    """The health endpoint cannot listen where it is told to."""


class _QuietServer(uvicorn.Server):
    """Signals are the process's own business."""

    @contextlib.contextmanager
    def capture_signals(self):  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]
        """Leave the signals alone."""
        yield


@contextlib.asynccontextmanager
async def health_endpoint(
    host: str, port: int, checks: dict[str, Check], registry: CollectorRegistry
) -> AsyncGenerator[int]:
    """Serve health and metrics while the block runs.

    Args:
        host: where to listen.
        port: the port; 0 chooses a free one.
        checks: what must be well for ``/readyz``, by name.
        registry: what ``/metrics`` shows.

    Yields:
        the port.

    Raises:
        PortInUseError: something else listens there.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # at once: from the moment the port is told, nobody who asks is turned away
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            told = f"{host} is no address of this machine: set GUATU_WORKER_HOST to one of it (0.0.0.0: all)"
            raise PortInUseError(f"the health endpoint cannot listen there: {told}") from None
        raise PortInUseError(
            f"the health endpoint cannot listen on {host}:{port} ({error.strerror}); "
            f"stop what uses the port, or set GUATU_WORKER_PORT to another (0: any free one)"
        ) from None

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(_request: Request) -> Response:
        found = await asyncio.gather(*(_in_time(check) for check in checks.values()))
        wrong = {name: fault for name, fault in zip(checks, found, strict=True) if fault}
        return JSONResponse(
            {"status": "ready" if not wrong else "not ready", "faults": wrong}, status_code=503 if wrong else 200
        )

    async def metrics(_request: Request) -> Response:
        return metrics_page(registry)

    app = Starlette(routes=[Route("/livez", live), Route("/readyz", ready), Route("/metrics", metrics)])
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        # Somebody who never finishes asking must not keep the process from ending.
        timeout_graceful_shutdown=_CHECK_SECONDS,
    )
    server = _QuietServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        listener.close()


async def _in_time(check: Check) -> str | None:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await check()
    except TimeoutError:
        return f"no answer within {_CHECK_SECONDS} seconds"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
