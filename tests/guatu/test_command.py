"""The command line: what it does on a real stack, and one clear sentence for everything that goes wrong."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.guatu.running import guatu, one_sentence
from tests.places import SharedStack

NOWHERE = {"GUATU_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def servers(stack: SharedStack) -> dict[str, str]:
    return stack.settings


def row(case_no: str, **changes: object) -> str:
    fields: dict[str, object] = {
        "case_no": case_no,
        "received_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
        "channel": "phone",
        "starred": False,
        "county": "渠县",
        "location": "某处",
        "categories": ["water"],
        "summary": "污水直排",
    }
    return json.dumps(fields | changes, ensure_ascii=False)


@pytest.mark.parametrize("command", ["worker", "api", "figures"])
async def test_a_missing_setting_is_named(command: str) -> None:
    assert one_sentence(await guatu(command)).startswith("GUATU_DATABASE_URL is not set")


async def test_wrong_settings_are_all_named() -> None:
    done = await guatu("worker", settings=NOWHERE | {"GUATU_WORKER_PORT": "x", "GUATU_SHORT_CLOCK": "soon"})
    said = one_sentence(done)
    assert "GUATU_WORKER_PORT is wrong" in said
    assert "GUATU_SHORT_CLOCK is wrong" in said


async def test_a_temporal_server_that_is_not_there() -> None:
    done = await guatu("worker", settings=NOWHERE | {"TEMPORAL_ADDRESS": "127.0.0.1:1"})
    assert one_sentence(done).startswith("no Temporal server answers at 127.0.0.1:1")


@pytest.mark.parametrize("command", [["deployment", "list"], ["reconcile"], ["rehearse"]])
async def test_a_namespace_that_is_not_there(stack: SharedStack, command: list[str]) -> None:
    done = await guatu(*command, settings=servers(stack) | {"TEMPORAL_NAMESPACE": "nowhere"})
    assert one_sentence(done) == "the Temporal server has no namespace 'nowhere': create it, or set TEMPORAL_NAMESPACE"


async def test_an_address_of_temporal_is_no_url() -> None:
    done = await guatu("deployment", "list", settings={"TEMPORAL_ADDRESS": "http://temporal.city:7233"})
    said = one_sentence(done)
    assert said.startswith("TEMPORAL_ADDRESS=http://temporal.city:7233: it is a host and a port alone")
    assert "such as temporal.city:7233;" in said


async def test_a_database_that_is_not_there() -> None:
    assert "Postgres does not answer" in one_sentence(await guatu("figures", settings=NOWHERE))


async def test_a_jurisdiction_that_is_not_there(stack: SharedStack) -> None:
    said = one_sentence(await guatu("worker", settings=servers(stack) | {"GUATU_JURISDICTION": "atlantis"}))
    assert "there is no jurisdiction 'atlantis'" in said


async def test_a_jurisdiction_with_mistakes_is_told_line_by_line(stack: SharedStack, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('id = "x"\nlevel = "moon"\n', encoding="utf-8")
    done = await guatu("worker", settings=servers(stack) | {"GUATU_JURISDICTION": str(file)})
    assert done.returncode == 1
    assert f"{file}:2: level" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_worker_port_in_use(stack: SharedStack, taken_port: int) -> None:
    done = await guatu("worker", settings=servers(stack) | {"GUATU_WORKER_PORT": str(taken_port)})
    assert "GUATU_WORKER_PORT" in one_sentence(done)


@pytest.mark.parametrize("command", ["demo", "up"])
async def test_ports_in_use_name_the_option(command: str, taken_port: int, tmp_path: Path) -> None:
    for option in ("--temporal-port", "--ui-port", "--api-port"):
        others = {"--temporal-port": "0", "--ui-port": "0", "--api-port": "0"} | {option: str(taken_port)}
        ports = [part for pair in others.items() for part in pair]
        settings = {"GUATU_WORKER_PORT": "0", "GUATU_API_METRICS_PORT": "0"}
        said = one_sentence(await guatu(command, "--data-dir", tmp_path / option, *ports, settings=settings))
        assert f"Port {taken_port} " in said
        assert f"{option} 0 takes a free one" in said


async def test_a_demonstration_begins_with_nothing(tmp_path: Path) -> None:
    (tmp_path / "guatu.json").write_text("{}", encoding="utf-8")
    assert "holds data already" in one_sentence(await guatu("demo", "--data-dir", tmp_path))


@pytest.mark.parametrize("moment", ["yesterday", "2021-09-04"])
async def test_figures_need_a_moment_with_its_offset(moment: str) -> None:
    done = await guatu("figures", "--at", moment, settings=NOWHERE)
    assert done.returncode == 2
    assert "is not a moment with its offset" in done.stderr


async def test_the_record_on_a_real_database(stack: SharedStack) -> None:
    database = {"GUATU_DATABASE_URL": stack.database_url}
    migrated = await guatu("migrate", settings=database)
    assert (migrated.returncode, migrated.stdout) == (0, "the schema is up to date\n")
    figures = await guatu("figures", "--at", "1999-01-01T00:00:00+08:00", settings=database)
    assert json.loads(figures.stdout) == {"received": 0, "concluded": 0, "starred": 0, "by_county": {}}
    verified = await guatu("verify", settings=database)
    assert (verified.returncode, verified.stdout) == (0, "the record is as it was written\n")
    rebuilt = await guatu("rebuild", settings=database)
    assert rebuilt.returncode == 0, rebuilt.stderr


async def test_intake_starts_each_case_once(stack: SharedStack, client: Client, tmp_path: Path) -> None:
    file, other = tmp_path / "batch.jsonl", tmp_path / "other.jsonl"
    good, starred = row("CMD-1", complainant="不得外传"), row("*CMD-2")
    file.write_text("\n".join([good, "{not json", "", starred, row("CMD-3", county="")]), encoding="utf-8")
    first = await guatu("intake", file, settings=servers(stack))
    assert first.returncode == 1
    said = first.stdout.splitlines()
    assert [line.split("　")[0] for line in said] == ["第1行", "第2行", "第4行", "第5行"]
    assert "CMD-1：已受理" in said[0]
    assert "未受理" in said[1]
    assert "CMD-2：已受理" in said[2]
    assert "county" in said[3]
    again = await guatu("intake", file, settings=servers(stack))
    assert "CMD-1：此前已受理" in again.stdout
    other.write_text(row("CMD-1", location="别处") + "\n", encoding="utf-8")
    conflict = await guatu("intake", other, settings=servers(stack))
    assert conflict.returncode == 1
    assert "内容不同" in conflict.stdout
    # What the contract does not name never enters Temporal, and a star before the number is none of it.
    async for event in client.get_workflow_handle("case-CMD-1").fetch_history_events(page_size=1):
        assert "不得外传" not in str(event) + event.SerializeToString().decode(errors="replace")
        break
    assert (await client.get_workflow_handle("case-CMD-2").describe()).workflow_type == "PetitionCase"


async def test_intake_of_a_file_that_is_not_there(stack: SharedStack, tmp_path: Path) -> None:
    said = one_sentence(await guatu("intake", tmp_path / "none.jsonl", settings=servers(stack)))
    assert said == f"{tmp_path / 'none.jsonl'}: No such file or directory"
