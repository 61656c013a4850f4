"""Many cases at once, driven by an outside program through their messages."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from store import Store
from tests.workflows.outside_program import UNIT, by, satisfied

_AT_A_TIME = 20
_PATIENCE = 900.0
"""Seconds, where a crowded machine does all of it at once."""


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
    """Hands cases over and does what the offices do, by plain signals."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def hand_over(self, number: str) -> None:
        """Hand a case over."""
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
        await self._client.start_workflow("PetitionCase", body, id=f"case-{number}", task_queue="petition-cases")

    async def acknowledge(self, number: str) -> None:
        """The unit has it."""
        await self._send(number, "acknowledgement", by(UNIT))

    async def cover(self, number: str) -> None:
        """Instruction, task force and supervision."""
        await self._send(number, "leader_instruction", by("county/通川区/mayor"), text="立即调查处理。")
        leader = {"office": "county/通川区/party-secretary", "name": "包案领导"}
        force = {"lead_leader": leader, "lead_department": UNIT, "assisting_departments": ["unit/西城街道办事处"]}
        await self._send(number, "task_force", by("city/stability-team"), **force)
        await self._send(number, "site_visit", by("city/leader/vice-mayor"), purpose="supervision", notes="督导。")

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

    async def until(self, number: str, stage: str) -> None:
        """Wait until a case is in a stage."""
        async with asyncio.timeout(_PATIENCE):
            while (await self._view(number))["stage"] != stage:  # noqa: ASYNC110 - another process moves it on
                await asyncio.sleep(0.2)

    async def until_recorded(self, store: Store, numbers: Iterable[str]) -> None:
        """Wait until the record has all that these cases' workflows have."""
        async with asyncio.timeout(_PATIENCE):
            for number in numbers:
                while True:
                    view = await self._view(number)
                    case = await store.state(number)
                    if case is not None and case.seq == view["seq"]:
                        break
                    await asyncio.sleep(0.2)

    async def _view(self, number: str) -> dict[str, Any]:
        """How a case stands; asked again where no worker has answered in time."""
        while True:
            with suppress(RPCError, WorkflowQueryFailedError):
                return await self._client.get_workflow_handle(f"case-{number}").query("case")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - the SDK leaves it open
            await asyncio.sleep(0.2)

    async def _send(self, number: str, kind: str, sender: dict[str, str], **body: Any) -> None:
        message = {"message_id": f"{number}-{kind}", "by": sender, **body}
        await self._client.get_workflow_handle(f"case-{number}").signal(kind, message)  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it open
