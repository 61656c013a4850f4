"""The span of each request is FastAPI's own; here it, and every line of its log, gets to know the case it is about."""

from typing import Final

import structlog
from fastapi import Request
from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace

from telemetry.traces import CASE_NO

TRACING: Final = TelemetryConfig(metrics=False, logs=False, operation_spans=False)
"""One span for each request. Our metrics are Prometheus', our logs our own."""


async def of_case(request: Request) -> None:
    """What is logged and traced for the request from here on names the case that its address names."""
    case_no = request.path_params.get("no")
    if isinstance(case_no, str):
        about(case_no)


def about(case_no: str) -> None:
    """The request turns out to be about a case."""
    structlog.contextvars.bind_contextvars(case_no=case_no)
    trace.get_current_span().set_attribute(CASE_NO, case_no)
