"""What every line of the log has and what none may have: the case, the trace, and no secret."""

import re
from typing import Any, cast

from opentelemetry import trace
from structlog.typing import EventDict, WrappedLogger

from petitions.hand_over import WORKFLOW_ID_PREFIX

_HIDDEN = "…"
_SECRETS = (
    # Our own keys: the id may be seen, the secret may not.
    (re.compile(r"\b(guatu_[0-9a-f]{8}_)[0-9a-f]{16,}"), rf"\1{_HIDDEN}"),
    # Addresses of notice channels: of a robot or a mailbox all that follows is secret.
    (
        re.compile(
            r"\b(wecombot|feishu|lark|dingtalk|mailtos?|jsons?|xmls?|forms?|tgram|ntfys?)://[^\s\"'<>]+", re.IGNORECASE
        ),
        rf"\1://{_HIDDEN}",
    ),
    # Whoever signs in by an address: database, collector, proxy.
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@\"'<>]+@", re.IGNORECASE), rf"\1{_HIDDEN}@"),
    (
        re.compile(
            r"([?&;]|\b)((?:access_?)?(?:token|key|secret|password|passwd|sign|pepper))(\"?\s*[=:]\s*\"?)"
            r"(?!None\b|null\b|true\b|false\b)[^\s&\"',;)}]{8,}",
            re.IGNORECASE,
        ),
        rf"\1\2\3{_HIDDEN}",
    ),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"), _HIDDEN),
)
"""Patterns of secrets. None of ours is logged on purpose; these are for what a library, or an error's text, says."""


def with_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the ids of the trace and the span in which something was logged, if it is traced."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


def with_case(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the number of the case to what the SDK logs of its workflow or of one of its activities."""
    event.pop("temporal_log", None)  # the SDK's core has its fields in the message as well
    about = event.get("temporal_workflow") or event.get("temporal_activity")
    if isinstance(about, dict) and "case_no" not in event:
        workflow_id = str(cast("dict[str, Any]", about).get("workflow_id", ""))
        if workflow_id.startswith(WORKFLOW_ID_PREFIX):
            event["case_no"] = workflow_id.removeprefix(WORKFLOW_ID_PREFIX)
    return event


def without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide whatever has the form of a secret, wherever it stands."""
    return {name: _plain(value) for name, value in event.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, instead in _SECRETS:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in cast("list[Any]", value)]
    return value
