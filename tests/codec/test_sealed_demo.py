"""The demonstration with sealed payloads: unreadable in what Temporal keeps, and shown through the codec server."""

import json
import tomllib
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from playwright.async_api import Browser, Page
from temporalio.client import Client
from temporalio.worker import Replayer

from guatu.demo.timetable import shipped_timetable
from guatu.embedded.ports import free_port
from guatu.embedded.stack import EmbeddedSettings, EmbeddedStack
from guatu.product import api_service, stopped_at_the_end, ui_codec_endpoint
from guatu.services import SupervisedService
from sealing.key_file import new_key_file
from sealing.settings import PayloadSettings
from store import Store, open_pool
from tests.guatu.running import guatu_process
from tests.sealing.searching import Files, Postgres, Temporal, places_in, search_everything
from worker.process import data_converter_for, workflow_runner
from workflows.petition_case import PetitionCase

pytestmark = pytest.mark.long

_TEXTS = {"summary", "location", "text", "notes", "facts", "measures", "opinion", "reason"}
REFUSED = "我局已自行核实。"
"""A refused message says it; of what such a message said nothing is kept in the record either."""
_OF_EACH = 12
"""So many of each kind of text are looked for."""


@dataclass(frozen=True)
class SealedDemo:
    """A demonstration that has been played to its end.

    Attributes:
        data_dir: What its servers have kept.
        keys: The file of the keys.
    """

    data_dir: Path
    keys: Path

    @asynccontextmanager
    async def stack(self, api_port: int = 0) -> AsyncGenerator[EmbeddedStack]:
        """Its servers, up again; their UI is told of a codec server on this port."""
        endpoint = ui_codec_endpoint(PayloadSettings(payload_key_file=self.keys), api_port) if api_port else None
        settings = EmbeddedSettings(data_dir=self.data_dir, temporal_port=0, ui_port=0, ui_codec_endpoint=endpoint)
        async with EmbeddedStack(settings, print) as stack:
            yield stack


@pytest.fixture(scope="module")
async def demo() -> AsyncGenerator[SealedDemo]:
    """``guatu demo`` with payloads sealed, its data kept."""
    with TemporaryDirectory(prefix="guatu-test-") as place:
        played = SealedDemo(Path(place, "data"), Path(place, "payload-keys.json"))
        new_key_file(played.keys)
        ports = ("--temporal-port", "0", "--ui-port", "0", "--api-port", "0")
        kept = ("--data-dir", played.data_dir)
        settings = {"GUATU_PAYLOAD_KEY_FILE": str(played.keys)}
        done = await guatu_process(
            "demo", "--exit", "--day-seconds", "6", *ports, *kept, settings=settings, seconds=900
        )
        # On time or not, which a busy machine decides: all of it was played.
        last = json.loads(done.stdout.splitlines()[-1])
        assert (last["final"]["received"], last["final"]["concluded"]) == (31, 30), done.stdout[-3000:] + done.stderr
        yield played


def words() -> tuple[str, ...]:
    """Texts of the demonstration's cases, some of each kind."""
    found: dict[str, dict[str, None]] = {key: {} for key in _TEXTS}
    for key, text in _texts(tomllib.loads(shipped_timetable())):
        if len(found[key]) < _OF_EACH:
            found[key][text] = None
    return tuple(dict.fromkeys(text for texts in found.values() for text in texts))


def _texts(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in cast("dict[str, Any]", value).items():
            if key in _TEXTS and isinstance(each, str):
                yield key, each
            yield from _texts(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _texts(each)


async def test_nothing_of_its_cases_can_be_read_in_what_temporal_keeps(demo: SealedDemo) -> None:
    sought = words()
    assert len(sought) > 60
    assert REFUSED in sought
    async with demo.stack() as stack:
        plain = await Client.connect(stack.temporal_address)
        files = Files(demo.data_dir / "temporal")
        assert await search_everything(sought, Temporal(plain), files) == []
        found = await search_everything(sought, Postgres(stack.database_url))
        assert {each.needle for each in found} == set(sought) - {REFUSED}, "they were in the cases all the same"
        # What may be there in plain is, so the search does see what it looks through.
        seen = await search_everything(("DZ0827-01", "宣汉县"), Temporal(plain), files)
        assert {"event # of case-DZ#-#", "visibility of case-DZ#-#", "temporal.db"} <= places_in(seen)


async def test_all_of_it_can_be_replayed_with_the_keys_and_nothing_without(demo: SealedDemo) -> None:
    async with demo.stack() as stack:
        plain = await Client.connect(stack.temporal_address)
        sealed = data_converter_for(PayloadSettings(payload_key_file=demo.keys))
        for converter, fails in ((sealed, False), (data_converter_for(PayloadSettings()), True)):
            replayer = Replayer(workflows=[PetitionCase], data_converter=converter, workflow_runner=workflow_runner())
            cases = plain.list_workflows("WorkflowType = 'PetitionCase'")
            replayed = await replayer.replay_workflows(cases.map_histories(), raise_on_replay_failure=False)
            failures = {run for run, error in replayed.replay_failures.items() if error}
            assert bool(failures) is fails, replayed.replay_failures


async def test_the_ui_shows_it_through_the_codec_server(demo: SealedDemo, browser: Browser, tmp_path: Path) -> None:
    said = "马家滩水电站经常关闸断流，影响下游河道生态。"
    api_port = free_port()
    async with demo.stack(api_port) as stack:
        environment = {"GUATU_PAYLOAD_KEY_FILE": str(demo.keys), "GUATU_API_METRICS_PORT": "0"}
        service = api_service(stack, demo.data_dir, api_port, environment)
        api = SupervisedService(service, print)
        context = await browser.new_context(locale="zh-CN", viewport={"width": 1600, "height": 1200})
        page = await context.new_page()
        address = f"{stack.ui_url}/namespaces/default/workflows/case-DZ0827-01"
        try:
            # While there is no codec server the page shows what Temporal has: names of activities, and no more.
            await _shows(page, address, "submit_report")
            assert said not in await page.inner_text("body")
            assert "上报办理报告" not in await page.inner_text("body")
            async with stopped_at_the_end(api):
                await api.start()
                await _shows(page, address, said)
                await _shows(page, address, "上报办理报告")
                await page.screenshot(path=tmp_path / "temporal-ui.png", full_page=True)
                async with open_pool(stack.database_url, max_size=1) as pool:
                    looks = await Store(pool).payload_looks()
                assert sum(look.opened for look in looks) > 0
                assert {(look.namespace, look.acts_as) for look in looks} == {("default", "local")}
        finally:
            await context.close()


async def _shows(page: Page, address: str, text: str) -> None:
    """Open a page and wait until it shows a text, wherever."""
    await page.goto(address)
    await page.wait_for_function("text => document.body.innerText.includes(text)", arg=text, timeout=120_000)
