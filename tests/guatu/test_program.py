"""The program itself, a process for each command: it runs, says what it should, and ends with the right status.

What else commands say is tested without a process of their own (``tests.guatu.running.guatu``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main

from guatu.command import app
from guatu.signatures import new_signing_key
from sealing.key_file import new_key_file
from store import Store, open_pool
from tests.guatu import test_deployments, test_processes
from tests.guatu.running import guatu, guatu_process
from tests.intake import test_batch_killed
from tests.petitions.building import concluded
from tests.places import SharedStack, new_place
from tests.store.planting import keep_with_report


@dataclass(frozen=True)
class Run:
    """A run of a command.

    Attributes:
        arguments: What follows the command's name; names in braces are of files.
        said: A pattern that a line of its output matches.
        status: With which it ends.
    """

    arguments: str
    said: str
    status: int = 0


RUNS = {
    "complainants looks": Run("", "^无查看记录$"),
    "complainants rewrap": Run("", "^rewrapped: 0$"),
    "demo": Run("--data-dir {used}", "holds data already", status=1),
    "deployment list": Run("", "^no worker has a GUATU_WORKER_BUILD_ID"),
    "export": Run("X2 {new}", r"^case X2 is in {new}: \d+ entries, 1 reports$"),
    "figures": Run("--at 1999-01-01T00:00:00+08:00", r'^\{{"received": 0, '),
    "heads export": Run("{new} --key {signing}", "^[01] heads are in {new}"),
    "heads key new": Run("{new}", "^key .*: private in {new}, public in {new}.pub"),
    "heads write": Run("", "^head 1 of .*: 1 cases, "),
    "keys issue": Run("--system 12345 --label x", r"^guatu_[0-9a-f]{{8}}_[0-9a-f]{{64}}$"),
    "keys list": Run("", "^[0-9a-f]{{8}}  good, no end, never used  city/intake  甲$"),
    "keys revoke": Run("deadbeef --reason x", "^guatu: there is no key 'deadbeef'", status=1),
    "links": Run("", "^全部在办件$"),
    "master-key add": Run("{masters}", "^master key .* is in {masters} and active"),
    "master-key new": Run("{new}", "^master key .* is in {new};"),
    "migrate": Run("", "^the schema is up to date$"),
    "notices list": Run("", "^every notice "),
    "notices resend": Run("--all", r"^\d+ notices lie in their offices' trays again$"),
    "rebuild": Run("", "^the read model is as the record has it$"),
    "reconcile": Run("", "^open cases are as their workflows have them$"),
    "rehearse": Run("", "^go: all 0 open cases go on with this version$"),
    "verify": Run("", "^the record is as it was written$"),
}
RUN_ELSEWHERE = {
    "worker": test_processes.test_it_serves_until_it_is_told_to_stop,
    "api": test_processes.test_it_serves_until_it_is_told_to_stop,
    "deployment promote": test_deployments.test_a_part_of_the_cases_first_and_then_all,
    "intake": test_batch_killed.test_every_row_once,
    "up": test_processes.test_up_serves_and_leaves_nothing,
}
"""The tests that run these as processes, for they serve until a signal or need a worker."""


def commands(command: Any, *names: str) -> Iterator[str]:
    """The names of all commands that the application has."""
    parts: dict[str, Any] = getattr(command, "commands", {})
    for name, part in parts.items():
        yield from commands(part, *names, name)
    if not parts:
        yield " ".join(names)


COMMANDS = sorted(commands(typer.main.get_command(app)))


@dataclass(frozen=True)
class Workplace:
    """Servers and files for the commands; a concluded case is on record.

    Attributes:
        settings: The commands' settings.
        files: The files that there are, by the names that arguments have for them.
    """

    settings: dict[str, str]
    files: dict[str, Path]


@pytest.fixture(scope="module")
async def workplace(stack: SharedStack, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    place = await new_place(stack, prepared=True)
    directory = tmp_path_factory.mktemp("program")
    files = {name: directory / name for name in ("signing", "masters", "used")}
    new_signing_key(files["signing"])
    new_key_file(files["masters"])
    files["used"].mkdir()
    (files["used"] / "guatu.json").write_text("{}", encoding="utf-8")
    async with open_pool(place.database_url, max_size=2) as pool:
        await keep_with_report(Store(pool), concluded(case_no="X2"))
        await Store(pool).issue_key(label="甲", office="city/intake")
    return Workplace(place.settings | {"GUATU_MASTER_KEY_FILE": str(files["masters"])}, files)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in RUN_ELSEWHERE])
async def test_a_process_of_each_command(command: str, workplace: Workplace, tmp_path: Path) -> None:
    assert command in RUNS, "a new command needs a run in this file"
    run, files = RUNS[command], workplace.files | {"new": tmp_path / "new"}
    arguments = [part.format_map(files) for part in run.arguments.split()]
    done = await guatu_process(*command.split(), *arguments, settings=workplace.settings)
    assert done.returncode == run.status, (done.stdout, done.stderr)
    said = run.said.format_map({name: re.escape(str(file)) for name, file in files.items()})
    assert re.search(said, done.stdout + done.stderr, re.MULTILINE), (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr


async def test_help_lists_every_command() -> None:
    done = await guatu_process("--help")
    assert done.returncode == 0, done.stderr
    listed = set(re.findall(r"^│ ([a-z][a-z-]+) ", done.stdout, re.MULTILINE))
    assert {name.split()[0] for name in COMMANDS} == listed


async def test_what_is_no_command_is_refused() -> None:
    assert (await guatu("no-such-command")).returncode == 2


def test_no_run_is_of_a_command_that_is_gone() -> None:
    assert RUNS.keys() | RUN_ELSEWHERE.keys() == set(COMMANDS)
