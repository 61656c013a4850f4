"""Nothing is left running after the program ends, however it ends, and its data are there the next time."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from guatu.embedded import EmbeddedSettings, EmbeddedStack, ServerFailedError
from guatu.embedded.process import Command, run

_PROGRAM = Path(__file__).with_name("run_stack.py")
_PATIENCE = 90.0


def _start(data: Path, cli: Path, what: str = "wait") -> "tuple[subprocess.Popen[str], list[psutil.Process]]":
    """Start the program; returns it and everything it has started, once both servers are up."""
    environment = os.environ | {"GUATU_TEMPORAL_CLI": str(cli)}
    argv = [sys.executable, str(_PROGRAM), str(data), what]
    program = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment)
    assert program.stdout is not None
    with program.stdout as output:
        pids: list[int] = json.loads(output.readline())
    started: list[psutil.Process] = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):  # one of PostgreSQL's that comes and goes
            started.append(psutil.Process(pid))
    return program, started


def _assert_gone(started: Iterable[psutil.Process]) -> None:
    _, left = psutil.wait_procs(started, timeout=_PATIENCE)
    assert not left, "left running: " + ", ".join(map(str, left))


async def _assert_kept(data: Path, cli: Path) -> None:
    settings = EmbeddedSettings(data_dir=data, temporal_port=0, ui_port=0, temporal_cli=cli)
    async with EmbeddedStack(settings, print) as stack:
        connection = await asyncpg.connect(stack.database_url)
        assert await connection.fetchval("SELECT what FROM kept") == "written before the end"
        await connection.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGHUP])
async def test_a_signal_to_the_program_leaves_nothing(how: signal.Signals, data: Path, cli: Path) -> None:
    program, started = _start(data, cli)
    assert len(started) >= 4  # two servers and their guardians at least
    program.send_signal(how)
    assert program.wait(_PATIENCE) != 0
    # At once, and not after the servers have gone: the next start has to wait for them by itself.
    await _assert_kept(data, cli)
    _assert_gone(started)


async def test_killing_program_and_guardians_leaves_nothing(data: Path, cli: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux ties a process to its parent")
    program, started = _start(data, cli)
    guardians = [process for process in started if process.ppid() == program.pid]
    assert len(guardians) == 2
    program.kill()
    for guardian in guardians:
        guardian.kill()
    program.wait(_PATIENCE)
    await _assert_kept(data, cli)
    _assert_gone(started)


async def test_an_error_inside_leaves_nothing(data: Path, cli: Path) -> None:
    program, started = _start(data, cli, "raise")
    assert program.wait(_PATIENCE) == 1
    assert not [process for process in started if process.is_running()]  # it had waited for them


async def test_a_server_that_ends_by_itself_is_noticed(data: Path, cli: Path) -> None:
    settings = EmbeddedSettings(data_dir=data, temporal_port=0, ui_port=0, temporal_in_memory=True, temporal_cli=cli)
    async with EmbeddedStack(settings, print) as stack:
        assert stack.temporal.pid is not None
        os.kill(stack.temporal.pid, signal.SIGKILL)
        with pytest.raises(ServerFailedError, match=r"^The Temporal server ended by itself.*temporal\.log for why\.$"):
            await stack.watch()


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
