"""Child processes that never outlive this one: each is kept by a guardian (see :mod:`guatu.embedded.guardian`)."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

_GUARDIAN = Path(__file__).with_name("guardian.py")


@dataclass(frozen=True)
class Command:
    """What to run and how to end it.

    Attributes:
        argv: The program, as an absolute path or found on PATH, and its arguments.
        log: The file that its output is appended to; none: it goes to this program's standard error.
        stop: Signals and the seconds to wait after each, from the gentlest to SIGKILL.
        cwd: The directory it runs in.
        env: Its whole environment.
        uid: The user to run as, when it is another; needs root.
        gid: The group to run as, together with ``uid``.
        group: Whether it starts helpers that must end with it: signals then go to all of them.
        keep_open: Open file descriptors that it inherits.
    """

    argv: tuple[str, ...]
    log: Path | None
    stop: tuple[tuple[signal.Signals, float], ...]
    cwd: Path = Path("/")
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    uid: int | None = None
    gid: int | None = None
    group: bool = False
    keep_open: tuple[int, ...] = ()

    def orders(self) -> bytes:
        """The line for the guardian."""
        told = {
            "argv": self.argv,
            "log": str(self.log) if self.log else None,
            "stop": [(number.name, seconds) for number, seconds in self.stop],
            "cwd": str(self.cwd),
            "env": dict(self.env),
            "uid": self.uid,
            "gid": self.gid,
            "group": self.group,
            "keep_open": self.keep_open,
            "parent": os.getpid(),
        }
        return json.dumps(told).encode() + b"\n"


class GuardedProcess:
    """A running child and its guardian.

    Start it with :meth:`start`; it ends by itself, by :meth:`stop`, or when this process ends, whichever comes first.
    """

    def __init__(self, command: Command) -> None:
        self._command = command
        self._started: Future[int] = Future()
        self._ended: Future[int] = Future()
        self._guardian: subprocess.Popen[bytes] | None = None

    @classmethod
    async def start(cls, command: Command) -> "GuardedProcess":
        """Start a command under a guardian.

        Returns:
            The process, which has been started but may not yet be ready for anything.

        Raises:
            OSError: It could not be started.
        """
        process = cls(command)
        guardian = subprocess.Popen(  # noqa: ASYNC220, S603 - takes milliseconds; our own script
            [sys.executable, "-I", "-S", str(_GUARDIAN)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=command.keep_open,
            start_new_session=True,
            cwd="/",
        )
        process._guardian = guardian
        threading.Thread(target=process._follow, args=(guardian,), name="guardian-reports", daemon=True).start()
        assert guardian.stdin is not None  # asked for above
        try:
            with contextlib.suppress(BrokenPipeError):  # it ended at once; the reports say why
                guardian.stdin.write(command.orders())
                guardian.stdin.flush()
            await asyncio.shield(asyncio.wrap_future(process._started))
        except BaseException:
            process.ask_to_stop()
            raise
        return process

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._started.result(timeout=0)

    @property
    def exit_code(self) -> int | None:
        """None while the child runs, then its exit status (negative: the signal that ended it)."""
        return self._ended.result() if self._ended.done() else None

    def ask_to_stop(self) -> None:
        """Have the guardian stop the child, without waiting for it. Asked again, it changes nothing."""
        if self._guardian is not None and self._guardian.stdin is not None:
            with contextlib.suppress(OSError):
                self._guardian.stdin.close()

    async def stop(self) -> int:
        """Stop the child as its command says and wait until it has ended.

        Returns:
            Its exit status.
        """
        self.ask_to_stop()
        return await self.wait()

    async def wait(self) -> int:
        """Wait until the child has ended.

        Returns:
            Its exit status.
        """
        return await asyncio.shield(asyncio.wrap_future(self._ended))

    def _follow(self, guardian: "subprocess.Popen[bytes]") -> None:
        """Take in the guardian's reports until it has gone. Runs in a thread of its own."""
        child: psutil.Process | None = None
        code: int | None = None
        assert guardian.stdout is not None  # asked for in start()
        with guardian.stdout as reports:
            for line in reports:
                report: dict[str, Any] = json.loads(line)
                if "error" in report:
                    self._started.set_exception(OSError(report["error"]))
                if "pid" in report:
                    with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile; a report follows
                        child = psutil.Process(report["pid"])
                    self._started.set_result(report["pid"])
                if "exit" in report:
                    code = report["exit"]
        guardian.wait()
        self.ask_to_stop()  # closes the pipe to it
        if not self._started.done():
            self._started.set_exception(OSError("the guardian process ended before it started anything"))
        if code is None and child is not None:
            self._end_without_guardian(child)
        self._ended.set_result(-signal.SIGKILL if code is None else code)

    def _end_without_guardian(self, child: psutil.Process) -> None:
        """Do the last duty of a guardian that was killed: without the tie by the kernel, nobody else would."""
        for number, seconds in self._command.stop:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.send_signal(number)
            with contextlib.suppress(psutil.TimeoutExpired):
                child.wait(seconds)
                return


async def run(command: Command) -> int:
    """Run a command to its end under a guardian; it is stopped when the caller is cancelled.

    Returns:
        Its exit status.

    Raises:
        OSError: It could not be started.
    """
    process = await GuardedProcess.start(command)
    try:
        return await process.wait()
    except BaseException:
        process.ask_to_stop()
        raise
