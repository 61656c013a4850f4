"""The ready-made links: the docs have the ones that the command prints, and Temporal understands every filter."""

import asyncio
import re
from pathlib import Path

import pytest
from temporalio.client import Client

from activities.jurisdictions import Jurisdictions
from api.wall_query import LABELS
from guatu.links import Places, link_of_office, links, links_of_city_offices
from petitions.vocabulary import Coverage
from store import Store
from tests.guatu.running import guatu, one_sentence
from tests.workflows.outside_program import UNIT, by, hand_over

CONSOLE = Path(__file__).parent.parent.parent / "docs" / "console.md"
PLACES = Places("http://127.0.0.1:8233/", "default", "http://127.0.0.1:8080")


async def test_the_docs_have_what_the_command_prints() -> None:
    done = await guatu("links")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    printed = [(label, address.strip()) for label, address in zip(lines[::2], lines[1::2], strict=True)]
    in_docs = re.findall(r"^\| \[(.+)\]\((http.+)\) \|", CONSOLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert in_docs == printed, "bring the table of docs/console.md up to date"


@pytest.mark.usefixtures("worker")
async def test_temporal_understands_every_filter(client: Client, store: Store) -> None:
    case = await hand_over(client, store, starred=True)
    await case.until("dispatched")
    shown = [*links(PLACES), *links_of_city_offices(PLACES, Jurisdictions("dazhou").get(None))]
    own = f" AND WorkflowId = '{case.handle.id}'"
    finding: set[str] = set()
    for _ in range(20):  # until it is listed as it stands
        counts = {each.label: await client.count_workflows(each.query + own) for each in shown if each.query}
        finding = {label for label, found in counts.items() if found.count}
        if finding == {"全部在办件", "加星件", "等待市委书记", "等待市长", "等待市信访维稳组"}:
            break
        await asyncio.sleep(0.5)
    else:
        pytest.fail(f"it is found as {finding}")
    unit = link_of_office(PLACES, UNIT, "商务局")
    assert unit.query is not None
    assert (await client.count_workflows(unit.query + own)).count == 1
    await case.signal("withdrawal", by("city/intake"), reason="结束")
    await case.handle.result()


def test_coverages_lead_to_the_wall() -> None:
    on_the_wall = [each.address for each in links(PLACES) if each.query is None]
    assert on_the_wall == [f"http://127.0.0.1:8080/?missing={each.value}" for each in Coverage]
    assert "missing" in LABELS


async def test_the_links_of_an_office_follow_the_settings() -> None:
    settings = {"GUATU_TEMPORAL_UI_URL": "https://ui.example/temporal", "TEMPORAL_NAMESPACE": "环保"}
    done = await guatu("links", "--office", UNIT, "--office", "county/宣汉县/mayor", settings=settings)
    assert done.returncode == 0, done.stderr
    first, address, second, _ = done.stdout.splitlines()
    assert (first, second) == (f"等待{UNIT.removeprefix('unit/')}", "等待宣汉县县长")
    assert address.strip().startswith("https://ui.example/temporal/namespaces/%E7%8E%AF%E4%BF%9D/workflows?query=")
    done = await guatu("links", settings={"GUATU_PAGES_URL": "https://guatu.example"})
    assert "https://guatu.example/?missing=revisit" in done.stdout
    assert "unit/nobody" in one_sentence(await guatu("links", "--office", "unit/nobody"))
