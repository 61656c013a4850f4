"""Two ways to get a Temporal CLI that is not there yet: the SDK's own download, and a build from source."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from guatu.embedded.logs import lines_since, make_room, why
from guatu.embedded.process import Command, GuardedProcess

Say = Callable[[str], None]

_PROGRAM = "github.com/temporalio/cli/cmd/temporal"
_PACKAGES = 1800
"""About how many packages a build compiles when none of them is in Go's cache."""
_QUIET = 5.0
"""Seconds in which a step may end without a word."""
_EVERY = 10.0
"""Seconds between two lines about a step that takes long."""
_STALLED = 30.0
"""Seconds without a byte after which a download is given up."""
_STOP = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))


async def build(module: Path, version: str, to: Path, say: Say, program: str = _PROGRAM) -> None:
    """Build the CLI, or another program, from its pinned source with the ``go`` on PATH.

    Args:
        module: The directory of the Go module that pins it.
        version: Its version, for what is said.
        to: The file to make.
        say: Is told how far it is, unless it is fast.
        program: The Go package of the program.

    Raises:
        ChildProcessError: It could not be built; the text says why.
    """
    go = shutil.which("go")
    if go is None:
        raise ChildProcessError("there is no go on PATH to build it with")
    log = to.with_name("build.log")
    begin = make_room(log)
    # The checkout may lie in a Go workspace, and its user may build for other machines; this build is for here.
    env = {name: value for name, value in os.environ.items() if name not in {"GOOS", "GOARCH", "GOARM", "GOAMD64"}}
    argv = (go, "build", "-v", "-mod=readonly", "-buildvcs=false", "-ldflags=-s -w", "-o", str(to), program)
    command = Command(argv=argv, log=log, stop=_STOP, cwd=module, env=env | {"GOWORK": "off"}, group=True)
    process = await GuardedProcess.start(command)

    def progress(elapsed: float) -> str:
        lines = lines_since(log, begin, most=10_000_000)
        fetched = sum(line.startswith("go: downloading") for line in lines)
        built = sum(not line.startswith("go: ") for line in lines)
        how_far = f"{built} of up to {_PACKAGES} packages compiled" if built else f"{fetched} modules fetched"
        return f"building {what}: {_duration(elapsed)}, {how_far}"

    what = f"the Temporal server (CLI {version})" if program == _PROGRAM else f"{program} {version}"
    say_first = f"building {what} from source, once: some 5 minutes on two cores"
    code = await _follow(process, say, say_first, progress)
    if code != 0:
        raise ChildProcessError(f"go build failed ({why(log, begin)}; see {log})")


async def download(module: Path, version: str, to: Path, say: Say) -> None:
    """Have the SDK download the CLI, without starting a server that stays.

    Args:
        module: Not used; as for :func:`build`.
        version: The version of the CLI.
        to: The file to make.
        say: Is told how far it is, unless it is fast.

    Raises:
        ChildProcessError: It could not be downloaded; the text says why.
    """
    del module
    log = to.with_name("download.log")
    begin = make_room(log)
    place = to.with_name("download.new")
    shutil.rmtree(place, ignore_errors=True)  # of a download that was killed
    place.mkdir()
    try:
        argv = (sys.executable, "-m", "guatu.embedded.temporal_make", str(place), f"v{version}")
        process = await GuardedProcess.start(Command(argv=argv, log=log, stop=_STOP, group=True))
        seen, changed = 0, time.monotonic()

        def progress(elapsed: float) -> str:
            return f"downloading the Temporal server (CLI {version}): {_duration(elapsed)}, {seen / 1e6:.0f} MB so far"

        def stalled() -> bool:
            nonlocal seen, changed
            if (size := sum(file.stat().st_size for file in _files(place))) != seen:
                seen, changed = size, time.monotonic()
            return time.monotonic() - changed > _STALLED

        await _follow(process, say, f"downloading the Temporal server (CLI {version}), once", progress, stalled)
        whole = [file for file in _files(place) if os.access(file, os.X_OK) and file.suffix != ".downloading"]
        if not whole:
            raise ChildProcessError(why(log, begin) or f"nothing arrived in {_STALLED:.0f} s")
        whole[0].replace(to)
    finally:
        shutil.rmtree(place, ignore_errors=True)


async def _follow(
    process: GuardedProcess,
    say: Say,
    first: str,
    progress: Callable[[float], str],
    hopeless: Callable[[], bool] = lambda: False,
) -> int:
    """Wait for a process, telling how far it is from time to time; stop it when it is hopeless or nobody waits."""
    began = time.monotonic()
    next_word = _QUIET
    try:
        while process.exit_code is None and not hopeless():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), timeout=0.5)
            elapsed = time.monotonic() - began
            if process.exit_code is None and elapsed >= next_word:
                say(first if next_word == _QUIET else progress(elapsed))
                next_word = _EVERY if next_word == _QUIET else next_word + _EVERY
        return await process.stop()
    except BaseException:
        process.ask_to_stop()
        raise


def _files(place: Path) -> Iterator[Path]:
    """The files below a directory while something else writes there."""
    with contextlib.suppress(OSError):
        yield from (file for file in place.rglob("*") if file.is_file())


def _duration(seconds: float) -> str:
    return f"{int(seconds // 60)} min {int(seconds % 60):02} s" if seconds >= 60 else f"{int(seconds)} s"


async def _download_only(place: str, version: str) -> None:
    """Let the SDK fetch the CLI and then fail to start it, which is all that is wanted of it here."""
    from temporalio.testing import WorkflowEnvironment  # only this short-lived process needs it

    environment = await WorkflowEnvironment.start_local(  # pyright: ignore[reportUnknownMemberType] - the SDK's own
        download_dest_dir=place,
        dev_server_download_version=version,
        dev_server_extra_args=["--fetched-and-not-to-be-started"],
        dev_server_startup_timeout=timedelta(seconds=1),
    )
    await environment.shutdown()


if __name__ == "__main__":
    try:
        asyncio.run(_download_only(sys.argv[1], sys.argv[2]))
    except RuntimeError as error:
        sys.exit(f"error: {error}")
