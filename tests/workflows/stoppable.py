"""Cases on a Postgres that a test may stop: a module that imports these fixtures has them in place of the run's."""

from collections.abc import AsyncGenerator

import pytest
from temporalio.client import Client

from activities.case_activities import CaseActivities
from activities.jurisdictions import Jurisdictions
from guatu.embedded.postgres import EmbeddedPostgres
from store import Store, open_pool, prepare_schema
from tests.places import SharedStack, new_namespace
from tests.store.servers import own_postgres
from worker.process import case_worker
from worker.search_attributes import ensure_search_attributes
from worker.settings import WorkerSettings
from workflows.payloads import case_data_converter

__all__ = ["client", "postgres", "store", "worker"]


@pytest.fixture(scope="module")
async def postgres() -> AsyncGenerator[EmbeddedPostgres]:
    """A migrated Postgres of the module's own."""
    async with own_postgres() as postgres:
        await prepare_schema(postgres.dsn())
        yield postgres


@pytest.fixture(scope="module")
async def client(stack: SharedStack) -> Client:
    """A plain client of a namespace of the module's own."""
    client = await new_namespace(stack.temporal_address)
    await ensure_search_attributes(client)
    return client


@pytest.fixture(scope="module")
async def store(postgres: EmbeddedPostgres) -> AsyncGenerator[Store]:
    """The tests' own connections to the record."""
    async with open_pool(postgres.dsn(), max_size=5) as pool:
        yield Store(pool)


@pytest.fixture(scope="module")
async def worker(stack: SharedStack, client: Client, postgres: EmbeddedPostgres) -> AsyncGenerator[None]:
    """A worker as ``guatu worker`` would run it."""
    settings = WorkerSettings(database_url=postgres.dsn(), jurisdiction="dazhou")
    own = await stack.connect(namespace=client.namespace, data_converter=case_data_converter)
    jurisdictions = Jurisdictions(settings.jurisdiction)
    async with (
        open_pool(postgres.dsn(), max_size=settings.database_connections) as pool,
        case_worker(own, CaseActivities(Store(pool), jurisdictions), settings),
    ):
        yield
