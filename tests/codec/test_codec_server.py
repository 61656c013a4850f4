"""The codec server: who may have payloads opened, from which pages, what is on record, and what is passed on."""

import base64
import json
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload, Payloads

from api.app import create_app
from sealing.key_file import KeyFile, add_master_key
from sealing.payload_codec import Payloads as Sealer
from store import Store
from tests.api.conftest import House, client_of, house, settings_for
from tests.petitions.building import INTAKE, SUPERVISION
from tests.store.servers import Server

UI = "http://127.0.0.1:8233"
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data='{"summary": "脏水横流"}'.encode())


@pytest.fixture
async def own(server: Server, template: str, keys: Path) -> AsyncGenerator[House]:
    """An application with a payload key file."""
    async with house(server, template) as bare:
        app = create_app(settings_for(bare.database, payload_key_file=keys), bare.pool)
        async with client_of(app) as client:
            yield House(app, client, bare.records, bare.pool, bare.database)


def as_json(*payloads: Payload) -> dict[str, Any]:
    return MessageToDict(Payloads(payloads=payloads))


def payloads_in(answer: httpx.Response) -> list[Payload]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return list(ParseDict(answer.json(), Payloads()).payloads)


async def key_of(own: House, *, office: str | None = None, system: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {await Store(own.pool).issue_key(label='测试', office=office, system=system)}"}


async def test_the_local_operator_has_payloads_opened_and_it_is_on_record(
    own: House, keys: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sealed = Sealer(KeyFile(keys)).seal(PLAIN)
    headers = {"X-Namespace": "default", "X-Request-ID": "r1", "Origin": UI, "Sec-Fetch-Site": "same-site"}
    answer = await own.client.post("/codec/decode", json=as_json(sealed, PLAIN), headers=headers)
    assert payloads_in(answer) == [PLAIN, PLAIN]
    assert answer.headers["access-control-allow-origin"] == UI
    assert answer.headers["cache-control"] == "no-store"
    (look,) = await Store(own.pool).payload_looks()
    assert (look.caller_id, look.acts_as, look.namespace, look.request_id) == ("local", "local", "default", "r1")
    assert (look.payloads, look.opened) == (2, 1)
    said = capfd.readouterr()
    assert "payloads were opened" in said.out + said.err
    assert "脏水横流" not in said.out + said.err


async def test_base64_is_as_temporal_writes_it(own: House, keys: Path) -> None:
    sealed = Sealer(KeyFile(keys)).seal(PLAIN)
    body = {
        "payloads": [
            {
                "metadata": {name: base64.b64encode(value).decode() for name, value in sealed.metadata.items()},
                "data": base64.b64encode(sealed.data).decode(),
                "something": "new",
            }
        ]
    }
    answer = await own.client.post("/codec/decode", content=json.dumps(body))
    (payload,) = answer.json()["payloads"]
    assert base64.b64decode(payload["metadata"]["encoding"]) == b"json/plain"
    assert base64.b64decode(payload["data"]) == PLAIN.data


async def test_what_does_not_open_is_passed_on(own: House, keys: Path, tmp_path: Path) -> None:
    sealed = Sealer(KeyFile(keys)).seal(PLAIN)
    cut = Payload(metadata=sealed.metadata, data=sealed.data[:-3])
    unknown = Payload(metadata={**sealed.metadata, "encryption-key-id": b"other"}, data=sealed.data)
    foreign = Payload(metadata={"encoding": b"binary/encrypted"}, data=b"?")
    given = [cut, unknown, foreign, Payload(), PLAIN]
    assert payloads_in(await own.client.post("/codec/decode", json=as_json(*given))) == given
    shutil.move(keys, tmp_path / "gone")
    assert payloads_in(await own.client.post("/codec/decode", json=as_json(sealed))) == [sealed]
    assert [(look.payloads, look.opened) for look in await Store(own.pool).payload_looks()] == [(1, 0), (5, 0)]
    refused = await own.client.post("/codec/encode", json=as_json(PLAIN))
    assert refused.status_code == 503, "what cannot be sealed does not go out in plain"
    assert "脏水横流" not in refused.text


async def test_what_the_ui_sends_is_sealed_by_the_newest_key(own: House, keys: Path) -> None:
    new = add_master_key(keys)
    (sealed,) = payloads_in(await own.client.post("/codec/encode", json=as_json(PLAIN), headers={"Origin": UI}))
    assert sealed.metadata["encryption-key-id"] == new.encode()
    assert payloads_in(await own.client.post("/codec/decode", json=as_json(sealed))) == [PLAIN]
    assert len(await Store(own.pool).payload_looks()) == 1, "to seal is no look"


async def test_without_a_key_file_everything_is_passed_on(bare_house: House) -> None:
    for address in ("/codec/encode", "/codec/decode"):
        assert payloads_in(await bare_house.client.post(address, json=as_json(PLAIN))) == [PLAIN]


@pytest.fixture
async def bare_house(server: Server, template: str) -> AsyncGenerator[House]:
    async with house(server, template) as bare:
        yield bare


async def test_only_the_operator_may(own: House, keys: Path) -> None:
    sealed = as_json(Sealer(KeyFile(keys)).seal(PLAIN))
    operator = await key_of(own, system="operator")
    keys_of_others = [
        await key_of(own, office=INTAKE),
        await key_of(own, office=SUPERVISION),
        await key_of(own, system="12345"),
    ]
    for headers in [key | {"Origin": UI} for key in keys_of_others]:
        for address in ("/codec/encode", "/codec/decode"):
            refused = await own.client.post(address, json=sealed, headers=headers)
            assert refused.status_code == 403
            assert refused.headers["access-control-allow-origin"] == UI, "the UI can say why"
    for headers in ({}, {"Authorization": f"Bearer guatu_{'0' * 8}_{'0' * 64}"}):
        assert (await own.client.post("/codec/decode", json=sealed, headers=headers)).status_code == 401
    assert await Store(own.pool).payload_looks() == [], "who is refused sees nothing"
    assert payloads_in(await own.client.post("/codec/decode", json=sealed, headers=operator)) == [PLAIN]
    (look,) = await Store(own.pool).payload_looks()
    assert look.acts_as == "system/operator"


async def test_a_page_of_another_site_gets_nothing(own: House, keys: Path) -> None:
    sealed = as_json(Sealer(KeyFile(keys)).seal(PLAIN))
    for origin in ("http://evil.example", "http://127.0.0.1:9999", "null", f"{UI}.evil.example"):
        refused = await own.client.post("/codec/decode", json=sealed, headers={"Origin": origin})
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers
    two = [("Origin", UI), ("Origin", "http://evil.example")]
    assert (await own.client.post("/codec/decode", json=sealed, headers=two)).status_code == 403
    assert await Store(own.pool).payload_looks() == []


@pytest.mark.parametrize("address", ["/codec/encode", "/codec/decode"])
async def test_a_browser_may_ask_from_the_temporal_ui_alone(own: House, address: str) -> None:
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-namespace,authorization,authorization-extras",
    }
    answer = await own.client.options(address, headers=asked | {"Origin": UI})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == UI
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["vary"] == "Origin"
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert allowed == {"content-type", "x-namespace", "authorization", "authorization-extras"}
    other = await own.client.options(address, headers=asked | {"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    assert "access-control-allow-credentials" not in other.headers


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"payloads": 7}', b"\xff", b'{"payloads":' + b"[" * 100_000, b"7"]
)
async def test_what_is_no_payloads_is_refused(own: House, body: bytes) -> None:
    refused = await own.client.post("/codec/decode", content=body, headers={"Origin": UI})
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:guatu:problem:invalid-request"
    assert refused.headers["access-control-allow-origin"] == UI


async def test_a_look_that_cannot_be_written_gives_nothing(own: House, keys: Path) -> None:
    sealed = as_json(Sealer(KeyFile(keys)).seal(PLAIN))
    connection = await own.connect()
    try:
        await connection.execute("ALTER TABLE payload_look RENAME TO elsewhere")
        refused = await own.client.post("/codec/decode", json=sealed)
        assert refused.status_code >= 500
        assert "payloads" not in refused.json()
    finally:
        await connection.close()


async def test_looks_are_kept_for_ever(own: House, keys: Path) -> None:
    await own.client.post("/codec/decode", json=as_json(PLAIN))
    connection = await own.connect()
    try:
        for statement in ("DELETE FROM payload_look", "UPDATE payload_look SET opened = 0", "TRUNCATE payload_look"):
            with pytest.raises(asyncpg.PostgresError, match="append-only"):
                await connection.execute(statement)
    finally:
        await connection.close()
