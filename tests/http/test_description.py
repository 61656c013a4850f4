"""The OpenAPI description tells the truth where schemathesis does not look: its own form, its examples, its headers."""

import json
import re
from typing import Any, cast

import httpx
import jsonschema_rs
import pytest
from schemathesis.specs.openapi import definitions

from petitions.vocabulary import MessageKind
from tests.http.cases import handed_over, message, new_case

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture(scope="module")
async def description(http: httpx.AsyncClient) -> dict[str, Any]:
    return (await http.get("/v1/openapi.json")).json()


def mistakes(description: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    whole = {**schema, "components": description["components"]}
    return [error.message for error in jsonschema_rs.validator_for(whole).iter_errors(value)]


async def test_it_is_openapi_3_1(description: dict[str, Any]) -> None:
    validator: Any = jsonschema_rs.validator_for(definitions.OPENAPI_31)
    assert [str(error)[:300] for error in validator.iter_errors(description)] == []
    assert not validator.is_valid({**description, "paths": {"/v1/cases": {"get": {"responses": 200}}}})


async def test_every_example_fits_its_schema(description: dict[str, Any]) -> None:
    found = 0
    for path, methods in description["paths"].items():
        for operation in methods.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (content for body in bodies for content in body.get("content", {}).values()):
                for name, example in content.get("examples", {}).items():
                    assert mistakes(description, content["schema"], example["value"]) == [], f"{path}: {name}"
                    found += 1
    assert found > 50


async def test_headers_are_told(description: dict[str, Any]) -> None:
    for path, methods in description["paths"].items():
        for operation in methods.values():
            assert all("X-Request-ID" in response["headers"] for response in operation["responses"].values()), path
    intake = description["paths"]["/v1/cases"]["post"]
    assert {"X-Request-ID", "Idempotency-Key"} <= {parameter["name"] for parameter in intake["parameters"]}
    assert {"Location", "Idempotency-Replayed"} <= set(intake["responses"]["201"]["headers"])
    assert "WWW-Authenticate" in intake["responses"]["401"]["headers"]


REFUSED: list[dict[str, Any]] = [
    {"starred": "true"},
    {"starred": 1},
    {"batch": "3"},
    {"received_at": 1_630_000_000},
    {"jurisdiction": "nowhere"},
    {"summary": " \u3000\t"},
    {"case_no": "a b"},
    {"complainant": {"anonymous": True, "name": "某"}},
    {"complainant": {"anonymous": False, "name": "某\x00"}},
    {"complainant": {"anonymous": True, "telephone": "1\x00"}},
    {"complainant": {"anonymous": True, "address": "1\x00"}},
]
TAKEN: list[dict[str, Any]] = [{"batch": 3.0}, {"jurisdiction": "dazhou"}, {"summary": " 有 "}, {"categories": []}]


@pytest.mark.parametrize("change", [*REFUSED, *TAKEN], ids=json.dumps)
async def test_the_schema_and_the_door_agree(
    http: httpx.AsyncClient, description: dict[str, Any], change: dict[str, Any]
) -> None:
    body = new_case(**change)
    fits = not mistakes(description, {"$ref": "#/components/schemas/HandOverBody"}, body)
    assert fits is (change in TAKEN)
    assert (await http.post("/v1/cases", json=body)).status_code == (201 if fits else 422)


async def test_no_text_of_a_message_may_hold_what_cannot_be_stored(description: dict[str, Any]) -> None:
    """Of every kind of message: a schema that allows NUL where the door refuses it misleads whoever reads it."""
    open_to_it: list[str] = []

    def look(schema: Any, place: str) -> None:
        if isinstance(schema, dict):
            fields = cast("dict[str, Any]", schema)
            if fields.get("type") == "string" and not fields.keys() & {"enum", "const", "format"}:
                pattern = fields.get("pattern")
                if pattern is None or re.search(pattern, "有\x00字"):
                    open_to_it.append(place)
            for name, part in fields.items():
                look(part, f"{place}.{name}")
        elif isinstance(schema, list):
            for part in cast("list[Any]", schema):
                look(part, place)

    schemas = description["components"]["schemas"]
    bodies = {name: schema for name, schema in schemas.items() if name in {"HandOverBody", "Complainant", "Attachment"}}
    of_kinds = {
        name: schema for name, schema in schemas.items() if "const" in schema.get("properties", {}).get("kind", {})
    }
    assert len(bodies) == 3
    assert len(of_kinds) >= len(MessageKind)
    for name, schema in (bodies | of_kinds).items():
        look(schema, name)
    assert open_to_it == []


async def test_what_a_hand_over_links_to_is_there_at_once(http: httpx.AsyncClient) -> None:
    for _ in range(5):
        location = (await http.post("/v1/cases", json=new_case())).headers["location"]
        assert (await http.get(location)).status_code == 200
        assert (await http.get(f"{location}/duplicates")).status_code == 200


async def test_a_count_may_be_written_with_a_point(http: httpx.AsyncClient) -> None:
    case_no = await handed_over(http)
    body = message("extension", "city/intake", "e1", days=2.0, reason="汛期", authority="督察组")
    assert (await http.post(f"/v1/cases/{case_no}/messages", json=body)).status_code == 200
    again = await http.post(f"/v1/cases/{case_no}/messages", json={**body, "message_id": "e2", "days": 2.5})
    assert again.status_code == 422
