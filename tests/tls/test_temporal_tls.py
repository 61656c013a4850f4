"""A real Temporal server behind TLS: the same settings let every process and command in, and each mistake is told."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest
from temporalio import activity, workflow
from temporalio.contrib.pydantic import pydantic_data_converter

from api.process import run_api
from api.settings import ApiSettings
from guatu.settings import read_settings
from intake.engine import connect_temporal
from intake.errors import EngineError, TemporalSettingsError, TemporalUnreachableError
from intake.temporal import temporal_client, temporal_settings
from sealing.settings import PayloadSettings
from tests.certificates import Authority, Pair
from tests.guatu.running import guatu, one_sentence
from tests.guatu.test_processes import until
from tests.places import SharedStack
from tests.tls.tls_line import TlsLine
from worker.process import connect as connect_worker
from worker.process import run_worker
from worker.settings import WorkerSettings

API_KEY = "a-key.of-the.namespace"


@dataclass(frozen=True)
class Secured:
    """The server behind TLS.

    Attributes:
        line: The line to it, which wants a certificate of ``authority``.
        port: Where it is open.
        authority: Who signed all certificates that are good.
        official: The client's own pair.
        other: An authority that signed nothing here.
        stranger: A pair that ``other`` has signed.
    """

    line: TlsLine
    port: int
    authority: Authority
    official: Pair
    other: Authority
    stranger: Pair

    @property
    def settings(self) -> dict[str, str]:
        """The settings that get in."""
        return {
            "TEMPORAL_ADDRESS": f"localhost:{self.port}",
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(self.authority.certificate),
            "TEMPORAL_TLS_CLIENT_CERT_PATH": str(self.official.certificate),
            "TEMPORAL_TLS_CLIENT_KEY_PATH": str(self.official.key),
        }


@pytest.fixture(scope="module")
async def secured(stack: SharedStack, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Secured]:
    directory = tmp_path_factory.mktemp("certificates")
    authority, other = Authority(directory, "authority"), Authority(directory, "other")
    line = TlsLine(stack.temporal_address, authority.signed("temporal", hosts=("localhost",)), authority.certificate)
    async with line.open() as port:
        yield Secured(line, port, authority, authority.signed("guatu"), other, other.signed("guatu"))


def given(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


async def told(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> str:
    """With which words both ways in, a worker's and a door's, refuse these settings."""
    given(monkeypatch, settings)
    with pytest.raises(EngineError) as door:
        await connect_temporal()
    with pytest.raises(EngineError) as worker:
        await connect_worker(PayloadSettings())
    assert str(worker.value) == str(door.value)
    return str(door.value)


async def test_every_way_in_goes_by_mutual_tls(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, secured.settings)
    for client in (await connect_temporal(), await connect_worker(PayloadSettings())):
        assert await client.service_client.check_health()


async def test_an_api_key_comes_from_a_file(secured: Secured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{API_KEY}\n")
    given(monkeypatch, secured.settings | {"TEMPORAL_API_KEY_FILE": str(tmp_path / "key")})
    client = await connect_temporal()
    assert await client.service_client.check_health()
    assert f"Bearer {API_KEY}" in secured.line.authorizations


@pytest.mark.parametrize("process", ["worker", "api"])
async def test_the_processes_work_behind_tls(
    stack: SharedStack, secured: Secured, monkeypatch: pytest.MonkeyPatch, process: str
) -> None:
    ports = {f"GUATU_{name}_PORT": "0" for name in ("WORKER", "API", "API_METRICS")}
    given(monkeypatch, stack.settings | secured.settings | ports)
    # What a worker sets for its whole process is put back.
    for logger, name in ((workflow.logger, "workflow_info_on_message"), (activity.logger, "activity_info_on_message")):
        monkeypatch.setattr(logger, name, getattr(logger, name))
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    if process == "worker":
        serving = run_worker(read_settings(WorkerSettings), stop, ready.set_result)
    else:
        serving = run_api(read_settings(ApiSettings), stop, ready.set_result)
    served = asyncio.create_task(serving)
    await asyncio.wait({served, ready}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if served.done():
            await served
        await until(ready.result())
        assert b'"temporal"' not in await asyncio.to_thread(_readiness, ready.result())
    finally:
        stop.set()
        await served


def _readiness(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while data := line.recv(1 << 16):
            answer += data
    assert b" 200 " in answer.split(b"\r\n")[0]
    return answer


async def test_another_authority_signed_the_servers_certificate(
    secured: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(secured.other.certificate)}
    said = await told(monkeypatch, secured.settings | wrong)
    assert "its certificate is not trusted: " in said
    assert "TEMPORAL_TLS_SERVER_CA_CERT_PATH" in said


async def test_the_certificate_names_another_host(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = secured.settings | {"TEMPORAL_ADDRESS": f"127.0.0.1:{secured.port}"}
    said = await told(monkeypatch, settings)
    assert "not valid for '127.0.0.1'" in said
    assert "TEMPORAL_TLS_SERVER_NAME" in said
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_NAME", "localhost")
    assert await (await connect_temporal()).service_client.check_health()


async def test_a_strangers_certificate(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "TEMPORAL_TLS_CLIENT_CERT_PATH": str(secured.stranger.certificate),
        "TEMPORAL_TLS_CLIENT_KEY_PATH": str(secured.stranger.key),
    }
    said = await told(monkeypatch, secured.settings | wrong)
    assert "UNKNOWN_CA" in said or "ends the connection" in said
    assert "TEMPORAL_TLS_CLIENT_CERT_PATH" in said


async def test_without_a_certificate_of_its_own(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {name: value for name, value in secured.settings.items() if "CLIENT" not in name}
    said = await told(monkeypatch, settings)
    assert "TEMPORAL_TLS_CLIENT_CERT_PATH" in said


async def test_a_certificate_that_has_ended(
    stack: SharedStack, secured: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = TlsLine(stack.temporal_address, secured.authority.signed("late", days=-1))
    async with line.open() as port:
        said = await told(monkeypatch, secured.settings | {"TEMPORAL_ADDRESS": f"localhost:{port}"})
    assert "certificate has expired" in said


async def test_one_of_the_two_speaks_no_tls(
    stack: SharedStack, secured: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        said = await told(without, {"TEMPORAL_ADDRESS": f"localhost:{secured.port}"})
    assert "it speaks TLS, and TEMPORAL_TLS is not set" in said
    said = await told(monkeypatch, secured.settings | {"TEMPORAL_ADDRESS": stack.temporal_address})
    assert "it does not speak TLS" in said


async def test_a_door_that_may_wait_still_refuses_wrong_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given(monkeypatch, {"TEMPORAL_ADDRESS": "127.0.0.1:1", "TEMPORAL_API_KEY_FILE": str(tmp_path / "none")})
    with pytest.raises(TemporalSettingsError, match=r"TEMPORAL_API_KEY_FILE=.*: No such file"):
        await temporal_client(data_converter=pydantic_data_converter, lazy=True)


async def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, {"TEMPORAL_ADDRESS": "127.0.0.1:1", "TEMPORAL_TLS": "true"})
    with pytest.raises(TemporalUnreachableError, match="Connection refused"):
        await temporal_client(data_converter=pydantic_data_converter)


async def test_a_command_says_what_is_wrong_in_one_sentence(secured: Secured, stack: SharedStack) -> None:
    wrong = secured.settings | {
        "GUATU_DATABASE_URL": stack.database_url,
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(secured.other.certificate),
        "TEMPORAL_API_KEY": API_KEY,
    }
    for command in (["worker"], ["rebuild", "--against-temporal"]):
        done = await guatu(*command, settings=wrong)
        assert "its certificate is not trusted" in one_sentence(done)
        assert API_KEY not in done.stderr


def test_wrong_settings_name_the_one_that_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    pair, another = authority.signed("guatu"), authority.signed("another")
    junk, empty = tmp_path / "junk", tmp_path / "empty"
    junk.write_text("junk\n")
    empty.write_text("\n")
    certificate, key = "TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_KEY_PATH"

    def fault(**settings: object) -> str:
        with monkeypatch.context() as only:
            given(only, {name: str(value) for name, value in settings.items()})
            with pytest.raises(TemporalSettingsError) as refused:
                temporal_settings()
        return str(refused.value)

    assert fault(TEMPORAL_API_KEY="x", TEMPORAL_API_KEY_FILE=junk).endswith("both set: set one of them")
    assert fault(TEMPORAL_API_KEY_FILE=empty) == f"TEMPORAL_API_KEY_FILE={empty}: the file is empty"
    none = tmp_path / "none.pem"
    assert fault(**{certificate: none, key: pair.key}) == f"{certificate}={none}: No such file or directory"
    assert fault(TEMPORAL_TLS_SERVER_CA_CERT_PATH=junk) == (
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH (or _DATA) holds no certificate in PEM"
    )
    assert fault(**{certificate: pair.certificate}).endswith("go together: one of them is not set")
    assert fault(**{certificate: junk, key: pair.key}).startswith(f"{certificate} (or _DATA) holds no certificate")
    assert fault(**{certificate: pair.certificate, key: junk}).startswith(f"{key} (or _DATA) holds no private key")
    assert "must be a pair" in fault(**{certificate: pair.certificate, key: another.key})
    assert "Profile 'x' not found" in fault(TEMPORAL_PROFILE="x")
