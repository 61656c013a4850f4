"""An OTLP collector of our own: a small HTTP server that takes traces as protobuf, as any collector does."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True)
class Seen:
    """A span that has arrived.

    Attributes:
        service: Which process it is of.
        span: The span.
    """

    service: str
    span: Span

    @property
    def name(self) -> str:
        """What it is called."""
        return self.span.name

    @property
    def attributes(self) -> dict[str, str | int]:
        """What it says."""
        return {
            each.key: each.value.int_value if each.value.HasField("int_value") else each.value.string_value
            for each in self.span.attributes
        }


@dataclass
class Collector:
    """What has arrived."""

    port: int = 0
    requests: list[ExportTraceServiceRequest] = field(default_factory=list[ExportTraceServiceRequest])
    headers: list[str] = field(default_factory=list[str])

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a process that sends its traces here, without much delay."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}", "OTEL_BSP_SCHEDULE_DELAY": "200"}

    def spans(self) -> Iterator[Seen]:
        """All spans."""
        for request in self.requests:
            for resource in request.resource_spans:
                told = {each.key: each.value.string_value for each in resource.resource.attributes}
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        yield Seen(told.get("service.name", ""), span)

    def named(self, name: str) -> list[Seen]:
        """The spans of one name."""
        return [each for each in self.spans() if each.name == name]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take requests of one connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                body = await reader.readexactly(int(fields["content-length"]))
                status = 200 if self._take(head, fields, body) else 400
                answer = ExportTraceServiceResponse().SerializeToString()
                writer.write(
                    f"HTTP/1.1 {status} X\r\ncontent-type: application/x-protobuf\r\n"
                    f"content-length: {len(answer)}\r\n\r\n".encode()
                    + answer
                )
                await writer.drain()
        writer.close()

    def _take(self, head: str, fields: dict[str, str], body: bytes) -> bool:
        if not head.startswith("POST /v1/traces ") or fields.get("content-type") != "application/x-protobuf":
            return False
        try:
            plain = gzip.decompress(body) if fields.get("content-encoding") == "gzip" else body
            self.requests.append(ExportTraceServiceRequest.FromString(plain))
        except (DecodeError, OSError):
            return False
        self.headers.append(head)
        return True


@contextlib.asynccontextmanager
async def collecting() -> AsyncGenerator[Collector]:
    """A collector on a free port of the loopback."""
    collector = Collector()
    server = await asyncio.start_server(collector.answer, "127.0.0.1", 0)
    collector.port = server.sockets[0].getsockname()[1]
    async with server:
        yield collector
