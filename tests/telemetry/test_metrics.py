"""The metrics of a worker and an API that have worked on a case."""

from tests.telemetry.conftest import CASE_NO, COMPLAINANT, Product, sample
from tests.telemetry.test_documents import documented, documented_of_sdk, metric_of
from tests.worker.worker_process import until


async def test_the_worker_counts_what_it_has_written(product: Product) -> None:
    found = await product.of_worker()
    assert found[sample("guatu_entries_total", event="received")] == 1
    assert found[sample("guatu_entries_total", event="refused")] == 1
    assert found[sample("guatu_refusals_total", code="not_now")] == 1
    entries = sum(value for (name, _), value in found.items() if name == "guatu_entries_total")
    assert found[sample("guatu_write_lag_seconds_count")] == entries
    assert found[sample("guatu_statement_seconds_count", query="record.write", result="done")] >= 1


async def test_the_worker_counts_messages_at_each_channel(product: Product) -> None:
    """All of them fail here: nobody is there, and Apprise can make nothing of one of the addresses."""
    tried: set[tuple[str, str]] = set()

    async def is_counted() -> bool:
        nonlocal tried
        found = await product.of_worker()
        labels = [dict(labels) for name, labels in found if name == "guatu_notice_messages_total"]
        tried = {(each["channel"], each["result"]) for each in labels}
        return bool(tried)

    await until("a message is counted", is_counted)
    assert tried == {("json", "failed"), ("xml", "failed"), ("unknown", "failed")}


async def test_the_sdk_counts_on_the_same_page(product: Product) -> None:
    found = await product.of_worker()
    namespace = product.place.settings["TEMPORAL_NAMESPACE"]
    completed = {name: value for (name, labels), value in found.items() if ("namespace", namespace) in labels}
    assert completed["temporal_workflow_task_queue_poll_succeed_total"] >= 1
    latency = "temporal_activity_execution_latency_seconds"
    assert completed[f"{latency}_count"] >= 1
    # In seconds, and cumulative to the end.
    assert completed[f"{latency}_sum"] < 600
    buckets = [value for (name, _), value in found.items() if name == f"{latency}_bucket"]
    assert max(buckets) == max(value for (name, _), value in found.items() if name == f"{latency}_count")
    of_api = await product.of_api()
    assert any(name == "temporal_request_total" for name, _ in of_api)


async def test_the_api_shows_how_things_stand(product: Product) -> None:
    found = await product.of_api()
    assert found[sample("guatu_open_cases", stage="dispatched", sticker="none")] == 1
    assert found[sample("guatu_open_cases", stage="surveying", sticker="red")] == 0
    assert found[sample("guatu_open_cases_missing_coverage")] == 1
    assert found[sample("guatu_overdue_cases")] == 0
    assert found[sample("guatu_cases_stalled")] == 0
    assert found[sample("guatu_refused_starts")] == 0
    assert {value for (name, _), value in found.items() if name == "guatu_discrepancies"} == {0}
    assert found[sample("guatu_database_up")] == 1
    created = sample("guatu_http_request_seconds_count", route="/v1/cases", method="POST", status="201")
    assert found[created] == 1


async def test_no_metric_names_a_case_or_a_person(product: Product) -> None:
    for page in (await product.metrics(product.worker.port), await product.metrics(product.api_metrics)):
        for secret in (CASE_NO, *map(str, COMPLAINANT.values()), "暗渠路", "督办员"):
            assert f'"{secret}"' not in page
            assert "暗渠路" not in page


async def test_the_document_has_the_labels(product: Product) -> None:
    """Labels are seen on samples only: on those of a product that has worked."""

    async def a_message_was_sent() -> bool:
        return any(name == "guatu_notice_messages_total" for name, _ in await product.of_worker())

    await until("a message was sent", a_message_was_sent)
    labels: dict[str, set[str]] = {}
    for samples in (await product.of_worker(), await product.of_api()):
        for name, given in samples:
            known = metric_of(name, set(documented()))
            if known:
                labels[known] = {label for label, _ in given if label != "le"}
    told = documented()
    assert {name: set(told[name][1]) for name in labels} == labels
    unseen = told.keys() - labels.keys()
    assert unseen <= {"guatu_deadline_lateness_seconds", "guatu_codec_payloads_total"}, unseen


async def test_the_document_has_metrics_of_the_sdk_that_are_there(product: Product) -> None:
    there = {name for samples in (await product.of_worker(), await product.of_api()) for name, _ in samples}
    told = documented_of_sdk()
    assert told
    assert {name for name in told if not {name, f"{name}_count"} & there} == set()


async def test_it_tells_when_postgres_is_away(product: Product) -> None:
    async def is_down() -> bool:
        found = await product.of_api()
        return found[sample("guatu_database_up")] == 0 and sample("guatu_refused_starts") not in found

    async def is_up() -> bool:
        return (await product.of_api())[sample("guatu_database_up")] == 1

    await product.postgres.stop()
    try:
        await until("the metrics say that Postgres is away", is_down)
    finally:
        await product.postgres.start()
    await until("the metrics say that Postgres is back", is_up)
