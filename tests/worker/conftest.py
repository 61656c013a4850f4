"""A Temporal namespace and a Postgres database for each module, where no other worker takes the cases."""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from guatu.embedded.stack import EmbeddedStack
from store import Store, open_pool
from tests.worker.worker_process import PATIENCE

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """Where a worker process works.

    Attributes:
        settings: What the process is given.
        client: A plain client of the namespace.
        database_url: The database; empty at first.
    """

    settings: dict[str, str]
    client: Client
    database_url: str


async def new_place(stack: EmbeddedStack) -> Place:
    """A namespace without search attributes and a database without a schema."""
    name = f"worker-{next(_numbers)}"
    client = await Client.connect(stack.temporal_address, namespace=name)
    retention = Duration()
    retention.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=retention)
    )
    database = f"guatu_{name.replace('-', '_')}"
    connection = await asyncpg.connect(stack.database_url)
    await connection.execute(f"CREATE DATABASE {database}")
    await connection.close()
    url = stack.postgres.dsn(database=database)
    settings = {
        "GUATU_DATABASE_URL": url,
        "TEMPORAL_ADDRESS": stack.temporal_address,
        "TEMPORAL_NAMESPACE": name,
    }
    return Place(settings, client, url)


@pytest.fixture(scope="module")
async def place(stack: EmbeddedStack) -> Place:
    """The module's own."""
    return await new_place(stack)
