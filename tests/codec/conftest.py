"""A key file of one's own, and a worker on a namespace of its own whose payloads are sealed by it."""

import dataclasses
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer

from activities.case_activities import CaseActivities
from activities.jurisdictions import Jurisdictions
from activities.reconciliation import discrepancies
from intake.engine import client_data_converter
from petitions.discrepancies import DiscrepancyKind
from sealing.ciphers import CipherName
from sealing.key_file import new_key_file
from sealing.settings import PayloadSettings
from store import Store, open_pool
from tests.places import SharedStack, new_namespace
from tests.worker.worker_process import until
from tests.workflows.outside_program import OutsideCase
from worker.process import case_worker, data_converter_for, workflow_runner
from worker.search_attributes import ensure_search_attributes
from worker.settings import WorkerSettings
from workflows.petition_case import PetitionCase


@dataclass
class SealedPlace:
    """A namespace and a key file.

    Attributes:
        stack: The servers.
        namespace: The namespace's name.
        keys: The key file that the worker has.
        plain: A client without keys: an outside program.
        client: A client with the same keys.
        store: The record.
    """

    stack: SharedStack
    namespace: str
    keys: Path
    plain: Client
    client: Client
    store: Store
    cipher: CipherName = CipherName.AES_256_GCM
    _workers: list[int] = field(default_factory=list[int])

    def settings(self) -> PayloadSettings:
        """With which everybody seals who has keys."""
        return PayloadSettings(payload_key_file=self.keys, sealing_cipher=self.cipher)

    async def client_with(self, settings: PayloadSettings) -> Client:
        """A client that seals by other settings."""
        converter = client_data_converter(settings)
        return await Client.connect(self.stack.temporal_address, namespace=self.namespace, data_converter=converter)

    @asynccontextmanager
    async def worker(self, *, sealing: bool = True) -> AsyncGenerator[None]:
        """A worker as ``guatu worker`` runs it, while the block runs."""
        given: dict[str, Any] = {"payload_key_file": self.keys, "sealing_cipher": self.cipher} if sealing else {}
        settings = WorkerSettings(database_url=self.stack.database_url, **given)
        converter = data_converter_for(settings)
        own = await Client.connect(self.stack.temporal_address, namespace=self.namespace, data_converter=converter)
        async with open_pool(self.stack.database_url, max_size=settings.database_connections) as pool:
            activities = CaseActivities(Store(pool), Jurisdictions(settings.jurisdiction))
            async with case_worker(own, activities, settings):
                yield

    async def replay(self, history: WorkflowHistory) -> None:
        """Replay a history as it is stored, with the keys."""
        converter = data_converter_for(self.settings())
        replayer = Replayer(workflows=[PetitionCase], data_converter=converter, workflow_runner=workflow_runner())
        await replayer.replay_workflow(history)

    async def until_found(self, case_no: str, kind: DiscrepancyKind | None) -> None:
        """Wait until a reconciliation finds a case as this; none: until it finds nothing."""

        async def it_is_found() -> bool:
            standing = await discrepancies(self.store, self.plain, asking=False)
            return next((each.kind for each in standing if each.case_no == case_no), None) is kind

        await until(f"{case_no} is found as {kind}", it_is_found)

    def by_plain(self, case: OutsideCase) -> OutsideCase:
        """The same case in the hands of an outside program."""
        handle: Any = self.plain.get_workflow_handle(case.handle.id)
        return dataclasses.replace(case, client=self.plain, handle=handle)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Where a fresh key file is."""
    path = tmp_path / "payload-keys.json"
    new_key_file(path)
    return path


@pytest.fixture
async def place(stack: SharedStack, store: Store, keys: Path) -> SealedPlace:
    """A namespace of the test's own, without a worker yet."""
    plain = await new_namespace(stack.temporal_address)
    await ensure_search_attributes(plain)
    place = SealedPlace(stack, plain.namespace, keys, plain, plain, store)
    place.client = await place.client_with(place.settings())
    return place
