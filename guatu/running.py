"""Running a coroutine as the whole program: SIGINT, SIGTERM and SIGHUP end it in order, and errors are told plainly."""

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from guatu.errors import sentence_for

Main = Callable[[asyncio.Event], Coroutine[Any, Any, int | None]]
"""A program: is given an event that is set when it shall stop, and returns its exit status (none: 0)."""

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say(line: str) -> None:
    """Tell the operator something, on standard error."""
    print(f"guatu: {line}", file=sys.stderr, flush=True)  # noqa: T201 - a command


def run_until_told_to_stop(main: Main) -> NoReturn:
    """Run a program that stops by itself when its event is set; a second signal cancels it.

    It exits with its own status: being told to stop is no failure.
    """
    _exit(_told_plainly(lambda: _run(main, cancel_at_once=False)))


def run_until_interrupted(main: Main) -> NoReturn:
    """Run a program that a signal cancels at once, wherever it is; it then exits with 128 and the signal's number.

    What it has open is closed on the way out, by its context managers. The event stays for whoever looks.
    """
    _exit(_told_plainly(lambda: _run(main, cancel_at_once=True)))


def run_plainly(main: Callable[[], int | None]) -> NoReturn:
    """Run a program that needs no signals."""
    _exit(_told_plainly(main))


def _exit(status: int | None) -> NoReturn:
    """End the command with this status; ``guatu.command.main`` ends the process."""
    sys.stdout.flush()  # an output that nobody reads any more is the command's own error
    sys.exit(status or 0)


def _told_plainly(main: Callable[[], int | None]) -> int | None:
    """Run, and tell an error that was to be expected in one sentence; others keep their traceback."""
    try:
        return main()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:
        told = sentence_for(error)
        if told is None:
            raise
        say(told)
        return 1


def _run(main: Main, *, cancel_at_once: bool) -> int | None:
    return asyncio.run(_with_signals(main, cancel_at_once=cancel_at_once))


async def _with_signals(main: Main, *, cancel_at_once: bool) -> int | None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    task = loop.create_task(main(stop))
    received: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        stop.set()
        if cancel_at_once or received:
            task.cancel()
        received.append(number)

    # What was ignored from the start (nohup) stays ignored. Python lets no thread but the main one handle signals.
    is_main = threading.current_thread() is threading.main_thread()
    heeded = [number for number in _ENDING if is_main and signal.getsignal(number) is not signal.SIG_IGN]
    for number in heeded:
        loop.add_signal_handler(number, end, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        return 128 + received[0]
    finally:
        for number in heeded:
            loop.remove_signal_handler(number)
