"""Logs: each line is JSON, tells the case and the request that it is about, and no secret."""

import json
import logging
import re
from pathlib import Path

import pytest
import structlog

from guatu.log_fields import with_case, without_secrets
from tests.sealing.searching import Files, Texts, search_everything
from tests.telemetry.conftest import CASE_NO, COMPLAINANT, MAYOR, PLANTED, Product
from tests.worker.worker_process import until

KEY = "guatu_0123abcd_" + "f" * 64


async def test_the_api_names_the_case_and_the_request(product: Product) -> None:
    wrong = {"kind": "verification", "message_id": "x", "by": {"office": "unit/x", "name": "y"}}
    answer = await product.http.post(
        f"/v1/cases/{CASE_NO}/messages",
        json=wrong,
        headers={"Authorization": f"Bearer {KEY}", "X-Request-ID": "r-logs"},
    )
    assert answer.status_code == 401

    async def is_logged() -> bool:
        return any(line.get("request_id") == "r-logs" for line in product.log(product.api))

    await until("the refusal is logged", is_logged)
    line = next(line for line in product.log(product.api) if line.get("request_id") == "r-logs")
    assert line["event"] == "a caller was refused"
    assert re.fullmatch("[0-9a-f]{32}", line["trace_id"])
    assert product.api.log is not None
    assert KEY not in product.api.log.read_text(encoding="utf-8")


async def test_the_worker_names_the_activity(product: Product) -> None:
    async def is_logged() -> bool:
        return any(line["event"] == "a message was not sent" for line in product.log(product.worker))

    await until("a message that was not sent is logged", is_logged)
    line = next(line for line in product.log(product.worker) if line["event"] == "a message was not sent")
    assert line["activity"] == "send_message"
    assert line["office"] == MAYOR
    assert re.fullmatch("[0-9a-f]{32}", line["trace_id"])


async def test_no_secret_is_seen_from_outside(product: Product) -> None:
    """Neither keys nor addresses of channels nor details of the complainant: in no log, metric or trace."""
    pages = {
        "metrics of the worker": await product.metrics(product.worker.port),
        "metrics of the API": await product.metrics(product.api_metrics),
        "traces": "".join(map(str, product.collector.requests)),
    }
    details = tuple(str(COMPLAINANT[detail]) for detail in ("name", "telephone", "address"))
    needles = (*PLANTED, *product.master_keys, *details)
    assert await search_everything(needles, Files(product.logs), Texts(pages)) == []


async def test_the_same_search_finds_a_secret_that_was_logged(product: Product, tmp_path: Path) -> None:
    line = {"event": "it failed", "error": f"to json://planted-path by {product.master_keys[0]}"}
    (tmp_path / "worker.log").write_text(json.dumps(line), encoding="utf-8")
    found = await search_everything((*PLANTED, *product.master_keys), Files(tmp_path))
    assert {finding.needle for finding in found} == {"planted-path", product.master_keys[0]}


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (f"the key {KEY} was refused", "the key guatu_0123abcd_… was refused"),
        ("cannot send to wecombot://3d8f-robot-key", "cannot send to wecombot://…"),
        ("to mailto://clerk:hunter22@mail.example?to=a@b.example failed", "to mailto://… failed"),
        ("postgresql://guatu:hunter22@db/guatu refused", "postgresql://…@db/guatu refused"),
        ("GET /robot/send?access_token=abcdef012345&x=1", "GET /robot/send?access_token=…&x=1"),
        ('{"secret": "abcdef012345"}', '{"secret": "…"}'),
        ("Authorization: Bearer abcdef012345", "Authorization: Bearer …"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln here", "token … here"),
        ("case 0123 of 通川区", "case 0123 of 通川区"),
        ("http://127.0.0.1:8080/v1/cases", "http://127.0.0.1:8080/v1/cases"),
        ("the password is wrong", "the password is wrong"),
    ],
)
def test_whatever_has_the_form_of_a_secret_is_hidden(said: str, left: str) -> None:
    shown = without_secrets(None, "info", {"event": "x", "error": said, "more": {"list": [said]}})
    assert shown["error"] == left
    assert shown["more"] == {"list": [left]}


@pytest.mark.parametrize("about", ["temporal_workflow", "temporal_activity"])
def test_what_the_sdk_logs_names_the_case(about: str) -> None:
    assert with_case(None, "warning", {about: {"workflow_id": "case-T1"}})["case_no"] == "T1"
    assert "case_no" not in with_case(None, "warning", {about: {"workflow_id": "morning-digest"}})


async def test_every_line_is_an_event(product: Product) -> None:
    """Also those of the SDK's core, which would write in colours of its own."""
    for service in (product.worker, product.api):
        lines = (product.logs / f"{service.name}.log").read_text(encoding="utf-8").splitlines()
        assert lines
        assert [line for line in lines if not json.loads(line).get("event")] == []


def test_what_a_library_logs_goes_the_same_way(capfd: pytest.CaptureFixture[str]) -> None:
    from guatu.logs import configure_logging

    before, handlers = logging.getLogger().level, logging.getLogger().handlers[:]
    try:
        configure_logging()
        with structlog.contextvars.bound_contextvars(case_no="T9", request_id="r9"):
            logging.getLogger("apprise").warning("Failed to send to %s", "json://127.0.0.1:1/?+X=secret")
            try:
                raise ValueError(f"bad {KEY}")
            except ValueError:
                logging.getLogger("some").exception("it failed")
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(before)
        structlog.reset_defaults()
    first, second = (json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{"))
    assert (first["event"], first["case_no"], first["request_id"]) == ("Failed to send to json://…", "T9", "r9")
    assert "ValueError: bad guatu_0123abcd_…" in second["exception"]
    assert KEY not in second["exception"]
