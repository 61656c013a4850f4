"""Handling reports are submitted once for their key; refused starts are kept."""

import asyncio
from datetime import timedelta
from hashlib import sha256

import asyncpg
import pytest

from petitions.report import HandlingReport, handling_report
from store import Store
from store.connection import Connection
from store.reports import KEPT_INPUT
from tests.petitions.building import RECEIVED_AT, concluded, rectifying


@pytest.fixture
def report() -> HandlingReport:
    return handling_report(concluded().case)


@pytest.fixture
def other() -> HandlingReport:
    return handling_report(rectifying().case)


async def test_a_report_is_kept_as_submitted(store: Store, report: HandlingReport) -> None:
    assert await store.report("X1") is None
    digest = await store.submit_report("X1", "X1/1", report, RECEIVED_AT)
    assert digest == sha256(report.text.encode()).hexdigest()
    kept = await store.report("X1")
    assert kept is not None
    assert (kept.sha256, kept.text, kept.title, kept.report) == (digest, report.text, report.title, report)
    assert kept.submitted_at == RECEIVED_AT


async def test_the_first_under_a_key_stands(store: Store, report: HandlingReport, other: HandlingReport) -> None:
    digest = await store.submit_report("X1", "X1/1", report, RECEIVED_AT)
    later = RECEIVED_AT + timedelta(hours=1)
    assert await store.submit_report("X1", "X1/1", report, later) == digest
    assert await store.submit_report("X1", "X1/1", other, later) == digest
    kept = await store.report("X1")
    assert kept is not None
    assert (kept.text, kept.submitted_at) == (report.text, RECEIVED_AT)


async def test_submitted_at_once_all_get_the_same_answer(
    store: Store, report: HandlingReport, other: HandlingReport
) -> None:
    digests = await asyncio.gather(
        *(store.submit_report("X1", "X1/1", each, RECEIVED_AT) for each in (report, other) * 5)
    )
    assert len(set(digests)) == 1


async def test_of_several_keys_the_latest_is_shown(store: Store, report: HandlingReport, other: HandlingReport) -> None:
    await store.submit_report("X1", "X1/2", report, RECEIVED_AT + timedelta(days=3))
    await store.submit_report("X1", "X1/1", other, RECEIVED_AT)
    kept = await store.report("X1")
    assert kept is not None
    assert kept.key == "X1/2"


@pytest.mark.parametrize("statement", ["UPDATE handling_report SET text = ''", "DELETE FROM handling_report"])
async def test_a_report_is_never_changed(
    store: Store, admin: Connection, report: HandlingReport, statement: str
) -> None:
    await store.submit_report("X1", "X1/1", report, RECEIVED_AT)
    with pytest.raises(asyncpg.RestrictViolationError, match="handling_report is append-only"):
        await admin.execute(statement)


async def test_a_refused_start_is_kept_once(store: Store) -> None:
    given = '{"case_no": "\x00"}' + " " * KEPT_INPUT
    for reason in ("no case number", "another reason"):
        await store.refuse_hand_over(workflow_id="case-", run_id="r1", given=given, reason=reason)
    await store.refuse_hand_over(workflow_id="case-", run_id="r2", given="", reason="empty")
    kept = await store.refused_hand_overs()
    assert [(start.run_id, start.reason) for start in kept] == [("r2", "empty"), ("r1", "no case number")]
    assert kept[1].given == given.replace("\x00", "\ufffd")[:KEPT_INPUT]
    assert len(await store.refused_hand_overs(limit=1)) == 1
