"""The same case started by many at once is one case."""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from intake.engine import Started, start_case
from petitions.hand_over import HandOver
from petitions.vocabulary import Category, Channel
from store import Store
from tests.doors.histories import runs_of
from tests.workflows.outside_program import CHINA, UNIT, by

pytestmark = pytest.mark.usefixtures("worker")


def _hand_over(case_no: str) -> HandOver:
    return HandOver(
        case_no=case_no,
        received_at=datetime.now(CHINA),
        channel=Channel.ONLINE,
        starred=False,
        county="通川区",
        location="李家巷",
        categories=(Category.AIR,),
        summary="异味",
        responsible_unit=UNIT,
    )


async def test_fifty_callers_make_one_case(client: Client, store: Store) -> None:
    hand_over = _hand_over("FIFTY-1")
    started = Counter(await asyncio.gather(*(start_case(client, hand_over) for _ in range(50))))
    assert started == {Started.NEW: 1, Started.SAME: 49}
    assert await start_case(client, hand_over.model_copy(update={"summary": "噪声"})) is Started.OTHER
    await _is_one_case(client, store, hand_over)


async def test_fifty_programs_of_others_make_one_case(client: Client, store: Store) -> None:
    hand_over = _hand_over("FIFTY-2")

    async def start() -> str | None:
        handle = await client.start_workflow(
            "PetitionCase",
            hand_over.model_dump(mode="json", exclude_none=True),
            id=hand_over.workflow_id,
            task_queue="petition-cases",
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        return handle.result_run_id

    assert len(set(await asyncio.gather(*(start() for _ in range(50))))) == 1
    await _is_one_case(client, store, hand_over)


async def _is_one_case(client: Client, store: Store, hand_over: HandOver) -> None:
    handle: Any = client.get_workflow_handle(hand_over.workflow_id)
    await handle.signal("withdrawal", {"message_id": "w", "by": by("city/intake"), "reason": "结束"})
    assert (await handle.result())["outcome"] == "withdrawn"
    assert len((await runs_of(client, hand_over.workflow_id)).ids) == 1
    events = [line.event for line in await store.timeline(hand_over.case_no)]
    assert events.count("received") == 1
    # And for ever: a case that is over is not begun anew.
    assert await start_case(client, hand_over) is Started.SAME
