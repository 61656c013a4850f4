"""schemathesis on the OpenAPI description, with all its checks, against the real application on a real port."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from api.app import create_app
from api.authentication import start_authentication
from api.serving import serving, taken_port
from api.settings import ApiSettings
from intake.engine import Engine
from store import open_pool
from tests.api.issuer import Issuer
from tests.http.cases import handed_over
from tests.places import SharedStack

pytestmark = pytest.mark.usefixtures("worker")

_ROOT = Path(__file__).parents[2]
_PHASES = ("Examples", "Coverage", "Fuzzing", "Stateful")
_CONFIGURATION = """
hooks = "tests.http.schemathesis_hooks"
continue-on-failure = true
warnings = false
color = false
cache.enabled = false

[auth.openapi.HTTPBearer]
bearer = "${{SCHEMATHESIS_TOKEN}}"

[generation]
deterministic = true
max-examples = 12

# Cases that are there, and the office that the token is for: without them everything ends with 404 or 403.
[dictionaries]
cases.values = {cases}
offices.values = ["city/intake"]
[parameters]
"path.no" = {{ dictionary = "cases", probability = 0.8 }}
"body.by.office" = {{ dictionary = "offices", probability = 0.9 }}

# The checks' own list, and 413: what a schema calls too long may also be too large.
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429]

# Thirteen kinds of messages in one union: they are fuzzed the more.
[[operations]]
include-name = "POST /v1/cases/{{no}}/messages"
phases.fuzzing.generation.max-examples = 60
"""


@dataclass(frozen=True)
class Door:
    """The application as a stranger reaches it."""

    address: str
    token: str


@pytest.fixture
async def door(stack: SharedStack, engine: Engine, master_key_file: Path, tmp_path: Path) -> AsyncIterator[Door]:
    """The application, for those alone who sign in; by a token, since a first key would end what others here may do."""
    issuer = Issuer()
    settings = ApiSettings.model_validate(
        {
            "database_url": stack.database_url,
            "master_key_file": master_key_file,
            "api_access": "keys",
            "api_writes_per_minute": 1_000_000,
            **issuer.settings(tmp_path),
        }
    )
    with taken_port("127.0.0.1", 0, purpose="the API", setting="GUATU_API_PORT") as listener:
        async with open_pool(stack.database_url, max_size=10) as pool:
            app = create_app(settings, pool, engine=engine)
            await start_authentication(app)
            async with serving(app, listener, drain_seconds=5):
                yield Door(f"http://127.0.0.1:{listener.getsockname()[1]}", issuer.token())


async def schemathesis_says(door: Door, configuration: Path) -> tuple[int | None, str]:
    """Its exit status and its report."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "st"),
        *("--config-file", str(configuration), "run", "--checks", "all", f"{door.address}/v1/openapi.json"),
        cwd=_ROOT,
        env=os.environ | {"SCHEMATHESIS_TOKEN": door.token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        report, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, report.decode()


@pytest.mark.timeout(1200)  # it covers every field of every kind of message; minutes where others work, too
async def test_schemathesis_finds_nothing(door: Door, tmp_path: Path) -> None:
    async with httpx.AsyncClient(base_url=door.address, headers={"Authorization": f"Bearer {door.token}"}) as http:
        cases = [await handed_over(http) for _ in range(3)]
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(_CONFIGURATION.format(cases=cases), encoding="utf-8")
    status, report = await schemathesis_says(door, configuration)
    assert status == 0, report
    assert [phase for phase in _PHASES if f"✅  {phase}" not in report] == [], report


async def test_it_would_find_an_answer_that_is_not_declared(tmp_path: Path) -> None:
    planted = FastAPI(openapi_url="/v1/openapi.json")

    @planted.get("/v1/told")
    async def told(number: int) -> JSONResponse:  # pyright: ignore[reportUnusedFunction] - its route is used
        return JSONResponse(number, status_code=418)

    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text("cache.enabled = false\ngeneration.deterministic = true\ngeneration.max-examples = 5\n")
    with taken_port("127.0.0.1", 0, purpose="the API", setting="GUATU_API_PORT") as listener:
        async with serving(planted, listener, drain_seconds=5):
            door = Door(f"http://127.0.0.1:{listener.getsockname()[1]}", "none")
            status, report = await schemathesis_says(door, configuration)
    assert status == 1, report
    assert "Undocumented status code" in report
