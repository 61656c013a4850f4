"""Where people look at a case: its details in the Temporal UI lead to its page.

The address belongs to the worker that answers, not to the case: it stands in no history, and details are made anew by
whichever worker is asked.
"""

from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

_base: ContextVar[str | None] = ContextVar("pages_base", default=None)


def page_of(case_no: str) -> str | None:
    """The address of a case's page; none: this worker was not told where the pages are."""
    base = _base.get()
    return None if base is None else f"{base}/cases/{quote(case_no, safe='')}"


class PageLinks(Interceptor):
    """Tells workflows where the pages are.

    Args:
        base: The address of the wall, with or without a slash at its end.
    """

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002 - the SDK's name
        """What tells it to each of them."""
        base = self._base

        class Told(WorkflowInboundInterceptor):
            async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002
                _base.set(base)
                return await super().execute_workflow(input)

        return Told
