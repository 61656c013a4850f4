"""The embedded PostgreSQL by itself."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from guatu.embedded import DataDirectoryMismatchError
from guatu.embedded.data_directory import DataDirectory
from guatu.embedded.postgres import EmbeddedPostgres, postgres_programs
from tests.store.servers import NOT_DURABLE


@pytest_asyncio.fixture(scope="module")
async def server(shared_data: Path) -> AsyncGenerator[EmbeddedPostgres]:
    """A PostgreSQL with its settings as they are."""
    directory = await DataDirectory.open(shared_data, print)
    server = EmbeddedPostgres(directory, print)
    try:
        yield server
    finally:
        await server.stop()
        directory.close()


@pytest_asyncio.fixture
async def postgres(server: EmbeddedPostgres) -> EmbeddedPostgres:
    """The module's PostgreSQL, running; a test may stop or kill it and leaves its data whole."""
    await server.start()
    return server


async def _fetch(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def _take_over(pid_file: Path) -> "subprocess.Popen[bytes]":
    """Start some program and have a pid file name it.

    It runs under the server's own account: another's program PostgreSQL would pass over by itself.
    """
    _, rest = pid_file.read_text().split("\n", 1)
    bystander = subprocess.Popen(["sleep", "1000"], user=pid_file.stat().st_uid if os.geteuid() == 0 else None)
    pid_file.write_text(f"{bystander.pid}\n{rest}")
    return bystander


def _assert_closed_to_others(socket: Path) -> None:
    assert socket.stat().st_mode & 0o077 == 0


def _psql(dsn: str, query: str) -> str:
    psql = postgres_programs() / "psql"
    return subprocess.run([psql, dsn, "-Atc", query], capture_output=True, text=True, check=True).stdout.strip()


async def test_stopped_and_started_again_on_the_same_address(postgres: EmbeddedPostgres) -> None:
    dsn = postgres.dsn()
    await _fetch(dsn, "CREATE TABLE kept AS SELECT 42 AS number")
    await postgres.stop()
    assert not postgres.running
    assert postgres.died is None
    with pytest.raises(OSError, match="No such file or directory"):
        await asyncpg.connect(dsn)
    await postgres.start()
    assert postgres.dsn() == dsn
    assert await _fetch(dsn, "SELECT number FROM kept") == 42


async def test_it_recovers_after_being_killed(postgres: EmbeddedPostgres) -> None:
    await _fetch(postgres.dsn(), "CREATE TABLE kept_by_recovery AS SELECT 42 AS number")
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)
    await postgres.stop()
    await postgres.start()
    assert await _fetch(postgres.dsn(), "SELECT number FROM kept_by_recovery") == 42


async def test_a_pid_file_whose_number_is_another_programs_now(postgres: EmbeddedPostgres, shared_data: Path) -> None:
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)
    await postgres.stop()
    bystander = _take_over(shared_data / "postgres" / "postmaster.pid")
    try:
        await postgres.start()
        assert await _fetch(postgres.dsn(), "SELECT 1") == 1
    finally:
        bystander.kill()
        bystander.wait()


async def test_a_making_that_was_cut_short_is_begun_anew(data: Path) -> None:
    directory = await DataDirectory.open(data, print)
    draft = data / "postgres.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(directory, print, NOT_DURABLE)
    try:
        await server.start()
        assert await _fetch(server.dsn(), "SELECT 1") == 1
    finally:
        await server.stop()
        directory.close()


@pytest.mark.parametrize("name", ["plain", "d" * 150, '一个 目录, "quoted" 100%?&#'])
async def test_any_directory_will_do(name: str, place: Path) -> None:
    directory = await DataDirectory.open(place / name, print)
    server = EmbeddedPostgres(directory, print, NOT_DURABLE)
    try:
        await server.start()
        assert await _fetch(server.dsn(), "SELECT current_database()") == "guatu"
        assert _psql(server.dsn(), "SELECT current_user") == "guatu"
        _assert_closed_to_others(server.socket_directory)
    finally:
        await server.stop()
        directory.close()
    assert await asyncio.to_thread(server.socket_directory.exists) is (name == "plain")


async def test_the_role_is_no_superuser(postgres: EmbeddedPostgres) -> None:
    assert await _fetch(postgres.dsn(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


async def test_data_of_another_major_version(postgres: EmbeddedPostgres, shared_data: Path) -> None:
    version = shared_data / "postgres" / "PG_VERSION"
    await postgres.stop()
    own = version.read_text()
    version.write_text("16\n")
    try:
        with pytest.raises(DataDirectoryMismatchError, match=r"holds data of PostgreSQL 16, .* runs PostgreSQL 18: "):
            await postgres.start()
    finally:
        version.write_text(own)
