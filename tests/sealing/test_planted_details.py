"""A whole run with planted details: they come out for who may see them, and stand nowhere else.

The product runs as ``guatu up`` runs it: servers that keep their data in files, a worker process, an API process, and
callers with keys of their own.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from guatu.embedded.stack import EmbeddedSettings, EmbeddedStack
from guatu.product import (
    LOGS,
    MASTER_KEYS,
    api_service,
    prepare_database,
    stopped_at_the_end,
    url_of,
    worker_service,
)
from guatu.services import SupervisedService
from petitions.jurisdiction.offices import INTAKE, SUPERVISION_TEAM
from sealing.key_file import add_master_key
from store import Store, open_pool
from tests.guatu.running import guatu
from tests.sealing.searching import Files, Place, Postgres, Temporal, Texts, places_in, search_everything
from tests.workflows.outside_program import CHINA, UNIT, OutsideCase
from worker.search_attributes import ensure_search_attributes

WANG = {"anonymous": False, "name": "王秘密", "telephone": "13800001111", "address": "通川区密巷7号"}
SOMEBODY = {"anonymous": True, "name": None, "telephone": "08189990001", "address": "暗渠路12号3单元"}
NEEDLES = ("王秘密", "13800001111", "密巷7号", "08189990001", "暗渠路12号")
RECEIVED = datetime.now(CHINA) - timedelta(minutes=1)
LOOK = {"purpose": "电话回访核实情况", "name": "李受理"}


@dataclass
class Run:
    """The product while it runs, and all that it has answered but details to who may see them."""

    stack: EmbeddedStack
    data_dir: Path
    http: httpx.AsyncClient
    client: Client
    store: Store
    answers: dict[str, str] = field(default_factory=dict[str, str])
    _keys: dict[str, str] = field(default_factory=dict[str, str])

    async def ask(self, office: str, method: str, address: str, status: int, **given: Any) -> httpx.Response:
        """Ask with the key of an office; the answer is kept."""
        answer = await self.look(office, method, address, **given)
        assert answer.status_code == status, answer.text
        self.answers[f"{len(self.answers)} {method} {address}"] = f"{answer.headers} {answer.text}"
        return answer

    async def look(self, office: str, method: str, address: str, **given: Any) -> httpx.Response:
        """Ask; the answer is the asker's alone."""
        if office not in self._keys:
            self._keys[office] = await self.store.issue_key(label="测试", office=office)
        headers = {"Authorization": f"Bearer {self._keys[office]}", **given.pop("headers", {})}
        return await self.http.request(method, address, headers=headers, **given)

    async def hand_over(self, case_no: str, status: int, complainant: object, **changes: object) -> httpx.Response:
        """Hand a case over with its complainant."""
        body = {**hand_over(case_no), "complainant": complainant, **changes}
        return await self.ask(INTAKE, "POST", "/v1/cases", status, json=body)

    def case(self, case_no: str) -> OutsideCase:
        """A case, to be driven from outside."""
        skipper = TimeSkipper(self.client, config=TimeSkippingConfig(enabled=False))
        handle: Any = self.client.get_workflow_handle(f"case-{case_no}")
        return OutsideCase(self.client, self.store, case_no, handle, datetime.now(UTC), skipper)

    async def command(self, *arguments: str, status: int = 0) -> None:
        """Run a command; what it says is kept."""
        settings = {
            "GUATU_DATABASE_URL": self.stack.database_url,
            "GUATU_MASTER_KEY_FILE": str(self.data_dir / MASTER_KEYS),
        }
        done = await guatu(*arguments, settings=settings)
        assert done.returncode == status, done.stderr
        self.answers[" ".join(arguments)] = done.stdout + done.stderr

    @asynccontextmanager
    async def superuser(self) -> "AsyncGenerator[asyncpg.Connection[asyncpg.Record]]":
        """Somebody with all rights who goes around the product."""
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(self.stack.postgres.dsn(role="postgres"))
        try:
            yield connection
        finally:
            await connection.close()

    async def as_superuser(self, statement: str) -> None:
        """Run a statement around the product."""
        async with self.superuser() as connection:
            await connection.execute(statement)

    async def case_numbers(self) -> set[str]:
        """The cases that Temporal has."""
        return {execution.id.removeprefix("case-") async for execution in self.client.list_workflows()}

    def places(self) -> tuple[Place, ...]:
        """Everything that there is."""
        return (
            Postgres(self.stack.database_url),
            Temporal(self.client),
            Files(self.data_dir),
            Files(self.data_dir / LOGS),
            Texts(self.answers),
        )


def hand_over(case_no: str) -> dict[str, Any]:
    """A hand-over without its complainant."""
    return {
        "case_no": case_no,
        "received_at": RECEIVED.isoformat(),
        "batch": 1,
        "channel": "phone",
        "starred": False,
        "county": "通川区",
        "location": "李家巷",
        "categories": ["water"],
        "summary": "商户夜间在巷内清洗，脏水横流。",
        "responsible_unit": UNIT,
    }


@asynccontextmanager
async def product() -> AsyncGenerator[Run]:
    """The product with servers of its own."""

    def say(line: str) -> None:
        print(line)  # noqa: T201 - shown when the test fails

    # Not below pytest's own directory: that is closed to the account under which Postgres runs for root.
    with tempfile.TemporaryDirectory(prefix="guatu-test-") as place:
        data_dir = Path(place, "data")
        settings = EmbeddedSettings(data_dir=data_dir, temporal_port=0, ui_port=0, temporal_in_memory=False)
        async with EmbeddedStack(settings, say) as stack:
            await prepare_database(stack)
            client = await Client.connect(stack.temporal_address)
            await ensure_search_attributes(client)
            api = api_service(stack, data_dir, 0, {"GUATU_API_METRICS_PORT": "0"})
            services = [SupervisedService(each, say) for each in (worker_service(stack, data_dir, 0, {}), api)]
            async with stopped_at_the_end(*services):
                await asyncio.gather(*(service.start() for service in services))
                async with (
                    open_pool(stack.database_url, max_size=3) as pool,
                    httpx.AsyncClient(base_url=url_of(api), timeout=60) as http,
                ):
                    yield Run(stack, data_dir, http, client, Store(pool))


@pytest.fixture(scope="module")
async def run() -> AsyncGenerator[Run]:
    """The product after everything that complainants' details can meet has happened."""
    async with product() as run:
        await _taken_in(run)
        await _refused(run)
        await _in_batches(run)
        await _interrupted(run)
        await _handled(run)
        await _looked_at(run)
        await _rotated(run)
        yield run


async def _taken_in(run: Run) -> None:
    same = hand_over("P1") | {"complainant": WANG}
    keyed = {"Idempotency-Key": "k1"}
    await run.ask(INTAKE, "POST", "/v1/cases", 201, json=same, headers=keyed)
    await run.ask(INTAKE, "POST", "/v1/cases", 201, json=same, headers=keyed)
    await run.ask(INTAKE, "POST", "/v1/cases", 200, json=same)
    await run.ask(INTAKE, "POST", "/v1/cases", 409, json=same | {"complainant": SOMEBODY})
    await run.ask(INTAKE, "POST", "/v1/cases", 409, json=same | {"location": "别处"})
    for case_no in ("P2", "P3", "P4"):
        await run.hand_over(case_no, 201, SOMEBODY)


async def _refused(run: Run) -> None:
    wrong: list[object] = [
        WANG | {"anonymous": True},
        WANG | {"name": "王秘密" * 60},
        WANG | {"telephone": ["13800001111"]},
        WANG | {"王秘密": "13800001111"},
        WANG | {"address": "密巷7号\x00"},
        {"name": "王秘密"},
        "王秘密 13800001111",
        [WANG],
    ]
    for complainant in wrong:
        await run.hand_over("P5", 422, complainant)
    await run.hand_over("P5", 422, WANG, county="")
    await run.hand_over("P5 王秘密", 422, WANG)
    text = json.dumps(hand_over("P5") | {"complainant": WANG}, ensure_ascii=False)
    as_json = {"Content-Type": "application/json"}
    for broken in (text[:-1], text.replace("{", "[", 1), f"{text} {text}", text.replace('"王', "王")):
        await run.ask(INTAKE, "POST", "/v1/cases", 422, content=broken.encode(), headers=as_json)
    await run.ask(INTAKE, "POST", "/v1/cases", 422, content=text.encode("gb18030"), headers=as_json)
    await run.ask(INTAKE, "POST", "/v1/cases", 415, content=text.encode(), headers={"Content-Type": "text/csv"})
    await run.ask(UNIT, "POST", "/v1/cases", 403, json=json.loads(text))
    # What came with a hand-over by other ways than the one for details is left out, not kept.
    await run.ask(INTAKE, "POST", "/v1/cases", 201, json=hand_over("P6") | {"complainant_name": "王秘密"})


async def _in_batches(run: Run) -> None:
    """Details have no place in a list: what comes all the same is dropped."""
    rows = [
        hand_over("B1") | {"complainant": WANG},
        hand_over("B2") | {"举报人姓名": "王秘密", "telephone": "13800001111"},
    ]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in (*rows, {"complainant": WANG}))
    table = (
        "受理编号,交办时间,来电来信,是否加星,县（市、区）,地点,污染类型,反映问题,举报人,联系电话,住址\n"
        "B3,2021-08-27 10:00,来电,,通川区,某处,水,脏水横流。,王秘密,13800001111,密巷7号\n"
        "B4,某日,来电,,通川区,某处,水,脏水横流。,王秘密,13800001111,密巷7号\n"
    )
    for media_type, text in (("application/x-ndjson", lines), ("text/csv", table)):
        headers = {"Content-Type": media_type, "Idempotency-Key": media_type}
        for _ in range(2):
            await run.ask(INTAKE, "POST", "/v1/batches", 200, content=text.encode(), headers=headers)
    assert {"B1", "B2", "B3"} <= await run.case_numbers()


async def _interrupted(run: Run) -> None:
    """Postgres does not take the details when they come; the sender is told to come again, and they are sealed."""
    given = hand_over("P8") | {"complainant": WANG}
    async with run.superuser() as connection, connection.transaction():
        await connection.execute("LOCK TABLE complainant")
        await run.ask(INTAKE, "POST", "/v1/cases", 503, json=given)
    await run.ask(INTAKE, "POST", "/v1/cases", 200, json=given)
    seen = await run.look(INTAKE, "GET", "/v1/cases/P8/complainant", params=LOOK)
    assert seen.json()["complainant"] == WANG


async def _handled(run: Run) -> None:
    concluded = run.case("P1")
    await concluded.signal("acknowledgement", {"office": UNIT, "name": "经办人"})
    await concluded.cover()
    await concluded.report()
    await concluded.until("verifying")
    await concluded.verify()
    await concluded.until("reviewing")
    await concluded.review()
    await concluded.until("surveying")
    await concluded.survey()
    clerk = {"office": "city/stability-team", "name": "经办人"}
    await run.case("P2").signal("withdrawal", clerk, reason="督察组撤回。")
    await run.case("P3").signal("merge", clerk, into="P1", reason="重复件。")
    for case_no in ("P1", "P2", "P3"):
        await asyncio.wait_for(run.case(case_no).handle.result(), 60)
    for address in ("/v1/cases", "/v1/cases/P1", "/v1/cases/P1/timeline?refused=true", "/v1/figures", "/"):
        await run.ask(UNIT, "GET", address, 200)
    for address in ("/cases/P1", "/cases/P2", f"/v1/bulletins/{RECEIVED.date()}", "/v1/openapi.json"):
        await run.ask(INTAKE, "GET", address, 200)


async def _looked_at(run: Run) -> None:
    seen = await run.look(SUPERVISION_TEAM, "GET", "/v1/cases/P1/complainant", params=LOOK)
    assert seen.json()["complainant"] == WANG
    for case_no in ("P2", "P3", "P4"):
        seen = await run.look(INTAKE, "GET", f"/v1/cases/{case_no}/complainant", params=LOOK)
        assert seen.json()["complainant"] == SOMEBODY, "a case that is withdrawn or merged keeps its details"
    await run.ask(INTAKE, "GET", "/v1/cases/P6/complainant", 404, params=LOOK)
    await run.ask(INTAKE, "GET", "/v1/cases/P1/complainant", 422)
    for office in (UNIT, "city/mayor"):
        await run.ask(office, "GET", "/v1/cases/P1/complainant", 403, params=LOOK)
    await run.as_superuser("UPDATE complainant SET wrapped_key = wrapped_key || '\\x00' WHERE case_no = 'P4'")
    await run.ask(INTAKE, "GET", "/v1/cases/P4/complainant", 503, params=LOOK)


async def _rotated(run: Run) -> None:
    add_master_key(run.data_dir / MASTER_KEYS)
    await run.command("complainants", "rewrap", status=1)
    await run.command("complainants", "looks")
    await run.command("verify")
    await run.command("rebuild")
    # The API has the new key without a restart.
    seen = await run.look(INTAKE, "GET", "/v1/cases/P1/complainant", params=LOOK)
    assert seen.json()["complainant"] == WANG
    await run.hand_over("P7", 201, WANG)
    # What Postgres has in memory only comes into its files.
    await run.as_superuser("CHECKPOINT")


async def test_planted_details_stand_nowhere(run: Run) -> None:
    assert await search_everything(NEEDLES, *run.places()) == []


async def test_they_were_there_all_the_same(run: Run) -> None:
    looks = await run.store.complainant_looks()
    given = sorted(look.case_no for look in looks if look.given)
    assert given == ["P1", "P1", "P2", "P3", "P4", "P8"]
    assert [look.case_no for look in looks if look.kind.value == "rewrapped"] == ["P8", "P3", "P2", "P1"]
    assert [look.case_no for look in looks if look.kind.value == "failed"] == ["P4", "P4"]
    assert {"worker.log", "api.log"} <= {file.name for file in (run.data_dir / LOGS).iterdir()}


async def test_the_same_search_finds_details_in_the_wrong_place(run: Run) -> None:
    """Last of all: what somebody has written into the summary, and what somebody has logged."""
    await run.hand_over("P9", 201, WANG, summary="举报人王秘密称，商户夜间清洗，脏水横流。")
    await run.case("P9").until("dispatched")
    with (run.data_dir / LOGS / "api.log").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"event": "given", "telephone": "13800001111"}) + "\n")
    found = await search_everything(NEEDLES, *run.places())
    assert {finding.needle for finding in found} == {"王秘密", "13800001111"}
    places = places_in(found)
    assert {"public.case_event", "public.petition_case", "event # of case-P#", "logs/api.log", "api.log"} <= places
    assert any(place.startswith("temporal/") for place in places), "not in the file of the Temporal server"
    assert any(place.startswith("postgres/") for place in places), "not in the files of Postgres"
