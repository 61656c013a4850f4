"""The servers' log files."""

import contextlib
import os
import re
from pathlib import Path

_LARGE = 10_000_000
"""Bytes from which a log is set aside at the next start."""
_TELLING = re.compile(r"FATAL|PANIC|\berror\b", re.IGNORECASE)


def make_room(log: Path) -> int:
    """Set a large log aside as ``<name>.1``, replacing the one before it.

    Returns:
        Where the next lines will begin, in bytes.
    """
    with contextlib.suppress(FileNotFoundError):
        size = log.stat().st_size
        if size <= _LARGE:
            return size
        log.replace(log.with_name(log.name + ".1"))
    return 0


def lines_since(log: Path, begin: int, most: int = 65536) -> list[str]:
    """The lines that are not empty, from a position on (at most the last ``most`` bytes); none when there is no log."""
    try:
        with log.open("rb") as file:
            file.seek(max(begin, file.seek(0, os.SEEK_END) - most))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip()]


def why(log: Path, begin: int) -> str:
    """The line that best says what went wrong since a position, cut to fit into a sentence; empty if there is none."""
    lines = lines_since(log, begin)
    telling = [line for line in lines if _TELLING.search(line)] or lines or [""]
    return telling[-1][:300]
