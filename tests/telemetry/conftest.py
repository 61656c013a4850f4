"""The product as it runs in service, seen from outside: its metrics, traces and logs while a case goes through."""

import asyncio
import dataclasses
import json
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from guatu.embedded.ports import free_port
from guatu.embedded.postgres import EmbeddedPostgres
from guatu.product import stopped_at_the_end
from guatu.services import Service, SupervisedService, child_environment
from sealing.key_file import new_key_file
from store import Store, open_pool
from tests.notices_file import at_once
from tests.places import Place, SharedStack, new_place
from tests.store.servers import own_postgres
from tests.telemetry.collector import Collector, collecting
from tests.worker.conftest import dazhou
from tests.worker.worker_process import until
from tests.workflows.outside_program import CHINA, UNIT, OutsideCase

CASE_NO = "T1"
REQUEST_ID = "request-of-intake-1"
COMPLAINANT = {"anonymous": False, "name": "王秘密", "telephone": "13800001111", "address": "通川区密巷7号"}
SUMMARY = "商户夜间在暗渠路清洗，脏水横流。"
MAYOR = "county/通川区/mayor"
_CHANNELS = (
    "json://clerk:planted-password-1@127.0.0.1:1/planted-path?+X-Token=planted-header",
    "mailto://clerk:planted-password-2@127.0.0.1:1?to=planted-mailbox@mail.invalid",
)
"""Of an office's notices: nobody is there, so that what is said of failures is seen. One more comes by a variable."""
_VARIABLE, _BY_VARIABLE = "GUATU_NOTICE_TEST", "xml://planted-user:planted-password-3@127.0.0.1:1/planted-variable"
PLANTED = (
    "planted-password-1",
    "planted-path",
    "planted-header",
    "planted-password-2",
    "planted-mailbox",
    "planted-password-3",
    "planted-variable",
    "planted-of-database",
    "planted-pepper-of-the-api",
    "planted-collector-token",
)
"""Secrets that the two processes have been given."""

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@dataclass
class Product:
    """A worker and an API, and what can be seen of them.

    Attributes:
        place: Where they work; its database is on ``postgres``.
        postgres: A server of their own, which a test may stop.
        http: A client of the API.
        store: The record.
        collector: Where their traces go.
        worker: The worker as a service.
        api: The API as a service.
        api_metrics: The port of the API's metrics.
    """

    place: Place
    postgres: EmbeddedPostgres
    http: httpx.AsyncClient
    store: Store
    collector: Collector
    worker: Service
    api: Service
    api_metrics: int
    master_keys: tuple[str, ...]

    @property
    def logs(self) -> Path:
        """Where the logs are, and nothing else."""
        assert self.worker.log is not None
        return self.worker.log.parent

    async def metrics(self, port: int) -> str:
        """What Prometheus would read at a port."""
        async with httpx.AsyncClient(timeout=60) as http:
            return (await http.get(f"http://127.0.0.1:{port}/metrics")).text

    async def of_worker(self) -> Samples:
        """The worker's samples."""
        return samples(await self.metrics(self.worker.port))

    async def of_api(self) -> Samples:
        """The API's samples."""
        return samples(await self.metrics(self.api_metrics))

    def case(self, case_no: str) -> OutsideCase:
        """A case, to be driven from outside."""
        client = self.place.client
        handle: Any = client.get_workflow_handle(f"case-{case_no}")
        skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
        return OutsideCase(client, self.store, case_no, handle, datetime.now(UTC), skipper)

    def log(self, service: Service) -> list[dict[str, Any]]:
        """The lines of a log."""
        assert service.log is not None
        lines = (self.logs / f"{service.name}.log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def samples(text: str) -> Samples:
    """All samples of a page of metrics, by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def sample(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A key of ``samples``."""
    return name, tuple(sorted(labels.items()))


def hand_over(case_no: str) -> dict[str, Any]:
    """A case as it is handed over by HTTP."""
    return {
        "case_no": case_no,
        "received_at": (datetime.now(CHINA) - timedelta(minutes=1)).isoformat(),
        "channel": "phone",
        "starred": False,
        "county": "通川区",
        "location": "李家巷",
        "categories": ["water"],
        "summary": SUMMARY,
        "responsible_unit": UNIT,
        "complainant": COMPLAINANT,
    }


@pytest.fixture(scope="package")
async def product(stack: SharedStack) -> AsyncGenerator[Product]:
    """The product after a case was handed over by HTTP, had a message refused, and was dispatched."""
    place = await new_place(stack)

    def say(line: str) -> None:
        print(line)  # noqa: T201 - shown when a test fails

    with tempfile.TemporaryDirectory(prefix="guatu-test-") as directory:
        async with collecting() as collector, own_postgres() as postgres:
            place = dataclasses.replace(place, database_url=postgres.dsn())
            key_file, pepper = Path(directory, "master-keys.json"), Path(directory, "pepper")
            shared = {
                **place.settings,
                **collector.settings,
                "GUATU_DATABASE_URL": place.database_url.replace("guatu@", "guatu:planted-of-database@"),
                "GUATU_JURISDICTION": _with_channels(Path(directory, "dazhou.toml")),
                _VARIABLE: _BY_VARIABLE,
                "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer planted-collector-token",
            }
            logs = Path(directory, "logs")
            master_keys = _laid_out(key_file, pepper, logs)
            ports = free_port(), free_port(), free_port()
            worker_env = child_environment({**shared, "GUATU_WORKER_PORT": str(ports[0])})
            api_env = child_environment(
                {
                    **shared,
                    "GUATU_API_PORT": str(ports[1]),
                    "GUATU_API_METRICS_PORT": str(ports[2]),
                    "GUATU_MASTER_KEY_FILE": str(key_file),
                    "GUATU_API_KEY_PEPPER_FILE": str(pepper),
                }
            )
            worker = Service("worker", ("worker",), worker_env, ports[0], logs / "worker.log")
            api = Service("api", ("api",), api_env, ports[1], logs / "api.log")
            services = [SupervisedService(each, say) for each in (worker, api)]
            async with stopped_at_the_end(*services):
                await asyncio.gather(*(service.start() for service in services))
                async with (
                    open_pool(place.database_url, max_size=2) as pool,
                    httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", timeout=60) as http,
                ):
                    product = Product(place, postgres, http, Store(pool), collector, worker, api, ports[2], master_keys)
                    await _used(product)
                    yield product


def _with_channels(file: Path) -> str:
    """The shipped file, with channels for one office; its path."""
    addresses = json.dumps([*_CHANNELS, f"env:{_VARIABLE}"])
    file.write_text(at_once(dazhou()).replace("[notify]", f'[notify]\n"{MAYOR}" = {addresses}'), encoding="utf-8")
    return str(file)


def _laid_out(key_file: Path, pepper: Path, logs: Path) -> tuple[str, ...]:
    """Make the API's files of secrets, and where the logs go; the master keys."""
    logs.mkdir()
    new_key_file(key_file)
    pepper.write_text("planted-pepper-of-the-api", encoding="utf-8")
    pepper.chmod(0o600)
    keys: dict[str, str] = json.loads(key_file.read_text(encoding="utf-8"))["keys"]
    return tuple(keys.values())


async def _used(product: Product) -> None:
    answer = await product.http.post("/v1/cases", json=hand_over(CASE_NO), headers={"X-Request-ID": REQUEST_ID})
    assert answer.status_code == 201, answer.text
    case = product.case(CASE_NO)
    await case.until("dispatched")
    too_early = {
        "kind": "verification",
        "message_id": "early",
        "by": {"office": "city/supervision-team", "name": "督办员"},
        "confirmed": True,
        "opinion": "暗渠路已整改。",
    }
    answer = await product.http.post(f"/v1/cases/{CASE_NO}/messages", json=too_early)
    assert answer.status_code == 409, answer.text

    async def is_written() -> bool:
        lines = await product.store.timeline(CASE_NO, with_refusals=True)
        return {"dispatched", "refused"} <= {line.event for line in lines}

    await until("the refusal is on record", is_written)
