"""Batches on the real server: a result for each row, the same again, conflicts, and an engine that goes away."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client
from temporalio.service import RetryConfig

from intake.batches import BatchResult, RowOutcome, RowResult, take_batch
from intake.engine import Engine, Started, start_case
from intake.lists import CaseList, ListForm, read_list
from petitions.hand_over import HandOver
from tests.intake.written_lists import HEADERS, row, workbook
from tests.places import SharedStack

_batches = itertools.count(1)
AT = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()


def prefix() -> str:
    """Begins the case numbers of one test."""
    return f"BATCH{next(_batches)}-"


def listed(*rows: Sequence[object]) -> CaseList:
    """A list as it is read from a workbook."""
    return read_list(workbook({"清单": [HEADERS, *rows]}), ListForm.XLSX)


def case(case_no: str, **changes: object) -> list[object]:
    return row(case_no, received_at=AT, **changes)


def outcomes(result: BatchResult) -> list[str]:
    return [each.result for each in result.results]


async def take(client: Client, case_list: CaseList, concurrency: int = 8) -> BatchResult:
    return await take_batch(lambda hand_over: start_case(client, hand_over), case_list, concurrency=concurrency)


async def test_every_row_has_its_result_and_the_same_again_changes_nothing(client: Client) -> None:
    begin = prefix()
    case_list = listed(case(f"{begin}1"), case(f"*{begin}2"), case(f"{begin}3", channel="传真"), case(""))
    first = await take(client, case_list)
    assert outcomes(first) == ["created", "created", "invalid", "invalid"]
    assert [(each.row, each.case_no) for each in first.results] == [
        (2, f"{begin}1"),
        (3, f"{begin}2"),
        (4, f"{begin}3"),
        (5, None),
    ]
    assert [(mistake.where, mistake.detail) for mistake in first.results[2].mistakes] == [
        ("来电/来信", "只能是 来电、来信、网络、其他")
    ]
    assert not first.done
    assert first.summary.model_dump() == {
        "rows": 4,
        "created": 2,
        "same": 0,
        "conflict": 0,
        "invalid": 2,
        "not_started": 0,
    }
    assert outcomes(await take(client, case_list)) == ["same", "same", "invalid", "invalid"]
    # What was wrong is mended, and the whole list is sent again.
    mended = await take(client, listed(case(f"{begin}1"), case(f"*{begin}2"), case(f"{begin}3"), case(f"{begin}4")))
    assert outcomes(mended) == ["same", "same", "created", "created"]
    assert mended.done


async def test_other_content_is_a_conflict_and_changes_nothing(client: Client) -> None:
    begin = prefix()
    await take(client, listed(case(f"{begin}1")))
    result = await take(
        client, listed(case(f"{begin}1", location="别处"), case(f"{begin}1"), case(f"{begin}1", batch=9))
    )
    # The second is what the case was started with; a row is judged by the case, whatever stands before it.
    assert outcomes(result) == ["conflict", "same", "conflict"]
    assert "原案不变" in result.results[0].mistakes[0].detail
    assert "第3行" in result.results[2].mistakes[0].detail
    assert outcomes(await take(client, listed(case(f"{begin}1")))) == ["same"]


@pytest.mark.parametrize("concurrency", [1, 50])
async def test_the_first_of_two_rows_counts(client: Client, concurrency: int) -> None:
    begin = prefix()
    rows = [
        case(f"{begin}{number}", location=place) for number in range(10) for place in ("某处", "别处", "某处", "又一处")
    ]
    result = await take(client, listed(*rows), concurrency)
    assert outcomes(result) == ["created", "conflict", "same", "conflict"] * 10
    assert "第2行" in result.results[1].mistakes[0].detail
    # In another order too: what counts is the row, not who was faster.
    spread = [case(f"{begin}x{number}", location=place) for place in ("某处", "别处") for number in range(20)]
    assert outcomes(await take(client, listed(*spread), concurrency)) == ["created"] * 20 + ["conflict"] * 20


async def test_fifty_at_once_send_the_same_list(client: Client) -> None:
    begin = prefix()
    case_list = listed(*(case(f"{begin}{number}") for number in range(5)))
    results = await asyncio.gather(*(take(client, case_list) for _ in range(50)))
    for place in range(5):
        each = [result.results[place].result for result in results]
        assert each.count(RowOutcome.CREATED) == 1
        assert each.count(RowOutcome.SAME) == 49


async def test_results_are_told_in_the_lists_order_as_they_come(client: Client) -> None:
    begin = prefix()
    told: list[RowResult] = []
    release = asyncio.Event()

    async def start(hand_over: HandOver) -> Started:
        if hand_over.case_no.endswith("-1"):
            await release.wait()
        elif hand_over.case_no.endswith("-3"):
            assert told == []  # others are done by now, and the first is not
            release.set()
        return await start_case(client, hand_over)

    case_list = listed(*(case(f"{begin}{number}") for number in (1, 2, 3)))
    result = await take_batch(start, case_list, concurrency=2, told=told.append)
    assert tuple(told) == result.results


async def test_what_the_server_does_not_take_holds_up_no_other_row(client: Client) -> None:
    begin = prefix()

    async def start(hand_over: HandOver) -> Started:
        if hand_over.case_no.endswith("-2"):  # an id that is longer than the server takes
            await client.start_workflow("PetitionCase", id="x" * 2_000, task_queue="nobody")
        return await start_case(client, hand_over)

    result = await take_batch(start, listed(*(case(f"{begin}{number}") for number in (1, 2, 3))), concurrency=1)
    assert outcomes(result) == ["created", "not_started", "created"]
    assert "不接受" in result.results[1].mistakes[0].detail


class Line:
    """A line to the server that can be cut."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def open(self) -> str:
        """Its address."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    async def cut(self) -> None:
        """Nothing gets through from now on."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward = await asyncio.open_connection(*self._target)
        self._writers += [writer, onward]
        await asyncio.gather(self._pass_on(reader, onward), self._pass_on(onward_reader, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def line_to(stack: SharedStack) -> AsyncGenerator[tuple[Line, Client]]:
    host, _, port = stack.temporal_address.rpartition(":")
    line = Line(host, int(port))
    try:
        retrying = RetryConfig(max_elapsed_time_millis=1_000)
        yield line, await Client.connect(await line.open(), namespace=stack.namespace, retry_config=retrying)
    finally:
        await line.cut()


@pytest.mark.parametrize("by_engine", [False, True], ids=["bare", "engine"])
async def test_an_engine_that_goes_away_in_the_middle(stack: SharedStack, client: Client, by_engine: bool) -> None:
    begin = prefix()
    case_list = listed(*(case(f"{begin}{number // 2}") for number in range(40)))
    async with line_to(stack) as (line, own):
        engine = Engine(own, seconds=120)
        begun = 0

        async def start(hand_over: HandOver) -> Started:
            nonlocal begun
            begun += 1
            if begun == 8:
                await line.cut()
            return await (engine.start(hand_over) if by_engine else start_case(own, hand_over))

        result = await take_batch(start, case_list, concurrency=3)
    # Some are done, and once it is away nothing more is tried.
    assert begun <= 8 + 3
    said = outcomes(result)
    assert said[0] == "created"
    assert said[-1] == "not_started"
    assert set(said) <= {"created", "same", "not_started"}
    assert "重新提交整份清单" in result.results[-1].mistakes[0].detail
    again = await take(client, case_list)
    assert again.done
    for before, after in zip(result.results, again.results, strict=True):
        if before.result.done:
            assert after.result is RowOutcome.SAME
    assert again.summary.created + result.summary.created <= 20
