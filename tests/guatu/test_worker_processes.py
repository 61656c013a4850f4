"""Several worker processes by one setting: one worker from outside, and none of them is left behind."""

import asyncio
import signal
import urllib.request

import psutil
from prometheus_client.parser import text_string_to_metric_families

from guatu.embedded.ports import free_port
from guatu.services import is_ready
from tests.guatu.running import guatu, one_sentence
from tests.guatu.test_processes import PATIENCE, ended, line_with, running, until
from tests.places import SharedStack


def processes_in_metrics(port: int) -> set[str]:
    """Which processes the page of metrics has something of."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        samples = [sample for family in families for sample in family.samples]
    return {sample.labels["process"] for sample in samples if sample.name.startswith("process_start_time_seconds")}


async def test_two_processes_are_one_worker(stack: SharedStack) -> None:
    port = free_port()
    settings = stack.settings | {"GUATU_WORKER_PORT": str(port), "GUATU_WORKER_PROCESSES": "2"}
    with running("worker", settings=settings) as worker:
        await until(port)
        assert await asyncio.to_thread(processes_in_metrics, port) == {"1", "2"}
        children = psutil.Process(worker.pid).children(recursive=True)
        workers = [child for child in children if child.cmdline()[-1] == "worker"]
        assert len(workers) == 2
        workers[1].kill()
        await line_with(worker, "was ended by SIGKILL")
        await line_with(worker, "has been started again")
        await until(port)
        left = psutil.Process(worker.pid).children(recursive=True)
        worker.send_signal(signal.SIGTERM)
        assert await ended(worker) == 0
    _, alive = await asyncio.to_thread(psutil.wait_procs, left, PATIENCE)
    assert not alive


async def test_it_is_ready_when_all_are(stack: SharedStack) -> None:
    """And a process that cannot start is told, and ends all of it."""
    port = free_port()
    settings = stack.settings | {
        "GUATU_WORKER_PORT": str(port),
        "GUATU_WORKER_PROCESSES": "2",
        "GUATU_JURISDICTION": "no-such-place",
    }
    worker = asyncio.create_task(guatu("worker", settings=settings, seconds=PATIENCE))
    while not worker.done():
        assert not await asyncio.to_thread(is_ready, port)
        await asyncio.sleep(0.1)
    assert one_sentence(await worker).startswith("the worker 1 ended before it was ready")
