"""Run the command: in this process for what it says, and as a process of its own for what needs one."""

import asyncio
import contextvars
import io
import logging
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

import structlog
from temporalio import activity, workflow
from typer.testing import CliRunner

from guatu.command import app

GUATU = (sys.executable, "-P", "-m", "guatu")

_in_command = contextvars.ContextVar("_in_command", default=False)
_one_at_a_time = threading.Lock()


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """A clean environment with these settings; a Temporal CLI that is set stays."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GUATU_", "TEMPORAL_")) or name == "GUATU_TEMPORAL_CLI"
    }
    return {**kept, "TEMPORAL_CONFIG_FILE": os.devnull, **(settings or {})}


async def guatu(
    *arguments: str | Path, settings: Mapping[str, str] | None = None, seconds: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end in a thread of this process, while the test's own loop goes on.

    It is given a clean environment, and what it writes is kept apart from what the test's loop writes meanwhile. Take
    ``guatu_process`` for a command that serves until a signal, or is to be killed.

    Raises:
        TimeoutError: It does not end; no other command can run in this process before it does.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[subprocess.CompletedProcess[str]] = loop.create_future()

    def tell(give: Callable[[Any], None], what: Any) -> None:
        if not ended.done():
            give(what)

    def run() -> None:
        try:
            done = _invoke([*map(str, arguments)], settings)
        except BaseException as error:
            loop.call_soon_threadsafe(tell, ended.set_exception, error)
        else:
            loop.call_soon_threadsafe(tell, ended.set_result, done)

    # No thread of the loop's executor: the end of the tests would wait for a command that does not end.
    threading.Thread(target=contextvars.copy_context().run, args=(run,), name="guatu", daemon=True).start()
    return await asyncio.wait_for(ended, seconds)


async def guatu_process(
    *arguments: str | Path, settings: Mapping[str, str] | None = None, seconds: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end as a process, while this one goes on."""
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


def _invoke(arguments: list[str], settings: Mapping[str, str] | None) -> "subprocess.CompletedProcess[str]":
    with _one_at_a_time, _logging_restored():
        _in_command.set(True)
        wanted = environment(settings)
        changes = {
            name: wanted.get(name) for name in os.environ.keys() | wanted if os.environ.get(name) != wanted.get(name)
        }
        result = _Runner().invoke(app, arguments, env=changes, prog_name="guatu")
    stderr = result.stderr
    if not isinstance(result.exception, SystemExit | None):
        stderr += "".join(traceback.format_exception(result.exception))  # as the interpreter does
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, stderr)


class _Runner(CliRunner):
    """A runner that keeps what the rest of this process writes out of the command's output."""

    @contextmanager
    def isolation(self, *args: Any, **options: Any) -> Generator[tuple[io.BytesIO, io.BytesIO, io.BytesIO]]:
        """Give the command streams of its own."""
        stdout, stderr = sys.stdout, sys.stderr
        with super().isolation(*args, **options) as streams:
            sys.stdout = cast("TextIO", _Stream(sys.stdout, stdout))
            sys.stderr = cast("TextIO", _Stream(sys.stderr, stderr))
            yield streams


class _Stream:
    """The command's stream for the command, and this process's own for everything else in it."""

    def __init__(self, of_command: TextIO, of_process: TextIO) -> None:
        self._of_command = of_command
        self._of_process = of_process

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of_command if _in_command.get() else self._of_process, name)


class _LastResort(logging.Handler):
    """Shows what the command logs as a process does that has set up no logging: warnings, on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record of the command."""
        if _in_command.get() and logging.lastResort is not None and record.levelno >= logging.lastResort.level:
            logging.lastResort.emit(record)


@contextmanager
def _logging_restored() -> Generator[None]:
    """Undo what ``configure_logging`` and ``run_worker`` set for their whole process."""
    root, uvicorn = logging.getLogger(), logging.getLogger("uvicorn")
    handlers, level, level_of_uvicorn = root.handlers[:], root.level, uvicorn.level
    configured, configuration = structlog.is_configured(), structlog.get_config()
    in_messages = workflow.logger.workflow_info_on_message, activity.logger.activity_info_on_message
    configure = structlog.configure

    def configure_without_cache(*args: Any, **options: Any) -> None:
        # A logger that is kept would write into this run's streams for ever.
        configure(*args, **{**options, "cache_logger_on_first_use": False})

    structlog.configure = configure_without_cache
    root.addHandler(_LastResort())
    try:
        yield
    finally:
        structlog.configure = configure
        if configured:
            configure(**configuration)
        else:
            structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
        uvicorn.setLevel(level_of_uvicorn)
        workflow.logger.workflow_info_on_message, activity.logger.activity_info_on_message = in_messages
