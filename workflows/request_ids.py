"""Request ids: who asked from outside can follow the request through Temporal's events into the record.

A client puts the id into a header of the start, the signal or the update, where the Temporal UI shows it with the
event; here it is read again, so that the entries that follow from it carry it. A request without one is as good.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final

from temporalio.api.common.v1 import Payload
from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleSignalInput,
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

HEADER: Final = "guatu-request-id"
"""The header's name: its payload is the id as JSON text."""
LONGEST = 128
"""Characters of a request id that are kept."""

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """The id of the request that the running handler (or start) came with, if any."""
    return _current.get()


def request_id_in(headers: Mapping[str, Payload]) -> str | None:
    """The id in these headers; none if there is none that can be read: an odd header must not stop a case."""
    payload = headers.get(HEADER)
    if payload is None:
        return None
    text = payload.data.decode(errors="replace").strip().strip('"')
    return text[:LONGEST] if text and text.isprintable() else None


class RequestIds(Interceptor):
    """Reads the request id of whatever reaches a workflow."""

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002 - the SDK's name
        """The reader."""
        return _Reader


class _Reader(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002
        _current.set(request_id_in(input.headers))
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:  # noqa: A002
        _current.set(request_id_in(input.headers))
        await super().handle_signal(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:  # noqa: A002
        _current.set(request_id_in(input.headers))
        return await super().handle_update_handler(input)
