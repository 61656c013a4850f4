"""Real servers in directories of their own."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from guatu.embedded import find_temporal


@contextmanager
def new_place() -> Generator[Path]:
    """Make an empty directory, and remove it at the end.

    Not ``tmp_path``: for root, PostgreSQL runs under another account, and every new pytest session closes the
    directory that all of its temporary directories are in.
    """
    with tempfile.TemporaryDirectory(prefix="guatu-test-") as made:
        yield Path(made)


@pytest.fixture
def place() -> Generator[Path]:
    """An empty directory."""
    with new_place() as made:
        yield made


@pytest.fixture
def data(place: Path) -> Path:
    """A data directory that does not exist yet."""
    return place / "data"


@pytest.fixture(scope="module")
def shared_data() -> Generator[Path]:
    """The data directory of the servers that a module's tests share; it does not exist yet."""
    with new_place() as made:
        yield made / "data"


@pytest_asyncio.fixture(scope="session")
async def cli() -> Path:
    """The Temporal CLI."""
    return await find_temporal(print)
