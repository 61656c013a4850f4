"""``kill -9`` at any moment, and then another worker: no case notices, and the record has everything once."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest

from guatu.rehearsal import replayed
from sealing.settings import PayloadSettings
from store import Store, open_pool
from tests.places import Place, SharedStack, new_place
from tests.worker.conftest import dazhou, has_event, writes_held_up
from tests.worker.worker_process import WorkerProcess, until, worker_process
from tests.workflows.outside_program import UNIT, OutsideCase, by, hand_over


async def killed(worker: WorkerProcess) -> None:
    """Kill it and see that it is gone."""
    worker.send(signal.SIGKILL)
    assert await worker.ended() == -signal.SIGKILL


async def every_entry_is_there_once(case: OutsideCase) -> None:
    """The record, what follows from it, and what the workflow says are one."""
    lines = await case.store.timeline(case.case_no, with_refusals=True)
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    happened = Counter(line.event for line in lines)
    messages = ("acknowledgement", "leader_instruction", "task_force", "site_visit", "rectification_report")
    teams = ("verification", "preliminary_review", "survey_result", "report_submitted", "closed")
    assert {event: happened[event] for event in ("received", "dispatched", *messages, *teams)} == dict.fromkeys(
        ("received", "dispatched", *messages, *teams), 1
    )
    assert await case.store.case(case.case_no) == await case.view()
    assert [problem async for problem in case.store.verify()] == []


async def test_in_the_middle_of_a_write(place: Place, store: Store, tmp_path: Path) -> None:
    async with worker_process(tmp_path / "first.log", place.settings) as first:
        await first.ready()
        case = await hand_over(place.client, store)
        await case.until("dispatched")
        await until("the dispatch is written", lambda: has_event(store, case.case_no, "dispatched"))
        # Postgres finishes it, and nobody is there any more to be told.
        async with writes_held_up(place.database_url) as held:
            await case.signal("acknowledgement", by(UNIT))
            await held.until_waited_for()
            await killed(first)
        # Meanwhile the world goes on.
        await case.cover()
        await until("the write is done", lambda: has_event(store, case.case_no, "acknowledgement"))
    async with worker_process(tmp_path / "second.log", place.settings) as second:
        await second.ready()
        assert (await case.conclude(covered=True))["outcome"] == "concluded"
        await every_entry_is_there_once(case)


@pytest.mark.long
async def test_with_nothing_under_way(place: Place, store: Store, tmp_path: Path) -> None:
    """The case stands in the worker's memory alone; it is killed twice, and the third is stopped in order."""
    async with worker_process(tmp_path / "first.log", place.settings) as first:
        await first.ready()
        case = await hand_over(place.client, store)
        await case.until("dispatched")
        await case.signal("acknowledgement", by(UNIT))
        await case.cover()
        await until("the visit is written", lambda: has_event(store, case.case_no, "site_visit"))
        await killed(first)
    async with worker_process(tmp_path / "second.log", place.settings) as second:
        await second.ready()
        await case.report()
        await case.until("verifying")
        await until("the report is written", lambda: has_event(store, case.case_no, "rectification_report"))
        await killed(second)
    async with worker_process(tmp_path / "third.log", place.settings) as third:
        await third.ready()
        await case.verify()
        await case.review()
        await case.survey()
        assert (await case.handle.result())["outcome"] == "concluded"
        await every_entry_is_there_once(case)
        third.send(signal.SIGTERM)
        assert await third.ended() == 0


@pytest.mark.long
async def test_while_it_opens_a_case(stack: SharedStack, tmp_path: Path) -> None:
    place = await new_place(stack)
    async with worker_process(tmp_path / "first.log", place.settings) as first:
        await first.ready()
        async with open_pool(place.database_url, max_size=2) as pool:
            # A case before it: only a statement that Postgres knows already is sent in one piece, and so is finished.
            before = await hand_over(place.client, Store(pool))
            await until("the case before it is open", lambda: has_event(before.store, before.case_no, "dispatched"))
            async with writes_held_up(place.database_url) as held:
                case = await hand_over(place.client, Store(pool))
                await held.until_waited_for()
                await killed(first)
    changed = tmp_path / "changed.toml"
    changed.write_text(dazhou().replace('version  = "2021-08"', 'version  = "changed"'), encoding="utf-8")
    async with open_pool(place.database_url, max_size=2) as pool:
        store = case.store = Store(pool)
        await until("the opening is written", lambda: has_event(store, case.case_no, "received"))
        # The next worker has another file by now; the case keeps the rules that are on record.
        settings = place.settings | {"GUATU_JURISDICTION": str(changed)}
        async with worker_process(tmp_path / "second.log", settings) as second:
            await second.ready()
            await case.until("dispatched")
            assert (await case.conclude())["outcome"] == "concluded"
            await every_entry_is_there_once(case)
        rules = await store.recorded_rules(case.case_no)
        assert rules is not None
        assert rules.version.startswith("2021-08+")


@pytest.mark.long
async def test_while_somebody_asks(place: Place, store: Store, tmp_path: Path) -> None:
    async with (
        worker_process(tmp_path / "first.log", place.settings) as first,
        worker_process(tmp_path / "second.log", place.settings) as second,
    ):
        await first.ready()
        case = await hand_over(place.client, store)
        await case.until("dispatched")
        await until("the dispatch is written", lambda: has_event(store, case.case_no, "dispatched"))
        await second.ready()
        # Heard of just now: a worker that has not asked for tasks for some seconds is passed over.
        stability = by("city/stability-team")
        await case.signal("extension", stability, days=1, reason="汛期水位高", authority="市领导小组")
        await until("the extension is written", lambda: has_event(store, case.case_no, "extension"))
        await until("nothing is under way", case.is_at_rest)
        await killed(first)
        # The question goes to the first worker, and after some seconds in vain to the second: with the message that
        # has come meanwhile, and that no task has taken in.
        asked = asyncio.create_task(case.view())
        await asyncio.sleep(1)
        await case.signal("acknowledgement", by(UNIT))
        await asked
        # The task that takes it in brings nothing else, so what was decided for the question could be sent as its own.
        await until("the message is taken in", lambda: has_event(store, case.case_no, "acknowledgement"))
        await case.cover()
        await case.report()
        await case.verify()
        await case.review()
        await case.survey()
        assert (await case.handle.result())["outcome"] == "concluded"
        # The second worker forgets a case that is closed: this question brings it up from its history.
        await every_entry_is_there_once(case)
        # Nor has it decided anything at another time than a replay does.
        assert await replayed(await case.handle.fetch_history(), PayloadSettings()) == (None, False)
