"""The product with sealed payloads, on servers that keep their data in files: none of Temporal's tells of a case.

The product runs as ``guatu up`` runs it; the API's codec server opens what Temporal shows.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payloads
from temporalio.client import Client

from guatu.embedded.stack import EmbeddedSettings, EmbeddedStack
from guatu.product import api_service, prepare_database, stopped_at_the_end, url_of, worker_service
from guatu.services import SupervisedService
from sealing.key_file import add_master_key, new_key_file
from store import Store, open_pool
from tests.sealing.searching import Files, Temporal, places_in, search_everything
from tests.workflows.outside_program import CHINA, UNIT, by, satisfied
from worker.search_attributes import ensure_search_attributes

WORDS = (
    "商户夜间在密巷清洗",
    "密巷三十三号",
    "立即彻查严办",
    "现场查见污水横流",
    "责令停业整顿",
    "经办人赵某某",
    "核实意见甲乙丙",
    "不该由他发送",
)
SUMMARY, LOCATION, INSTRUCTION, FACTS, MEASURES, NAME, OPINION, REFUSED = WORDS


@dataclass
class Run:
    """The product while it runs."""

    data_dir: Path
    keys: Path
    http: httpx.AsyncClient
    plain: Client
    store: Store

    async def send(self, kind: str, sender: dict[str, str], status: int = 200, **body: Any) -> None:
        """Send a message by HTTP."""
        message = {"kind": kind, "message_id": f"{kind} {sender['office']} {status}", "by": sender, **body}
        answer = await self.http.post("/v1/cases/P1/messages", json=message)
        assert answer.status_code == status, answer.text

    def places(self) -> tuple[Temporal, Files]:
        """All that Temporal has: what its interface tells, and its files."""
        return Temporal(self.plain), Files(self.data_dir / "temporal")


@asynccontextmanager
async def product() -> AsyncGenerator[Run]:
    """The product with servers of its own."""

    def say(line: str) -> None:
        print(line)  # noqa: T201 - shown when the test fails

    with tempfile.TemporaryDirectory(prefix="guatu-test-") as place:
        data_dir, keys = Path(place, "data"), Path(place, "payload-keys.json")
        new_key_file(keys)
        environment = {"GUATU_PAYLOAD_KEY_FILE": str(keys), "GUATU_API_METRICS_PORT": "0"}
        settings = EmbeddedSettings(data_dir=data_dir, temporal_port=0, ui_port=0, temporal_in_memory=False)
        async with EmbeddedStack(settings, say) as stack:
            await prepare_database(stack)
            plain = await Client.connect(stack.temporal_address)
            await ensure_search_attributes(plain)
            api = api_service(stack, data_dir, 0, environment)
            worker = worker_service(stack, data_dir, 0, environment)
            services = [SupervisedService(each, say) for each in (worker, api)]
            async with stopped_at_the_end(*services):
                await asyncio.gather(*(service.start() for service in services))
                async with (
                    open_pool(stack.database_url, max_size=3) as pool,
                    httpx.AsyncClient(base_url=url_of(api), timeout=60) as http,
                ):
                    yield Run(data_dir, keys, http, plain, Store(pool))


def given(case_no: str) -> dict[str, Any]:
    """A hand-over."""
    return {
        "case_no": case_no,
        "received_at": (datetime.now(CHINA) - timedelta(minutes=1)).isoformat(),
        "channel": "phone",
        "starred": False,
        "county": "通川区",
        "location": LOCATION,
        "categories": ["water"],
        "summary": SUMMARY,
        "responsible_unit": UNIT,
    }


async def in_stage(run: Run, stage: str) -> None:
    """Wait until the record has the case in a stage."""
    for _ in range(600):
        case = await run.store.case("P1")
        if case and case["stage"] == stage:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the case is not {stage}: {await run.store.case('P1')}")


async def handled(run: Run) -> None:
    """A whole case by HTTP, with a refusal and a rotation in the midst of it."""
    hand_over = given("P1")
    for body, status in ((hand_over, 201), (hand_over, 200), (hand_over | {"location": "别处"}, 409)):
        answer = await run.http.post("/v1/cases", json=body)
        assert answer.status_code == status, answer.text
    await in_stage(run, "dispatched")
    await run.send("verification", by("city/supervision-team"), 409, confirmed=True, opinion=REFUSED)
    await run.send("acknowledgement", by(UNIT, NAME))
    await run.send("leader_instruction", by("county/通川区/mayor", NAME), text=INSTRUCTION)
    add_master_key(run.keys)
    await run.send(
        "task_force",
        by("city/stability-team"),
        lead_leader={"office": "county/通川区/party-secretary", "name": NAME},
        lead_department=UNIT,
        assisting_departments=[],
    )
    await run.send("site_visit", by("city/leader/vice-mayor"), purpose="supervision", notes=INSTRUCTION)
    report: dict[str, Any] = {"final": True, "finding": "substantiated", "completion": "completed"}
    await run.send("rectification_report", by(UNIT, NAME), **report, facts=FACTS, measures=MEASURES)
    await in_stage(run, "verifying")
    await run.send("verification", by("city/supervision-team"), confirmed=True, opinion=OPINION)
    await in_stage(run, "reviewing")
    await run.send("preliminary_review", by("city/stability-team"), passed=True, opinion=OPINION)
    await in_stage(run, "surveying")
    await run.send("survey_result", by("city/revisit-team"), round=1, responses=satisfied(12), complete=True)
    await in_stage(run, "concluded")


async def test_what_a_case_says_stands_nowhere_in_temporal() -> None:
    async with product() as run:
        await handled(run)
        assert await search_everything(WORDS, *run.places()) == []
        said = str(await run.store.case("P1")) + str(await run.store.timeline("P1", with_refusals=True))
        assert [word for word in WORDS if word not in said] == [REFUSED], "the words were in the case all the same"
        await _opened_by_the_codec_server(run)
        # Last of all, what somebody writes there in plain: the same search finds it, in the same places.
        await run.plain.start_workflow("PetitionCase", given("P2"), id="case-P2", task_queue="petition-cases")
        # It is found once Temporal lists it, which is a moment after it began.
        for _ in range(600):
            if [each.id async for each in run.plain.list_workflows("WorkflowId = 'case-P2'")]:
                break
            await asyncio.sleep(0.1)
        found = await search_everything(WORDS, *run.places())
        assert {finding.needle for finding in found} == {SUMMARY, LOCATION}
        places = places_in(found)
        assert "event # of case-P#" in places
        assert places - {"event # of case-P#"}, "not in the files of the Temporal server"


async def _opened_by_the_codec_server(run: Run) -> None:
    """What the Temporal UI does: it shows events as they are, and has payloads opened."""
    history = await run.plain.get_workflow_handle("case-P1").fetch_history()
    sent = history.events[0].workflow_execution_started_event_attributes.input
    answer = await run.http.post("/codec/decode", json=MessageToDict(sent), headers={"X-Namespace": "default"})
    assert answer.status_code == 200, answer.text
    (opened,) = ParseDict(answer.json(), Payloads()).payloads
    assert SUMMARY.encode() in opened.data
    (look,) = await run.store.payload_looks()
    assert (look.namespace, look.payloads, look.opened) == ("default", 1, 1)
    assert look.at <= datetime.now(UTC) + timedelta(minutes=1)
