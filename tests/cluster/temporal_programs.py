"""Temporal's production server and its schema tool, built once from the module in ``tools/temporal-server``."""

import asyncio
import fcntl
import os
import re
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from guatu.embedded.logs import why
from guatu.embedded.process import Command, run

MODULE = Path(__file__).parents[2] / "tools" / "temporal-server"
_PACKAGES = {"server": "go.temporal.io/server/cmd/server", "sql": "go.temporal.io/server/cmd/tools/sql"}
_STOP = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))


@dataclass(frozen=True)
class TemporalPrograms:
    """Where they are.

    Attributes:
        server: All four services.
        sql: What makes and updates the schema.
    """

    server: Path
    sql: Path


def pinned_server() -> str:
    """The version of the server that the module pins, such as ``1.32.0``."""
    found = re.search(r"^\s*go\.temporal\.io/server v(\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert found, f"{MODULE / 'go.mod'} does not require go.temporal.io/server"
    return found[1]


def kept_programs(version: str) -> TemporalPrograms:
    """The paths of a version's programs, built or not: below ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    told = Path(os.environ.get("XDG_CACHE_HOME", ""))
    place = (told if told.is_absolute() else Path.home() / ".cache") / "guatu" / f"temporal-server-{version}"
    return TemporalPrograms(server=place / "server", sql=place / "sql")


async def temporal_programs(say: Callable[[str], None]) -> TemporalPrograms:
    """Find them in the cache, or build them, which takes some minutes.

    Raises:
        ChildProcessError: They cannot be built; the text says why.
    """
    version = pinned_server()
    programs = kept_programs(version)
    place = programs.server.parent
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:  # for processes that need them at once
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        for name, package in _PACKAGES.items():
            if not (place / name).exists():
                say(f"building {package} {version} from source, once: some minutes")
                await _build(package, place / f"{name}.new")
                (place / f"{name}.new").replace(place / name)
    return programs


async def _build(package: str, to: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise ChildProcessError("there is no go on PATH to build it with")
    log = to.with_name("build.log")
    log.unlink(missing_ok=True)
    # The checkout may lie in a Go workspace, and its user may build for other machines; this build is for here.
    env = {name: value for name, value in os.environ.items() if name not in {"GOOS", "GOARCH", "GOARM", "GOAMD64"}}
    argv = (go, "build", "-mod=readonly", "-buildvcs=false", "-ldflags=-s -w", "-o", str(to), package)
    if await run(Command(argv=argv, log=log, stop=_STOP, cwd=MODULE, env=env | {"GOWORK": "off"}, group=True)) != 0:
        raise ChildProcessError(f"go build failed ({why(log, 0)}; see {log})")
