"""What a request sends, read with a limit; and how bodies that are read by hand are described."""

from typing import Any

from fastapi import Request

from api.problems import ProblemError, ProblemType

JSON_BYTES = 256 * 1024
"""A JSON body is this long at the most: as long as the longest message that a case takes."""


async def body_of(request: Request, most: int = JSON_BYTES) -> bytes:
    """The body of a request.

    Raises:
        ProblemError: It is longer than ``most`` bytes; no more than that is read of it.
    """
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > most:
        raise _too_large(most)
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > most:
            raise _too_large(most)
    return bytes(read)


async def json_body_of(request: Request) -> bytes:
    """The body of a request that sends JSON.

    Raises:
        ProblemError: It is too long, or is sent as something else than JSON.
    """
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise ProblemError(
            ProblemType.UNSUPPORTED_MEDIA_TYPE,
            "请以 JSON 发送，并把 Content-Type 设为 application/json",
            headers={"Accept-Post": "application/json"},
        )
    return await body_of(request)


def json_request(schema: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    """The description of a JSON body, for ``openapi_extra``.

    Args:
        schema: A reference, or a schema.
        examples: Bodies by a name for each.
    """
    named = {name: {"value": value} for name, value in examples.items()}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "examples": named}}}}


def _too_large(most: int) -> ProblemError:
    said = f"{most // 1024} KiB" if most < 1024 * 1024 else f"{most // 1024 // 1024} MiB"
    return ProblemError(ProblemType.TOO_LARGE, f"内容过大，上限为 {said}；请缩短或分成几份发送")
