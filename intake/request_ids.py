"""The client's part of request ids: they go as a header with the start or the update, to be read in the case."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from temporalio.client import (
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    StartWorkflowUpdateInput,
    WorkflowHandle,
    WorkflowUpdateHandle,
)
from temporalio.converter import default as default_converter

from workflows.request_ids import HEADER

_sent: ContextVar[str | None] = ContextVar("sent_request_id", default=None)


@contextmanager
def sent_with(request_id: str | None) -> Generator[None]:
    """Whatever is started or submitted in the block carries this id."""
    token = _sent.set(request_id)
    try:
        yield
    finally:
        _sent.reset(token)


class SendRequestIds(Interceptor):
    """Puts the id of ``sent_with`` into the header of starts and updates."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        """The client's calls, with the header added."""
        return _Sender(next)


class _Sender(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002
        input.headers = {**input.headers, **_header()}
        return await super().start_workflow(input)

    async def start_workflow_update(self, input: StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:  # noqa: A002
        input.headers = {**input.headers, **_header()}
        return await super().start_workflow_update(input)


def _header() -> dict[str, Any]:
    request_id = _sent.get()
    return {} if request_id is None else {HEADER: default_converter().payload_converter.to_payload(request_id)}
