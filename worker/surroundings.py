"""What an activity is done for stands with everything that is logged and traced meanwhile: case, activity, requests."""

from collections.abc import Iterator
from typing import Any

import structlog
from opentelemetry import trace
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from petitions.hand_over import WORKFLOW_ID_PREFIX
from telemetry.traces import CASE_NO, REQUEST_ID
from workflows.activity_interface import OpenCase, Record, ReopenCase


class Surroundings(Interceptor):
    """Binds them for the time of the activity."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        """The activity, with its surroundings bound."""
        return _Bound(next)


class _Bound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        info = activity.info()
        known = {"activity": info.activity_type, "attempt": info.attempt}
        workflow_id = info.workflow_id or ""
        if workflow_id.startswith(WORKFLOW_ID_PREFIX):
            known["case_no"] = workflow_id.removeprefix(WORKFLOW_ID_PREFIX)
            trace.get_current_span().set_attribute(CASE_NO, str(known["case_no"]))
        if ids := " ".join(dict.fromkeys(_request_ids(input.args))):
            known["request_id"] = ids
            trace.get_current_span().set_attribute(REQUEST_ID, ids)
        with structlog.contextvars.bound_contextvars(**known):
            return await super().execute_activity(input)


def _request_ids(given: Any) -> Iterator[str]:
    """The ids of the requests that have led to this activity."""
    for each in given:
        match each:
            case Record(entries=entries):
                yield from (entry.request_id for entry in entries if entry.request_id)
            case OpenCase(request_id=str() as request_id) | ReopenCase(request_id=str() as request_id):
                yield request_id
            case _:
                pass
