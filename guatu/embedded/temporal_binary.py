"""Finding a Temporal dev server to start, or making one.

In this order: the path that is set; ``temporal`` on PATH; our own cache; the SDK's download; a build from source that
is pinned by the Go module beside this package. The module's ``go.mod`` is the one place that names the versions.
"""

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from guatu.embedded.errors import Attempt, NoTemporalServerError
from guatu.embedded.temporal_make import build, download

Say = Callable[[str], None]
SETTING = "GUATU_TEMPORAL_CLI"
"""The environment variable with the path of a Temporal CLI to use and no other."""


@dataclass(frozen=True)
class Pinned:
    """What ``go.mod`` pins.

    Attributes:
        module: The directory of the Go module.
        cli: The version of the Temporal CLI, for example ``1.9.1``.
        server: The version of the Temporal server in it: the oldest that is good enough.
    """

    module: Path
    cli: str
    server: str


@cache
def pinned() -> Pinned:
    """Read what is pinned, from the installed package or from the checkout."""
    here = Path(__file__).resolve()
    installed, checkout = here.with_name("temporal_build"), here.parents[2] / "tools" / "temporal"
    module = installed if installed.is_dir() else checkout
    text = (module / "go.mod").read_text()

    def version(of: str) -> str:
        found = re.search(rf"^\s*(?:require\s+)?{re.escape(of)} v(\S+)", text, re.MULTILINE)
        if found is None:
            raise LookupError(f"{module / 'go.mod'} does not require {of}")
        return found[1]

    return Pinned(module, version("github.com/temporalio/cli"), version("go.temporal.io/server"))


def cache_directory() -> Path:
    """Where a server that was downloaded or built is kept: below ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    told = Path(os.environ.get("XDG_CACHE_HOME", ""))
    root = told if told.is_absolute() else Path.home() / ".cache"
    return root / "guatu" / f"temporal-{pinned().cli}"


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


async def find_or_build_temporal(say: Say, cli: Path | None = None) -> Path:
    """Find a Temporal CLI whose server is new enough, or make one.

    Args:
        say: Is told, line by line, of what takes long and of a CLI that is passed over.
        cli: The CLI to use and no other; by default what ``GUATU_TEMPORAL_CLI`` names, if anything.

    Returns:
        The path of the CLI.

    Raises:
        NoTemporalServerError: There is none; the text says what was tried and why each failed.
    """
    wanted = pinned().server
    if cli is None and (told := os.environ.get(SETTING)):
        cli = Path(told)
    if cli is not None:
        cli = cli.absolute()
        if reason := await _unfit(cli):
            raise NoTemporalServerError([Attempt("the path that is set", reason)], wanted)
        return cli

    attempts = [Attempt("the path that is set", f"{SETTING} is not set")]
    if (on_path := shutil.which("temporal")) is None:
        attempts.append(Attempt("PATH", "no temporal there"))
    elif reason := await _unfit(Path(on_path)):
        say(f"not using the Temporal CLI on PATH: {reason}")
        attempts.append(Attempt("PATH", reason))
    else:
        return Path(on_path)

    try:
        kept = cache_directory() / "temporal"
        if not await _unfit(kept):
            return kept
        kept.parent.mkdir(parents=True, exist_ok=True)
        async with alone(kept.parent / "lock", say):
            if not (reason := await _unfit(kept)):
                return kept  # made while we waited
            attempts.append(Attempt("the cache", reason))
            await _make(kept, attempts, say)
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home directory
        attempts.append(Attempt("the cache", f"cannot be written ({error})"))
        raise NoTemporalServerError(attempts, wanted) from None
    return kept


async def _make(kept: Path, attempts: list[Attempt], say: Say) -> None:
    """Download or build a server and put it in its place in one step."""
    for source, make in (("the download", download), ("a build", build)):
        draft = kept.with_name(f"temporal.{source.split()[-1]}.new")
        draft.unlink(missing_ok=True)
        try:
            await make(pinned().module, pinned().cli, draft, say)
        except ChildProcessError as error:
            attempts.append(Attempt(source, str(error)))
            continue
        if reason := await _unfit(draft):
            attempts.append(Attempt(source, reason))
            draft.unlink(missing_ok=True)
            continue
        draft.replace(kept)
        return
    raise NoTemporalServerError(attempts, pinned().server)


async def _unfit(cli: Path) -> str:
    """Why a CLI cannot be used; empty when it can."""
    if not await asyncio.to_thread(cli.exists):
        return f"there is no {cli}"
    try:
        found = await asyncio.to_thread(server_version, cli)
    except ValueError as error:
        return str(error)
    wanted = pinned().server
    if _numbers(found) < _numbers(wanted):
        return f"{cli} carries server {found}, and {wanted} or newer is needed"
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@contextlib.asynccontextmanager
async def alone(file: Path, say: Say) -> AsyncGenerator[None]:
    """Hold a lock between processes, so that no two make the same thing at once."""
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        began = told = time.monotonic()
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if time.monotonic() - told > 10:
                told = time.monotonic()
                say(f"waiting while another guatu makes the Temporal server ({told - began:.0f} s)")
            await asyncio.sleep(0.2)
        yield
    finally:
        os.close(lock)
