"""Workers that are there or not, as a test wants it, for cases of a namespace and a database of its own."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from temporalio.worker import Worker

from activities.case_activities import CaseActivities
from activities.jurisdictions import Jurisdictions
from store import Store, open_pool
from tests.places import Place, SharedStack, new_place
from worker.process import case_worker
from worker.settings import WorkerSettings
from workflows.payloads import case_data_converter

WorkerOf = Callable[[], AbstractAsyncContextManager[Worker]]
"""A worker for the cases of the place, while the block runs."""


@pytest.fixture(scope="module")
async def place(stack: SharedStack) -> Place:
    """The module's own, ready for work."""
    return await new_place(stack, prepared=True)


@pytest.fixture
async def place_store(place: Place) -> AsyncGenerator[Store]:
    """The tests' own connections to the module's database."""
    async with open_pool(place.database_url, max_size=3) as pool:
        yield Store(pool)


@pytest.fixture
def working(stack: SharedStack, place: Place) -> WorkerOf:
    """A worker of this process."""

    @asynccontextmanager
    async def work() -> AsyncGenerator[Worker]:
        settings = WorkerSettings(database_url=place.database_url, jurisdiction="dazhou")
        own = await stack.connect(namespace=place.client.namespace, data_converter=case_data_converter)
        async with open_pool(place.database_url, max_size=settings.database_connections) as pool:
            activities = CaseActivities(Store(pool), Jurisdictions(settings.jurisdiction))
            async with case_worker(own, activities, settings) as worker:
                yield worker

    return work
