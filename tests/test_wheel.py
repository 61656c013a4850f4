"""The wheel is what offices install: it must hold everything, and run outside the checkout."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
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
    """A new environment with the wheel alone; its dependencies are lent from this one."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home / "venv", with_pip=False)
    site = next((home / "venv" / "lib").glob("python3.*")) / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    lent = next(Path(entry) for entry in sys.path if entry.endswith("site-packages"))
    # A path file, after the wheel's own place; the checkout's editable hook does not come along with it.
    (site / "lent.pth").write_text(f"{lent}\n", encoding="utf-8")
    return home


def run(installed: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GUATU_", "TEMPORAL_", "PYTHON"))}
    return subprocess.run(
        [installed / "venv" / "bin" / "python", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=installed,
        env={**kept, **environment},
        timeout=120,
    )


def test_every_room_and_its_data_is_in_the_wheel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if not name.startswith("guatu-")} == ROOMS
    kept = subprocess.run(["git", "ls-files", *ROOMS], capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(kept.stdout.split()) <= set(names)
    assert {"guatu/embedded/temporal_build/go.mod", "guatu/embedded/temporal_build/go.sum"} <= set(names)


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
