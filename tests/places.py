"""Where tests work on the servers of the run: namespaces and databases, each test process its own."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from guatu.embedded.postgres import APPLICATION, DATABASE
from tests.servers import TEMPLATE, RunServers
from tests.store.servers import Server
from worker.search_attributes import ensure_search_attributes

_numbers = count(1)


@dataclass(frozen=True)
class SharedStack:
    """The run's servers as one test process sees them. No test may stop them or change their settings.

    Attributes:
        servers: The addresses.
        namespace: The process's own namespace, with the search attributes.
        database_url: The process's own migrated database, for the owner of its tables.
    """

    servers: RunServers
    namespace: str
    database_url: str

    @property
    def application_url(self) -> str:
        """The address of the same database for the product's processes, which may only add to the record."""
        return self.database_url.replace(f"//{DATABASE}@", f"//{APPLICATION}@")

    @property
    def temporal_address(self) -> str:
        """Temporal's address: host and port."""
        return self.servers.temporal_address

    @property
    def ui_url(self) -> str:
        """The Temporal UI's address."""
        return self.servers.ui_url

    @property
    def temporal_cli(self) -> Path:
        """The Temporal CLI that the server was started with."""
        return self.servers.temporal_cli

    @property
    def settings(self) -> dict[str, str]:
        """The settings by which a process of the product finds all this."""
        return {
            "GUATU_DATABASE_URL": self.database_url,
            "TEMPORAL_ADDRESS": self.temporal_address,
            "TEMPORAL_NAMESPACE": self.namespace,
        }

    async def connect(self, **options: Any) -> Client:
        """A client of the process's own namespace; plain, as an outside program has it, unless options say more."""
        namespace: str = options.pop("namespace", self.namespace)
        return await Client.connect(self.temporal_address, namespace=namespace, **options)


@dataclass(frozen=True)
class Place:
    """A namespace and a database where no other worker takes the cases.

    Attributes:
        settings: What a process of the product is given to work here.
        client: A plain client of the namespace.
        database_url: The database, for the owner of its tables.
    """

    settings: dict[str, str]
    client: Client
    database_url: str


async def new_namespace(temporal_address: str) -> Client:
    """A plain client of a new namespace, which has no search attributes yet."""
    client = await Client.connect(temporal_address, namespace=f"tests-{os.getpid()}-{next(_numbers)}")
    retention = Duration()
    retention.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=client.namespace, workflow_execution_retention_period=retention)
    )
    return client


async def new_place(stack: SharedStack, *, prepared: bool = False) -> Place:
    """A new place on the run's servers; it stays until they stop.

    Args:
        stack: The run's servers.
        prepared: Whether the namespace gets the search attributes and the database the schema, as ``guatu worker``
            gives them at its start.
    """
    client = await new_namespace(stack.temporal_address)
    name = client.namespace.replace("-", "_")
    template = TEMPLATE if prepared else "template0 ENCODING 'UTF8'"
    await Server(stack.servers.dsn("postgres", "postgres")).execute(
        f"CREATE DATABASE {name} TEMPLATE {template} OWNER {DATABASE}"
    )
    if prepared:
        await ensure_search_attributes(client)
    settings = {
        "GUATU_DATABASE_URL": stack.servers.dsn(name),
        "TEMPORAL_ADDRESS": stack.temporal_address,
        "TEMPORAL_NAMESPACE": client.namespace,
    }
    return Place(settings, client, stack.servers.dsn(name))


@asynccontextmanager
async def shared_stack(servers: RunServers) -> AsyncGenerator[SharedStack]:
    """The run's servers with a namespace and a database of this process's own."""
    client = await new_namespace(servers.temporal_address)
    await ensure_search_attributes(client)
    async with Server(servers.dsn("postgres", "postgres")).database(f"TEMPLATE {TEMPLATE} OWNER {DATABASE}") as url:
        yield SharedStack(servers, client.namespace, url.replace("//postgres@", f"//{DATABASE}@"))
