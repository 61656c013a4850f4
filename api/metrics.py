"""What the API counts, for Prometheus: its requests, looks at payloads, entries it writes, and how things stand."""

import time
from collections.abc import Awaitable, Callable

from prometheus_client import Counter, Histogram
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.page import metrics_page, new_registry
from telemetry.record import RecordMetrics
from telemetry.standing import StandingMetrics
from telemetry.statements import StatementMetrics


class Metrics:
    """The metrics of one API process, with a registry of their own."""

    def __init__(self) -> None:
        self.registry = new_registry()
        self.record = RecordMetrics(self.registry)
        self.statements = StatementMetrics(self.registry)
        self.standing = StandingMetrics(self.registry)
        self.requests = Histogram(
            "guatu_http_request_seconds",
            "Time to answer a request",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.codec_looks = Counter(
            "guatu_codec_looks", "Requests to the codec server to open payloads", registry=self.registry
        )
        self.codec_payloads = Counter(
            "guatu_codec_payloads",
            "Payloads that the codec server was asked to open, and whether it did",
            ("result",),
            registry=self.registry,
        )

    def looked(self, opened: int, passed: int) -> None:
        """Count a look at payloads.

        Args:
            opened: How many of them were opened.
            passed: How many were passed on as they are.
        """
        self.codec_looks.inc()
        self.codec_payloads.labels("opened").inc(opened)
        self.codec_payloads.labels("passed").inc(passed)

    def app(self, refresh: Callable[[], Awaitable[None]] | None = None) -> ASGIApp:
        """What answers at the private port: ``/metrics``.

        Args:
            refresh: Reads how things stand, each time before the answer.
        """

        async def read(_request: Request) -> Response:
            if refresh:
                await refresh()
            return metrics_page(self.registry)

        return Starlette(routes=[Route("/metrics", read)])


class CountRequests:
    """Counts the requests that pass, by the route's template: a case number is no label."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(route, method, str(status)).observe(time.perf_counter() - started)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Others come from whoever tries; each would be a label."""
