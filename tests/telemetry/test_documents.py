"""The documents and the code name the same metrics; the example dashboard and rules use no others, and can be read."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from api.metrics import Metrics
from petitions.notices import NoticeState
from petitions.vocabulary import Stage
from store.standing import OpenCases, Standing, UndeliveredNotices
from worker.metrics import WorkerMetrics

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = ROOT / "docs" / "seen-from-outside.md"
MONITORING = ROOT / "deploy" / "monitoring"
_SUFFIXES = ("_bucket", "_count", "_sum")
_USUAL = {"up"}
"""What Prometheus adds itself."""


def documented() -> dict[str, tuple[str, tuple[str, ...], str]]:
    """Type, labels and place of each metric of ours, as the document has them."""
    rows = re.findall(
        r"^\| `(guatu_\w+)` \| (\w+) \|(.*?)\| (\w+) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {name: (kind, tuple(re.findall(r"`(\w+)`", labels)), place) for name, kind, labels, place in rows}


def documented_of_sdk() -> set[str]:
    """The SDK's metrics that the document names in its table."""
    return set(re.findall(r"^\| `(temporal_\w+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))


async def registry_of_api() -> CollectorRegistry:
    """The API's, with everything that may be missing."""
    metrics = Metrics()

    async def standing() -> Standing:
        return Standing(
            open=(OpenCases(stage=Stage.RECEIVED, sticker=None, cases=1, overdue=0, missing_coverage=1),),
            undelivered=(UndeliveredNotices(state=NoticeState.FAILED, notices=1, oldest_seconds=2.0),),
            differing={},
            refused_starts=0,
        )

    async def stalled() -> int:
        return 0

    await metrics.standing.refresh(standing, stalled)
    return metrics.registry


def ours(registry: CollectorRegistry) -> Iterator[Metric]:
    """The metrics of our own in a registry, the times of their making left out."""
    for metric in registry.collect():
        if metric.name.startswith("guatu_") and not metric.name.endswith("_created"):
            yield metric


def exported_name(metric: Metric) -> str:
    """As Prometheus stores it."""
    suffix = {"counter": "_total", "info": "_info"}.get(metric.type, "")
    return metric.name + suffix


async def test_the_document_has_every_metric_and_no_other() -> None:
    at = {"worker": WorkerMetrics().registry, "API": await registry_of_api()}
    found = {place: {exported_name(metric): metric for metric in ours(registry)} for place, registry in at.items()}
    places = {
        name: "both" if name in found["worker"] and name in found["API"] else next(p for p in found if name in found[p])
        for names in found.values()
        for name in names
    }
    told = documented()
    assert {name: place for name, (_, _, place) in told.items()} == places
    for name, (kind, _, place) in told.items():
        metric = found["worker" if place == "both" else place][name]
        assert kind == {"info": "gauge"}.get(metric.type, metric.type), name
        assert metric.documentation, name


def metric_of(name: str, known: set[str]) -> str | None:
    """The metric that a series is of."""
    candidates = (name, *(name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)))
    return next((each for each in candidates if each in known), None)


def rules(text: str) -> list[dict[str, Any]]:
    """The rules of a file."""
    read: Any = yaml.safe_load(text)
    return [rule for group in read["groups"] for rule in group["rules"]]


def expressions_of_dashboard(text: str) -> list[str]:
    """The expressions of all panels, with Grafana's own variable as it would be."""
    read: Any = json.loads(text)
    return [
        target["expr"].replace("$__rate_interval", "1m")
        for panel in read["panels"]
        for target in panel.get("targets", [])
    ]


def series_in(expression: str) -> set[str]:
    """The series that an expression reads.

    Raises:
        ValueError: It is no PromQL.
    """
    found: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            assert node.name, f"{expression}: a selector without a name"
            found.add(node.name)
        for name in ("expr", "lhs", "rhs", "param", "vector_selector", "args"):
            inner = getattr(node, name, None)
            for each in cast("list[Any]", inner) if isinstance(inner, list) else [inner]:
                if each is not None and not isinstance(each, str | int | float):
                    walk(each)

    walk(promql_parser.parse(expression))
    return found


def unknown_series(expressions: list[str]) -> set[str]:
    """Series that are read and not exported."""
    known = set(documented()) | documented_of_sdk() | _USUAL
    return {
        series for expression in expressions for series in series_in(expression) if metric_of(series, known) is None
    }


def test_the_alert_rules_can_be_read_and_use_metrics_that_there_are() -> None:
    found = rules((MONITORING / "alerts.yaml").read_text(encoding="utf-8"))
    assert len(found) > 10
    assert unknown_series([rule["expr"] for rule in found]) == set()
    for rule in found:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert {"summary", "description"} <= rule["annotations"].keys()
        # What people read is Chinese.
        assert re.search(r"[\u4e00-\u9fff]", rule["annotations"]["summary"]), rule["alert"]
    assert len({rule["alert"] for rule in found}) == len(found)


def test_the_dashboard_can_be_read_and_uses_metrics_that_there_are() -> None:
    text = (MONITORING / "dashboard.json").read_text(encoding="utf-8")
    expressions = expressions_of_dashboard(text)
    assert len(expressions) > 20
    assert unknown_series(expressions) == set()
    read = {series for expression in expressions for series in series_in(expression)}
    unshown = {name for name in documented() if not {name, f"{name}_bucket", f"{name}_count"} & read}
    assert unshown == set(), "metrics without a panel"
    panels = json.loads(text)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_scrape_example_names_the_ports_of_the_settings() -> None:
    from api.settings import ApiSettings
    from worker.settings import WorkerSettings

    read: Any = yaml.safe_load((MONITORING / "prometheus.yaml").read_text(encoding="utf-8"))
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in read["scrape_configs"]}
    worker, api = WorkerSettings.model_fields["worker_port"], ApiSettings.model_fields["api_metrics_port"]
    assert targets == {"guatu-worker": [f"127.0.0.1:{worker.default}"], "guatu-api": [f"127.0.0.1:{api.default}"]}
    assert read["rule_files"] == ["alerts.yaml"]


def test_a_metric_that_is_not_there_is_found() -> None:
    assert unknown_series(["rate(guatu_http_request_seconds_count[5m]) > guatu_no_such_thing"]) == {
        "guatu_no_such_thing"
    }
    assert unknown_series(["sum by (le) (rate(guatu_write_lag_seconds_bocket[1m]))"]) == {
        "guatu_write_lag_seconds_bocket"
    }


@pytest.mark.parametrize("wrong", ["sum by (le (x)", "rate(guatu_entries_total)", "1 +"])
def test_what_is_no_promql_is_found(wrong: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        series_in(wrong)
