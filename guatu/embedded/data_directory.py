"""The directory in which the embedded servers keep their data: its layout, its lock and its stamp.

    guatu.json   what made it (the stamp)        guatu.lock   held while anything uses it
    postgres/    PostgreSQL's data               run/         PostgreSQL's socket
    temporal/    Temporal's SQLite file          logs/        what the servers wrote

The lock is one open file, inherited by the servers: it is free when the program *and* its servers are gone, and a
server that a killed program has left stopping cannot be met by a second one on the same files.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from guatu.embedded.errors import (
    DataDirectoryLockedError,
    DataDirectoryMismatchError,
    DataDirectoryUnwritableError,
)

LAYOUT = 1
"""Counts up whenever the files in the directory are no longer what an earlier version wrote."""

_STAMP = "guatu.json"
_LOCK = "guatu.lock"
_PATIENCE = 60.0
"""Seconds to wait for the servers of a program that has ended: longer than they are given to stop."""


def default_data_directory() -> Path:
    """The directory when none is set: ``$XDG_DATA_HOME/guatu``, else ``~/.local/share/guatu``.

    For root it is ``/var/lib/guatu``: root's home is closed to the account that PostgreSQL then runs under.
    """
    told = os.environ.get("XDG_DATA_HOME", "")
    if Path(told).is_absolute():
        return Path(told, "guatu")
    if os.geteuid() == 0:
        return Path("/var/lib/guatu")
    return Path.home() / ".local" / "share" / "guatu"


class Stamp(BaseModel):
    """What is written in a data directory about itself.

    Attributes:
        layout: The version of its layout.
        temporal_server: The version of the Temporal server that made its SQLite file; None when there is none yet.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    layout: int
    temporal_server: str | None = None


class DataDirectory:
    """A data directory, locked for this process and what it starts. Get it from :meth:`open`.

    Attributes:
        path: The directory.
        lock: The open file that holds the lock; the servers are to inherit it.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self.lock = lock
        self._stamp = Stamp(layout=LAYOUT)

    @classmethod
    async def open(cls, path: Path, say: Callable[[str], None]) -> "DataDirectory":
        """Make the directory when it is missing, lock it, and see that it is one of this version.

        Servers that an ended program has left stopping are waited for.

        Args:
            path: The directory.
            say: Is told of waiting.

        Raises:
            DataDirectoryUnwritableError: It cannot be made or written.
            DataDirectoryLockedError: It is in use.
            DataDirectoryMismatchError: It was made by another version, or is no data directory.
        """
        path = Path(os.path.abspath(path.expanduser()))  # noqa: ASYNC240, PTH100 - no waiting; links stay as given
        try:
            _refuse_what_is_not_ours(path)
            path.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataDirectoryUnwritableError(path, _reason(error)) from None
        opened = cls(path, lock)
        try:
            await _take(lock, path, say)
            opened._read_stamp()
            for part in (opened.temporal, opened.logs):
                part.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            opened.close()
            raise DataDirectoryUnwritableError(path, _reason(error)) from None
        except BaseException:
            opened.close()
            raise
        return opened

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data."""
        return self.path / "postgres"

    @property
    def run(self) -> Path:
        """Where PostgreSQL's socket is, when the path is short enough."""
        return self.path / "run"

    @property
    def temporal(self) -> Path:
        """Temporal's data."""
        return self.path / "temporal"

    @property
    def logs(self) -> Path:
        """The servers' logs."""
        return self.path / "logs"

    @property
    def temporal_server(self) -> str | None:
        """The version of the Temporal server whose data are here; None when there are none yet."""
        return self._stamp.temporal_server

    def record_temporal_server(self, version: str) -> None:
        """Note that Temporal's data are whole, and which server made them."""
        self._write_stamp(self._stamp.model_copy(update={"temporal_server": version}))

    def close(self) -> None:
        """Let go of the lock. Closed again, it stays closed."""
        lock, self.lock = self.lock, -1
        if lock >= 0:
            os.close(lock)

    def _read_stamp(self) -> None:
        file = self.path / _STAMP
        try:
            self._stamp = Stamp.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            self._write_stamp(self._stamp)
        except ValidationError:
            raise DataDirectoryMismatchError(self.path, f"has a {_STAMP} that cannot be read") from None
        if self._stamp.layout != LAYOUT:
            age = "an older" if self._stamp.layout < LAYOUT else "a newer"
            told = f"was made by {age} version of guatu (layout {self._stamp.layout}, this one needs {LAYOUT})"
            raise DataDirectoryMismatchError(self.path, told)

    def _write_stamp(self, stamp: Stamp) -> None:
        draft = self.path / f"{_STAMP}.new"
        with draft.open("w") as file:
            file.write(stamp.model_dump_json(indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path / _STAMP)
        self._stamp = stamp


def _refuse_what_is_not_ours(path: Path) -> None:
    """Keep away from directories that hold something else (a home, a directory of a version without a stamp)."""
    if not path.exists() or (path / _STAMP).exists():
        return
    others = {entry.name for entry in path.iterdir()} - {_LOCK, f"{_STAMP}.new"}
    if "postgres" in others:
        raise DataDirectoryMismatchError(path, f"was made by an older version of guatu (it has no {_STAMP})")
    if others:
        raise DataDirectoryMismatchError(path, "is not empty and not a data directory of guatu")


async def _take(lock: int, path: Path, say: Callable[[str], None]) -> None:
    """Take the lock, waiting while only the servers of an ended program hold it."""
    began = time.monotonic()
    told = False
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        if (owner := _living_owner(lock)) is not None:
            raise DataDirectoryLockedError(path, owner)
        waited = time.monotonic() - began
        if waited > _PATIENCE:
            raise DataDirectoryLockedError(path, None)
        if waited > 1 and not told:
            told = True
            say("waiting for the servers of an earlier run to stop")
        await asyncio.sleep(0.1)
    me = psutil.Process()
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps({"pid": me.pid, "started": me.create_time()}).encode(), 0)


def _living_owner(lock: int) -> int | None:
    """The process that took the lock, if it is still there."""
    try:
        owner: dict[str, Any] = json.loads(os.pread(lock, 4096, 0))
        process = psutil.Process(int(owner["pid"]))
        same = abs(process.create_time() - float(owner["started"])) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except (ValueError, KeyError, psutil.Error):
        return None
    return process.pid if same else None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
