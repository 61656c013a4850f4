"""The real servers that the tests run on: those of the run (``tests.servers``), and a worker in this process."""

import json
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from temporalio.client import Client, WorkflowHandle

from activities.case_activities import CaseActivities
from activities.jurisdictions import Jurisdictions
from guatu.embedded.postgres import APPLICATION
from store import Store, open_pool
from tests.notices_file import at_once
from tests.places import SharedStack, shared_stack
from tests.receiver import Receiver, receiving
from tests.servers import TEMPLATE, RunServers, run_directory, using
from tests.store.servers import Server
from tests.workflows.outside_program import OutsideCase, StoreHistory
from worker.process import case_worker
from worker.settings import WorkerSettings
from workflows.payloads import case_data_converter

pytest_plugins = ("tests.browser.fixtures", "tests.slowest_files")

settings.register_profile(
    "fixed",
    # The same examples everywhere and every time: a test fails for a change, not for the day.
    derandomize=True,
    # Nothing fails because a machine is slow.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("fixed")

_LONGEST_FIRST = ("browser", "guatu", "codec", "notices", "cluster", "workflows", "doors", "worker", "embedded", "http")
"""Directories whose files take long: begun first, they do not keep one process busy while the others have ended."""

_RUN_DIRECTORY = "run_directory"
"""The key under which the run's directory is given to the worker processes of pytest-xdist."""
_run_directory = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's directory, in the process that the run's other processes belong to."""
    # A shell that starts the tests in the background has them ignore SIGINT, and all programs that they start as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if (given := getattr(config, "workerinput", None)) is not None:
        config.stash[_run_directory] = Path(given[_RUN_DIRECTORY])
    else:
        opened = ExitStack()
        config.add_cleanup(opened.close)
        config.stash[_run_directory] = opened.enter_context(run_directory())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the slow directories first; within a directory their order stays."""

    def rank(item: pytest.Item) -> int:
        directory = item.path.relative_to(Path(__file__).parent).parts[0]
        return _LONGEST_FIRST.index(directory) if directory in _LONGEST_FIRST else len(_LONGEST_FIRST)

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give the run's directory to a worker process of pytest-xdist."""
    node.workerinput[_RUN_DIRECTORY] = str(node.config.stash[_run_directory])


@pytest.fixture(scope="session")
async def run_servers(pytestconfig: pytest.Config) -> AsyncIterator[RunServers]:
    """The servers of the run, started by the first process that needs them."""
    for name in [
        name for name in os.environ if name.startswith(("GUATU_", "TEMPORAL_")) and name != "GUATU_TEMPORAL_CLI"
    ]:
        del os.environ[name]
    # The SDK takes a task for hung that computes for two seconds: of a busy machine that is not true. Worker processes
    # of their own are given an environment without it.
    os.environ["TEMPORAL_DEBUG"] = "1"
    with using(pytestconfig.stash[_run_directory]) as servers:
        yield servers


@pytest.fixture(scope="session")
async def stack(run_servers: RunServers) -> AsyncIterator[SharedStack]:
    """The run's servers with a namespace and a database of this process's own."""
    async with shared_stack(run_servers) as stack:
        # With the first key there is no local operator any more, and many tests issue one: so here it is, in any order.
        async with open_pool(stack.database_url, max_size=1) as pool:
            await Store(pool).issue_key(label="别的测试", office="city/mayor")
        yield stack


@pytest.fixture(scope="session")
def server(run_servers: RunServers) -> Server:
    """The run's Postgres, by its superuser."""
    return Server(run_servers.dsn("postgres", "postgres"))


@pytest.fixture(scope="session")
def template() -> str:
    """The name of a migrated database to copy."""
    return TEMPLATE


@pytest.fixture(scope="session")
def application() -> str:
    """The role of the application, which may only add to the record: the store has to do with that."""
    return APPLICATION


@pytest.fixture(scope="session")
async def client(stack: SharedStack) -> Client:
    """A plain client, as an outside program has it: no converter of ours."""
    return await stack.connect()


@pytest.fixture(scope="session")
async def store(stack: SharedStack) -> AsyncIterator[Store]:
    """The tests' own connections to the record."""
    async with open_pool(stack.database_url, max_size=5) as pool:
        yield Store(pool)


@pytest.fixture(scope="session")
async def channel() -> AsyncIterator[Receiver]:
    """The notice channel of one county's offices."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="session")
async def worker(
    stack: SharedStack, channel: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[None]:
    """A worker as ``guatu worker`` would run it, for the Dazhou file with addresses for one county's offices."""
    shipped = resources.files("petitions.jurisdictions").joinpath("dazhou.toml").read_text(encoding="utf-8")
    offices = ("unit/开江县生态环境局", "county/开江县/party-secretary", "county/开江县/mayor")
    addresses = "\n".join(f'"{office}" = ["{channel.address}"]' for office in offices)
    file = tmp_path_factory.mktemp("jurisdiction") / "dazhou-with-addresses.toml"
    file.write_text(at_once(re.sub(r"^\[notify\]$", f"[notify]\n{addresses}", shipped, flags=re.MULTILINE)), "utf-8")
    worker_settings = WorkerSettings(database_url=stack.database_url, jurisdiction=str(file))
    own = await stack.connect(data_converter=case_data_converter)
    async with open_pool(stack.database_url, max_size=worker_settings.database_connections) as pool:
        activities = CaseActivities(Store(pool), Jurisdictions(worker_settings.jurisdiction))
        async with case_worker(own, activities, worker_settings):
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
