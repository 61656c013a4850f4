"""Running the command as people do: a process of its own, with nothing of this one's settings."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

GUATU = (sys.executable, "-P", "-m", "guatu")


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """A clean environment with these settings; a Temporal CLI that is set stays."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GUATU_", "TEMPORAL_")) or name == "GUATU_TEMPORAL_CLI"
    }
    return {**kept, "TEMPORAL_CONFIG_FILE": os.devnull, **(settings or {})}


async def guatu(
    *arguments: str | Path, settings: Mapping[str, str] | None = None, seconds: float = 60
) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end, while this process goes on."""
    return await asyncio.to_thread(
        subprocess.run,
        [*GUATU, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        env=environment(settings),
    )


def one_sentence(done: "subprocess.CompletedProcess[str]") -> str:
    """What a run that failed said: exactly one line of its own on standard error, and no traceback."""
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    lines = [line for line in done.stderr.splitlines() if line and not line.startswith("{")]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("guatu: ")
    return lines[0].removeprefix("guatu: ")
