"""A city of the test's own: its namespace, its database, its jurisdiction file with real addresses, its worker."""

import contextlib
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper

from activities.case_activities import CaseActivities
from activities.jurisdictions import Jurisdictions
from petitions.notices import NoticeState
from store import Store, open_pool
from tests.notices_file import at_once
from tests.places import Place, SharedStack, new_place
from tests.receiver import Receiver, receiving
from tests.worker.conftest import dazhou
from tests.worker.worker_process import until
from tests.workflows.outside_program import UNIT, OutsideCase, hand_over
from worker.process import case_worker
from worker.settings import WorkerSettings
from workflows.notice_interface import office_notices_id
from workflows.payloads import case_data_converter


@dataclass
class City:
    """Where the notices of a test go out.

    Attributes:
        channel: The receiver of the responsible unit; no other office has an address unless the test gives it one.
    """

    place: Place
    file: Path
    store: Store
    channel: Receiver
    jurisdictions: Jurisdictions
    client: Client
    """As the worker has it."""
    pace: dict[str, str] = field(default_factory=dict[str, str])

    def addresses(self, addresses: dict[str, list[str]], **pace: str) -> None:
        """Write the jurisdiction file anew: who has which addresses, and settings of its section ``notices``."""
        lines = "\n".join(f'"{office}" = {given}' for office, given in addresses.items()).replace("'", '"')
        self.file.write_text(at_once(f"{dazhou()}\n{lines}\n", **pace), encoding="utf-8")

    @property
    def settings(self) -> dict[str, str]:
        """What a process of the product is given to work here."""
        return self.place.settings | {"GUATU_JURISDICTION": str(self.file)}

    @asynccontextmanager
    async def worker(self) -> AsyncGenerator[None]:
        """A worker as ``guatu worker`` runs it."""
        settings = WorkerSettings(database_url=self.place.database_url, jurisdiction=str(self.file))
        async with case_worker(self.client, CaseActivities(self.store, self.jurisdictions), settings):
            yield

    async def hand_over(self, case_no: str, **changes: Any) -> OutsideCase:
        """Start a case of the unit."""
        return await hand_over(self.place.client, self.store, case_no=case_no, **changes)

    def notices_of(self, office: str = UNIT, jurisdiction: str | None = None) -> "WorkflowHandle[Any, Any]":
        """The workflow of an office's notices."""
        return self.place.client.get_workflow_handle(office_notices_id(jurisdiction, office))

    async def waiting(self, office: str = UNIT) -> int:
        """How many notices lie in an office's tray; a worker must run."""
        told = await self.notices_of(office).query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        found = re.search(r"待发：(\d+)项", told.current_details)
        return int(found[1]) if found else 0

    async def until_waiting(self, count: int, office: str = UNIT) -> None:
        """Wait until so many notices lie in an office's tray; a worker must run."""

        async def they_do() -> bool:
            with contextlib.suppress(RPCError):  # until the first one is there
                return await self.waiting(office) == count
            return False

        await until(f"{count} notices lie in the tray", they_do)

    async def skip(self, office: str = UNIT, **span: float) -> None:
        """Let time pass on the clock of an office's tray; what it has to send meanwhile is sent."""
        await TimeSkipper(self.place.client).fast_forward(self.notices_of(office), timedelta(**span))

    async def until_put_away(self, office: str = UNIT) -> None:
        """Let time pass on the clock of an office's tray until it has sent everything and has ended."""
        tray = self.notices_of(office)
        await TimeSkipper(self.place.client).fast_forward(tray, None)
        assert (await tray.describe()).status is WorkflowExecutionStatus.COMPLETED

    async def until_all_is_out(self, case_no: str) -> None:
        """Wait until the ledger knows every notice of a case as sent."""
        waiting = {NoticeState.QUEUED, NoticeState.FAILED}

        async def it_is() -> bool:
            ledger = await self.store.notices(case_no)
            return bool(ledger) and not any(notice.state in waiting for notice in ledger)

        await until(f"all notices of {case_no} are out", it_is)


@pytest.fixture
async def city(stack: SharedStack, tmp_path: Path) -> AsyncGenerator[City]:
    """A city whose worker does not run yet."""
    place = await new_place(stack, prepared=True)
    file = tmp_path / "city.toml"
    client = await stack.connect(namespace=place.client.namespace, data_converter=case_data_converter)
    async with receiving() as channel, open_pool(place.database_url, max_size=10) as pool:
        city = City(place, file, Store(pool), channel, Jurisdictions(str(file)), client)
        city.addresses({UNIT: [channel.address]})
        yield city
