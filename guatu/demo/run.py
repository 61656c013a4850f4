"""``guatu demo``: the timetable on real servers, from a fresh start to the last case's end."""

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Coroutine, Generator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio.client import Client

from activities.jurisdictions import Jurisdictions
from guatu.demo.addresses import by_own_file, write_with_addresses
from guatu.demo.driver import Driver
from guatu.demo.outcome import OutcomeOfDemo, outcome_of
from guatu.demo.processes import DemoProcesses, demo_processes
from guatu.demo.progress import Progress
from guatu.demo.timetable import Timetable, jurisdiction_of, read_timetable, shipped_timetable
from guatu.embedded import EmbeddedSettings, EmbeddedStack
from guatu.embedded.ports import check_free, free_port
from guatu.errors import CommandError
from guatu.product import LOGS, ports_told_with_their_options, prepare_database, ui_codec_endpoint
from guatu.running import say
from intake.engine import client_data_converter
from petitions.clock import ShortClock
from sealing.settings import PayloadSettings
from store import Store, StoreAwayError, open_pool
from worker.search_attributes import ensure_search_attributes

_AGAIN_SECONDS = 0.5
_GRACE_DAYS, _GRACE_SECONDS = 3, 60
"""How long after the last message the last case may end: shown days, and seconds on top."""


@dataclass(frozen=True)
class DemoOptions:
    """How the demonstration is to run; a port of 0 chooses a free one.

    Attributes:
        leave: Whether it ends when its last case has.
        day_seconds: How many seconds a shown day takes.
        data_dir: Where everything is kept; none: a temporary directory that is removed.
        temporal_port: The Temporal server's port.
        ui_port: The Temporal UI's port.
        api_port: The API's port.
        notify: Where notices go, of every office or of one; nowhere: they stand in the ledger alone.
    """

    leave: bool
    day_seconds: float
    data_dir: Path | None
    temporal_port: int
    ui_port: int
    api_port: int
    notify: tuple[str, ...] = ()


async def demo(options: DemoOptions, stop: asyncio.Event) -> int:
    """Run the demonstration.

    Args:
        options: How.
        stop: Is set when the operator ends it, which also cancels this.

    Returns:
        The exit status: 0 if all went as the timetable has it.

    Raises:
        CommandError, EmbeddedStackError, StoreError: It cannot be run.
    """
    text = shipped_timetable()
    timetable = read_timetable(text, Jurisdictions(jurisdiction_of(text)).get(None))
    asked_for = {
        options.temporal_port: "--temporal-port 0",
        options.ui_port: "--ui-port 0",
        options.api_port: "--api-port 0",
    }
    with ports_told_with_their_options(asked_for), _data_directory(options.data_dir) as data_dir:
        if options.api_port:
            check_free(options.api_port, "the API")
        # Chosen here: the Temporal UI, which starts before the API, is told where that will be.
        options = replace(options, api_port=options.api_port or free_port())
        settings = EmbeddedSettings(
            data_dir=data_dir,
            ui_codec_endpoint=ui_codec_endpoint(PayloadSettings(), options.api_port),
            temporal_port=options.temporal_port,
            ui_port=options.ui_port,
            temporal_in_memory=options.data_dir is None,
        )
        async with EmbeddedStack(settings, say) as stack:
            outcome, status = await _on_stack(options, timetable, stack, data_dir, stop)
    if options.leave:
        # Last of all, when nothing else can be said any more.
        print(json.dumps(outcome.as_json(), ensure_ascii=False), flush=True)  # noqa: T201 - the contract
    return status


async def _on_stack(
    options: DemoOptions,
    timetable: Timetable,
    stack: EmbeddedStack,
    data_dir: Path,
    stop: asyncio.Event,
) -> tuple[OutcomeOfDemo, int]:
    """All of it, on servers that are up."""
    jurisdiction = timetable.jurisdiction
    if options.notify:
        jurisdiction = str(write_with_addresses(data_dir, jurisdiction, options.notify))
        timetable = by_own_file(timetable)
    await prepare_database(stack)
    converter = client_data_converter(PayloadSettings())
    client = await Client.connect(stack.temporal_address, namespace=stack.namespace, data_converter=converter)
    await ensure_search_attributes(client)
    async with (
        open_pool(stack.database_url, min_size=0, max_size=4, application_name="guatu demo") as pool,
        demo_processes(
            stack,
            timetable,
            data_dir,
            jurisdiction=jurisdiction,
            day_seconds=options.day_seconds,
            api_port=options.api_port,
        ) as processes,
    ):
        store = Store(pool)
        progress = Progress(store, processes.clock, lambda: _about(processes))
        _tell_all(progress, _beginning(options, timetable, stack, processes))
        driver = Driver(client, timetable, processes.clock, progress.tell)
        await _beside(stack, processes, _play(driver, progress, timetable, processes.clock, store))
        outcome = await outcome_of(store, timetable, processes.clock)
        status, lines = _verdict(options, outcome, driver, processes)
        _tell_all(progress, lines)
        if not options.leave:
            _tell_all(progress, _addresses(stack, processes))
            await _stay_up(stack, processes, stop)
        return outcome, status


async def _play(driver: Driver, progress: Progress, timetable: Timetable, clock: ShortClock, store: Store) -> None:
    """Walk the timetable and show how far it is; give up when cases stay open long after their time.

    At its end every office has been told: a notice that is still to be sent would be lost with the servers.
    """
    showing = asyncio.create_task(progress.run())
    last = clock.engine(timetable.ends_at) - datetime.now(UTC)
    grace = _GRACE_DAYS * clock.day_seconds + _GRACE_SECONDS
    try:
        async with asyncio.timeout(last.total_seconds() + grace):
            await driver.run()
            await _until_all_are_told(store)
    except TimeoutError:
        if driver.open:
            said = "、".join(sorted(driver.open))
            driver.not_delivered.append(f"以下各件到时仍未结束：{said}")
        else:
            driver.not_delivered.append("到时仍有通知未送达")
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
    await progress.refresh()


async def _until_all_are_told(store: Store) -> None:
    """Wait until the ledger has no notice that is still to be sent."""
    while True:
        with contextlib.suppress(StoreAwayError):
            if not await store.undelivered(1):
                return
        await asyncio.sleep(_AGAIN_SECONDS)


async def _beside(stack: EmbeddedStack, processes: DemoProcesses, work: Coroutine[Any, Any, None]) -> None:
    """Do something while the processes are kept running and the servers are watched."""
    async with asyncio.TaskGroup() as group:
        keepers = [group.create_task(service.keep()) for service in (processes.worker, processes.api)]
        keepers.append(group.create_task(stack.watch()))
        await work
        for keeper in keepers:
            keeper.cancel()


async def _stay_up(stack: EmbeddedStack, processes: DemoProcesses, stop: asyncio.Event) -> None:
    """Until the operator ends it; that is no failure any more."""
    try:
        await _beside(stack, processes, _until(stop))
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if not stop.is_set() or task is None:
            raise
        task.uncancel()


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()


def _about(processes: DemoProcesses) -> str:
    worker = processes.worker
    again = f"，已重启{worker.restarts}次" if worker.restarts else ""
    return f"工作进程 pid {worker.pid or '（正在重启）'}{again}"


def _beginning(options: DemoOptions, timetable: Timetable, stack: EmbeddedStack, processes: DemoProcesses) -> list[str]:
    real = sum(not case.illustrative for case in timetable.cases)
    return [
        f"达州市2021年8月27日起九天的{len(timetable.cases)}件信访举报件，1天约{options.day_seconds:g}秒。",
        f"其中{real}件照报道，{len(timetable.cases) - real}件为示例。",
        *_addresses(stack, processes),
        f"{_about(processes)}：可以 kill -9，它会自动重启，结果不变。",
        f"另起一个工作进程：set -a; . {processes.worker_settings}; guatu worker",
        "",
    ]


def _addresses(stack: EmbeddedStack, processes: DemoProcesses) -> list[str]:
    return [
        f"Temporal 界面  {stack.ui_url}/namespaces/{stack.namespace}/workflows",
        f"挂图和接口     {processes.api_url}",
        f'数据库         psql "{stack.database_url}"',
    ]


def _verdict(
    options: DemoOptions, outcome: OutcomeOfDemo, driver: Driver, processes: DemoProcesses
) -> tuple[int, list[str]]:
    """The exit status, and what to say."""
    figures = outcome.as_published
    counties = "、".join(f"{county}{number}" for county, number in figures.by_county.items())
    lines = [
        "",
        f"截至{outcome.published_day}：收到{figures.received}件，办结{figures.concluded}件，加星{figures.starred}件。",
        f"各县（市、区）：{counties}。",
        f"最终：收到{outcome.final.received}件，办结{outcome.final.concluded}件。",
    ]
    wrong = [*outcome.wrong_figures, *driver.not_delivered]
    reason = outcome.why_it_may_differ(
        restarts=processes.worker.restarts, notifies=bool(options.notify), day_seconds=options.day_seconds
    )
    if outcome.unplanned and reason:
        lines.append(f"注意：{reason}，因此有与时间表不同之处：")
    lines += [*outcome.unplanned, *wrong]
    failed = bool(wrong or (outcome.unplanned and not reason))
    if not wrong and not outcome.unplanned:
        lines.append("与报道数字一致；没有时间表以外的逾期。")
    return int(failed), lines


def _tell_all(progress: Progress, lines: list[str]) -> None:
    for line in lines:
        progress.tell(line)


@contextlib.contextmanager
def _data_directory(given: Path | None) -> Generator[Path]:
    """A fresh data directory: the one given, or a temporary one that is removed unless logs in it tell of an error.

    Raises:
        CommandError: The one given has data already.
    """
    if given is not None:
        path = given.expanduser().absolute()
        if (path / "guatu.json").exists():
            raise CommandError(
                f"the data directory {path} holds data already, and a demonstration begins with none: give it a "
                f"directory that does not exist yet (guatu up --data-dir {path} shows what is there)"
            )
        yield path
        return
    path = Path(tempfile.mkdtemp(prefix="guatu-demo-"))
    if os.geteuid() == 0:
        path.chmod(0o711)  # PostgreSQL then runs under another account, which must get through
    try:
        yield path
    except Exception:
        if any(log.stat().st_size for log in (path / LOGS).glob("*.log")):
            say(f"what the processes wrote is kept in {path / LOGS}")
        else:
            shutil.rmtree(path, ignore_errors=True)
        raise
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    shutil.rmtree(path, ignore_errors=True)
