"""Traces as a collector gets them: from the request through the workflow to the SQL statement, and no text in them."""

from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, Interceptor, OutboundInterceptor, SignalWorkflowInput

from telemetry.traces import TracingSettingsError, WithoutTexts, tracing_is_on
from tests.telemetry.collector import Seen
from tests.telemetry.conftest import CASE_NO, COMPLAINANT, REQUEST_ID, SUMMARY, Product
from tests.worker.worker_process import until
from tests.workflows.outside_program import UNIT, by
from worker.traces import Traces


async def arrived(product: Product, name: str, **attributes: str) -> Seen:
    """A span with these attributes, once it is there."""
    wanted = attributes.items()

    async def is_there() -> bool:
        return any(wanted <= each.attributes.items() for each in product.collector.named(name))

    await until(f"a span {name} arrives", is_there)
    return next(each for each in product.collector.named(name) if wanted <= each.attributes.items())


async def test_one_trace_from_the_request_to_the_statement(product: Product) -> None:
    asked = await arrived(product, "POST /v1/cases", **{"guatu.request_id": REQUEST_ID})
    assert asked.service == "guatu-api"
    assert asked.attributes == {
        "guatu.case_no": CASE_NO,
        "guatu.request_id": REQUEST_ID,
        "http.request.method": "POST",
        "http.response.status_code": 201,
        "http.route": "/v1/cases",
    }
    opened = await arrived(product, "RunActivity:open_case", **{"guatu.request_id": REQUEST_ID})
    assert (opened.service, opened.attributes["guatu.case_no"]) == ("guatu-worker", CASE_NO)
    await arrived(product, "record.write")
    spans = {each.span.span_id: each for each in product.collector.spans()}
    written = [each for each in product.collector.named("record.write") if each.span.trace_id == asked.span.trace_id]
    way: list[str] = []
    here: Seen | None = next(each for each in written if each.span.parent_span_id == opened.span.span_id)
    while here is not None:
        way.append(here.name)
        here = spans.get(here.span.parent_span_id)
    assert way == [
        "record.write",
        "RunActivity:open_case",
        "StartActivity:open_case",
        "StartWorkflow:PetitionCase",
        "POST /v1/cases",
    ]


async def test_what_a_worker_asks_of_temporal_is_in_the_trace(product: Product) -> None:
    """The hand-over of notices to their office, and what becomes of them there."""
    opened = await arrived(product, "RunActivity:open_case", **{"guatu.request_id": REQUEST_ID})
    handed_over = await arrived(product, "SignalWithStartWorkflow:OfficeNotices")
    assert handed_over.span.parent_span_id == opened.span.span_id
    sent = await arrived(product, "RunActivity:send_message")
    assert sent.span.trace_id == opened.span.trace_id


async def test_a_message_is_linked_to_its_request(product: Product) -> None:
    sent = await arrived(product, "POST /v1/cases/{no}/messages", **{"guatu.case_no": CASE_NO})
    handled = await arrived(product, "HandleUpdate:submit")
    assert [link.trace_id for link in handled.span.links] == [sent.span.trace_id]
    refused = await arrived(product, "Refused:PetitionCase")
    assert [event.name for event in refused.span.events] == ["exception"]
    # Whoever has the id of the request finds the writing by it.
    await arrived(product, "RunActivity:record", **{"guatu.request_id": str(sent.attributes["guatu.request_id"])})


async def test_no_text_is_in_any_span(product: Product) -> None:
    await arrived(product, "RunActivity:record")
    everything = "".join(map(str, product.collector.requests))
    bytes_of_it = b"".join(request.SerializeToString() for request in product.collector.requests)
    for secret in (SUMMARY, "暗渠路", "李家巷", *map(str, list(COMPLAINANT.values())[1:]), "督办员", "核实"):
        assert secret.encode() not in bytes_of_it
    assert "SELECT" not in everything
    assert "exception.message" not in everything


async def test_a_trace_context_that_cannot_be_read_stops_no_case(product: Product) -> None:
    headers = {"_tracer-data": Payload(metadata={"encoding": b"json/plain"}, data=b'{"traceparent": [1, 2]} nonsense')}
    broken = _with_headers(product.place.client, headers)
    odd = _with_headers(
        product.place.client, {"_tracer-data": Payload(metadata={"encoding": b"json/plain"}, data=b'["traceparent"]')}
    )
    body = {"message_id": "traced", "by": by(UNIT)}
    for client in (broken, odd):
        await client.get_workflow_handle(f"case-{CASE_NO}").signal("acknowledgement", body)
    await product.case(CASE_NO).until("rectifying")


def _with_headers(client: Client, headers: dict[str, Payload]) -> Client:
    class Sends(Interceptor):
        def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
            return Sender(next)

    class Sender(OutboundInterceptor):
        async def signal_workflow(self, input: SignalWorkflowInput) -> None:  # noqa: A002
            input.headers = {**input.headers, **headers}
            await super().signal_workflow(input)

    config = client.config()
    config["interceptors"] = [Sends()]
    return Client(**config)


def exported(name: str, *, fails: bool = False, **attributes: str) -> ReadableSpan:
    """A span as it leaves the house."""
    out = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(WithoutTexts(out)))
    with provider.get_tracer("test").start_as_current_span(name, attributes=attributes) as span:
        if fails:
            span.record_exception(ValueError("王秘密 13800001111"))
            span.set_status(Status(StatusCode.ERROR, "王秘密"))
        span.add_event("王秘密", {"telephone": "13800001111"})
    return out.get_finished_spans()[0]


def test_what_is_not_known_to_be_harmless_is_left_out() -> None:
    span = exported("RunActivity:record", fails=True, **{"guatu.case_no": "T1", "http.url": "/?name=王秘密"})
    assert span.attributes == {"guatu.case_no": "T1"}
    assert span.status.description is None
    assert span.status.status_code is StatusCode.ERROR
    assert [(event.name, event.attributes) for event in span.events] == [
        ("exception", {"exception.type": "ValueError"})
    ]


def test_the_planted_texts_were_there() -> None:
    """The same span without the cleaning: what the tests above look for would have been found."""
    out = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(out))
    with provider.get_tracer("test").start_as_current_span("x", attributes={"http.url": "/?name=王秘密"}) as span:
        span.record_exception(ValueError("王秘密 13800001111"))
    told = out.get_finished_spans()[0].to_json(indent=None)
    assert "exception.message" in told
    assert "http.url" in told


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("HandleSignal:王秘密", "HandleSignal:other"),
        ("HandleSignal:site_visit", "HandleSignal:site_visit"),
        ("HandleUpdate:submit", "HandleUpdate:submit"),
        ("HandleQuery:13800001111", "HandleQuery:other"),
        ("CompleteWorkflow:PetitionCase", "CompleteWorkflow:PetitionCase"),
    ],
)
def test_a_name_from_outside_is_no_name(name: str, shown: str) -> None:
    assert exported(name).name == shown


def test_a_refused_update_is_not_the_end_of_its_workflow() -> None:
    assert exported("CompleteWorkflow:PetitionCase", fails=True).name == "Refused:PetitionCase"


@pytest.mark.parametrize(
    ("settings", "is_on"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector.example/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_traces_are_made_when_the_environment_says_where_to(settings: dict[str, str], is_on: bool) -> None:
    assert tracing_is_on(settings) is is_on


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc': guatu sends traces by"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER is 'zipkin': guatu sends traces by otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "u:secret@h"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is no address"),
    ],
)
def test_settings_that_cannot_be_used_are_told(settings: dict[str, str], told: str) -> None:
    with pytest.raises(TracingSettingsError) as caught:
        tracing_is_on({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", **settings})
    assert told in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_worker_reads_trace_contexts_leniently() -> None:
    interceptor = Traces()
    assert interceptor.header_key == "_tracer-data"


class _Refuses(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.FAILURE


def test_a_collector_that_refuses_is_told_as_it_is() -> None:
    assert WithoutTexts(_Refuses()).export([]) is SpanExportResult.FAILURE
