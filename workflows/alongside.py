"""What runs beside the stages of a case, from its opening to its end.

The record, the notices, the deadlines and the console: none of them waits for another, so Postgres or a notice
channel being away delays its own work only.
"""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ActivityError

from petitions.notices import Notice, NoticeOutcome, NoticeState
from petitions.procedure import may_report
from petitions.values import Value
from workflows.activity_interface import CaseWork, Notify, NotifyResult, Record, Recorded
from workflows.case_in_hand import CaseInHand
from workflows.console import details, search_updates, search_values
from workflows.in_tray import InTray
from workflows.pages import page_of
from workflows.patiently import by_clock_of, patiently, short

_ONCE = RetryPolicy(maximum_attempts=1)
_NOTICE = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=5))
_RECORD_ENTRIES = 200
"""Entries written in one transaction at the most; after an outage the rest follows at once."""
_GIVEN_BYTES = 1024 * 1024
"""What one activity is given at the most, in JSON; a single entry or notice is always less. Temporal takes 2 MiB."""
_REPORT_TAKES_RECORD = "the-report-takes-the-record-along"
_A_MOMENT = timedelta(milliseconds=1)
_LONGEST_WAIT = timedelta(days=365)
"""A timer's length at the most: beyond the engine's own calendar, which ends in 2262, it would fire at once."""

_SomeValue = TypeVar("_SomeValue", bound=Value)


class _Room:
    """What one activity may still be given, in bytes."""

    def __init__(self) -> None:
        self._left = _GIVEN_BYTES

    def for_first_of(self, values: Iterable[_SomeValue]) -> list[_SomeValue]:
        """As many of these as there is room for, from the first on."""
        taken: list[_SomeValue] = []
        for value in values:
            self._left -= len(value.model_dump_json().encode())
            if self._left < 0:
                break
            taken.append(value)
        return taken


class Alongside:
    """The companions of a case's stages."""

    def __init__(self, hand: CaseInHand, tray: InTray) -> None:
        self._hand = hand
        self._tray = tray
        self._shown: dict[SearchAttributeKey[Any], Any] = {}
        self._shown_seq = 0
        self._on_their_way: set[str] = set()
        self._postgres_is_away = False
        self._is_writing = False
        self._report_takes_record = workflow.patched(_REPORT_TAKES_RECORD)
        self.is_to_rest = False
        """Set it, and nothing more is given to Postgres: what is still unwritten is to be carried on."""
        self._tasks: list[asyncio.Task[None]] = [
            asyncio.create_task(companion)
            for companion in (
                self._keep_record(),
                self._keep_deadlines(),
                self._send_notices(),
                self._keep_console(),
                self._read_on(),
            )
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

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is on its way to Postgres, and nothing more will be."""
        return self.is_to_rest and not self._is_writing

    def _also(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks = [task for task in self._tasks if not task.done() or task.exception() is not None]
        self._tasks.append(asyncio.create_task(work))

    async def _keep_record(self) -> None:
        """Write what happened to Postgres, in order; with it go the notices of the moment.

        One activity for both keeps the history short. When Postgres is away it says so and has sent the notices;
        then the writing alone is tried until it succeeds, and notices of the meantime go out by themselves.
        """
        hand = self._hand
        while True:
            self._is_writing = False
            await workflow.wait_condition(
                lambda: not hand.is_written and not self.is_to_rest and not self._is_left_to_report
            )
            self._is_writing = True
            record = self._next_record()
            recorded = await self._record(record)
            self._note(recorded.outcomes, record.notices, in_ledger=recorded.in_ledger)
            if not recorded.written:
                self._postgres_is_away = True
                await self._record(record.model_copy(update={"notices": (), "insist": True}))
                self._postgres_is_away = False
            self.is_recorded(record)

    async def record_for_report(self) -> Record | None:
        """What the case has to write when it is reported: it goes with the report, in the same activity.

        None: a case of before, whose record and report go apart.
        """
        if not self._report_takes_record:
            return None
        await workflow.wait_condition(lambda: not self._is_writing)
        return self._next_record(with_notices=False)

    def is_recorded(self, record: Record) -> None:
        """Postgres has confirmed this."""
        del self._hand.unwritten[: len(record.entries)]
        del self._hand.outcomes[: len(record.outcomes)]

    @property
    def _is_left_to_report(self) -> bool:
        return self._report_takes_record and may_report(self._hand.case)

    def _next_record(self, *, with_notices: bool = True) -> Record:
        hand = self._hand
        room = _Room()
        return Record(
            case_no=hand.case.case_no,
            entries=tuple(room.for_first_of(hand.unwritten[:_RECORD_ENTRIES])),
            outcomes=tuple(room.for_first_of(hand.outcomes)),
            notices=tuple(self._take_unsent(room)) if with_notices else (),
            at=hand.now(),
            jurisdiction=hand.case.hand_over.jurisdiction,
        )

    async def _record(self, record: Record) -> Recorded:
        # Who did something says more than what followed from it.
        told = [entry.text for entry in record.entries if entry.by] or [entry.text for entry in record.entries]
        what = told[-1] if told else "通知结果"
        return await patiently(CaseWork.record, record, f"记录：{what}", by_clock_of(self._hand.case.rules))

    def _take_unsent(self, room: _Room) -> list[Notice]:
        """The notices that nobody is sending yet, as there is room for them; from now on somebody is."""
        idle = (
            notice for key, notice in self._hand.unsent.items() if key not in self._on_their_way | self._hand.awaited
        )
        notices = room.for_first_of(idle)
        self._on_their_way |= {notice.key for notice in notices}
        return notices

    async def _keep_deadlines(self) -> None:
        """Wait for the next deadline, whichever that is by then.

        There is one timer at a time. It is set anew only for an earlier deadline; one that is no longer needed is
        left to run out, or to end with the workflow: cancelling it each time the case moves on costs more history.
        """
        hand = self._hand
        while (deadline := hand.next_deadline) is not None:
            due_at = deadline.due_at
            left = min(hand.engine_time(due_at) - workflow.now(), _LONGEST_WAIT)
            if left <= timedelta(0):
                hand.let_time_pass()
                continue
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: hand.next_due_at is not None and hand.next_due_at < due_at,  # noqa: B023 - awaited here
                    # A millisecond more: the engine's timers do not count less.
                    timeout=left + timedelta(milliseconds=1),
                    timeout_summary=short(f"时限：{deadline.label}"),
                )

    async def _send_notices(self) -> None:
        """Hand over what no record takes along: while Postgres is away, or left over from an opening or a run."""
        hand = self._hand
        while True:
            await workflow.wait_condition(
                lambda: (
                    (self._postgres_is_away or hand.is_written or self._is_left_to_report)
                    and bool(hand.unsent.keys() - self._on_their_way - hand.awaited)
                )
            )
            self._also(self._send(self._take_unsent(_Room())))

    async def _send(self, notices: list[Notice]) -> None:
        try:
            result = await self._notify(notices, insist=False)
        except ActivityError:
            result = NotifyResult(outcomes=(), in_ledger=True)
        self._note(result.outcomes, notices, in_ledger=result.in_ledger)

    async def _insist(self, notice: Notice) -> None:
        result = await self._notify([notice], insist=True)
        self._note(result.outcomes, [notice], in_ledger=result.in_ledger)

    async def _notify(self, notices: list[Notice], *, insist: bool) -> NotifyResult:
        titles = "、".join(dict.fromkeys(self._hand.case.title_of(notice.to) for notice in notices))
        return await patiently(
            CaseWork.notify,
            Notify(
                notices=tuple(notices),
                at=self._hand.now(),
                insist=insist,
                jurisdiction=self._hand.case.hand_over.jurisdiction,
            ),
            f"{'重发' if insist else ''}通知：{titles}",
            _NOTICE if insist else _ONCE,
        )

    def _note(self, outcomes: Sequence[NoticeOutcome], notices: Sequence[Notice], *, in_ledger: bool) -> None:
        """Take note of what became of notices.

        What lies in its office's out-tray is that office's; but the case waits for its own dispatch to be out.
        """
        became = {outcome.key: outcome.state for outcome in outcomes}
        if not in_ledger:
            self._hand.outcomes += [outcome for outcome in outcomes if outcome.state is not NoticeState.QUEUED]
        for notice in notices:
            state = became.get(notice.key)
            if state is NoticeState.SENT:
                self._hand.notice_is_out(notice)
            elif state is NoticeState.QUEUED:
                self._hand.notice_is_handed_over(notice)
            else:
                self._also(self._insist(notice))

    async def _read_on(self) -> None:
        """Read what a workflow task has left to the next: a timer of a moment brings that about."""
        while True:
            await workflow.wait_condition(lambda: not self._tray.is_empty)
            await workflow.sleep(_A_MOMENT, summary="消息较多，分批阅办")
            self._tray.bring(self._hand)

    async def _keep_console(self) -> None:
        """Show the case as it stands: search attributes where they changed, and the page of current details."""
        hand = self._hand
        while True:
            # A case that is about to be reported is shown when it is: the moment between is nobody's concern.
            await workflow.wait_condition(lambda: hand.case.seq != self._shown_seq and not may_report(hand.case))
            self._shown_seq = hand.case.seq
            values = search_values(hand.case)
            if updates := search_updates(self._shown, values):
                workflow.upsert_search_attributes(updates)  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it open
                self._shown = values
            workflow.set_current_details(details(hand.case, hand.now(), page_of(hand.case.case_no)))
