"""A key file of one's own, and a store on a fresh migrated database."""

from pathlib import Path

import pytest

from sealing.key_file import KeyFile, new_key_file
from tests.store.conftest import admin, database, pool, store

__all__ = ["admin", "database", "pool", "store"]


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    """Where a fresh key file is."""
    path = tmp_path / "master-keys.json"
    new_key_file(path)
    return path


@pytest.fixture
def key_file(key_path: Path) -> KeyFile:
    """The same, as a process has it."""
    return KeyFile(key_path)
