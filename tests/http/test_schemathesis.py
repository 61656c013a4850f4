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
max-examples = {examples}

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
phases.fuzzing.generation.max-examples = {message_examples}
"""


@dataclass(frozen=True)
class Depth:
    """How much schemathesis tries.

    Attributes:
        phases: What it does, by the names it is told and the names in its report.
        examples: How many requests of a route it makes up.
        message_examples: The same of a message.
    """

    phases: dict[str, str]
    examples: int
    message_examples: int


SHALLOW = Depth({"examples": "Examples", "fuzzing": "Fuzzing"}, examples=2, message_examples=13)
"""One pass over all routes, always with the same requests."""
FULL = Depth(SHALLOW.phases | {"coverage": "Coverage", "stateful": "Stateful"}, examples=12, message_examples=60)
"""Every field of every kind of message as well, and requests that follow from answers."""


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


async def schemathesis_says(door: Door, configuration: Path, *options: str) -> tuple[int | None, str]:
    """Its exit status and its report."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "st"),
        *("--config-file", str(configuration), "run", "--checks", "all", *options, f"{door.address}/v1/openapi.json"),
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


@pytest.mark.parametrize(
    "depth",
    [
        pytest.param(SHALLOW, id="shallow"),
        # Minutes where others work, too.
        pytest.param(FULL, id="full", marks=[pytest.mark.long, pytest.mark.timeout(1200)]),
    ],
)
async def test_schemathesis_finds_nothing(door: Door, tmp_path: Path, depth: Depth) -> None:
    async with httpx.AsyncClient(
        base_url=door.address, headers={"Authorization": f"Bearer {door.token}"}, timeout=60
    ) as http:
        cases = [await handed_over(http) for _ in range(3)]
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(
        _CONFIGURATION.format(cases=cases, examples=depth.examples, message_examples=depth.message_examples),
        encoding="utf-8",
    )
    status, report = await schemathesis_says(door, configuration, "--phases", ",".join(depth.phases))
    assert status == 0, report
    assert [phase for phase in depth.phases.values() if f"✅  {phase}" not in report] == [], report


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
