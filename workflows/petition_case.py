"""One case, from hand-over to conclusion: 1+3+5+7 and the four full coverages as a durable workflow.

``run`` reads as the procedure. The rules (``petitions``) decide what each message and each deadline does to the
case; the workflow waits for the stages in their order, and beside them the record is kept, notices go out and the
deadlines run (``workflows.alongside``).
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from petitions.hand_over import WORKFLOW_ID_PREFIX, HandOver, HandOverError, read_hand_over
from petitions.procedure import Answered, may_report, open_case, report_is_submitted
from petitions.reopening import ReopenedStart, read_reopened_start
from petitions.report import handling_report
from petitions.resuming import ResumedStart, read_resumed_start
from petitions.view import CaseResult, case_result, case_view, unopened_view
from petitions.vocabulary import RefusalCode, Stage
from workflows.activity_interface import CaseWork, OpenCase, RefusedHandOver, ReopenCase, ResumeCase, SubmitReport
from workflows.alongside import Alongside
from workflows.case_doors import CaseDoors
from workflows.case_in_hand import Carried, CaseInHand, procedure_time
from workflows.in_tray import Cancelling, InTray, Letter
from workflows.names import WORKFLOW_TYPE
from workflows.notice_interface import NOTICE_OUT, NoticeOut
from workflows.patiently import by_clock_of, patiently
from workflows.payloads import UNREADABLE, KeyIsGoneError, json_of, sealed, was_unreadable
from workflows.request_ids import current_request_id

_LAST_NOTICES_SECONDS = 60
"""How long a finished case waits for notices that are still on their way; the ledger knows the rest."""
_GIVEN = 2_000
_CANCELLING_IS_REFUSED = "cancelling-is-refused"


def _forget_cancelling() -> None:
    """The run's own task is no longer to be cancelled."""
    task = asyncio.current_task()
    assert task is not None
    while task.cancelling():
        task.uncancel()


def _notice_key(bodies: Sequence[RawValue]) -> str | None:
    """The key of the notice that is said to be out; none if nothing is said that could be one."""
    body = json_of(bodies)
    try:
        return None if isinstance(body, str) else NoticeOut.model_validate_json(body).key
    except ValidationError:
        return None


def _carried(arguments: Sequence[RawValue]) -> Carried | None:
    """What the run before this one has handed on, if this run continues another.

    A run that the server started anew because of somebody's retry policy or schedule continues nothing: it has the
    start's own argument.

    Raises:
        KeyIsGoneError: it cannot be told, since the argument does not open.
    """
    if workflow.info().continued_run_id is None:
        return None
    if sealed(arguments):
        raise KeyIsGoneError
    body = json_of(arguments)
    try:
        return None if isinstance(body, str) else Carried.model_validate_json(body)
    except ValidationError:
        return None


class _ClosedEarlyError(Exception):
    """The case was withdrawn or merged while a stage was waited for."""


@workflow.defn(name=WORKFLOW_TYPE)
class PetitionCase(CaseDoors):
    """A petition case (信访举报件). Input, messages, query and result: the outward contract."""

    @workflow.init
    def __init__(self, *arguments: RawValue) -> None:
        self._hand: CaseInHand | None = None
        self._hand_over: HandOver | None = None
        self._opening: OpenCase | None = None
        self._companions: Alongside | None = None
        self._tray = InTray()
        self._notices_out: set[str] = set()
        """Keys of dispatches that are out; one may be told before the case is open."""
        if (carried := _carried(arguments)) is not None:
            self._hand = CaseInHand(carried)

    @workflow.run
    async def run(self, *arguments: RawValue) -> CaseResult:
        """The procedure, to its end: an operator's request to cancel it is refused, and it goes on where it was."""
        while True:
            try:
                return await self._procedure(arguments)
            except (asyncio.CancelledError, ActivityError) as error:
                if not is_cancelled_exception(error) or not workflow.patched(_CANCELLING_IS_REFUSED):
                    raise
                _forget_cancelling()
                self._take_in(Cancelling(workflow.cancellation_reason()))

    async def _procedure(self, arguments: tuple[RawValue, ...]) -> CaseResult:
        """The procedure (design §3), top to bottom; begun again, it goes on from the stage in which the case is."""
        hand = self._hand or await self._take_over(arguments)
        if self._companions is None:
            self._companions = Alongside(hand, self._tray)
        self._alongside.is_to_rest = False
        try:
            # Within 1 hour the responsible unit's notice is out.
            await self._leave(Stage.RECEIVED)
            while hand.case.stage is not Stage.REPORTING:
                # The unit acknowledges, rectifies, and reports; the teams press, day by day.
                await self._leave(Stage.DISPATCHED)
                await self._leave(Stage.RECTIFYING)
                # The case-supervision team confirms it on the ground, the petition-stability team reviews it;
                # what either sends back is rectified again.
                await self._leave(Stage.VERIFYING)
                await self._leave(Stage.REVIEWING)
                # The residents decide: if they are not satisfied, the next round begins.
                await self._leave(Stage.SURVEYING)
            # All four coverages, on every case without exception; then the handling report.
            await self._until(lambda: may_report(hand.case))
            await self._submit_report(hand)
        except _ClosedEarlyError:
            pass
        await self._finish(hand)
        return case_result(hand.case)

    async def _take_over(self, arguments: tuple[RawValue, ...]) -> CaseInHand:
        """Open the case, or go on with one from its record; then what had arrived with the start, in order."""
        start = await self._read_start(arguments)
        match start:
            case ReopenedStart():
                hand = await self._reopen(start)
            case ResumedStart():
                hand = await self._resume(start)
            case HandOver():
                hand = await self._open(start)
        self._hand = hand
        self._note_notices_out()
        self._tray.bring(hand)
        return hand

    async def _open(self, hand_over: HandOver) -> CaseInHand:
        """Take the rules that hold for the case, once."""
        self._hand_over = hand_over
        request_id = current_request_id()
        # Once: asked for again, it must be the same, or the record would refuse it.
        opening = self._opening or OpenCase(hand_over=hand_over, engine_now=workflow.now(), request_id=request_id)
        self._opening = opening
        opened = await patiently(CaseWork.open_case, opening, f"受理{hand_over.case_no}：取用本辖区规则，登记，通知")
        step = open_case(hand_over, opened.rules, procedure_time(opened.rules, opening.engine_now), request_id)
        hand = CaseInHand.opened(step, opened)
        hand.let_time_pass()
        return hand

    async def _reopen(self, start: ReopenedStart) -> CaseInHand:
        """Go on with a concluded case from its record: Temporal may have forgotten its former run."""
        self._hand_over = start.hand_over
        asked = ReopenCase(start=start, engine_now=workflow.now(), request_id=current_request_id())
        reopened = await patiently(CaseWork.reopen_case, asked, f"退回重办{start.case_no}：从档案接续")
        if reopened.case is None:
            raise await self._refused_start(f"there is no case {start.case_no} on record to be reopened", b"")
        if (refusal := reopened.refusal) is not None:
            raise ApplicationError(refusal.reason, type=refusal.code.value, non_retryable=True)
        return CaseInHand.taken_up_again(reopened.case, reopened.notices)

    async def _resume(self, start: ResumedStart) -> CaseInHand:
        """Go on with an open case from its record: Temporal has lost its former run, or fell behind."""
        self._hand_over = start.hand_over
        asked = ResumeCase(start=start, run=workflow.info().run_id, engine_now=workflow.now())
        resumed = await patiently(CaseWork.resume_case, asked, f"按档案恢复{start.case_no}")
        if resumed.case is None:
            raise await self._refused_start(f"there is no case {start.case_no} on record to be resumed", b"")
        if resumed.case.closed:
            over = f"case {start.case_no} is over by its record"
            raise ApplicationError(over, type=RefusalCode.NOT_NOW.value, non_retryable=True)
        return CaseInHand.resumed(resumed.case, resumed.notices)

    async def _read_start(self, arguments: tuple[RawValue, ...]) -> HandOver | ReopenedStart | ResumedStart:
        """The start's argument; one that can open no case is put on record and fails the workflow with the reason."""
        if was_unreadable(arguments, "start"):
            raise await self._refused_start(UNREADABLE, b"")
        body = json_of(arguments)
        try:
            if isinstance(body, str):
                raise HandOverError(f"the start needs exactly one JSON argument, the hand-over ({body})")
            start = read_reopened_start(body) or read_resumed_start(body) or read_hand_over(body)
            if workflow.info().workflow_id != start.workflow_id:
                raise HandOverError(f"case {start.case_no} must run under the workflow id {start.workflow_id}")
        except HandOverError as error:
            raise await self._refused_start(str(error), body) from None
        return start

    async def _refused_start(self, reason: str, given: bytes | str) -> ApplicationError:
        """Put a start that can open no case on record; the error with which the workflow is to fail."""
        info = workflow.info()
        shown = given[:_GIVEN].decode(errors="replace").replace("\x00", "�") if isinstance(given, bytes) else ""
        refused = RefusedHandOver(workflow_id=info.workflow_id, run_id=info.run_id, given=shown, reason=reason)
        await patiently(CaseWork.refuse_hand_over, refused, "登记无法受理的交办")
        return ApplicationError(reason, type=RefusalCode.MALFORMED.value, non_retryable=True)

    async def _leave(self, stage: Stage) -> None:
        """Wait until the case is past this stage; at once if it is not in it."""
        await self._until(lambda: self._in_hand.case.stage is not stage)

    async def _until(self, reached: Callable[[], bool]) -> None:
        """Wait for the case to get somewhere, continuing as new when the history has grown long."""
        hand, alongside = self._in_hand, self._alongside
        info = workflow.info()
        while True:
            await workflow.wait_condition(
                lambda: (
                    reached()
                    or hand.case.closed
                    or alongside.is_at_fault
                    or (info.is_continue_as_new_suggested() and self._tray.is_empty and hand.can_be_carried)
                )
            )
            alongside.check()
            if hand.case.closed:
                raise _ClosedEarlyError
            if reached():
                return
            await self._continue_as_new(hand, alongside)

    async def _continue_as_new(self, hand: CaseInHand, alongside: Alongside) -> None:
        """Carry the case on in a new run, between two writings: messages may be coming in all the time.

        Returns if so much came in meanwhile that some of it has to be written first.
        """
        alongside.is_to_rest = True
        await workflow.wait_condition(
            lambda: (alongside.is_at_rest and workflow.all_handlers_finished()) or alongside.is_at_fault
        )
        alongside.check()
        if self._tray.is_empty and hand.can_be_carried:
            workflow.continue_as_new(hand.carried())
        alongside.is_to_rest = False

    async def _submit_report(self, hand: CaseInHand) -> None:
        """Assemble and submit the handling report; with that the case is concluded."""
        record = await self._alongside.record_for_report()
        submit = SubmitReport(
            case_no=hand.case.case_no,
            key=f"{hand.case.case_no}/{hand.case.round}",
            report=handling_report(hand.case),
            at=hand.now(),
            record=record,
        )
        sha256 = await patiently(CaseWork.submit_report, submit, "上报办理报告", by_clock_of(hand.case.rules))
        if record is not None:
            self._alongside.is_recorded(record)
        hand.let_time_pass()
        hand.apply(report_is_submitted(hand.case, sha256, hand.now()))

    async def _finish(self, hand: CaseInHand) -> None:
        """Everything is written, every message answered, and the last notices have had their chance."""
        await self._settle(hand)
        if hand.unsent:
            try:
                await workflow.wait_condition(
                    lambda: not hand.unsent, timeout=_LAST_NOTICES_SECONDS, timeout_summary="等待最后的通知"
                )
            except TimeoutError:
                workflow.logger.warning("%d notices of a finished case are still to be sent", len(hand.unsent))
            await self._settle(hand)

    async def _settle(self, hand: CaseInHand) -> None:
        """Wait until Postgres has confirmed everything and every message has its answer."""
        await workflow.wait_condition(
            lambda: (
                (self._tray.is_empty and hand.is_written and workflow.all_handlers_finished())
                or self._alongside.is_at_fault
            )
        )
        self._alongside.check()

    @property
    def _alongside(self) -> Alongside:
        assert self._companions is not None, "the case is not open yet"
        return self._companions

    @property
    def _in_hand(self) -> CaseInHand:
        assert self._hand is not None, "the case is not open yet"
        return self._hand

    @workflow.signal(name=NOTICE_OUT, description="（内部）通知已送出 {key}")
    def notice_out(self, *bodies: RawValue) -> None:
        """The unit's notice is out, and with that the case dispatched; another of its own it does not wait for.

        What is no such word of an out-tray is refused and on record, like a message of any other name.
        """
        key = _notice_key(bodies)
        if key is None or not key.startswith(f"{workflow.info().workflow_id.removeprefix(WORKFLOW_ID_PREFIX)}/"):
            self._take_in(Letter(NOTICE_OUT, bodies))
        elif self._hand is None or key in self._hand.awaited:
            self._notices_out.add(key)
            self._note_notices_out()

    def _note_notices_out(self) -> None:
        hand = self._hand
        for key in sorted(self._notices_out & hand.awaited) if hand else ():
            assert hand is not None
            hand.notice_is_out(hand.unsent[key])

    def _take_in(self, letter: Letter) -> None:
        self._tray.put(letter)
        if self._hand is not None:
            self._tray.bring(self._hand)

    async def _answer_to(self, letter: Letter) -> Answered:
        self._take_in(letter)
        if letter.answered is None:
            await workflow.wait_condition(lambda: letter.answered is not None)
        assert letter.answered is not None
        return letter.answered

    def _view(self) -> dict[str, Any]:
        return case_view(self._hand.case) if self._hand else unopened_view(self._hand_over)
