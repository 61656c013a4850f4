"""A worker that cannot do its work says why in one sentence and does not start."""

import socket
from pathlib import Path

import asyncpg
import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest

from tests.places import Place, SharedStack, new_place
from tests.worker.conftest import dazhou
from tests.worker.worker_process import refusal


async def test_without_a_database_url(place: Place, log: Path) -> None:
    settings = {name: value for name, value in place.settings.items() if name != "GUATU_DATABASE_URL"}
    told = await refusal(log, settings)
    assert told == "GUATU_DATABASE_URL is not set (for example postgresql://user@host/database)"


async def test_wrong_settings_are_named_all_at_once(place: Place, log: Path) -> None:
    wrong = {"GUATU_WORKER_PORT": "99999", "GUATU_SHORT_CLOCK": "{", "GUATU_WORKER_BUILD_ID": "a b"}
    told = await refusal(log, place.settings | wrong)
    assert "GUATU_WORKER_BUILD_ID is wrong" in told
    assert "GUATU_WORKER_PORT is wrong" in told
    assert "GUATU_SHORT_CLOCK is wrong" in told
    assert "\n" not in told


async def test_temporal_does_not_answer(place: Place, log: Path) -> None:
    told = await refusal(log, place.settings | {"TEMPORAL_ADDRESS": f"127.0.0.1:{_unused_port()}"})
    assert told.startswith("no Temporal server answers at 127.0.0.1:")
    assert "set TEMPORAL_ADDRESS" in told
    assert "\n" not in told


async def test_there_is_no_such_namespace(place: Place, log: Path) -> None:
    told = await refusal(log, place.settings | {"TEMPORAL_NAMESPACE": "nowhere"})
    assert told == "the Temporal server has no namespace 'nowhere': create it, or set TEMPORAL_NAMESPACE"


async def test_postgres_does_not_answer(place: Place, log: Path) -> None:
    url = f"postgresql://guatu@127.0.0.1:{_unused_port()}/guatu"
    told = await refusal(log, place.settings | {"GUATU_DATABASE_URL": url})
    assert told.startswith("Postgres does not answer now (ConnectionRefusedError")
    assert "\n" not in told


async def test_there_is_no_such_database(stack: SharedStack, place: Place, log: Path) -> None:
    told = await refusal(log, place.settings | {"GUATU_DATABASE_URL": stack.servers.dsn(database="nowhere")})
    assert told.startswith("Postgres does not let us in")
    assert "check GUATU_DATABASE_URL" in told


async def test_the_address_of_the_database_is_none(place: Place, log: Path) -> None:
    told = await refusal(log, place.settings | {"GUATU_DATABASE_URL": "mysql://guatu:secret@127.0.0.1/guatu"})
    assert told == (
        "GUATU_DATABASE_URL is wrong: it must begin with postgresql://, as postgresql://user@host/database does"
    )


@pytest.mark.parametrize("by", ["newer", "other line"])
async def test_the_schema_is_one_that_this_version_does_not_know(stack: SharedStack, log: Path, by: str) -> None:
    place = await new_place(stack)
    connection = await asyncpg.connect(place.database_url)
    await connection.execute("CREATE TABLE schema_migration (version integer PRIMARY KEY, name text, sha256 bytea)")
    version, name = (9999, "9999_of_tomorrow") if by == "newer" else (1, "0001_record")
    await connection.execute("INSERT INTO schema_migration VALUES ($1, $2, $3)", version, name, b"?")
    try:
        told = await refusal(log, place.settings)
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
    assert told.startswith(f"the database has schema {version}, ")
    assert ("run the newer version" if by == "newer" else "use another database") in told
    assert [row["tablename"] for row in tables] == ["schema_migration"]


async def test_a_wrong_jurisdiction_file_is_told_mistake_by_mistake(place: Place, log: Path) -> None:
    text = dazhou()
    changes = {
        'dispatch        = "1h"': 'dispatch        = "soon"',
        "satisfied_percent = 80": "satisfied_percent = 180",
        "[wall]": "[walls]",
    }
    for right, wrong in changes.items():
        assert right in text
        text = text.replace(right, wrong)
    file = log.with_name("wrong.toml")
    file.write_text(text, encoding="utf-8")
    lines = (await refusal(log, place.settings | {"GUATU_JURISDICTION": str(file)})).splitlines()
    given = text.splitlines()
    for wrong, where in zip(changes.values(), ("durations.dispatch", "survey.satisfied_percent", "walls"), strict=True):
        number = next(number for number, line in enumerate(given, 1) if line.startswith(wrong))
        assert any(line.startswith(f"{file}:{number}: {where}: ") for line in lines), (wrong, lines)
    assert len(lines) == len(changes)


async def test_a_jurisdiction_file_in_another_encoding(place: Place, log: Path) -> None:
    file = log.with_name("gbk.toml")
    file.write_bytes('id = "dazhou"\nname = "达州市"\n'.encode("gbk"))
    told = await refusal(log, place.settings | {"GUATU_JURISDICTION": str(file)})
    assert told.startswith(f"{file}:2: not in UTF-8")


async def test_an_unknown_jurisdiction(place: Place, log: Path) -> None:
    told = await refusal(log, place.settings | {"GUATU_JURISDICTION": "atlantis"})
    assert told.startswith("there is no jurisdiction 'atlantis': set GUATU_JURISDICTION to the path of a file")
    assert ", or to one of the shipped: dazhou" in told


async def test_its_port_is_in_use(place: Place, log: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = await refusal(log, place.settings | {"GUATU_WORKER_PORT": str(port)})
    assert told.startswith(f"the health endpoint cannot listen on 127.0.0.1:{port} (Address already in use)")
    assert "GUATU_WORKER_PORT" in told


async def test_it_is_to_listen_at_an_address_of_another_machine(place: Place, log: Path) -> None:
    told = await refusal(log, place.settings | {"GUATU_WORKER_HOST": "192.0.2.1"})
    assert told.startswith("the health endpoint cannot listen there: 192.0.2.1 is no address of this machine")
    assert "set GUATU_WORKER_HOST" in told


async def test_a_search_attribute_of_another_type_is_there(stack: SharedStack, log: Path) -> None:
    place = await new_place(stack)
    await place.client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace=place.client.namespace,
            search_attributes={
                "CaseStage": IndexedValueType.INDEXED_VALUE_TYPE_INT,
                "CaseWaitingFor": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
            },
        )
    )
    told = await refusal(log, place.settings)
    assert "CaseStage is Int but must be Keyword" in told
    assert "CaseWaitingFor is Keyword but must be KeywordList" in told
    assert "\n" not in told


def _unused_port() -> int:
    with socket.socket() as once:
        once.bind(("127.0.0.1", 0))
        return once.getsockname()[1]
