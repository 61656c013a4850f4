"""A process that keeps one server and never outlives the program that wanted it.

Run as a script by :mod:`guatu.embedded.process`, one for each server; standard library only, so that it starts
in some hundredths of a second. It is told by one line of JSON on its standard input what to start, and it watches:

* standard input, whose other end only the program holds: its end means the program stopped the server or is
  itself gone, however it went (``kill -9`` included);
* its parent's process id, in case a forked copy of the program still holds that pipe open;
* its own signals, and the server.

It lives in a session of its own, so a Ctrl-C in the terminal reaches the program alone, which then stops things in
order. Should the guardian itself be killed, Linux sends the server its first stopping signal (PR_SET_PDEATHSIG).
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

_PR_SET_PDEATHSIG = 1
_LOOK_EVERY = 1.0
"""Seconds between two looks at the parent's process id."""


def _read_orders() -> dict[str, Any]:
    """Read the one line that says what to start; an early end means that nobody wants it any more."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(0, 65536)
        if not piece:
            sys.exit(0)
        line += piece
    orders: dict[str, Any] = json.loads(line)
    return orders


def _tell(**report: object) -> None:
    """Report to the program, which may be gone."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(report).encode() + b"\n")


def _tied_to_this_process(death_signal: int) -> Callable[[], None] | None:
    """Make what the child runs before its program, so that Linux ends it with the guardian."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    guardian = os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != guardian:  # it died before the tie held
            os._exit(127)

    return tie


def _start(orders: dict[str, Any]) -> "subprocess.Popen[bytes]":
    if orders["log"] is None:
        log = os.dup(2)
    else:
        log = os.open(orders["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    account: dict[str, Any] = {}
    if orders["uid"] is not None:
        account = {"user": orders["uid"], "group": orders["gid"], "extra_groups": []}
    ladder: list[tuple[str, float]] = orders["stop"]
    try:
        return subprocess.Popen[bytes](
            orders["argv"],
            cwd=orders["cwd"],
            env=orders["env"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=orders["keep_open"],
            process_group=0 if orders["group"] else None,
            umask=0o077,
            preexec_fn=_tied_to_this_process(signal.Signals[ladder[0][0]]),
            **account,
        )
    finally:
        os.close(log)


def _stop(child: "subprocess.Popen[bytes]", orders: dict[str, Any]) -> None:
    """Ask the server to end, ever more firmly, each time with some seconds to comply."""
    for name, seconds in orders["stop"]:
        number = signal.Signals[name]
        with contextlib.suppress(ProcessLookupError):
            if orders["group"]:
                os.killpg(child.pid, number)
            else:
                child.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
            return


def main() -> None:
    """Start what the orders say, and stop it when its time has come."""
    asked_to_end = False

    def note(number: int, _frame: object) -> None:
        nonlocal asked_to_end
        asked_to_end = asked_to_end or number != signal.SIGCHLD

    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
        signal.signal(number, note)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])

    orders = _read_orders()
    try:
        child = _start(orders)
    except (OSError, subprocess.SubprocessError) as error:
        _tell(error=str(error))
        return
    for descriptor in orders["keep_open"]:
        # The server's own copies count: what they hold (a lock) is held exactly as long as it runs.
        os.close(descriptor)
    _tell(pid=child.pid)
    while child.poll() is None:
        if asked_to_end or os.getppid() != orders["parent"]:
            _stop(child, orders)
            break
        readable, _, _ = select.select([0, woken], [], [], _LOOK_EVERY)
        if woken in readable:
            os.read(woken, 4096)
        if 0 in readable:  # the end of input: nothing else is ever sent
            _stop(child, orders)
            break
    if orders["group"]:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    _tell(exit=child.poll())


if __name__ == "__main__":
    main()
