"""The application: routes by subject, and what holds for all of them."""

import os
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from activities.jurisdictions import Jurisdictions
from api import (
    batches,
    bulletins,
    cases,
    codec,
    complainants,
    duplicates,
    figures,
    health,
    intake,
    live,
    messages,
    pages,
    reopenings,
    wall_routes,
)
from api.context import Context
from api.desk.routes import DESK_ROUTERS
from api.faults import add_fault_handlers
from api.headers import SafeHeaders
from api.metrics import CountRequests, Metrics
from api.problems import Problem
from api.rates import Rates
from api.request_ids import RequestIds
from api.schemas import body_schemas, describe_headers
from api.settings import ApiSettings
from api.traces import TRACING, of_case
from intake.complainants import SealedComplainants
from intake.engine import Engine
from petitions.clock import CaseClock
from sealing.payload_codec import Payloads
from store import Store
from store.changes import CaseChanges
from store.connection import Pool

DESCRIPTION = """\
What guatu (挂图) knows of a city's environmental petition cases, from hand-over to conclusion.

Times are RFC 3339 with an offset. Errors are problems (RFC 9457, `application/problem+json`): branch on `type`, which
never changes; `detail` is Chinese, for people. Lists come in pages: pass `next_cursor` on as `cursor`, with the same
filters, until it is `null`.
"""


class _Static(StaticFiles):
    """Files whose addresses carry a digest of their content, so that they may be kept for ever."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Answer with a file."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        if scope["query_string"].startswith(b"v="):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


class _Api(FastAPI):
    """Describes the problems, which no route returns as a value, and wraps what answers when a route fails, too."""

    metrics: Metrics

    def build_middleware_stack(self) -> ASGIApp:
        """Everything inside; Starlette's own order would leave its answer to a failure without our headers."""
        return RequestIds(CountRequests(SafeHeaders(super().build_middleware_stack()), self.metrics))

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI description."""
        if self.openapi_schema is None:
            description = super().openapi()
            schemas: dict[str, Any] = description.setdefault("components", {}).setdefault("schemas", {})
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(problem.pop("$defs", {}))
            schemas["Problem"] = problem
            schemas.update(body_schemas())
            describe_headers(description)
        assert self.openapi_schema is not None
        return self.openapi_schema


def create_app(
    settings: ApiSettings,
    pool: Pool,
    metrics: Metrics | None = None,
    engine: Engine | None = None,
    changes: CaseChanges | None = None,
) -> FastAPI:
    """The ASGI application.

    Args:
        settings: Of this process.
        pool: From ``store.open_pool``.
        metrics: Where requests are counted; none: in a registry of the application's own.
        engine: The cases' engine; none: what writes is answered with 503.
        changes: What tells of changes, with its ``listen`` running; none: pages are not live.

    Raises:
        SealingUnavailableError: A master key file is set and cannot be used.
        KeyFileError, CipherMissingError: Payloads are to be sealed and cannot be.
    """
    app = _Api(
        title="guatu 挂图",
        summary="Environmental petition cases of a city: lists, cases, timelines and figures",
        description=DESCRIPTION,
        version=metadata.version("guatu"),
        openapi_url="/v1/openapi.json",
        # The interactive pages would load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(of_case)],
        telemetry=TRACING,
        generate_unique_id_function=lambda route: route.name,
        openapi_tags=[
            {"name": "intake", "description": "Hand-overs become cases."},
            {"name": "messages", "description": "What offices send to a case."},
            {"name": "cases", "description": "Cases as the read model has them."},
            {"name": "figures", "description": "Figures, at any moment."},
            {"name": "health", "description": "For whoever runs the process."},
        ],
    )
    app.metrics = metrics or Metrics()
    store = Store(pool, on_written=app.metrics.record.written)
    app.state.context = Context(
        settings=settings,
        store=store,
        clock=CaseClock(short=settings.short_clock),
        complainants=SealedComplainants.of_settings(store, settings),
        rates=Rates(settings.api_writes_per_minute),
        jurisdictions=Jurisdictions(settings.jurisdiction),
        reached=engine,
        changes=changes,
        payloads=Payloads.of_settings(settings),
        on_look=app.metrics.looked,
    )
    add_fault_handlers(app)
    writing = (intake.router, batches.router, messages.router, reopenings.router)
    reading = (cases.router, complainants.router, duplicates.router, figures.router, bulletins.router)
    looking = (wall_routes.router, pages.router)
    app.state.routers = (health.router, *writing, *reading, *looking, live.router, codec.router, *DESK_ROUTERS)
    for router in app.state.routers:
        app.include_router(router)
    app.mount("/static", _Static(directory=Path(str(resources.files("api").joinpath("static")))), name="static")
    return app
