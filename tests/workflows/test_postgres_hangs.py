"""A Postgres that takes connections and answers nothing is away like one that is gone: the procedure goes on."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from activities.case_activities import CaseActivities
from activities.jurisdictions import Jurisdictions
from guatu.embedded.postgres import EmbeddedPostgres
from store import Store, StoreAwayError, open_pool, prepare_schema
from store.connection import Pool, PooledConnection
from tests.notices_file import at_once
from tests.places import Place, SharedStack, new_place
from tests.receiver import Receiver, receiving
from tests.store.servers import own_postgres
from tests.store.test_away import SILENT, hanging
from tests.worker.conftest import dazhou
from tests.worker.worker_process import until
from tests.workflows.outside_program import UNIT, OutsideCase, by, hand_over
from worker.process import case_worker
from worker.settings import WorkerSettings
from workflows.payloads import case_data_converter

SLOW = 1.0
"""Seconds that the channel takes for a notice."""
SLOTS = 2
"""Activities that the worker does at a time."""


class WatchedStore(Store):
    """A store that knows of the calls that waited for Postgres in vain."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self.waited: list[str] = []

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[PooledConnection]:
        try:
            async with super()._connected() as connection:
                yield connection
        except StoreAwayError as error:
            self.waited += [] if SILENT in str(error) else [str(error)]
            raise


@pytest.fixture
async def postgres() -> AsyncGenerator[EmbeddedPostgres]:
    """A server of the test's own, which it may stop."""
    async with own_postgres() as postgres:
        await prepare_schema(postgres.dsn())
        yield postgres


@pytest.fixture
async def place(stack: SharedStack) -> Place:
    return await new_place(stack, prepared=True)


async def is_on_record(case: OutsideCase) -> bool:
    """Whether Postgres knows the case as the workflow does."""
    with contextlib.suppress(StoreAwayError):
        return await case.store.case(case.case_no) == await case.view()
    return False


async def test_notices_are_not_multiplied_nor_held_up_and_the_record_catches_up(
    stack: SharedStack, place: Place, postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    """With more cases that have something to write than a worker has slots."""
    file = tmp_path / "with-an-address.toml"
    own = await stack.connect(namespace=place.client.namespace, data_converter=case_data_converter)
    async with receiving() as channel, open_pool(postgres.dsn(), max_size=5) as pool:
        file.write_text(at_once(f'{dazhou()}\n"{UNIT}" = ["{channel.address}"]\n'), encoding="utf-8")
        settings = WorkerSettings(database_url=postgres.dsn(), jurisdiction=str(file), worker_activities=SLOTS)
        store = WatchedStore(pool)
        async with case_worker(own, CaseActivities(store, Jurisdictions(str(file))), settings):
            known = await asyncio.gather(*(hand_over(place.client, store) for _ in range(2 * SLOTS)))
            for case in known:
                await case.until("dispatched")
                await until("it is on record", lambda case=case: is_on_record(case))
            told = [len(channel.titles(case.case_no)) for case in known]
            channel.delay = SLOW
            with hanging(postgres):
                store.waited.clear()
                for case in known:
                    await case.submit("leader_instruction", by("city/mayor"), text="立即处理。")
                late = await hand_over(place.client, store)
                await until("the unit is told of the new case", lambda: _told(channel, late, 1))
                for case, times in zip(known, told, strict=True):
                    await until(
                        "and of the instruction", lambda case=case, times=times: _told(channel, case, times + 1)
                    )
                await late.until("dispatched")
                assert len(store.waited) <= SLOTS, f"activities wait for a silent Postgres: {store.waited}"
            channel.delay = 0
            for case in (*known, late):
                await until("the record has caught up", lambda case=case: is_on_record(case))
                await case.signal("withdrawal", by("city/intake"), reason="结束")
                assert (await case.handle.result())["outcome"] == "withdrawn"
                lines = await store.timeline(case.case_no, with_refusals=True)
                assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
                assert await store.case(case.case_no) == await case.view()
            notices = [f"{each['title']} {each['message']}" for each in channel.taken]
            assert len(notices) == len(set(notices)), notices
            assert [problem async for problem in store.verify()] == []


async def _told(channel: Receiver, case: OutsideCase, times: int) -> bool:
    return len(channel.titles(case.case_no)) >= times
