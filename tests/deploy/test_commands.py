"""Each service's command as the compose file has it, run without containers: on a real Postgres and a real Temporal."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from temporalio.client import Client

from guatu.embedded.ports import free_port
from sealing.key_file import new_key_file
from tests.cluster.temporal_programs import MODULE, pinned_server, temporal_programs
from tests.deploy.compose_file import ROOT, ServiceSpec, plain_environment, services
from tests.guatu.running import GUATU
from tests.not_run import not_run
from tests.places import SharedStack
from tests.system_postgres import SystemPostgres, programs, system_postgres
from worker.search_attributes import require_search_attributes

PATIENCE = 120.0


@dataclass(frozen=True)
class Machine:
    """What stands in for the containers' network.

    Attributes:
        postgres: Set up by the script that the image of Postgres would run.
        temporal: The address of the Temporal server.
        secrets: The directory that stands for ``/run/secrets``.
    """

    postgres: SystemPostgres
    temporal: str
    secrets: Path

    def placed(self, text: str) -> str:
        """A text of the compose file or its scripts, with this machine's places."""
        for there, here in (
            ("@postgres:5432", f"@127.0.0.1:{self.postgres.port}"),
            ("temporal:7233", self.temporal),
            ("/run/secrets", str(self.secrets)),
            ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - replaced
        ):
            text = text.replace(there, here)
        return text

    def environment(self, service: ServiceSpec, **others: str) -> dict[str, str]:
        """What the service gets."""
        given = {name: self.placed(value) for name, value in service.environment.items()}
        return plain_environment() | {"TEMPORAL_CONFIG_FILE": os.devnull} | given | others

    def script(self, name: str, environment: Mapping[str, str], tools: Path) -> "subprocess.CompletedProcess[str]":
        """Run a script of the compose file, with these programs on its path."""
        text = self.placed((ROOT / "deploy/compose" / name).read_text(encoding="utf-8"))
        path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["sh", "-c", text],
            env={**environment, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )


@pytest.fixture(scope="module")
async def machine(stack: SharedStack, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Machine]:
    secrets = tmp_path_factory.mktemp("secrets")
    for name in ("guatu_owner_password", "guatu_password"):
        (secrets / name).write_text(f"{name} & its own")
    # Letters and digits, as secrets.sh makes them: Temporal's schema tool takes no others.
    (secrets / "temporal_password").write_text("temporal0password")
    for name in ("payload_keys", "master_keys"):
        new_key_file(secrets / name)
    (secrets / "api_key_pepper").write_text("p" * 43 + "\n")
    access = ["host all all 127.0.0.1/32 scram-sha-256"]
    async with system_postgres({"password_encryption": "scram-sha-256"}, access, {}) as postgres:
        machine = Machine(postgres, stack.temporal_address, secrets)
        where = {"PGHOST": str(postgres.socket_directory), "PGPORT": str(postgres.port)}
        made = machine.script("postgres-init.sh", plain_environment() | where, programs())
        assert made.returncode == 0, made.stderr
        yield machine


async def run(service: ServiceSpec, machine: Machine, **others: str) -> "subprocess.CompletedProcess[str]":
    """A service's command to its end."""
    command = [*GUATU, *service.spec["command"]]
    return await asyncio.to_thread(
        subprocess.run,
        command,
        env=machine.environment(service, **others),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.fixture(scope="module")
async def migrated(machine: Machine) -> None:
    """The migration job has run, twice."""
    for expected in ("migrated: ", "the schema is up to date"):
        done = await run(services()["migrate"], machine)
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout


@pytest.fixture(scope="module")
async def namespace(machine: Machine, stack: SharedStack) -> Client:
    """The namespace job has run, twice."""
    service = services()["temporal-namespace"]
    for _ in range(2):
        made = await asyncio.to_thread(
            machine.script, "temporal-namespace.sh", machine.environment(service), stack.temporal_cli.parent
        )
        assert made.returncode == 0, made.stderr
    return await stack.connect(namespace=service.environment["TEMPORAL_NAMESPACE"])


async def test_the_namespace_has_all_that_cases_are_found_by(namespace: Client) -> None:
    await require_search_attributes(namespace)


@pytest.mark.usefixtures("migrated")
async def test_a_process_cannot_change_the_shape_of_a_table(machine: Machine) -> None:
    done = await run(services()["migrate"], machine, **services()["worker"].environment)
    assert done.returncode != 0  # without its secret in reach
    for statement in ("DROP TABLE case_event", "CREATE TABLE other ()", "TRUNCATE case_event"):
        with pytest.raises(Exception, match=r"must be owner|permission denied"):
            await machine.postgres.execute("SET ROLE guatu", statement, database="guatu")


@pytest.mark.usefixtures("migrated")
async def test_a_process_may_add_to_the_record_and_take_nothing_back(machine: Machine) -> None:
    """Rights keep it from that, and no trigger that an owner could switch off."""
    await machine.postgres.execute("SET ROLE guatu", "SELECT FROM case_event", database="guatu")
    for statement in (
        "UPDATE case_event SET seq = seq",
        "DELETE FROM case_event",
        "ALTER TABLE case_event DISABLE TRIGGER ALL",
        "DELETE FROM record_head",
    ):
        with pytest.raises(Exception, match=r"must be owner|permission denied"):
            await machine.postgres.execute("SET ROLE guatu", statement, database="guatu")


PORTS = {"worker": ("GUATU_WORKER_PORT", 8081), "api": ("GUATU_API_PORT", 8080)}


@pytest.mark.usefixtures("migrated", "namespace")
@pytest.mark.parametrize("name", PORTS)
async def test_a_process_gets_healthy_by_the_files_own_check_and_drains(machine: Machine, name: str) -> None:
    service, (setting, port) = services()[name], PORTS[name]
    here = str(free_port())
    others = {setting: here, "GUATU_API_METRICS_PORT": "0"}
    with _started([*GUATU, *service.spec["command"]], machine.environment(service, **others)) as process:
        check = service.spec["healthcheck"]["test"]
        assert check[:2] == ["CMD", "python"]
        assert f":{port}/" in check[3]
        healthy = [sys.executable, *check[2:3], check[3].replace(f":{port}/", f":{here}/")]
        deadline = time.monotonic() + PATIENCE
        while (await asyncio.to_thread(subprocess.run, healthy, capture_output=True, check=False)).returncode:
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        process.terminate()
        assert await asyncio.to_thread(process.wait, PATIENCE) == 0


@pytest.mark.usefixtures("migrated", "namespace")
@pytest.mark.parametrize("name", PORTS)
async def test_it_runs_as_process_one_on_a_file_system_that_cannot_be_written(machine: Machine, name: str) -> None:
    """As in the container: no init above it, nothing to write on but a directory for what is temporary."""
    if sys.platform != "linux" or os.geteuid() != 0:
        not_run("the kernel's namespaces are for root on Linux")
    service, (setting, _) = services()[name], PORTS[name]
    port = free_port()
    others = {setting: str(port), "GUATU_API_METRICS_PORT": "0", "TMPDIR": "/mnt", "HOME": "/nonexistent"}
    inside = " && ".join(
        (
            "mount --bind / /",
            "mount -o remount,ro,bind /",
            "mount -t tmpfs -o size=8m tmpfs /mnt",
            'cd /mnt && exec "$@"',
        )
    )
    outside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", inside, "sh"]
    command = [*outside, *GUATU, *service.spec["command"]]
    with _started(command, machine.environment(service, **others)) as process:
        said = await asyncio.to_thread(_until_it_is_ready, process)
        (first,) = psutil.Process(process.pid).children()
        first.terminate()
        rest = await asyncio.to_thread(process.communicate)
        assert process.returncode == 0, said + rest[1]


@contextmanager
def _started(command: list[str], environment: Mapping[str, str]) -> Generator["subprocess.Popen[str]"]:
    """A process that ends with the block at the latest."""
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _until_it_is_ready(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if "is ready" in line:
            return said
    raise AssertionError(said)


@pytest.fixture(scope="module")
async def temporal_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with Temporal's schema tool, named as in its image, and with the server's schema."""
    assert services()["temporal"].image.partition(":")[2] == pinned_server()
    try:
        built = (await temporal_programs(print)).sql
    except ChildProcessError as error:
        not_run(f"there is no schema tool of Temporal: {error}")
    asked = await asyncio.to_thread(
        subprocess.run,
        ["go", "mod", "download", "-json", "go.temporal.io/server"],
        cwd=MODULE,
        env=os.environ | {"GOWORK": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode != 0:
        not_run(f"Go does not have the source of Temporal's server, with its schema: {asked.stderr}")
    tools = tmp_path_factory.mktemp("tools")
    (tools / "temporal-sql-tool").symlink_to(built)
    (tools / "schema").symlink_to(Path(json.loads(asked.stdout)["Dir"]) / "schema")
    return tools


@pytest.mark.long
@pytest.mark.timeout(1_800)
async def test_the_schema_job_makes_temporals_databases_and_may_be_run_again(
    machine: Machine, temporal_tools: Path
) -> None:
    service = services()["temporal-schema"]
    others = {
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": str(machine.postgres.port),
        "SCHEMA_DIRECTORY": str(temporal_tools / "schema/postgresql/v12"),
    }
    for _ in range(2):
        environment = machine.environment(service, **others)
        done = await asyncio.to_thread(machine.script, "temporal-schema.sh", environment, temporal_tools)
        assert done.returncode == 0, done.stdout + done.stderr
    for database in ("temporal", "temporal_visibility"):
        await machine.postgres.execute(
            "DO $$ BEGIN IF (SELECT curr_version FROM schema_version) = '0.0' THEN RAISE 'no schema'; END IF; END $$",
            database=database,
        )


def test_the_secrets_script_makes_each_once(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        not_run("it must be run as root")
    script = (ROOT / "deploy/compose/secrets.sh").read_text(encoding="utf-8")
    text = script.replace('cd "$(dirname "$0")/../.."', f'cd "{tmp_path}"')
    assert text != script
    program = tmp_path / "guatu"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m guatu "$@"\n')
    program.chmod(0o755)
    seen: list[dict[str, bytes]] = []
    for _ in range(2):
        environment = plain_environment() | {"GUATU": str(program), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(["sh", "-c", text], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        files = [file for file in (tmp_path / "secrets").rglob("*") if file.is_file()]
        seen.append({str(file): file.read_bytes() for file in files})
    assert seen[0] == seen[1]
    assert {Path(name).name for name in seen[0]} == {
        *("postgres_password", "guatu_owner_password", "guatu_password", "temporal_password"),
        *("master", "payload", "pepper"),
    }
    keys = tmp_path / "secrets/keys"
    assert {(file.stat().st_uid, file.stat().st_mode & 0o777) for file in keys.iterdir()} == {(10001, 0o600)}
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    assert not re.search(r"=|/", (tmp_path / "secrets/guatu_password").read_text())
