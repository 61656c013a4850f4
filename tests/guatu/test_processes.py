"""``guatu worker``, ``api`` and ``up`` as processes: they serve, they come back, and they leave nothing behind."""

import asyncio
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from guatu.embedded.ports import free_port
from guatu.services import is_ready
from tests.guatu.running import GUATU, environment
from tests.places import SharedStack

PATIENCE = 120.0


@pytest.fixture
def place() -> Iterator[Path]:
    """A new data directory; not below pytest's own, which is closed to the account that Postgres runs under."""
    with tempfile.TemporaryDirectory(prefix="guatu-test-") as made:
        yield Path(made, "data")


@contextmanager
def running(*arguments: str, settings: Mapping[str, str]) -> Generator["subprocess.Popen[str]"]:
    """The command as a process, ended with the block at the latest."""
    argv = [*GUATU, *arguments]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(settings)
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def until(port: int) -> None:
    """Wait until a process of the product is ready."""
    deadline = time.monotonic() + PATIENCE
    while not await asyncio.to_thread(is_ready, port):
        assert time.monotonic() < deadline, "it is not ready"
        await asyncio.sleep(0.1)


async def line_with(process: "subprocess.Popen[str]", words: str) -> str:
    """The next line of output with these words."""
    assert process.stdout is not None
    seen: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while line := await asyncio.to_thread(process.stdout.readline):
            seen.append(line)
            if words in line:
                return line
    raise AssertionError("".join(seen))


async def ended(process: "subprocess.Popen[str]") -> int:
    return await asyncio.to_thread(process.wait, PATIENCE)


@pytest.mark.parametrize(("process", "how"), [("worker", signal.SIGTERM), ("api", signal.SIGINT)])
async def test_it_serves_until_it_is_told_to_stop(stack: SharedStack, process: str, how: signal.Signals) -> None:
    port = free_port()
    ports = {"GUATU_API_METRICS_PORT": "0", f"GUATU_{process.upper()}_PORT": str(port)}
    with running(process, settings=stack.settings | ports) as started:
        await until(port)
        started.send_signal(how)
        assert await ended(started) == 0


async def test_up_serves_and_leaves_nothing(place: Path) -> None:
    async with serving_up(place) as up:
        children = psutil.Process(up.process.pid).children(recursive=True)
        up.process.terminate()
        assert await ended(up.process) == 0
    await assert_gone(children)


@pytest.mark.long  # a restart by the same code: test_worker_processes.py; a killed program: tests/embedded
async def test_up_brings_its_processes_back_and_leaves_nothing_when_it_is_killed(place: Path) -> None:
    async with serving_up(place) as up:
        children = psutil.Process(up.process.pid).children(recursive=True)
        (worker,) = [child for child in children if child.cmdline()[-1] == "worker"]
        worker.kill()
        await line_with(up.process, "was ended by SIGKILL")
        await line_with(up.process, "has been started again")
        await until(up.worker_port)
        children = psutil.Process(up.process.pid).children(recursive=True)
        up.process.kill()
        assert await ended(up.process) == -signal.SIGKILL
    await assert_gone(children)


@dataclass(frozen=True)
class Up:
    """A running ``guatu up``."""

    process: "subprocess.Popen[str]"
    worker_port: int


@asynccontextmanager
async def serving_up(place: Path) -> AsyncGenerator[Up]:
    """``guatu up`` on free ports, once its worker and its API are ready."""
    worker_port, api_port = free_port(), free_port()
    settings = {"GUATU_WORKER_PORT": str(worker_port), "GUATU_API_METRICS_PORT": "0"}
    ports = ("--temporal-port", "0", "--ui-port", "0", "--api-port", str(api_port))
    with running("up", "--data-dir", str(place), *ports, settings=settings) as process:
        assert "psql" in await line_with(process, "postgresql://")
        assert is_ready(worker_port)
        assert is_ready(api_port)
        yield Up(process, worker_port)


async def assert_gone(processes: list[psutil.Process]) -> None:
    _, left = await asyncio.to_thread(psutil.wait_procs, processes, PATIENCE)
    assert not left, "left running: " + ", ".join(map(str, left))
