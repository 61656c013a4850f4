"""What the README says is so: its commands run as they stand, its settings are all there are."""

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from guatu.embedded.stack import EmbeddedStack
from store import Store

ROOT = Path(__file__).parent.parent
READMES = ["README.md", "README.zh-CN.md"]


def cli_block(readme: str) -> str:
    found = re.search(r"<!--[^>]*-->\n```sh\n(.*?)```", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)


def test_the_twins_show_the_same_commands() -> None:
    assert cli_block("README.md") == cli_block("README.zh-CN.md")


@pytest.mark.usefixtures("worker")
async def test_a_case_goes_from_start_to_result_by_the_temporal_cli_alone(stack: EmbeddedStack, store: Store) -> None:
    environment = {
        **os.environ,
        "PATH": f"{stack.temporal_cli.parent}{os.pathsep}{os.environ['PATH']}",
        "TEMPORAL_ADDRESS": stack.temporal_address,
    }
    ran = await _bash(cli_block("README.md"), environment)
    assert ran.returncode == 0, ran.stderr
    stored = await store.case("D001")
    assert stored is not None
    assert stored["stage"] == "concluded"
    assert stored["refused"] == []
    asked = await _bash("temporal workflow result --workflow-id case-D001 --output json", environment)
    result = json.loads(asked.stdout)["result"]
    assert result["outcome"] == "concluded"
    assert result["within_mandate"] is True


async def _bash(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-euo", "pipefail", "-c", script]
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False, timeout=120
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
