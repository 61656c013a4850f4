"""The private port: live, ready, and what is wrong when it is not ready."""

import json
from pathlib import Path

from guatu.embedded.stack import EmbeddedStack
from tests.worker.conftest import Place
from tests.worker.worker_process import worker_process


async def test_it_tells_whether_it_lives_and_can_work(stack: EmbeddedStack, place: Place, log: Path) -> None:
    async with worker_process(log, place.settings) as worker:
        await worker.ready()
        assert await worker.get("/livez") == (200, '{"status":"live"}')
        status, body = await worker.get("/readyz")
        assert (status, json.loads(body)) == (200, {"status": "ready", "faults": {}})
        status, body = await worker.get("/metrics")
        assert status == 200
        assert "\nprocess_start_time_seconds " in body

        await stack.postgres.stop()
        try:
            told = json.loads(await worker.answers("/readyz", 503))
            assert told["status"] == "not ready"
            assert set(told["faults"]) == {"postgres"}
            assert "Postgres does not answer now" in told["faults"]["postgres"]
            assert (await worker.get("/livez"))[0] == 200
        finally:
            await stack.postgres.start()
        await worker.answers("/readyz", 200)
