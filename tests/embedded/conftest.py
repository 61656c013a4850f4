"""Real servers in directories of their own."""

import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
import pytest_asyncio

from guatu.embedded import find_temporal
from guatu.embedded.data_directory import DataDirectory
from guatu.embedded.postgres import EmbeddedPostgres


@pytest.fixture
def place() -> Generator[Path]:
    """An empty directory.

    Not ``tmp_path``: for root, PostgreSQL runs under another account, and every new pytest session closes the
    directory that all of its temporary directories are in.
    """
    with tempfile.TemporaryDirectory(prefix="guatu-test-") as made:
        yield Path(made)


@pytest.fixture
def data(place: Path) -> Path:
    """A data directory that does not exist yet."""
    return place / "data"


@pytest_asyncio.fixture(scope="session")
async def cli() -> Path:
    """The Temporal CLI."""
    return await find_temporal(print)


@pytest_asyncio.fixture
async def postgres(data: Path) -> AsyncGenerator[EmbeddedPostgres]:
    """A running PostgreSQL."""
    directory = await DataDirectory.open(data, print)
    server = EmbeddedPostgres(directory, print)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
        directory.close()
