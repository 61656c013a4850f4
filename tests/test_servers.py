"""The servers of a run: started once, and gone with the last process that uses them."""

import asyncio
import socket

import asyncpg
import pytest

from tests.servers import TEMPLATE, run_directory, using


async def test_they_are_started_once_and_stop_with_their_last_user() -> None:
    def run() -> tuple[str, str]:
        with run_directory() as directory:
            with using(directory) as servers, using(directory) as again:
                assert again == servers
                asyncio.run(connect(servers.dsn(TEMPLATE)))
            # The run has not ended, so they are still there for its other processes.
            with using(directory) as later:
                assert later == servers
        assert not directory.exists()
        return servers.dsn(TEMPLATE), servers.temporal_address

    async def connect(dsn: str) -> None:
        await (await asyncpg.connect(dsn)).close()

    dsn, temporal = await asyncio.to_thread(run)
    with pytest.raises(OSError, match="No such file"):
        await connect(dsn)
    host, _, port = temporal.rpartition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5)
