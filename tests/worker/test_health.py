"""The private port: live, ready, and what is wrong when it is not ready."""

import json
from pathlib import Path

from tests.places import Place
from tests.store.servers import own_postgres
from tests.worker.worker_process import worker_process


async def test_it_tells_whether_it_lives_and_can_work(place: Place, log: Path) -> None:
    async with (
        own_postgres() as postgres,
        worker_process(log, place.settings | {"GUATU_DATABASE_URL": postgres.dsn()}) as worker,
    ):
        await worker.ready()
        assert await worker.get("/livez") == (200, '{"status":"live"}')
        status, body = await worker.get("/readyz")
        assert (status, json.loads(body)) == (200, {"status": "ready", "faults": {}})
        status, body = await worker.get("/metrics")
        assert status == 200
        assert "\nprocess_start_time_seconds " in body

        await postgres.stop()
        try:
            told = json.loads(await worker.answers("/readyz", 503))
            assert told["status"] == "not ready"
            assert set(told["faults"]) == {"postgres"}
            assert "Postgres does not answer now" in told["faults"]["postgres"]
            assert (await worker.get("/livez"))[0] == 200
        finally:
            await postgres.start()
        await worker.answers("/readyz", 200)
