"""Many cases at once, driven by an outside program through their messages."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from petitions.case import Case, answer_key
from petitions.vocabulary import Stage
from store import Store, StoreAwayError
from tests.workflows.outside_program import UNIT, by, satisfied

_AT_A_TIME = 20
_PATIENCE = 900.0
"""Seconds, where a crowded machine does all of it at once."""
_A_TASK = timedelta(seconds=100)
"""The time for a workflow task, which a crowded machine may need."""

_OPEN = "WorkflowType = 'PetitionCase' AND ExecutionStatus = 'Running'"


async def for_each(numbers: Iterable[str], deed: Callable[[str], Awaitable[None]]) -> None:
    """Do something about every case, some at a time."""
    turns = asyncio.Semaphore(_AT_A_TIME)

    async def one(number: str) -> None:
        async with turns:
            await deed(number)

    async with asyncio.TaskGroup() as group:
        for number in numbers:
            group.create_task(one(number))


class Office:
    """Hands cases over and does what the offices do, by plain signals.

    Each step returns when the record has it. So no more cases are under way than ``for_each`` takes at a time, and a
    crowded machine does not fall behind until its tasks run out of time.

    Args:
        client: A plain client of the Temporal server.
        store: The record.
    """

    def __init__(self, client: Client, store: Store) -> None:
        self._client = client
        self._store = store

    async def hand_over(self, number: str) -> None:
        """Hand a case over, and wait until it is dispatched."""
        body = {
            "case_no": number,
            "received_at": datetime.now(UTC).isoformat(),
            "channel": "phone",
            "starred": False,
            "county": "通川区",
            "location": "李家巷",
            "categories": ["water", "air"],
            "summary": "商户夜间清洗，脏水横流。",
            "responsible_unit": UNIT,
        }
        await self._client.start_workflow(
            "PetitionCase", body, id=f"case-{number}", task_queue="petition-cases", task_timeout=_A_TASK
        )
        await self._until(number, lambda case: case.stage is Stage.DISPATCHED)

    async def acknowledge(self, number: str) -> None:
        """The unit has it."""
        await self._send(number, "acknowledgement", by(UNIT))
        await self._until_taken(number, "acknowledgement")

    async def cover(self, number: str) -> None:
        """Instruction, task force and supervision."""
        await self._send(number, "leader_instruction", by("county/通川区/mayor"), text="立即调查处理。")
        leader = {"office": "county/通川区/party-secretary", "name": "包案领导"}
        force = {"lead_leader": leader, "lead_department": UNIT, "assisting_departments": ["unit/西城街道办事处"]}
        await self._send(number, "task_force", by("city/stability-team"), **force)
        await self._send(number, "site_visit", by("city/leader/vice-mayor"), purpose="supervision", notes="督导。")
        await self._until_taken(number, "site_visit")

    async def finish(self, number: str) -> None:
        """From the unit's report to the conclusion."""
        report = {"final": True, "finding": "partly_substantiated", "facts": "查实。", "measures": "整改。"}
        await self._send(number, "rectification_report", by(UNIT), completion="completed", **report)
        await self._send(number, "verification", by("city/supervision-team"), confirmed=True, opinion="属实。")
        await self._send(number, "preliminary_review", by("city/stability-team"), passed=True, opinion="通过。")
        answers = satisfied(12)
        await self._send(number, "survey_result", by("city/revisit-team"), round=1, responses=answers, complete=True)
        handle = self._client.get_workflow_handle(f"case-{number}", result_type=dict)
        result: Any = await asyncio.wait_for(handle.result(), _PATIENCE)
        assert result["outcome"] == "concluded", result

    async def until_recorded(self, numbers: Iterable[str]) -> None:
        """Wait until the record has all that these cases' workflows have."""
        async with asyncio.timeout(_PATIENCE):
            for number in numbers:
                while True:
                    view = await self._view(number)
                    case = await self._state(number)
                    if case is not None and case.seq == view["seq"]:
                        break
                    await asyncio.sleep(0.2)

    async def until_listed(self, numbers: Iterable[str]) -> None:
        """Wait until Temporal lists these cases as open and no other: it lists a little later than it knows."""
        expected = {f"case-{number}" for number in numbers}
        async with asyncio.timeout(_PATIENCE):
            while {run.id async for run in self._client.list_workflows(_OPEN)} != expected:  # noqa: ASYNC110 - the server lists
                await asyncio.sleep(0.3)

    async def _view(self, number: str) -> dict[str, Any]:
        """How a case stands; asked again where no worker has answered in time."""
        while True:
            with suppress(RPCError, WorkflowQueryFailedError):
                return await self._client.get_workflow_handle(f"case-{number}").query("case")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - the SDK leaves it open
            await asyncio.sleep(0.2)

    async def _send(self, number: str, kind: str, sender: dict[str, str], **body: Any) -> None:
        message = {"message_id": _message_id(number, kind), "by": sender, **body}
        await self._client.get_workflow_handle(f"case-{number}").signal(kind, message)  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it open

    async def _until_taken(self, number: str, kind: str) -> None:
        answer = answer_key(_message_id(number, kind))
        await self._until(number, lambda case: answer in case.answers)

    async def _until(self, number: str, holds: Callable[[Case], bool]) -> None:
        """Wait for a case's record. A query would have the worker replay the case each time."""
        async with asyncio.timeout(_PATIENCE):
            while (case := await self._state(number)) is None or not holds(case):  # noqa: ASYNC110 - others write it
                await asyncio.sleep(0.3)

    async def _state(self, number: str) -> Case | None:
        """A case by its record. None: it is not on record, or a crowded Postgres does not answer now."""
        with suppress(StoreAwayError):
            return await self._store.state(number)
        return None


def _message_id(number: str, kind: str) -> str:
    return f"{number}-{kind}"
