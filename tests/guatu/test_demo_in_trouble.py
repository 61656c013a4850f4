"""``guatu demo`` with all at once: Postgres stands still, the notice receiver fails, the worker is killed, twice.

The standstill is real, and days by the demonstration's clock. The figures are the same if it leaves those who have to
conclude until the published day some days more; so it comes early, and every office tries again until it is answered.
"""

import asyncio
import contextlib
import json
import shlex
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from guatu.embedded.stack import EmbeddedSettings, EmbeddedStack
from petitions.clock import ShortClock
from petitions.notices import NoticeState
from store import Store, open_pool
from store.notices import LedgerNotice
from tests.guatu.running import GUATU, environment
from tests.guatu.trouble import (
    Fault,
    Request,
    TroubledReceiver,
    part_of,
    standing_still,
    told_in,
    told_too_often,
    troubled_receiver,
)
from tests.worker.worker_process import until

DAY_SECONDS = 8.0
STANDS_STILL_SECONDS = 20.0
FIRST_KILL, STANDSTILL, SECOND_KILL = timedelta(days=0.4), timedelta(days=2.2), timedelta(days=9.2)
"""When, on the shown clock."""
AN_ATTEMPT_SECONDS = 30.0
"""No attempt to send a message is longer under way: one that was acknowledged earlier has been noted."""
OFFICES = (
    "city/stability-team",
    "city/supervision-team",
    "city/revisit-team",
    "unit/宣汉县水务局",
    "unit/通川区综合行政执法局",
)
"""Who has an address: the teams that every case passes, and the units of the first two."""
BY_COUNTY = {"万源市": 6, "大竹县": 4, "宣汉县": 3, "开江县": 2, "渠县": 3, "达川区": 5, "通川区": 8}


class Trouble:
    """What is done to a demonstration while it runs.

    Attributes:
        kills: When a worker was killed, by the loop's clock.
    """

    def __init__(self, data_dir: Path, receiver: TroubledReceiver) -> None:
        self._data_dir = data_dir
        self._receiver = receiver
        self.kills: list[float] = []

    async def make(self, demo: psutil.Process) -> None:
        """All of it, each at its time."""
        settings = self._data_dir / "worker.env"

        async def is_ready() -> bool:
            return settings.exists() or not demo.is_running()

        await until("the demonstration begins", is_ready)
        clock = _clock(settings)
        await _until(clock, FIRST_KILL)
        self._kill_after_next_acknowledgement(demo)
        await _until(clock, STANDSTILL)
        with standing_still(part_of(demo, "postgres")):
            await asyncio.sleep(STANDS_STILL_SECONDS)
        await _until(clock, SECOND_KILL)
        self._kill_after_next_acknowledgement(demo)

    def _kill_after_next_acknowledgement(self, demo: psutil.Process) -> None:
        """The worst moment: a channel has said yes, and nobody has noted it."""
        worker = part_of(demo, "worker")

        def kill() -> None:
            worker.kill()
            self.kills.append(asyncio.get_running_loop().time())

        self._receiver.on_acknowledged = kill


def _clock(settings: Path) -> ShortClock:
    lines = (line.partition("=") for line in settings.read_text(encoding="utf-8").splitlines())
    [value] = [shlex.split(value)[0] for name, _, value in lines if name == "GUATU_SHORT_CLOCK"]
    return ShortClock.model_validate_json(value)


async def _until(clock: ShortClock, after: timedelta) -> None:
    await asyncio.sleep((clock.engine(clock.shown_origin + after) - datetime.now(UTC)).total_seconds())


async def _played(data_dir: Path, receiver: TroubledReceiver) -> tuple[str, list[float]]:
    """All that the demonstration said, and when workers were killed."""
    notify = [word for office in OFFICES for word in ("--notify", f"{office}={receiver.address}")]
    ports = ("--temporal-port", "0", "--ui-port", "0", "--api-port", "0")
    demo = await asyncio.create_subprocess_exec(
        *(*GUATU, "demo", "--exit", "--day-seconds", str(DAY_SECONDS), "--data-dir", str(data_dir), *notify, *ports),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment(),
    )
    trouble = Trouble(data_dir, receiver)
    making = asyncio.create_task(trouble.make(psutil.Process(demo.pid)))
    try:
        async with asyncio.timeout(600):
            out, _ = await demo.communicate()
        assert demo.returncode == 0, out.decode()[-5000:]
        await making
    finally:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
        with contextlib.suppress(ProcessLookupError):
            demo.terminate()
        await demo.wait()
    return out.decode(), trouble.kills


@pytest.mark.long
async def test_it_comes_to_the_same_figures_and_every_office_is_told_once() -> None:
    with TemporaryDirectory(prefix="guatu-tests-") as place:
        data_dir = Path(place) / "data"
        async with troubled_receiver() as receiver:
            said, kills = await _played(data_dir, receiver)
        ledger = await _ledger(data_dir)
    figures = {"received": 31, "starred": 2, "by_county": BY_COUNTY}
    assert json.loads(said.splitlines()[-1]) == {
        "2021-09-04": {**figures, "concluded": 9},
        "final": {**figures, "concluded": 30},
    }
    assert said.count("the worker was ended by SIGKILL") == len(kills) == 2
    assert {request.fault for request in receiver.requests} == {None, *Fault}
    # None is lost, and none is told again in another message: what was to be told is what the receiver has.
    assert {notice.to_office for notice in ledger} == set(OFFICES)
    assert {notice.state for notice in ledger} == {NoticeState.SENT}
    assert told_in(receiver.accepted.values()) == to_tell(ledger)
    # None is acknowledged twice, but for what nobody could note any more.
    assert without_reason(receiver, kills) == []


def to_tell(ledger: list[LedgerNotice]) -> Counter[str]:
    """How many notices were to be sent, by heading."""
    return Counter(notice.title.partition("】")[2] for notice in ledger)


def without_reason(receiver: TroubledReceiver, kills: list[float]) -> list[str]:
    """Keys that were acknowledged again although no worker was killed that had the message in hand."""

    def is_explained(requests: list[Request]) -> bool:
        first, *again = [request.at for request in requests if request.fault is None]
        return len(again) == 1 and any(0 <= kill - first < AN_ATTEMPT_SECONDS and kill <= again[0] for kill in kills)

    return [key for key in told_too_often(receiver.acknowledged) if not is_explained(receiver.of(key))]


async def _ledger(data_dir: Path) -> list[LedgerNotice]:
    """All notices that were to be sent, as the record has them; it is whole."""
    settings = EmbeddedSettings(data_dir=data_dir, temporal_port=0, ui_port=0)
    async with EmbeddedStack(settings, print) as stack, open_pool(stack.database_url, max_size=1) as pool:
        store = Store(pool)
        assert [problem.line async for problem in store.verify()] == []
        cases = (await store.cases(limit=100)).cases
        notices = [notice for case in cases for notice in await store.notices(case.case_no)]
        return [notice for notice in notices if notice.state is not NoticeState.LEDGER]


def acknowledged(*at: float) -> list[Request]:
    return [Request("k1", each, None) for each in at]


def test_what_is_planted_is_found() -> None:
    """The checks above can fail: a key acknowledged again without a kill, a notice lost, a notice in two messages."""
    twice = TroubledReceiver(requests=acknowledged(10.0, 12.0))
    assert without_reason(twice, []) == ["k1"]
    assert without_reason(twice, [12.5]) == ["k1"], "it came again before the kill"
    assert without_reason(twice, [9.0]) == ["k1"], "the worker of that kill had it not in hand"
    assert without_reason(twice, [10.1]) == []
    assert without_reason(TroubledReceiver(requests=acknowledged(10.0, 42.0)), [41.0]) == ["k1"], "it had been noted"
    assert without_reason(TroubledReceiver(requests=acknowledged(10.0, 12.0, 13.0)), [10.1]) == ["k1"]
    alone = {"title": "【★D1】交办通知", "message": "请及时签收。"}
    in_full = {"title": "【信访举报件】2项通知", "message": "【D2】办理提醒\n请办。\n\n【D3】请办理：核实\n请办。"}
    by_number = {
        "title": "【信访举报件】30项通知",
        "message": "交办通知（28项）：D1、★D2……等，全部见工作台。\n办理提醒（2项）：D3\n办理提醒（1项）：D4",
    }
    assert told_in([alone, in_full, by_number]) == {"交办通知": 29, "办理提醒": 4, "请办理：核实": 1}
    assert told_in([alone, alone]) != told_in([alone])
