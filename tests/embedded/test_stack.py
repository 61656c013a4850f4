"""Both servers together, and the one sentence for everything that keeps them from starting."""

import os
import signal
import socket
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import psutil
import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowExecutionStatus

from guatu.embedded import (
    DataDirectoryLockedError,
    DataDirectoryMismatchError,
    DataDirectoryUnwritableError,
    EmbeddedSettings,
    EmbeddedStack,
    PortInUseError,
    ServerFailedError,
)
from guatu.product import prepare_database
from tests.store.servers import NOT_DURABLE

_NOTHING_KEPT = {"temporal_in_memory": True, "postgres_settings": NOT_DURABLE}


def _stack(data: Path, cli: Path, **others: object) -> EmbeddedStack:
    settings = EmbeddedSettings(**{"data_dir": data, "temporal_port": 0, "ui_port": 0, "temporal_cli": cli} | others)  # pyright: ignore[reportArgumentType] - names and types are the callers' below
    return EmbeddedStack(settings, print)


def _write(data: Path, files: dict[str, str]) -> None:
    data.mkdir()
    for name, text in files.items():
        (data / name).write_text(text)


@pytest_asyncio.fixture(scope="module")
async def shared(shared_data: Path, cli: Path) -> AsyncGenerator[EmbeddedStack]:
    """A stack that no test stops."""
    extra = ("--search-attribute", "CaseStage=Keyword")
    async with _stack(shared_data, cli, extra_server_args=extra, **_NOTHING_KEPT) as stack:
        yield stack


async def test_data_survive_a_restart_and_a_temporal_file_that_was_cut_short_is_begun_anew(
    data: Path, cli: Path
) -> None:
    (data / "temporal").mkdir(parents=True)
    (data / "guatu.json").write_text('{"layout": 1}')
    (data / "temporal" / "temporal.db").write_bytes(b"")
    async with _stack(data, cli, namespace="petitions") as stack:
        connection = await asyncpg.connect(stack.database_url)
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
        await connection.close()
        client = await Client.connect(stack.temporal_address, namespace=stack.namespace)
        await client.start_workflow("Anything", id="kept", task_queue="nobody")
    async with _stack(data, cli, namespace="petitions") as stack:
        connection = await asyncpg.connect(stack.database_url)
        assert await connection.fetchval("SELECT number FROM kept") == 42
        await connection.close()
        client = await Client.connect(stack.temporal_address, namespace=stack.namespace)
        assert (await client.get_workflow_handle("kept").describe()).status == WorkflowExecutionStatus.RUNNING
        # The same without leaving: tests of faults do it.
        await stack.temporal.stop()
        await stack.temporal.start()
        client = await Client.connect(stack.temporal_address, namespace=stack.namespace)
        assert (await client.get_workflow_handle("kept").describe()).status == WorkflowExecutionStatus.RUNNING


async def test_server_arguments_pass_through_and_only_loopback_is_listened_on(
    shared: EmbeddedStack, shared_data: Path
) -> None:
    client = await Client.connect(shared.temporal_address)
    assert [found async for found in client.list_workflows("CaseStage = 'received'")] == []
    servers = [psutil.Process(pid) for pid in (shared.postgres.pid, shared.temporal.pid)]
    listening = [
        connection.laddr
        for server in servers
        for connection in server.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert {shared.temporal.port, shared.temporal.ui_port} <= {address.port for address in listening}
    assert not (shared_data / "temporal" / "temporal.db").exists()


async def test_two_on_one_directory(shared: EmbeddedStack, shared_data: Path, cli: Path) -> None:
    with pytest.raises(DataDirectoryLockedError, match=rf"in use by another guatu \(process {os.getpid()}\)"):
        await _stack(shared_data, cli, temporal_in_memory=True).__aenter__()
    connection = await asyncpg.connect(shared.database_url)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


async def test_further_settings_of_postgres(shared: EmbeddedStack) -> None:
    connection = await asyncpg.connect(shared.database_url)
    assert await connection.fetchval("SHOW fsync") == "off"
    await connection.close()


async def test_a_port_in_use_is_refused_and_a_server_that_ends_by_itself_is_noticed(data: Path, cli: Path) -> None:
    ports: dict[str, int] = {}
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        for which, taken in (("temporal_port", one), ("ui_port", other)):
            ports[which] = port = taken.getsockname()[1]
            with pytest.raises(PortInUseError, match=f"^Port {port} on 127.0.0.1, .* in use by another program: "):
                await _stack(data, cli, **{which: port}).__aenter__()
    # The ports, and the data directory, were only refused.
    async with _stack(data, cli, **ports, **_NOTHING_KEPT) as stack:
        assert stack.temporal.pid is not None
        os.kill(stack.temporal.pid, signal.SIGKILL)
        with pytest.raises(ServerFailedError, match=r"^The Temporal server ended by itself.*temporal\.log for why\.$"):
            await stack.watch()


@pytest.mark.parametrize(("below", "reason"), [("file/data", "not a directory"), ("file", "exists|not a directory")])
async def test_a_directory_that_cannot_be(below: str, reason: str, place: Path, cli: Path) -> None:
    (place / "file").write_text("")
    with pytest.raises(DataDirectoryUnwritableError, match=rf"{below} cannot be written \(.*({reason})\): choose"):
        await _stack(place / below, cli).__aenter__()


async def test_an_unwritable_directory(place: Path, cli: Path) -> None:
    closed = Path("/proc") if os.geteuid() == 0 else place  # root may write anywhere else
    closed.chmod(0o555)
    try:
        with pytest.raises(
            DataDirectoryUnwritableError, match=r"cannot be written \(.+\): choose a directory that can"
        ):
            await _stack(closed / "guatu", cli).__aenter__()
    finally:
        closed.chmod(0o555 if closed == Path("/proc") else 0o700)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"guatu.json": '{"layout": 0}'}, "was made by an older version of guatu"),
        ({"guatu.json": '{"layout": 99, "more": 1}'}, "was made by a newer version of guatu"),
        ({"guatu.json": "{"}, "that cannot be read"),
        ({"postgres": ""}, "was made by an older version of guatu"),
        ({"holiday.jpg": ""}, "is not empty and not a data directory of guatu"),
        ({"guatu.json": '{"layout": 1, "temporal_server": "1.29.1"}'}, "holds cases of Temporal server 1.29.1"),
    ],
)
async def test_an_older_or_a_foreign_directory(files: dict[str, str], told: str, data: Path, cli: Path) -> None:
    _write(data, files)
    with pytest.raises(DataDirectoryMismatchError, match=told) as refused:
        await _stack(data, cli).__aenter__()
    assert str(refused.value).endswith(": choose another directory or move that one away.")
    assert {name: (data / name).read_text() for name in files} == files


async def test_the_products_processes_may_only_add_to_the_record(shared: EmbeddedStack) -> None:
    await prepare_database(shared)
    connection = await asyncpg.connect(shared.application_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM case_event") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM case_event")
    finally:
        await connection.close()
