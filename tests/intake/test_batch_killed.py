"""The same list sent three times by ``guatu intake``, killed in the middle of the first: every row once."""

import asyncio
import io
import signal
import socket
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from temporalio.client import Client

from petitions.lists.rows import CHINA
from store import Store
from tests.guatu.running import GUATU, environment, guatu, guatu_process
from tests.intake.written_lists import HEADERS, csv_text, row, workbook
from tests.places import SharedStack
from tests.worker.worker_process import until

ROWS = 30
KILLED_AFTER = 5
BEGIN = "KILLED-"
QUERY = f"WorkflowId STARTS_WITH 'case-{BEGIN}'"


async def runs(client: Client) -> Counter[str]:
    """How many runs each case of the list has."""
    return Counter([each.id async for each in client.list_workflows(QUERY)])


async def is_received(store: Store, case_no: str) -> bool:
    return any(line.event == "received" for line in await store.timeline(case_no))


@contextmanager
def output_with_little_room() -> Generator[tuple[io.FileIO, socket.socket]]:
    """An output, and what is given to the program: after a few lines it waits until they are read."""
    here, given = socket.socketpair()
    with here, given:
        given.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the least that the system has
        with cast("io.FileIO", here.makefile("rb", buffering=0)) as output:
            yield output, given


async def test_every_row_once(stack: SharedStack, client: Client, store: Store, worker: None, tmp_path: Path) -> None:
    now = datetime.now(CHINA).replace(tzinfo=None, microsecond=0) - timedelta(minutes=2)
    numbers = [f"{BEGIN}{number}" for number in range(1, ROWS + 1)]
    rows = [HEADERS, *(row(case_no, received_at=now) for case_no in numbers)]
    file, as_text = tmp_path / "第1批.xlsx", tmp_path / "第1批.csv"
    file.write_bytes(workbook({"清单": rows}))
    as_text.write_bytes(csv_text(rows).encode("gb18030"))
    settings = {"TEMPORAL_ADDRESS": stack.temporal_address, "TEMPORAL_NAMESPACE": stack.namespace}

    with output_with_little_room() as (output, given):
        first = await asyncio.create_subprocess_exec(
            *GUATU, "intake", str(file), stdout=given.fileno(), env=environment(settings)
        )
        given.close()
        for number in range(KILLED_AFTER):
            line = (await asyncio.to_thread(output.readline)).decode()
            assert line == f"第{number + 2}行　{BEGIN}{number + 1}：已受理\n"
        first.send_signal(signal.SIGKILL)
        assert await first.wait() == -signal.SIGKILL
        said = KILLED_AFTER + len((await asyncio.to_thread(output.read)).splitlines())
    assert said < ROWS, "it was over before it was killed"

    second = await guatu_process("intake", file, settings=settings)
    assert (second.returncode, second.stderr) == (0, "")
    lines = second.stdout.splitlines()
    assert len(lines) == ROWS
    again = sum("此前已受理" in line for line in lines)
    # What was said to be taken was; a few more may have been, whose lines nobody has seen.
    assert said <= again < ROWS
    assert all("此前已受理" in line for line in lines[:said])
    assert sum(line.endswith("：已受理") for line in lines) == ROWS - again

    # In another form: the same cases.
    third = await guatu("intake", as_text, settings=settings)
    assert third.returncode == 0
    assert third.stdout.count("此前已受理，未重复立案") == ROWS

    async def all_are_listed() -> bool:
        return len(await runs(client)) == ROWS

    await until("every case is listed", all_are_listed)
    assert await runs(client) == dict.fromkeys((f"case-{case_no}" for case_no in numbers), 1)
    for case_no in numbers:
        await until(f"{case_no} is on record", lambda case_no=case_no: is_received(store, case_no))
        events = Counter(line.event for line in await store.timeline(case_no))
        assert events["received"] == 1
    for case_no in numbers:
        await client.get_workflow_handle(f"case-{case_no}").terminate("the test is over")


async def test_lists_of_every_form_by_the_command(stack: SharedStack, tmp_path: Path) -> None:
    settings = {"TEMPORAL_ADDRESS": stack.temporal_address, "TEMPORAL_NAMESPACE": stack.namespace}
    rows = [[*HEADERS, "联系电话"], [*row("FORM-1"), "13800000000"], [*row("FORM-2", channel="传真"), "13900000000"]]
    as_text = tmp_path / "a.csv"
    as_text.write_bytes(csv_text(rows).encode("utf-16"))
    done = await guatu("intake", as_text, settings=settings)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "第2行　FORM-1：已受理",
        "第3行　FORM-2：未受理（内容有误）：来电/来信：只能是 来电、来信、网络、其他",
    ]
    assert done.stderr.splitlines() == ["未读取的列：联系电话", "1行未受理"]
    assert "138" not in done.stdout + done.stderr
    as_sheet = tmp_path / "b.xlsx"
    as_sheet.write_bytes(workbook({"清单": rows[:2]}))
    assert (await guatu("intake", as_sheet, settings=settings)).stdout == "第2行　FORM-1：此前已受理，未重复立案\n"
    # Local time of another place is another moment, and so other content.
    moved = await guatu("intake", "--utc-offset", "6", as_sheet, settings=settings)
    assert moved.returncode == 1
    assert "编号冲突" in moved.stdout


async def test_a_list_that_cannot_be_taken_is_one_sentence(tmp_path: Path) -> None:
    for name, content, said in (
        ("a.xlsx", b"nothing of the sort", "不是 .xlsx 工作簿"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧版 Excel"),
        ("a.csv", "受理编号,县区,地点\n".encode("gbk"), "表头缺少：交办时间"),
        ("a.jsonl", b"", "文件是空的"),
    ):
        file = tmp_path / name
        file.write_bytes(content)
        done = await guatu("intake", file)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"guatu: {file}: ")
        assert said in done.stderr
