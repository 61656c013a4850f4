"""What runs beside the stages of a case, from its opening to its end.

The record, the notices, the deadlines and the console: none of them waits for another, so Postgres or a notice
channel being away delays its own work only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

from petitions.notices import Notice, NoticeOutcome, NoticeState
from workflows.activity_interface import CaseWork, Notify, NotifyResult, Record
from workflows.case_in_hand import CaseInHand
from workflows.console import details, search_updates, search_values

Given = TypeVar("Given")
Result = TypeVar("Result")

_QUICK = RetryPolicy(maximum_attempts=1)
_PATIENT = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
_NOTICE = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=5))
_SUMMARY_BYTES = 200
_RECORD_ENTRIES = 200
"""Entries written in one transaction at the most; after an outage the rest follows at once."""


async def at_once_or_durably(
    work: Callable[[CaseWork, Given], Awaitable[Result]], given: Given, summary: str
) -> Result:
    """Have something done in the world: at once as a local activity, and if that fails, patiently as an ordinary one.

    The local one costs a single event and is confirmed within the same workflow task. When the world is away it
    fails after one short try, and the ordinary activity, visible to the operator, tries until the world is back.
    """
    try:
        return await workflow.execute_local_activity_method(
            work, given, start_to_close_timeout=timedelta(seconds=3), retry_policy=_QUICK, summary=short(summary)
        )
    except FailureError as error:
        # A local activity's failure comes bare, an ordinary one's as ActivityError: either is caught here.
        if is_cancelled_exception(error):
            raise
        return await workflow.execute_activity_method(
            work, given, start_to_close_timeout=timedelta(seconds=30), retry_policy=_PATIENT, summary=short(summary)
        )


def short(summary: str) -> str:
    """A summary as Temporal takes it: 200 bytes at the most."""
    return summary.encode()[:_SUMMARY_BYTES].decode(errors="ignore")


class Alongside:
    """The four companions of a case's stages."""

    def __init__(self, hand: CaseInHand) -> None:
        self._hand = hand
        self._shown: dict[SearchAttributeKey[Any], Any] = {}
        self._shown_seq = 0
        self._on_their_way: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = [
            asyncio.create_task(companion)
            for companion in (self._keep_record(), self._keep_deadlines(), self._send_notices(), self._keep_console())
        ]

    def check(self) -> None:
        """Stop the workflow task if a companion is at fault: that must neither pass unseen nor fail the case.

        Raises:
            RuntimeError: with the companion's error as its cause; the task is tried again, with a mended worker.
        """
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise RuntimeError(f"a companion of the case is at fault: {error}") from error

    @property
    def is_at_fault(self) -> bool:
        """Whether a companion has raised something."""
        return any(task.done() and not task.cancelled() and task.exception() is not None for task in self._tasks)

    def stop(self) -> None:
        """The case is over for this run."""
        for task in self._tasks:
            task.cancel()

    def _also(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks = [task for task in self._tasks if not task.done() or task.exception() is not None]
        self._tasks.append(asyncio.create_task(work))

    async def _keep_record(self) -> None:
        """Write what happened to Postgres, in order, in as few transactions as there are pauses."""
        hand = self._hand
        while True:
            await workflow.wait_condition(lambda: not hand.is_written)
            entries, outcomes = hand.unwritten[:_RECORD_ENTRIES], list(hand.outcomes)
            last = entries[-1].text if entries else "通知结果"
            record = Record(case_no=hand.case.case_no, entries=tuple(entries), outcomes=tuple(outcomes))
            await at_once_or_durably(CaseWork.record, record, f"记录：{last}")
            del hand.unwritten[: len(entries)]
            del hand.outcomes[: len(outcomes)]

    async def _keep_deadlines(self) -> None:
        """Wait for the next deadline, whichever that is by then; there is one timer at a time."""
        hand = self._hand
        while (deadline := hand.next_deadline) is not None:
            due_at = deadline.due_at
            left = hand.engine_time(due_at) - workflow.now()
            if left <= timedelta(0):
                hand.let_time_pass()
                continue
            try:
                await workflow.wait_condition(
                    lambda: hand.next_due_at != due_at,  # noqa: B023 - awaited before the loop goes on
                    # A millisecond more: the engine's timers do not count less.
                    timeout=left + timedelta(milliseconds=1),
                    timeout_summary=short(deadline.label),
                )
            except TimeoutError:
                hand.let_time_pass()

    async def _send_notices(self) -> None:
        """Send notices as they arise: all of a moment together, and each that fails by itself until it is out."""
        hand = self._hand
        while True:
            await workflow.wait_condition(lambda: bool(hand.unsent.keys() - self._on_their_way))
            notices = [notice for key, notice in hand.unsent.items() if key not in self._on_their_way]
            self._on_their_way |= {notice.key for notice in notices}
            # The unit's own notice waits for nobody else's channel: the hour is running.
            for batch in (
                [notice for notice in notices if notice.dispatches],
                [notice for notice in notices if not notice.dispatches],
            ):
                if batch:
                    self._also(self._send(batch))

    async def _send(self, notices: list[Notice]) -> None:
        try:
            result = await self._notify(notices, insist=False)
        except ActivityError:
            failed = notices
        else:
            self._note(result, notices)
            sent = {outcome.key for outcome in result.outcomes if outcome.state is NoticeState.SENT}
            failed = [notice for notice in notices if notice.key not in sent]
        for notice in failed:
            self._also(self._insist(notice))

    async def _insist(self, notice: Notice) -> None:
        self._note(await self._notify([notice], insist=True), [notice])

    async def _notify(self, notices: list[Notice], *, insist: bool) -> NotifyResult:
        titles = "、".join(dict.fromkeys(self._hand.case.title_of(notice.to) for notice in notices))
        return await workflow.execute_activity_method(
            CaseWork.notify,
            Notify(notices=tuple(notices), at=self._hand.now(), insist=insist),
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=_NOTICE if insist else _QUICK,
            summary=short(f"{'重发' if insist else ''}通知：{titles}"),
        )

    def _note(self, result: NotifyResult, notices: list[Notice]) -> None:
        outcomes: dict[str, NoticeOutcome] = {outcome.key: outcome for outcome in result.outcomes}
        for notice in notices:
            outcome = outcomes.get(notice.key)
            if outcome is not None and outcome.state is NoticeState.SENT:
                self._hand.notice_is_out(notice)
        if not result.in_ledger:
            self._hand.outcomes += result.outcomes

    async def _keep_console(self) -> None:
        """Show the case as it stands: search attributes where they changed, and the page of current details."""
        hand = self._hand
        while True:
            await workflow.wait_condition(lambda: hand.case.seq != self._shown_seq)
            self._shown_seq = hand.case.seq
            values = search_values(hand.case)
            if updates := search_updates(self._shown, values):
                workflow.upsert_search_attributes(updates)  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it open
                self._shown = values
            workflow.set_current_details(details(hand.case, hand.now()))
