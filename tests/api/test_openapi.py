"""The OpenAPI description: what every operation says of itself, and that nothing is missing in it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.problems import MEDIA_TYPE, ProblemType
from tests.api.conftest import House

CONTRACT = {
    "/livez",
    "/readyz",
    "/v1/cases",
    "/v1/cases/{no}",
    "/v1/cases/{no}/timeline",
    "/v1/cases/{no}/messages",
    "/v1/cases/{no}/reopen",
    "/v1/cases/{no}/complainant",
    "/v1/cases/{no}/duplicates",
    "/v1/batches",
    "/v1/figures",
    "/v1/bulletins/{date}",
}


@pytest.fixture
async def description(bare: House) -> dict[str, Any]:
    answer = await bare.client.get("/v1/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def operations(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


async def test_it_has_the_routes_of_the_contract_and_no_pages(description: dict[str, Any]) -> None:
    assert set(description["paths"]) == CONTRACT


async def test_every_operation_is_told(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name
        assert operation["operationId"].isidentifier(), name
        for parameter in operation.get("parameters", []):
            assert parameter["description"], f"{name}: {parameter['name']}"


async def test_every_operation_declares_its_problems(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        if "/v1/" not in name:
            continue
        expected = {"200", "401", "403", "422", "500", "503"}
        if "{no}" in name or "{date}" in name:
            expected |= {"404"}
        if name.startswith("POST"):
            expected |= {"409", "413", "415", "429"}
        if name in {"POST /v1/cases", "POST /v1/cases/{no}/reopen"}:
            expected |= {"201"}
        assert set(operation["responses"]) == expected, name
        for status in expected - {"200", "201"}:
            response = operation["responses"][status]
            content = response["content"][MEDIA_TYPE]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            for kind, example in content["examples"].items():
                assert example["value"]["type"] == ProblemType(kind).uri
                assert example["value"]["status"] == int(status)
        assert all("Retry-After" in operation["responses"][status]["headers"] for status in expected & {"429", "503"})


async def test_every_operation_says_how_to_sign_in(description: dict[str, Any]) -> None:
    schemes = description["components"]["securitySchemes"]
    assert {scheme["scheme"] for scheme in schemes.values()} == {"bearer", "basic"}
    for name, operation in operations(description):
        ways: list[dict[str, list[str]]] = [{"HTTPBearer": []}, {"HTTPBasic": []}]
        assert operation.get("security") == (ways if "/v1/" in name else None), name


async def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    text = json.dumps(description)
    schemas = description["components"]["schemas"]
    wanted = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert wanted <= set(schemas)
    assert "HTTPValidationError" not in schemas


async def test_problem_types_are_stable() -> None:
    assert {kind.uri: int(kind.status) for kind in ProblemType} == {
        "urn:guatu:problem:not-found": 404,
        "urn:guatu:problem:case-not-found": 404,
        "urn:guatu:problem:not-signed-in": 401,
        "urn:guatu:problem:forbidden": 403,
        "urn:guatu:problem:method-not-allowed": 405,
        "urn:guatu:problem:case-exists": 409,
        "urn:guatu:problem:message-refused": 409,
        "urn:guatu:problem:case-stopped": 409,
        "urn:guatu:problem:idempotency-key-reused": 409,
        "urn:guatu:problem:too-large": 413,
        "urn:guatu:problem:unsupported-media-type": 415,
        "urn:guatu:problem:too-many-requests": 429,
        "urn:guatu:problem:sealing-unavailable": 503,
        "urn:guatu:problem:engine-away": 503,
        "urn:guatu:problem:invalid-request": 422,
        "urn:guatu:problem:store-away": 503,
        "urn:guatu:problem:http-error": 400,
        "urn:guatu:problem:internal-error": 500,
    }
