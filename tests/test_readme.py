"""What the README says is so: its commands run as they stand, its settings are all there are."""

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from api.access_settings import ApiAccess
from api.process import run_api
from api.settings import ApiSettings
from sealing.key_file import new_key_file
from store import Store
from tests.places import SharedStack

ROOT = Path(__file__).parent.parent
READMES = ["README.md", "README.zh-CN.md"]


def blocks(readme: str) -> list[str]:
    """The blocks that run as they stand: by the Temporal CLI, and by HTTP."""
    found = re.findall(r"<!--[^>]*-->\n```sh\n(.*?)```", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 2
    return found


def test_the_twins_show_the_same_commands() -> None:
    assert blocks("README.md") == blocks("README.zh-CN.md")


@pytest.mark.usefixtures("worker")
async def test_a_case_goes_from_start_to_result_by_the_temporal_cli_alone(stack: SharedStack, store: Store) -> None:
    environment = {
        **os.environ,
        "PATH": f"{stack.temporal_cli.parent}{os.pathsep}{os.environ['PATH']}",
        "TEMPORAL_ADDRESS": stack.temporal_address,
        "TEMPORAL_NAMESPACE": stack.namespace,
    }
    ran = await _bash(blocks("README.md")[0], environment)
    assert ran.returncode == 0, ran.stderr
    stored = await store.case("D001")
    assert stored is not None
    assert stored["stage"] == "concluded"
    assert stored["refused"] == []
    asked = await _bash("temporal workflow result --workflow-id case-D001 --output json", environment)
    result = json.loads(asked.stdout)["result"]
    assert result["outcome"] == "concluded"
    assert result["within_mandate"] is True


@pytest.mark.usefixtures("worker")
async def test_cases_are_handed_over_and_instructed_by_http(
    stack: SharedStack, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_key_file(tmp_path / "master-keys")
    settings = ApiSettings(
        database_url=stack.database_url,
        api_port=0,
        api_metrics_port=0,
        # A crowded machine gets the time that it needs.
        api_engine_seconds=120,
        api_store_seconds=120,
        # The README's reader has issued no key; the other tests of this database may have.
        api_access=ApiAccess.OPEN,
        master_key_file=tmp_path / "master-keys",
    )
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    monkeypatch.setenv("TEMPORAL_ADDRESS", stack.temporal_address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", stack.namespace)
    api = asyncio.create_task(run_api(settings, stop, port.set_result))
    address = f"http://127.0.0.1:{await port}"
    ran = await _bash(blocks("README.md")[1], {**os.environ, "GUATU_API": address})
    stop.set()
    await api
    assert ran.returncode == 0, ran.stdout + ran.stderr
    answers = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    assert [answer.get("created") for answer in answers[:1]] == [True]
    assert answers[1]["summary"]["created"] == 1
    assert answers[2]["message_id"] == "h1"
    assert answers[3]["entries"][0]["event"] == "received"
    assert "D003" in {case["case_no"] for case in answers[4]["cases"]} or answers[4]["cases"] == []


async def _bash(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-euo", "pipefail", "-c", script]
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.parametrize("readme", READMES)
def test_every_setting_of_the_code_is_in_the_readme(readme: str) -> None:
    from api.settings import ApiSettings
    from worker.settings import WorkerSettings

    text = (ROOT / readme).read_text(encoding="utf-8")
    for settings in (WorkerSettings, ApiSettings):
        for field in settings.model_fields:
            name = field.upper() if field.startswith("temporal_namespace") else f"GUATU_{field.upper()}"
            assert name in text, f"{readme} does not name {name}"


@pytest.mark.parametrize("readme", READMES)
def test_every_command_is_in_the_readme(readme: str) -> None:
    from guatu.command import app

    text = (ROOT / readme).read_text(encoding="utf-8")
    names = [
        command.name or (command.callback.__name__ if command.callback else "") for command in app.registered_commands
    ]
    assert names
    for name in names:
        assert f"`{name}" in text, f"{readme} does not name the command {name!r}"
