"""The notices of one office on their way out: gathered, sent as one message, tried until it is taken.

One workflow for each office that has something to be told (docs/decisions/0021): what lies in its tray survives the
worker and Postgres, a burst meets in it, and nothing is sent twice. The rules are ``petitions.out_tray``.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import FailureError

from petitions.notices import Notice, NoticeOutcome
from petitions.out_tray import (
    Pace,
    WaitingNotice,
    are_out,
    bundle,
    has_failed,
    keep_whole,
    next_at,
    put,
    were_out,
)
from petitions.telling import moment
from workflows.notice_interface import (
    NOTICE_OUT,
    OFFICE_NOTICES,
    TELL,
    MarkNotices,
    NoticeOut,
    NoticeWork,
    OfficeStart,
    SendMessage,
    Sent,
    Told,
)
from workflows.patiently import patiently
from workflows.payloads import json_of

_LINGER = timedelta(minutes=1)
"""How long an empty tray is kept: what is handed over again is recognised, and the channel keeps its pause."""
_MARKED_AT_ONCE = 500
_STAYS_WHOLE = "a-tried-message-stays-whole"
_CARRIED = 1_000
"""Notices that one run may hand to the next: of some 1,200 bytes each, where Temporal takes 2 MiB."""


@workflow.defn(name=OFFICE_NOTICES)
class OfficeNotices:
    """通知：one office's, from its out-tray to its channels."""

    @workflow.init
    def __init__(self, start: OfficeStart) -> None:
        self._office = start.office
        self._tray = start.tray
        self._pace = start.pace
        self._telling: set[asyncio.Task[None]] = set()
        self._unmarked: list[NoticeOutcome] = list(start.unmarked)
        self._unmarked_notices: dict[str, Notice] = {notice.key: notice for notice in start.unmarked_notices}

    @workflow.run
    async def run(self, _start: OfficeStart) -> None:
        """Send what is due, again and again, until nothing has come for a while and the ledger knows it all."""
        ledger = asyncio.create_task(self._keep_ledger())
        while True:
            if (at := self._next_at) is not None:
                if at <= workflow.now():
                    await self._send()
                else:
                    await self._wait_until(at)
            elif not await self._something_comes():
                break
            if ledger.done():
                ledger.result()
            if workflow.info().is_continue_as_new_suggested() and self._can_be_carried:
                # What the ledger is being told is told again: a repeat changes nothing.
                workflow.continue_as_new(self._carried())
        ledger.cancel()

    @workflow.signal(name=TELL, description="（内部）待发送的通知")
    def tell(self, *bodies: RawValue) -> None:
        """Lay notices in the tray. What is no such message is passed over: it must not hold up the office's notices."""
        body = json_of(bodies)
        try:
            told = None if isinstance(body, str) else Told.model_validate_json(body)
        except ValidationError:
            told = None
        if told is None:
            workflow.logger.warning("something that is no notice was passed over")
            return
        self._pace = told.pace
        known = {each.notice.key for each in told.notices} & set(self._tray.sent)
        self._tell_cases(each.notice for each in told.notices if each.notice.key in known)
        self._tray = put(self._tray, told.notices)
        # No more than this: a burst's signals come by the hundred in one workflow task, which has two seconds.
        workflow.set_current_details(f"- 待发：{len(self._tray.waiting)}项")

    @property
    def _next_at(self) -> datetime | None:
        return next_at(self._tray, self._pace) if self._pace else None

    async def _wait_until(self, at: datetime) -> None:
        """Wait, unless something comes meanwhile that is to go out sooner."""
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: (sooner := self._next_at) is not None and sooner < at,
                # A millisecond more: the engine's timers do not count less.
                timeout=at - workflow.now() + timedelta(milliseconds=1),
                timeout_summary=f"待发通知{len(self._tray.waiting)}项",
            )

    async def _something_comes(self) -> bool:
        """Wait a while for more to tell; false: nothing has come, and the ledger knows everything."""
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: bool(self._tray.waiting), timeout=_LINGER, timeout_summary="暂无待发通知"
            )
        await workflow.wait_condition(lambda: bool(self._tray.waiting) or self._is_settled)
        return bool(self._tray.waiting)

    async def _send(self) -> None:
        """Send what is due as one message, and take note of what became of it."""
        assert self._pace is not None
        notices = bundle(self._tray, self._pace, workflow.now())
        keys = tuple(each.notice.key for each in notices)
        message = SendMessage(office=self._office, notices=notices, at=workflow.now())
        sent = await patiently(NoticeWork.send_message, message, f"发送通知{len(keys)}项：{notices[0].notice.title}")
        if not sent.in_ledger:
            self._unmarked += sent.outcomes
            self._unmarked_notices |= {each.notice.key: each.notice for each in notices}
        if sent.taken:
            self._tray = are_out(self._tray, keys, self._pace, workflow.now())
            self._tell_cases(each.notice for each in notices)
        else:
            self._keep_for_later(notices, sent, self._pace)
        self._show()

    def _keep_for_later(self, notices: Sequence[WaitingNotice], sent: Sent, pace: Pace) -> None:
        """A message was not taken: what went with it goes out together again, and nothing else with it."""
        keys = tuple(each.notice.key for each in notices)
        # Runs that began before may part it at night; and they take what the ledger knew as sent for a part of it.
        if workflow.patched(_STAYS_WHOLE):
            went = {outcome.key for outcome in sent.outcomes}
            known = [each.notice for each in notices if each.notice.key not in went]
            self._tray = were_out(keep_whole(self._tray), [notice.key for notice in known])
            self._tell_cases(known)
            keys = tuple(key for key in keys if key in went)
        self._tray = has_failed(self._tray, keys, pace, workflow.now(), sent.pause)

    def _tell_cases(self, notices: Iterable[Notice]) -> None:
        """Tell each case whose dispatch is out; until then it is not dispatched."""
        for notice in notices:
            if notice.dispatches:
                self._telling = {task for task in self._telling if not task.done()}
                self._telling.add(asyncio.create_task(_tell_case(notice)))

    async def _keep_ledger(self) -> None:
        """Tell the ledger what it could not be told when it happened, until it is back."""
        while True:
            await workflow.wait_condition(lambda: bool(self._unmarked))
            outcomes = tuple(self._unmarked[:_MARKED_AT_ONCE])
            told = {outcome.key for outcome in outcomes}
            notices = tuple(notice for key, notice in self._unmarked_notices.items() if key in told)
            mark = MarkNotices(outcomes=outcomes, notices=notices)
            await patiently(NoticeWork.mark_notices, mark, f"补登通知台账{len(outcomes)}项")
            del self._unmarked[: len(outcomes)]
            left = {outcome.key for outcome in self._unmarked}
            self._unmarked_notices = {key: kept for key, kept in self._unmarked_notices.items() if key in left}

    @property
    def _is_settled(self) -> bool:
        """Whether the ledger and the cases know what is out."""
        return not self._unmarked and all(task.done() for task in self._telling)

    @property
    def _can_be_carried(self) -> bool:
        """Whether all this is little enough for a new run; after long silence of a channel much may be waiting."""
        told = all(task.done() for task in self._telling)
        return told and len(self._tray.waiting) + len(self._unmarked_notices) <= _CARRIED

    def _carried(self) -> OfficeStart:
        return OfficeStart(
            office=self._office,
            tray=self._tray,
            pace=self._pace,
            unmarked=tuple(self._unmarked),
            unmarked_notices=tuple(self._unmarked_notices.values()),
        )

    def _show(self) -> None:
        """Say on the workflow's page how things stand."""
        tray, at = self._tray, self._next_at
        lines = [f"- 待发：{len(tray.waiting)}项", f"- 本次运行已发：{len(tray.sent)}项"]
        if at is not None and self._pace is not None:
            lines.append(f"- 下次发送：{moment(at, self._pace.utc_offset_minutes)}")
        if tray.failures:
            lines.append(f"- **连续失败{tray.failures}次**，将自动重试")
        if tray.given_up:
            lines.append(
                f"- **无法送达{len(tray.given_up)}项**：`guatu notices list` 查看，`guatu notices resend` 重发"
            )
        workflow.set_current_details("\n".join(lines))


async def _tell_case(notice: Notice) -> None:
    """Tell a case that its dispatch is out; one that is closed by now needs to know nothing."""
    case: workflow.ExternalWorkflowHandle[Any] = workflow.get_external_workflow_handle(f"case-{notice.case_no}")
    with contextlib.suppress(FailureError):
        await case.signal(NOTICE_OUT, NoticeOut(key=notice.key))
