"""Nothing is left running after the program ends, however it ends, and its data are there the next time."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from guatu.embedded.process import Command, run

_PROGRAM = Path(__file__).with_name("run_stack.py")
_PATIENCE = 120.0


class _Program:
    """The program, once both servers are up.

    Attributes:
        kept: How many programs before it have left a row in the database.
        started: Everything that it has started.
    """

    def __init__(self, data: Path, cli: Path, what: str = "wait") -> None:
        environment = os.environ | {"GUATU_TEMPORAL_CLI": str(cli)}
        argv = [sys.executable, str(_PROGRAM), str(data), what]
        self._running = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment)
        assert self._running.stdout is not None
        with self._running.stdout as output:
            said = json.loads(output.readline())
        self.kept: int = said["kept"]
        self.started: list[psutil.Process] = []
        for pid in said["started"]:
            with suppress(psutil.NoSuchProcess):  # one of PostgreSQL's that comes and goes
                self.started.append(psutil.Process(pid))
        assert len(self.started) >= 4  # two servers and their guardians at least

    @property
    def guardians(self) -> list[psutil.Process]:
        return [process for process in self.started if process.ppid() == self._running.pid]

    def end(self, how: signal.Signals) -> None:
        self._running.send_signal(how)

    def wait(self) -> int:
        return self._running.wait(_PATIENCE)


def _assert_gone(started: Iterable[psutil.Process]) -> None:
    _, left = psutil.wait_procs(started, timeout=_PATIENCE)
    assert not left, "left running: " + ", ".join(map(str, left))


def test_however_the_program_ends_nothing_is_left_and_the_next_finds_its_data(data: Path, cli: Path) -> None:
    """Each program starts at once after the one before, whose servers it has to wait for by itself."""
    program = _Program(data, cli)
    for number, how in enumerate((signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL), start=1):
        program.end(how)
        assert program.wait() != 0, how
        ended, program = program, _Program(data, cli)
        _assert_gone(ended.started)
        assert program.kept == number, how
    if sys.platform.startswith("linux"):  # only Linux ties a process to its parent
        guardians = program.guardians
        assert len(guardians) == 2
        program.end(signal.SIGKILL)
        for guardian in guardians:
            guardian.kill()
    else:
        program.end(signal.SIGTERM)
    program.wait()
    last = _Program(data, cli, "raise")
    _assert_gone(program.started)
    assert last.kept == 5
    assert last.wait() == 1  # by the error
    assert not [process for process in last.started if process.is_running()]  # it had waited for them


def test_a_command_that_ignores_gentle_signals_is_ended(place: Path) -> None:
    """The ladder of signals, on helpers of a helper too, when whoever waits for it is cancelled."""
    script = place / "stubborn.py"
    script.write_text(
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen(['sleep', '1000'])\n"
        "print('ready', flush=True)\n"
        "time.sleep(1000)\n"
    )
    program = place / "program.py"
    program.write_text(
        "import asyncio, signal, sys, psutil\n"
        "from pathlib import Path\n"
        "from guatu.embedded.process import Command, GuardedProcess\n"
        "async def main():\n"
        "    log = Path(sys.argv[2])\n"
        "    stop = ((signal.SIGTERM, 0.2), (signal.SIGKILL, 5.0))\n"
        "    command = Command((sys.executable, sys.argv[1]), log, stop, group=True)\n"
        "    process = await GuardedProcess.start(command)\n"
        "    while 'ready' not in log.read_text():\n"
        "        await asyncio.sleep(0.05)\n"
        "    print(*[p.pid for p in psutil.Process().children(recursive=True)], flush=True)\n"
        "    await asyncio.sleep(1000)\n"
        "asyncio.run(main())\n"
    )
    argv = [sys.executable, str(program), str(script), str(place / "log")]
    running = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    with running.stdout as output:
        started = [psutil.Process(int(pid)) for pid in output.readline().split()]
    assert len(started) == 3  # the guardian, the stubborn one, its sleep
    running.kill()
    running.wait(_PATIENCE)
    _assert_gone(started)


async def test_a_program_that_is_not_there_is_an_error(place: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        await run(Command(("/no/such/program",), place / "log", ((signal.SIGKILL, 1.0),)))


async def test_the_exit_status_comes_back(place: Path) -> None:
    command = Command(("sh", "-c", "echo said; exit 7"), place / "log", ((signal.SIGKILL, 1.0),))
    assert await run(command) == 7
    assert (place / "log").read_text() == "said\n"
