"""Ten thousand messages made by chance and by hand, against cases in every stage: no case takes any harm.

Every message is taken in or refused, and is on record, as often as it must be; no workflow task fails of it; and each
case is concluded afterwards by the messages that any case is concluded by.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from temporalio.client import Client

from store import Store
from tests.doors.generated import Generator, every_nasty_one
from tests.doors.histories import runs_of
from tests.doors.sending import UNHURRIED, Correspondence, Sent, booked
from tests.places import SharedStack
from tests.workflows.outside_program import UNIT, OutsideCase, by, hand_over

pytestmark = [pytest.mark.usefixtures("worker"), pytest.mark.long]

MESSAGES = 10_000
CASES_OF_A_STAGE = 2
SEED = 20_210_907


@pytest.fixture
async def database(stack: SharedStack) -> AsyncGenerator[Any]:
    connection: Any = await asyncpg.connect(stack.database_url)
    yield connection
    await connection.close()


async def _instructed(case: OutsideCase) -> None:
    """Instruction and task force; the supervision is left out, so that no case is concluded too early."""
    await case.signal("leader_instruction", by("county/通川区/mayor"), text="立即调查处理。")
    await case.signal(
        "task_force",
        by("city/stability-team"),
        lead_leader={"office": "county/通川区/party-secretary", "name": "包案领导"},
        lead_department=UNIT,
        assisting_departments=[],
    )


async def _reported(case: OutsideCase) -> None:
    await _instructed(case)
    await case.report()


async def _verified(case: OutsideCase) -> None:
    await _reported(case)
    await case.verify()


async def _reviewed(case: OutsideCase) -> None:
    await _verified(case)
    await case.review()


async def _surveyed(case: OutsideCase) -> None:
    await _reviewed(case)
    await case.survey()


async def _reworking(case: OutsideCase) -> None:
    await _reviewed(case)
    await case.survey(content=2, discontent=20)


async def _nothing(case: OutsideCase) -> None:
    await case.view()


async def _acknowledged(case: OutsideCase) -> None:
    await case.signal("acknowledgement", by(UNIT))


STAGES: dict[str, Callable[[OutsideCase], Awaitable[None]]] = {
    "received": _nothing,
    "dispatched": _nothing,
    "rectifying": _acknowledged,
    "verifying": _reported,
    "reviewing": _verified,
    "surveying": _reviewed,
    "reporting": _surveyed,
    "reworking": _reworking,
}
"""How a case gets to a stage and stays in it; ``reworking`` is ``rectifying`` once more."""


async def _case_in(stage: str, client: Client, store: Store) -> OutsideCase:
    # A unit that nobody knows: a clerk must dispatch.
    unit = "没有的局" if stage == "received" else UNIT
    case = await hand_over(client, store, task_timeout=UNHURRIED, responsible_unit=unit)
    if stage != "received":
        await case.until("dispatched")
    await STAGES[stage](case)
    await case.until("rectifying" if stage == "reworking" else stage)
    return case


_ORDER = ("received", "dispatched", "rectifying", "verifying", "reviewing", "surveying", "reporting")


async def _conclude(case: OutsideCase) -> dict[str, Any]:
    """What any case is concluded by, from where this one stands."""
    view = await case.view()
    stage, round_ = view["stage"], view["round"]
    missing = _ORDER[_ORDER.index(stage) :]
    if "received" in missing:
        await case.signal("dispatch", by("city/intake"), unit=UNIT)
    if "dispatched" in missing:
        await case.until("dispatched")
        await case.signal("acknowledgement", by(UNIT))
    await _instructed(case)
    steps = {"rectifying": case.report, "verifying": case.verify, "reviewing": case.review}
    for each, step in steps.items():
        if each in missing:
            await step()
    if "surveying" in missing:
        answers = [{"respondent": f"最后{number}", "opinion": "satisfied"} for number in range(22)]
        revisit = by("city/revisit-team")
        await case.signal("survey_result", revisit, round=round_, responses=answers, complete=True)
    await case.signal("site_visit", by("city/leader/vice-mayor"), purpose="supervision", notes="到现场督导。")
    return await case.handle.result()


async def test_no_case_takes_any_harm(client: Client, store: Store, database: Any) -> None:
    stages = [stage for stage in STAGES for _ in range(CASES_OF_A_STAGE)]
    letters = [Correspondence(await _case_in(stage, client, store)) for stage in stages]
    before = {each.case.case_no: await _quiet(database, each.case) for each in letters}
    generator = Generator(SEED)
    by_hand = list(every_nasty_one())
    shares = _shares(by_hand, len(letters))
    generated = MESSAGES - len(by_hand)
    for number, share in enumerate(shares):
        own = generated // len(letters) + (number < generated % len(letters))
        share += generator.messages(own)
    assert sum(message.times for share in shares for message in share) == MESSAGES

    await asyncio.gather(*(each.send(share) for each, share in zip(letters, shares, strict=True)))

    for each, stage in zip(letters, stages, strict=True):
        view = await each.case.view()
        assert view["stage"] == ("rectifying" if stage == "reworking" else stage), each.case.case_no
        on_record = await _quiet(database, each.case) - before[each.case.case_no]
        received = (await runs_of(client, each.case.handle.id)).received
        assert on_record == each.due(received), each.case.case_no
        refused = await database.fetchval(_REFUSED, each.case.case_no)
        assert view["refused_count"] == refused
    await asyncio.gather(*(_is_concluded(client, store, each) for each in letters))
    answers = sum((each.codes for each in letters), Counter[str]())
    assert answers["taken"] > 100
    assert {"malformed", "unknown_kind", "unknown_office", "not_yours", "too_large"} <= answers.keys()


def _shares(messages: list[Sent], count: int) -> list[list[Sent]]:
    """Those made by hand, dealt out."""
    dealt = itertools.cycle(range(count))
    shares: list[list[Sent]] = [[] for _ in range(count)]
    for message, number in zip(messages, dealt, strict=False):
        shares[number].append(message)
    return shares


async def _quiet(database: Any, case: OutsideCase) -> Counter[str | None]:
    """What is on record, once everything is."""
    while True:
        view = await case.view()
        last = max([*(line["seq"] for line in view["timeline"]), view["refused_count"]])
        found = await booked(database, case.case_no)
        written = await database.fetchrow(_WRITTEN, case.case_no)
        if written["last"] >= last and written["refused"] == view["refused_count"]:
            return found
        await asyncio.sleep(0.1)


_WRITTEN = """
SELECT max(seq) AS last, count(*) FILTER (WHERE event = 'refused') AS refused FROM case_event WHERE case_no = $1
"""
_REFUSED = "SELECT count(*) FROM case_event WHERE case_no = $1 AND event = 'refused'"


async def _is_concluded(client: Client, store: Store, letters: Correspondence) -> None:
    case = letters.case
    assert (await _conclude(case))["outcome"] == "concluded"
    runs = await runs_of(client, case.handle.id)
    assert not runs.failed, f"{case.case_no}: {runs.failed}"
    assert len(runs.ids) > 1, f"{case.case_no} never continued as new"
    assert await store.case(case.case_no) == await case.view()
