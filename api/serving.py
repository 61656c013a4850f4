"""Serving an ASGI application from the process's own loop, on a socket that is taken before anything else."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncGenerator

import uvicorn
from starlette.types import ASGIApp


class PortInUseError(RuntimeError):
    """The API cannot listen where it is told to; the text says what to do."""


class _QuietServer(uvicorn.Server):
    """Signals are the process's own business; tells when it accepts connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepts = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self):  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]
        """Leave the signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        await super().startup(sockets)
        self.accepts.set()


@contextlib.contextmanager
def taken_port(host: str, port: int, *, purpose: str, setting: str):
    """A socket that listens there while the block runs.

    Args:
        host: Where to listen.
        port: The port; 0 chooses a free one.
        purpose: What listens, for the error.
        setting: The environment variable that names the port, for the error.

    Yields:
        the socket.

    Raises:
        PortInUseError: Something else listens there, or it is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(2048)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                host_setting = setting.replace("PORT", "HOST")
                told = f"{host} is no address of this machine: set {host_setting} to one of it (0.0.0.0: all)"
                raise PortInUseError(f"{purpose} cannot listen there: {told}") from None
            raise PortInUseError(
                f"{purpose} cannot listen on {host}:{port} ({error.strerror}); "
                f"stop what uses the port, or set {setting} to another (0: any free one)"
            ) from None
        yield listener


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket, *, drain_seconds: int) -> AsyncGenerator[asyncio.Task[None]]:
    """Serve while the block runs, then drain: no new connections, and requests under way may finish.

    Args:
        app: What to serve.
        listener: From ``taken_port``.
        drain_seconds: How long requests under way may take in the end.

    Yields:
        the server's task; it ends before the block does only if the server fails.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=drain_seconds,
    )
    server = _QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    accepts = asyncio.create_task(server.accepts.wait())
    try:
        await asyncio.wait({task, accepts}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        yield task
    finally:
        accepts.cancel()
        server.should_exit = True
        await task
