"""What is measured on: servers of one's own, workers in this process, and a receiver of notices on loopback."""

import asyncio
import tempfile
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from activities.case_activities import CaseActivities
from activities.jurisdictions import Jurisdictions
from api.access_settings import ApiAccess
from api.app import create_app
from api.authentication import start_authentication
from api.serving import serving, taken_port
from api.settings import ApiSettings
from bench.bare_workflow import MAKE_TABLE, TASK_QUEUE, BareActivities, BareCase
from guatu.embedded.stack import EmbeddedSettings, EmbeddedStack
from intake.engine import Engine
from intake.request_ids import SendRequestIds
from petitions.jurisdiction.reading import read_jurisdiction
from store import Store, open_pool, prepare_schema
from store.changes import CaseChanges
from store.connection import Pool
from worker.process import case_worker, workflow_runner
from worker.search_attributes import ensure_search_attributes
from worker.settings import WorkerSettings
from workflows.payloads import case_data_converter

WITHOUT_ADDRESSES = "dazhou"
"""The shipped jurisdiction: no office has an address in it, so its notices stand in the ledger alone."""


class Receiver:
    """Takes notices on loopback, as a webhook would."""

    def __init__(self) -> None:
        self.address = ""
        self.taken = 0

    @contextmanager
    def open(self) -> Generator[None]:
        """Listen while the block runs."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                receiver.taken += 1
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@dataclass(frozen=True)
class Surroundings:
    """Running servers and workers.

    Attributes:
        client: A plain client, as an outside program has it.
        store: The record in Postgres.
        pool: Connections for what the store does not read.
        receiver: Where all offices have their address.
        api_address: Where the HTTP API is, in this process, on a port of its own.
        database_url: The database of all of them.
    """

    client: Client
    store: Store
    pool: Pool
    receiver: Receiver
    api_address: str
    database_url: str

    async def bare_messages(self, case_no: str) -> int:
        """How many messages of a bare workflow Postgres has; the start counts as one."""
        return await self.pool.fetchval("SELECT count(*) FROM bench_message WHERE case_no = $1", case_no)


@asynccontextmanager
async def surroundings(say: Callable[[str], None]) -> AsyncGenerator[Surroundings]:
    """Bring up servers in a directory that goes again at the end, and workers for both workflows.

    Raises:
        EmbeddedStackError: The servers cannot be had.
    """
    receiver = Receiver()
    # Not one inside another temporary directory: for root, Postgres runs under another account.
    with tempfile.TemporaryDirectory(prefix="guatu-bench-") as place, receiver.open():
        directory = Path(place)
        servers = EmbeddedSettings(data_dir=directory / "data", temporal_port=0, ui_port=0, temporal_in_memory=True)
        async with EmbeddedStack(servers, say) as stack:
            await prepare_schema(stack.database_url)
            client = await Client.connect(stack.temporal_address)
            await ensure_search_attributes(client)
            settings = WorkerSettings(
                database_url=stack.database_url, jurisdiction=str(_with_addresses(directory, receiver.address))
            )
            async with (
                open_pool(stack.database_url, max_size=settings.database_connections) as pool,
                open_pool(stack.database_url, max_size=5) as own,
            ):
                await own.execute(MAKE_TABLE)
                activities = CaseActivities(Store(pool), Jurisdictions(settings.jurisdiction))
                converting = await Client.connect(stack.temporal_address, data_converter=case_data_converter)
                bare = Worker(
                    client,
                    task_queue=TASK_QUEUE,
                    workflows=[BareCase],
                    activities=[BareActivities(pool).write],
                    workflow_runner=workflow_runner(),
                    max_concurrent_activities=settings.worker_activities,
                )
                async with (
                    case_worker(converting, activities, settings),
                    bare,
                    _http(stack, settings.jurisdiction) as address,
                ):
                    yield Surroundings(
                        client=client,
                        store=Store(own),
                        pool=own,
                        receiver=receiver,
                        api_address=address,
                        database_url=stack.database_url,
                    )


@asynccontextmanager
async def _http(stack: EmbeddedStack, jurisdiction: str) -> AsyncGenerator[str]:
    """Serve the HTTP API as its process does, to whoever is on this machine."""
    settings = ApiSettings(
        database_url=stack.database_url,
        jurisdiction=jurisdiction,
        api_access=ApiAccess.OPEN,
        api_writes_per_minute=10**6,
    )
    client = await Client.connect(
        stack.temporal_address, interceptors=[SendRequestIds()], data_converter=pydantic_data_converter
    )
    with taken_port("127.0.0.1", 0, purpose="the API", setting="GUATU_API_PORT") as listener:
        async with open_pool(stack.database_url, max_size=settings.database_connections) as pool:
            changes = CaseChanges(stack.database_url)
            app = create_app(settings, pool, engine=Engine(client, settings.api_engine_seconds), changes=changes)
            await start_authentication(app)
            listening = asyncio.create_task(changes.listen())
            try:
                async with serving(app, listener, drain_seconds=5):
                    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                listening.cancel()


def _with_addresses(directory: Path, address: str) -> Path:
    """The Dazhou file with this address for every office that a notice can go to."""
    text = resources.files("petitions.jurisdictions").joinpath("dazhou.toml").read_text(encoding="utf-8")
    jurisdiction = read_jurisdiction(text, source="dazhou")
    offices = [*jurisdiction.city_titles(), *jurisdiction.unit_ids()]
    for county in jurisdiction.counties:
        offices += jurisdiction.county_titles(county)
    file = directory / "dazhou-with-addresses.toml"
    lines = "".join(f'"{office}" = ["{address}"]\n' for office in offices)
    # The empty table [notify] ends the shipped file.
    file.write_text(f"{text}\n{lines}", encoding="utf-8")
    return file
