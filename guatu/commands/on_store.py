"""What commands work on: the store, with patience for what reads a whole record, and Temporal."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from temporalio.client import Client

    from store import Store


def with_store(main: "Callable[[Store], Awaitable[int | None]]") -> NoReturn:
    """Run a program on the store that the settings name; it returns its exit status (none: 0)."""
    from guatu.running import run_until_interrupted

    async def on_store(_stop: asyncio.Event) -> int | None:
        async with _store() as store:
            return await main(store)

    run_until_interrupted(on_store)


async def temporal() -> "Client":
    """A client of the Temporal server that the settings name, which seals and opens payloads as they say.

    Raises:
        SettingsError: The settings of payloads are wrong.
        EngineError: There is no way to the server.
        KeyFileError, CipherMissingError: Payloads are to be sealed and cannot be.
    """
    from guatu.settings import read_settings
    from intake.engine import connect_temporal
    from sealing.settings import PayloadSettings

    return await connect_temporal(settings=read_settings(PayloadSettings))


@asynccontextmanager
async def _store() -> "AsyncGenerator[Store]":
    from guatu.settings import read_settings
    from store import Store, open_pool
    from store.settings import DatabaseSettings

    settings = read_settings(DatabaseSettings)
    # A whole record takes its time to read; nobody waits for the connection but this command.
    async with open_pool(settings.database_url, max_size=2, command_seconds=600) as pool:
        yield Store(pool)
