"""Told to stop, a worker finishes what it has begun and takes nothing new."""

import json
import signal
from pathlib import Path

from store import Store
from tests.places import Place
from tests.worker.conftest import has_event, writes_held_up
from tests.worker.worker_process import until, worker_process
from tests.workflows.outside_program import UNIT, by, hand_over


async def test_it_ends_well_when_there_is_nothing_to_do(place: Place, log: Path) -> None:
    async with worker_process(log, place.settings) as worker:
        await worker.ready()
        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0
        assert worker.events("the worker drains")
    assert "Traceback" not in "\n".join(worker.lines())


async def test_what_runs_is_finished(place: Place, store: Store, log: Path) -> None:
    async with worker_process(log, place.settings) as worker:
        await worker.ready()
        case = await hand_over(place.client, store)
        await case.until("dispatched")
        await until("the dispatch is written", lambda: has_event(store, case.case_no, "dispatched"))
        async with writes_held_up(place.database_url) as held:
            await case.signal("acknowledgement", by(UNIT))
            await held.until_waited_for()
            worker.send(signal.SIGTERM)
            await worker.says("the worker drains")
            status, told = await worker.get("/readyz")
            assert status == 503
            assert json.loads(told)["faults"] == {"worker": "the worker drains"}
        assert await worker.ended() == 0
    assert await has_event(store, case.case_no, "acknowledgement")
    described = (await case.handle.describe()).raw_description
    assert not described.pending_activities, "its result has not been told"
