"""Spans of workflows and activities, by the SDK's own tracing, made safe against what clients send.

A trace context comes in a header of the start, the signal or the update. The SDK takes it for well-formed; one that
is not would fail the workflow task again and again, and the case would stand still. So what cannot be read is none.
"""

from collections.abc import Sequence
from typing import Any, cast

from temporalio.api.common.v1 import Payload
from temporalio.contrib.opentelemetry import TracingInterceptor, TracingWorkflowInboundInterceptor
from temporalio.converter import DefaultPayloadConverter
from temporalio.worker import WorkflowInboundInterceptor, WorkflowInterceptorClassInput


class _Leniently(DefaultPayloadConverter):
    """Reads trace contexts: names and values that are texts, or none."""

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """One context for each payload."""
        return [self._context(payload) for payload in payloads]

    def _context(self, payload: Payload) -> dict[str, str]:
        try:
            given: Any = super().from_payloads([payload])[0]
        except Exception:
            return {}
        if not isinstance(given, dict):
            return {}
        texts = cast("dict[Any, Any]", given)
        return {name: text for name, text in texts.items() if isinstance(name, str) and isinstance(text, str)}


class Traces(TracingInterceptor):
    """Traces workflows and activities of a worker."""

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - the SDK's name
    ) -> type[TracingWorkflowInboundInterceptor]:
        """The workflow's part."""
        super().workflow_interceptor_class(input)
        return _OfWorkflow


class _OfWorkflow(TracingWorkflowInboundInterceptor):
    def __init__(self, next: WorkflowInboundInterceptor) -> None:  # noqa: A002
        super().__init__(next)
        self.payload_converter = _Leniently()
