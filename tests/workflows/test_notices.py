"""Notices by a real channel: sent once, dispatching the case; a channel that fails delays only its own notice."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client

from petitions.notices import NoticeState
from store import Store
from store.notices import LedgerNotice
from tests.receiver import Receiver
from tests.workflows.outside_program import OutsideCase, StoreHistory, by, hand_over
from workflows.notice_interface import office_notices_id

pytestmark = pytest.mark.usefixtures("worker")
COUNTY = "开江县"
BUREAU = "unit/开江县生态环境局"


async def case_with_channels(client: Client, store: Store) -> OutsideCase:
    """A case of the county whose offices have addresses in the tests' jurisdiction file."""
    return await hand_over(client, store, county=COUNTY, responsible_unit=BUREAU)


async def all_out(store: Store, case_no: str) -> list[LedgerNotice]:
    """The ledger of a case, once all of it is out."""
    waiting = {NoticeState.QUEUED, NoticeState.FAILED}
    ledger: list[LedgerNotice] = []
    for _ in range(600):
        ledger = await store.notices(case_no)
        if not any(notice.state in waiting for notice in ledger):
            return ledger
        await asyncio.sleep(0.1)
    raise AssertionError(f"still to be sent: {ledger}")


async def test_the_units_notice_makes_the_case_dispatched(
    client: Client, store: Store, channel: Receiver, store_history: StoreHistory
) -> None:
    case = await case_with_channels(client, store)
    await case.until("dispatched")
    assert sum("交办通知" in title for title in channel.titles(case.case_no)) == 1
    # The leaders' notices go out by trays of their own: the case does not wait for them.
    asked = 0
    for _ in range(600):
        asked = sum("请办理：批示" in title for title in channel.titles(case.case_no))
        if asked == 2:
            break
        await asyncio.sleep(0.05)
    assert asked == 2
    await case.signal("withdrawal", by("city/intake"), reason="结束")
    await case.handle.result()
    # The last ones are their offices' by then: they go out although the case has ended.
    ledger = await all_out(store, case.case_no)
    assert {notice.state for notice in ledger} == {NoticeState.SENT, NoticeState.LEDGER}
    assert len(channel.titles(case.case_no)) == sum(notice.state is NoticeState.SENT for notice in ledger)
    await store_history("notices", case)
    await store_history("office-notices/taken", client.get_workflow_handle(office_notices_id(None, BUREAU)))


async def test_a_failing_channel_delays_its_own_notice_only(client: Client, store: Store, channel: Receiver) -> None:
    channel.status = 500
    try:
        case = await case_with_channels(client, store)
        view = await case.until("received")
        for _ in range(600):
            if channel.refused >= 3:
                break
            await asyncio.sleep(0.05)
        assert (await case.view())["stage"] == "received"
        # The record and the deadlines do not wait for it, nor does an office that acts.
        await case.submit("leader_instruction", by(f"county/{COUNTY}/mayor"), text="立即处理。")
        assert (await case.view())["coverage"]["instruction"] is True
        stored: dict[str, Any] = {}
        for _ in range(600):
            if (stored := await store.case(case.case_no) or {}).get("coverage", {}).get("instruction"):
                break
            await asyncio.sleep(0.05)
        else:
            pytest.fail(f"the record waits for the channel: {stored}")
    finally:
        channel.status = 200
    view = await case.until("dispatched")
    assert sum("交办通知" in title for title in channel.titles(case.case_no)) == 1
    assert view["breaches"] == []
    await case.signal("withdrawal", by("city/intake"), reason="结束")
    await case.handle.result()


async def test_not_dispatched_within_the_hour_is_escalated_and_stays_a_breach(
    client: Client, store: Store, channel: Receiver
) -> None:
    channel.status = 503
    try:
        case = await hand_over(
            client, store, county=COUNTY, responsible_unit=BUREAU, late=timedelta(minutes=59, seconds=58)
        )
        view = await case.view()
        for _ in range(300):
            if view["breaches"]:
                break
            await asyncio.sleep(0.1)
            view = await case.view()
        assert [breach["milestone"] for breach in view["breaches"]] == ["dispatch"]
        assert view["stage"] == "received"
        assert ("city/stability-team", "dispatch") in {(one["office"], one["what"]) for one in view["waiting_for"]}
    finally:
        channel.status = 200
    view = await case.until("dispatched")
    assert view["breaches"][0]["met_at"] is not None
    await case.signal("withdrawal", by("city/intake"), reason="结束")
    await case.handle.result()
