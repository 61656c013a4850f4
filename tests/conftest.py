"""The real servers that the tests run on: one embedded stack for the session, and a worker in this process."""

import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle

from activities.case_activities import CaseActivities
from activities.jurisdictions import Jurisdictions
from guatu.embedded.stack import EmbeddedSettings, EmbeddedStack
from store import Store, open_pool, prepare_schema
from tests.notices_file import at_once
from tests.receiver import Receiver, receiving
from tests.workflows.outside_program import OutsideCase, StoreHistory
from worker.process import case_worker
from worker.search_attributes import ensure_search_attributes
from worker.settings import WorkerSettings
from workflows.payloads import case_data_converter

pytest_plugins = ("tests.browser.fixtures",)

SERVER_SETTINGS = (
    "--dynamic-config-value",
    "frontend.WorkflowTimeSkippingEnabled=true",
    # Long enough for every path, short enough for a test of what happens when a history grows long.
    "--dynamic-config-value",
    "limit.historyCount.suggestContinueAsNew=400",
)


@pytest.fixture(scope="session")
async def stack() -> AsyncIterator[EmbeddedStack]:
    """Postgres and a Temporal server whose workflows may each have a clock of their own."""
    for name in [
        name for name in os.environ if name.startswith(("GUATU_", "TEMPORAL_")) and name != "GUATU_TEMPORAL_CLI"
    ]:
        del os.environ[name]
    # Not below pytest's own directory: that is closed to the account under which Postgres runs for root.
    directory = tempfile.TemporaryDirectory(prefix="guatu-tests-")
    settings = EmbeddedSettings(
        data_dir=Path(directory.name),
        temporal_port=0,
        ui_port=0,
        temporal_in_memory=True,
        extra_server_args=SERVER_SETTINGS,
    )

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    async with EmbeddedStack(settings, say) as stack:
        await prepare_schema(stack.database_url)
        await ensure_search_attributes(await Client.connect(stack.temporal_address))
        # With the first key there is no local operator any more, and many tests issue one: so here it is, in any order.
        async with open_pool(stack.database_url, max_size=1) as pool:
            await Store(pool).issue_key(label="别的测试", office="city/mayor")
        yield stack
    directory.cleanup()


@pytest.fixture(scope="session")
async def client(stack: EmbeddedStack) -> Client:
    """A plain client, as an outside program has it: no converter of ours."""
    return await Client.connect(stack.temporal_address)


@pytest.fixture(scope="session")
async def store(stack: EmbeddedStack) -> AsyncIterator[Store]:
    """The tests' own connections to the record."""
    async with open_pool(stack.database_url, max_size=5) as pool:
        yield Store(pool)


@pytest.fixture(scope="session")
async def channel() -> AsyncIterator[Receiver]:
    """The notice channel of one county's offices."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="session")
async def worker(stack: EmbeddedStack, channel: Receiver) -> AsyncIterator[None]:
    """A worker as ``guatu worker`` would run it, for the Dazhou file with addresses for one county's offices."""
    shipped = resources.files("petitions.jurisdictions").joinpath("dazhou.toml").read_text(encoding="utf-8")
    offices = ("unit/开江县生态环境局", "county/开江县/party-secretary", "county/开江县/mayor")
    addresses = "\n".join(f'"{office}" = ["{channel.address}"]' for office in offices)
    file = Path(tempfile.mkdtemp(prefix="guatu-tests-")) / "dazhou-with-addresses.toml"
    file.write_text(at_once(re.sub(r"^\[notify\]$", f"[notify]\n{addresses}", shipped, flags=re.MULTILINE)), "utf-8")
    settings = WorkerSettings(database_url=stack.database_url, jurisdiction=str(file))
    own = await Client.connect(stack.temporal_address, data_converter=case_data_converter)
    async with open_pool(stack.database_url, max_size=settings.database_connections) as pool:
        activities = CaseActivities(Store(pool), Jurisdictions(settings.jurisdiction))
        async with case_worker(own, activities, settings):
            yield


def pytest_addoption(parser: pytest.Parser) -> None:
    """Histories are stored on purpose only, and never over one that is there."""
    parser.addoption("--store-histories", action="store_true", help="store the history of each path that has none")


@pytest.fixture
def store_history(request: pytest.FixtureRequest) -> StoreHistory:
    """Keep the history of a path in ``tests/histories``."""

    async def keep(path: str, case: OutsideCase | WorkflowHandle[Any, Any]) -> None:
        stored = Path(__file__).parent / "histories" / f"{path}.json"
        if not request.config.getoption("--store-histories") or stored.exists():
            return
        stored.parent.mkdir(exist_ok=True)
        handle = case.handle if isinstance(case, OutsideCase) else case
        history = await handle.fetch_history()
        text = json.dumps(json.loads(history.to_json()), ensure_ascii=False, indent=1)
        # Nothing of the machine is kept: neither its name nor where its files are.
        text = re.sub(r'"identity": "[^"]*"', '"identity": "test"', text)
        text = re.sub(r'"stackTrace": "(?:[^"\\]|\\.)*"', '"stackTrace": ""', text)
        stored.write_text(text + "\n", encoding="utf-8")

    return keep
