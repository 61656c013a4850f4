"""Schemas of bodies that the domain reads itself, for the description: no reader of it should have to guess."""

from typing import Any

from pydantic import TypeAdapter

from api.intake import HandOverBody
from api.reopenings import ReopeningBody
from petitions.messages import AnyMessage

_REF = "#/components/schemas/{model}"


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
    return schemas
