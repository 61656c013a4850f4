"""Traces, sent by OTLP when the environment says where to (``OTEL_EXPORTER_OTLP_ENDPOINT``), and not made otherwise.

What leaves the house is decided here, for spans of every origin: attributes that are known to be harmless, the type
of an error but never its text, and no name that somebody outside could have made up.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from importlib import metadata
from typing import Final
from urllib.parse import urlsplit

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, Status
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

from petitions.vocabulary import MessageKind

CASE_NO: Final = "guatu.case_no"
"""The attribute with the number of the case."""
REQUEST_ID: Final = "guatu.request_id"
"""The attribute with the id of the request, or with those of all requests that are written."""

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_LAST_SECONDS = 5.0
"""How long the last spans may take to be sent when the process ends."""
_LONGEST = 256
_HARMLESS = frozenset(
    {
        CASE_NO,
        REQUEST_ID,
        "db.operation.name",
        "db.system.name",
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "temporalActivityID",
        "temporalRunID",
        "temporalWorkflowID",
    }
)
_FROM_OUTSIDE = frozenset(
    {"HandleSignal", "HandleUpdate", "HandleQuery", "ValidateUpdate", "StartWorkflowUpdate", "QueryWorkflow"}
)
"""Spans named for what somebody sent: the name may be anything."""
_KNOWN = frozenset({*(kind.value for kind in MessageKind), "submit", "case"})
_END, _REFUSED = "CompleteWorkflow:", "Refused:"


class TracingSettingsError(ValueError):
    """The ``OTEL_*`` settings cannot be used; the text says which and what to do."""


def tracing_is_on(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment asks for traces.

    Raises:
        TracingSettingsError: It asks for something that there is not.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    if exporter == "none":
        return False
    endpoint = next((name for name in _ENDPOINTS if environment.get(name, "").strip()), None)
    if endpoint is None:
        return False
    if exporter != "otlp":
        raise TracingSettingsError(f"OTEL_TRACES_EXPORTER is {exporter!r}: guatu sends traces by otlp (or none)")
    for name in _PROTOCOLS:
        if (protocol := environment.get(name, "").strip() or "http/protobuf") != "http/protobuf":
            raise TracingSettingsError(f"{name} is {protocol!r}: guatu sends traces by http/protobuf")
    address = urlsplit(environment[endpoint].strip())
    if address.scheme not in {"http", "https"} or not address.hostname:
        # The address itself is not repeated: it may hold a password.
        raise TracingSettingsError(f"{endpoint} is no address (for example http://127.0.0.1:4318)")
    return True


@contextlib.asynccontextmanager
async def traced(service: str) -> AsyncGenerator[bool]:
    """Make and send traces while the block runs, if the environment asks for it.

    Args:
        service: What the process is called, unless ``OTEL_SERVICE_NAME`` says otherwise.

    Yields:
        whether it does.

    Raises:
        TracingSettingsError: The settings cannot be used.
    """
    if not tracing_is_on():
        yield False
        return
    name = os.environ.get("OTEL_SERVICE_NAME", "").strip() or service
    resource = Resource.create({"service.name": name, "service.version": metadata.version("guatu")})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(WithoutTexts(OTLPSpanExporter())))
    trace.set_tracer_provider(provider)
    # A caller's own trace goes on; what else it would have carried along (baggage) is not taken in.
    propagate.set_global_textmap(TraceContextTextMapPropagator())
    try:
        yield True
    finally:
        # A receiver that does not answer must not keep the process from ending.
        last = threading.Thread(target=provider.shutdown, name="last-spans", daemon=True)
        last.start()
        await asyncio.to_thread(last.join, _LAST_SECONDS)


class WithoutTexts(SpanExporter):
    """Passes spans on without anything that could tell of a person, a place or a secret.

    Args:
        exporter: Sends them.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Pass spans on."""
        return self._exporter.export([_without_texts(span) for span in spans])

    def shutdown(self) -> None:
        """Nothing more comes."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is left."""
        return self._exporter.force_flush(timeout_millis)


def _without_texts(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=_name(span),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_harmless(span.attributes),
        events=[
            Event(
                event.name, {"exception.type": str((event.attributes or {}).get("exception.type", ""))}, event.timestamp
            )
            for event in span.events
            if event.name == "exception"
        ],
        links=[Link(link.context) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _name(span: ReadableSpan) -> str:
    what, _, said = span.name.partition(":")
    if what in _FROM_OUTSIDE and said not in _KNOWN:
        return f"{what}:other"
    if span.name.startswith(_END) and any(event.name == "exception" for event in span.events):
        # The SDK's tracing takes an update that is refused for the end of the workflow.
        return span.name.replace(_END, _REFUSED, 1)
    return span.name


def _harmless(attributes: Attributes) -> dict[str, str | int]:
    return {
        name: value if isinstance(value, int) else str(value)[:_LONGEST]
        for name, value in (attributes or {}).items()
        if name in _HARMLESS
    }
