"""The page that Prometheus reads at a private port."""

from importlib import metadata

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.responses import Response


def new_registry() -> CollectorRegistry:
    """A registry of its own, with what Prometheus tells of any Python process and with our version."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    Info("guatu_build", "The version that runs", registry=registry).info({"version": metadata.version("guatu")})
    return registry


def metrics_page(registry: CollectorRegistry) -> Response:
    """All metrics of a registry in Prometheus' text format."""
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
