"""Schemas of bodies that the domain reads itself, for the description: no reader of it should have to guess."""

from typing import Any, cast

from pydantic import TypeAdapter

from api.idempotency import HEADER as IDEMPOTENCY_KEY
from api.idempotency import REPLAYED
from api.intake import CASE_NO, HandOverBody
from api.reopenings import ReopeningBody
from api.request_ids import HEADER as REQUEST_ID_HEADER
from petitions.messages import AnyMessage
from petitions.values import WHITE

_REF = "#/components/schemas/{model}"
_NAMED_OR_NAMELESS = [
    {"properties": {"anonymous": {"const": False}}},
    {"properties": {"name": {"anyOf": [{"type": "null"}, {"pattern": rf"^[{WHITE}]*$"}]}}},
]
"""A complainant is not both anonymous and named."""


def body_schemas() -> dict[str, Any]:
    """``Message``, ``HandOverBody``, ``ReopeningBody`` and what they are made of, by name."""
    message = TypeAdapter[Any](AnyMessage).json_schema(ref_template=_REF)
    schemas: dict[str, Any] = message.pop("$defs")
    for name in message["discriminator"]["mapping"].values():
        # Told apart by it, so it must be there; a signal has it in its name instead.
        kind = schemas[name.rpartition("/")[2]]
        kind["required"] = ["kind", *kind.get("required", [])]
    message["description"] = "Any message of the contract."
    schemas["Message"] = message
    for model in (HandOverBody, ReopeningBody):
        schema = model.model_json_schema(ref_template=_REF)
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    # In the model as a field that must be there; in a body a star before the number says the same.
    schemas["HandOverBody"]["required"].remove("starred")
    schemas["Merge"]["properties"]["into"]["pattern"] = CASE_NO
    schemas["Complainant"]["anyOf"] = _NAMED_OR_NAMELESS
    _mend_maps(schemas)
    return schemas


def _mend_maps(schema: Any) -> None:
    """Objects with free names: pydantic would let the names that its pattern does not fit stand for anything."""
    match schema:
        case {"patternProperties": {}}:
            ((pattern, value),) = schema.pop("patternProperties").items()
            schema["additionalProperties"] = value
            schema.setdefault("propertyNames", {})["pattern"] = pattern
        case dict():
            for part in cast("dict[str, Any]", schema).values():
                _mend_maps(part)
        case list():
            for part in cast("list[Any]", schema):
                _mend_maps(part)
        case _:
            pass


def describe_headers(description: dict[str, Any]) -> None:
    """Add what every answer and every request may carry in its headers, which no route says by itself."""
    description["components"]["headers"] = _HEADERS
    for path, methods in description["paths"].items():
        for operation in methods.values():
            if path.startswith("/v1/"):
                operation.setdefault("parameters", []).append(_REQUEST_ID)
            keyed = any(parameter["name"] == IDEMPOTENCY_KEY for parameter in operation.get("parameters", ()))
            for status, response in operation["responses"].items():
                headers = [REQUEST_ID_HEADER]
                headers += [REPLAYED] if keyed and status not in {"401", "403", "429", "500", "503"} else []
                headers += ["WWW-Authenticate"] if status == "401" else []
                headers += ["Location"] if operation["operationId"] == "hand_over_case" and status < "300" else []
                for name in headers:
                    response.setdefault("headers", {})[name] = {"$ref": f"#/components/headers/{name}"}


_REQUEST_ID: dict[str, Any] = {
    "name": REQUEST_ID_HEADER,
    "in": "header",
    "required": False,
    "description": "The caller's own id of this request, 1 to 128 visible ASCII characters; anything else is replaced.",
    "schema": {"type": "string"},
    "example": "oa-7f3c2a",
}
_HEADERS: dict[str, Any] = {
    REQUEST_ID_HEADER: {
        "description": "The request's id: the caller's own, or one given here. It stands in the log, in the events of "
        "the case's workflow and in the case's record.",
        "schema": {"type": "string"},
    },
    REPLAYED: {
        "description": f"`true`: the answer that the same request got before, under the same `{IDEMPOTENCY_KEY}`.",
        "schema": {"type": "string", "const": "true"},
    },
    "WWW-Authenticate": {"description": "How to sign in (RFC 9110).", "schema": {"type": "string"}},
    "Location": {"description": "The case in this API.", "schema": {"type": "string", "format": "uri-reference"}},
}
