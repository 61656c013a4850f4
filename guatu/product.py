"""The product's processes on an embedded stack: how ``guatu up`` and ``guatu demo`` start the worker and the API."""

import contextlib
from collections.abc import AsyncGenerator, Generator, Mapping
from pathlib import Path

from guatu.embedded import EmbeddedStack
from guatu.embedded.errors import PortInUseError
from guatu.embedded.ports import LOOPBACK, free_port
from guatu.embedded.postgres import APPLICATION
from guatu.errors import CommandError
from guatu.services import Service, SupervisedService, child_environment
from sealing.errors import KeyFileError
from sealing.key_file import new_key_file
from sealing.settings import PayloadSettings
from store import migrate

LOGS = "logs"
"""Where a data directory keeps what the processes write, the embedded servers' logs among it."""
MASTER_KEYS = "master-keys.json"
"""Where a data directory keeps the master keys by which complainants' details are sealed."""
_KEY_FILE_SETTING = "GUATU_MASTER_KEY_FILE"


def worker_service(stack: EmbeddedStack, data_dir: Path, port: int, environment: Mapping[str, str]) -> Service:
    """The worker.

    Args:
        stack: The servers it works with.
        data_dir: The stack's data directory.
        port: Where its health endpoint listens; 0 chooses a free port.
        environment: Its settings, to which the addresses are added; the worker has no use for master keys and
            gets none.
    """
    settings = {name: value for name, value in environment.items() if name != _KEY_FILE_SETTING}
    return _service("worker", "GUATU_WORKER_PORT", stack, data_dir, port, settings)


def api_service(stack: EmbeddedStack, data_dir: Path, port: int, environment: Mapping[str, str]) -> Service:
    """The HTTP API with the pages, on this port; else as ``worker_service``.

    Unless the environment names a master key file, the data directory has one, made at the first start.

    Raises:
        CommandError: None can be made there.
    """
    settings = {**environment, "GUATU_TEMPORAL_UI_URL": stack.ui_url}
    if not settings.get(_KEY_FILE_SETTING):
        settings[_KEY_FILE_SETTING] = str(_master_keys(data_dir))
    return _service("api", "GUATU_API_PORT", stack, data_dir, port, settings)


async def prepare_database(stack: EmbeddedStack) -> None:
    """Migrate the embedded database as its owner; the product's processes may then add to the record, and no more.

    Raises:
        SchemaError: The database has a schema that this version does not know.
        StoreError: As its other kinds say.
    """
    await migrate(stack.database_url, APPLICATION)


def stack_environment(stack: EmbeddedStack) -> dict[str, str]:
    """The settings by which a process finds the embedded servers."""
    return {
        "GUATU_DATABASE_URL": stack.application_url,
        "TEMPORAL_ADDRESS": stack.temporal_address,
        "TEMPORAL_NAMESPACE": stack.namespace,
    }


def payload_environment(settings: PayloadSettings) -> dict[str, str]:
    """The settings by which a process seals payloads as this one does."""
    if settings.payload_key_file is None:
        return {}
    return {
        "GUATU_PAYLOAD_KEY_FILE": str(settings.payload_key_file.expanduser().absolute()),
        "GUATU_SEALING_CIPHER": settings.sealing_cipher.value,
    }


def ui_codec_endpoint(settings: PayloadSettings, api_port: int) -> str | None:
    """Where the embedded Temporal UI has payloads opened: by the API on this port; none: they are in plain."""
    return f"http://{LOOPBACK}:{api_port}/codec" if settings.payload_key_file else None


def url_of(service: Service) -> str:
    """Where a service is on this machine."""
    return f"http://{LOOPBACK}:{service.port}"


@contextlib.asynccontextmanager
async def stopped_at_the_end(*services: SupervisedService) -> AsyncGenerator[None]:
    """Stop services when the block ends, however it ends; all are asked before any is waited for."""
    try:
        yield
    finally:
        for service in services:
            service.ask_to_stop()
        for service in services:
            await service.stop()


@contextlib.contextmanager
def ports_told_with_their_options(options: Mapping[int, str]) -> Generator[None]:
    """Add to the error of a port in use how the command is told to take another one.

    Args:
        options: What to set instead, for each port that was asked for.

    Raises:
        CommandError: A port is in use.
    """
    try:
        yield
    except PortInUseError as error:
        option = options.get(error.port)
        hint = f" ({option} takes a free one)" if option else ""
        raise CommandError(f"{str(error).rstrip('.')}{hint}.") from None


def _master_keys(data_dir: Path) -> Path:
    path = data_dir / MASTER_KEYS
    if not path.exists():
        try:
            new_key_file(path)
        except KeyFileError as error:
            raise CommandError(str(error)) from None
    return path


def _service(
    name: str, port_setting: str, stack: EmbeddedStack, data_dir: Path, port: int, environment: Mapping[str, str]
) -> Service:
    chosen = port or free_port()
    settings = {**environment, **stack_environment(stack), port_setting: str(chosen)}
    return Service(
        name=name,
        arguments=(name,),
        environment=child_environment(settings),
        port=chosen,
        log=data_dir / LOGS / f"{name}.log",
    )
