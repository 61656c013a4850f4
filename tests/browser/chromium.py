"""Finding a Chromium for the tests, or getting one, and starting it.

In this order: the path that is set; PATH; Playwright's own; Playwright's download; the system's packages, for root
where there is ``apt-get``. What costs time is tried by one process at a time, and the others take what it got.
"""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from playwright.async_api import Browser, Playwright

from guatu.embedded.errors import Attempt

Say = Callable[[str], None]
SETTING = "GUATU_CHROMIUM"
"""The environment variable with the path of a Chromium to use and no other."""
NAMES = ("chromium", "chromium-browser", "google-chrome")
"""What it is called on PATH."""
PACKAGES = ("chromium", "fonts-noto-cjk")
"""Without the font, every character of the pages is an empty box."""
PATIENCE = 120_000
"""Milliseconds in which a browser on a crowded machine has done what it is asked for."""

_DOWNLOAD = (sys.executable, "-m", "playwright", "install", "--no-shell", "chromium")
_APT = ("-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=15")
_CLOSED = re.compile(r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT)\b")
"""How the download says that the network is closed; it would try four times more."""


class NoChromiumError(Exception):
    """No way led to a Chromium.

    Attributes:
        attempts: Everything that was tried, in order.
    """

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        self.attempts = tuple(attempts)
        tried = "; ".join(f"{attempt.source}: {attempt.reason}" for attempt in self.attempts)
        super().__init__(
            f"There is no Chromium to test the pages in (tried {tried}): "
            f"put chromium on PATH or point {SETTING} at one, and try again."
        )


class _FailedError(Exception):
    """A program that was to get a Chromium did not; the text is its reason."""


@dataclass(frozen=True)
class Means:
    """What a search may use.

    Attributes:
        environment: The environment variables; ``PATH`` and what is set are read from here.
        own: Where Playwright keeps its own Chromium, if it has one.
        root: Whether the system's packages may be installed.
        seconds: How long a download or an installation may take.
    """

    environment: Mapping[str, str]
    own: Path
    root: bool
    seconds: float = 600


def find_chromium(means: Means, say: Say) -> Path:
    """Find a Chromium that runs, or get one.

    Args:
        means: What may be used.
        say: Is told, line by line, of what takes long and of a Chromium that is passed over.

    Returns:
        The path of the program.

    Raises:
        NoChromiumError: There is none; the text says what was tried and why each failed.
    """
    if told := means.environment.get(SETTING):
        if reason := unfit(Path(told)):
            raise NoChromiumError([Attempt("the path that is set", reason)])
        return Path(told)
    attempts = [Attempt("the path that is set", f"{SETTING} is not set")]
    if (found := _installed(means, attempts, say)) is not None:
        return found
    with _alone(say):
        again: list[Attempt] = []
        if (found := _installed(means, again, say)) is not None:
            return found  # got by another process while this one waited
        for source, get in (("Playwright's download", _download), ("the system's packages", _install)):
            try:
                get(means, say)
            except _FailedError as error:
                attempts.append(Attempt(source, str(error)))
                continue
            gone: list[Attempt] = []
            if (found := _installed(means, gone, say)) is not None:
                return found
            attempts.append(Attempt(source, f"it ran, and yet {gone[-1].source}: {gone[-1].reason}"))
    raise NoChromiumError(attempts)


async def launch(playwright: Playwright, program: str) -> Browser:
    """Start a browser.

    Playwright leaves Chromium's sandbox off, as root and most containers need it; it opens our own pages only.
    """
    return await playwright.chromium.launch(executable_path=program, headless=True)


def unfit(program: Path) -> str:
    """Why a program cannot be used as a Chromium; empty when it can."""
    if not program.exists():
        return f"there is no {program}"
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{program} cannot be run ({getattr(error, 'strerror', None) or error})"
    # Where the packages only point to another shop, the program on PATH is a script that says so and fails.
    if done.returncode != 0:
        return f"{program} --version failed ({_last_line(done.stderr or done.stdout)})"
    if not re.search(r"\bChrom(e|ium)\b.* \d+\.", done.stdout):
        return f"{program} is not a Chromium"
    return ""


def _installed(means: Means, attempts: list[Attempt], say: Say) -> Path | None:
    """One that is there already: on PATH or Playwright's own."""
    path = means.environment.get("PATH", "")
    passed_over: list[str] = []
    for name in NAMES:
        if (on_path := shutil.which(name, path=path)) is not None:
            if not (reason := unfit(Path(on_path))):
                return Path(on_path)
            say(f"not using the Chromium on PATH: {reason}")
            passed_over.append(reason)
    attempts.append(Attempt("PATH", ", ".join(passed_over) or f"no {', '.join(NAMES)} there"))
    if not (reason := unfit(means.own)):
        return means.own
    attempts.append(Attempt("Playwright's own", reason))
    return None


def _download(means: Means, say: Say) -> None:
    say("downloading a Chromium with Playwright (about 180 MB)")
    environment = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "15000", **means.environment}
    _run(_DOWNLOAD, environment, means.seconds, hopeless=_CLOSED)


def _install(means: Means, say: Say) -> None:
    if not means.root:
        raise _FailedError("only root may install them")
    apt = shutil.which("apt-get", path=means.environment.get("PATH", ""))
    if apt is None:
        raise _FailedError("there is no apt-get on PATH")
    environment = {**means.environment, "DEBIAN_FRONTEND": "noninteractive"}
    say(f"installing {' and '.join(PACKAGES)} with apt-get (a minute or two)")
    _run((apt, *_APT, "update"), environment, means.seconds)
    _run((apt, *_APT, "install", "-y", "--no-install-recommends", *PACKAGES), environment, means.seconds)


def _run(
    command: Sequence[str], environment: Mapping[str, str], seconds: float, hopeless: re.Pattern[str] | None = None
) -> None:
    """Run a program to its end, for so long at the most.

    Args:
        command: The program and its arguments.
        environment: Its environment.
        seconds: How long it may take; then it is stopped with all that it started.
        hopeless: A line with this is the end: it is stopped at once.

    Raises:
        _FailedError: It did not succeed; the reason is what it said last.
    """
    name = Path(command[0]).name if command is not _DOWNLOAD else "playwright install"
    try:
        running = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise _FailedError(f"{name} cannot be run ({error.strerror})") from None
    late: list[bool] = []

    def stop() -> None:
        late.append(True)
        _kill(running)

    timer = Timer(seconds, stop)
    timer.start()
    said = ""
    try:
        assert running.stdout is not None
        for line in running.stdout:
            said = line.strip() or said
            if hopeless is not None and hopeless.search(line):
                raise _FailedError(f"{name}: no network ({said})")
        status = running.wait()
    finally:
        timer.cancel()
        _kill(running)
        running.wait()
    if late:
        raise _FailedError(f"{name} took longer than {seconds:g} s ({said})")
    if status != 0:
        raise _FailedError(f"{name} failed ({said or f'status {status}'})")


def _kill(running: "subprocess.Popen[str]") -> None:
    """End a program and all that it started in its session; nothing if they have ended."""
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "without a word"


@contextmanager
def _alone(say: Say) -> Generator[None]:
    """Hold a lock between processes, so that no two get the same thing at once."""
    file = Path(tempfile.gettempdir(), f"guatu-chromium-{os.geteuid()}.lock")
    with file.open("w") as lock:
        told = began = time.monotonic()
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if time.monotonic() - told > 10:
                told = time.monotonic()
                say(f"waiting while another process gets a Chromium ({told - began:.0f} s)")
            time.sleep(0.2)
        yield
