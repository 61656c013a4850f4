"""One case, from hand-over to conclusion: 1+3+5+7 and the four full coverages as a durable workflow.

``run`` reads as the procedure. The rules (``petitions``) decide what each message and each deadline does to the
case; the workflow waits for the stages in their order, and beside them the record is kept, notices go out and the
deadlines run (``workflows.alongside``).
"""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from petitions.hand_over import HandOver, HandOverError, read_hand_over
from petitions.messages import AnyMessage, Unreadable
from petitions.procedure import Answered, may_report, open_case, report_is_submitted
from petitions.report import handling_report
from petitions.view import CaseResult, case_result, case_view, unopened_view
from petitions.vocabulary import RefusalCode, Stage
from workflows.activity_interface import CaseWork, OpenCase, RefusedHandOver, SubmitReport
from workflows.alongside import Alongside
from workflows.case_doors import CaseDoors
from workflows.case_in_hand import Carried, CaseInHand, procedure_time
from workflows.patiently import patiently
from workflows.payloads import json_of

WORKFLOW_TYPE = "PetitionCase"
TASK_QUEUE = "petition-cases"

_LAST_NOTICES_SECONDS = 60
"""How long a finished case waits for notices that are still on their way; the ledger knows the rest."""
_GIVEN = 2_000


def _carried(arguments: Sequence[RawValue]) -> Carried | None:
    """What the run before this one has handed on, if this run continues another.

    A run that the server started anew because of somebody's retry policy or schedule continues nothing: it has the
    start's own argument.
    """
    if workflow.info().continued_run_id is None:
        return None
    body = json_of(arguments)
    try:
        return None if isinstance(body, str) else Carried.model_validate_json(body)
    except ValidationError:
        return None


class _Early:
    """A message that reached the case before it was open, and its answer once there is one."""

    def __init__(self, message: AnyMessage | Unreadable) -> None:
        self.message = message
        self.answered: Answered | None = None


class _ClosedEarlyError(Exception):
    """The case was withdrawn or merged while a stage was waited for."""


@workflow.defn(name=WORKFLOW_TYPE)
class PetitionCase(CaseDoors):
    """A petition case (信访举报件). Input, messages, query and result: the outward contract."""

    @workflow.init
    def __init__(self, *arguments: RawValue) -> None:
        self._hand: CaseInHand | None = None
        self._hand_over: HandOver | None = None
        self._early: list[_Early] = []
        if (carried := _carried(arguments)) is not None:
            self._hand = CaseInHand(carried)

    @workflow.run
    async def run(self, *arguments: RawValue) -> CaseResult:
        """The procedure (design §3), top to bottom."""
        hand = self._hand or await self._open(arguments)
        self._alongside = Alongside(hand)
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

    async def _open(self, arguments: tuple[RawValue, ...]) -> CaseInHand:
        """Take the case over: its rules, once; then what had arrived together with the start, in order."""
        hand_over = await self._read_hand_over(arguments)
        opening = OpenCase(hand_over=hand_over, engine_now=workflow.now())
        opened = await patiently(CaseWork.open_case, opening, f"受理{hand_over.case_no}：取用本辖区规则，登记，通知")
        step = open_case(hand_over, opened.rules, procedure_time(opened.rules, opening.engine_now))
        hand = CaseInHand.opened(step, opened)
        hand.let_time_pass()
        self._hand = hand
        for early in self._early:
            early.answered = hand.take_in(early.message)
        return hand

    async def _read_hand_over(self, arguments: tuple[RawValue, ...]) -> HandOver:
        """The start's argument; one that cannot open a case is put on record and fails the workflow with the reason."""
        info = workflow.info()
        body = json_of(arguments)
        try:
            if isinstance(body, str):
                raise HandOverError(f"the start needs exactly one JSON argument, the hand-over ({body})")
            hand_over = read_hand_over(body)
            if info.workflow_id != hand_over.workflow_id:
                raise HandOverError(f"case {hand_over.case_no} must run under the workflow id {hand_over.workflow_id}")
        except HandOverError as error:
            given = "" if isinstance(body, str) else body[:_GIVEN].decode(errors="replace").replace("\x00", "�")
            refused = RefusedHandOver(workflow_id=info.workflow_id, run_id=info.run_id, given=given, reason=str(error))
            await patiently(CaseWork.refuse_hand_over, refused, "登记无法受理的交办")
            raise ApplicationError(str(error), type=RefusalCode.MALFORMED.value, non_retryable=True) from None
        self._hand_over = hand_over
        return hand_over

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
                    or (info.is_continue_as_new_suggested() and hand.can_be_carried)
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
        if hand.can_be_carried:
            workflow.continue_as_new(hand.carried())
        alongside.is_to_rest = False

    async def _submit_report(self, hand: CaseInHand) -> None:
        """Assemble and submit the handling report; with that the case is concluded."""
        submit = SubmitReport(
            case_no=hand.case.case_no,
            key=f"{hand.case.case_no}/{hand.case.round}",
            report=handling_report(hand.case),
            at=hand.now(),
        )
        sha256 = await patiently(CaseWork.submit_report, submit, "上报办理报告")
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
            lambda: (hand.is_written and workflow.all_handlers_finished()) or self._alongside.is_at_fault
        )
        self._alongside.check()

    @property
    def _in_hand(self) -> CaseInHand:
        assert self._hand is not None, "the case is not open yet"
        return self._hand

    def _take_in(self, message: AnyMessage | Unreadable) -> Answered | None:
        if self._hand is None:
            self._early.append(_Early(message))
            return None
        return self._hand.take_in(message)

    async def _answer_to(self, message: AnyMessage | Unreadable) -> Answered:
        if self._hand is not None:
            return self._hand.take_in(message)
        early = _Early(message)
        self._early.append(early)
        await workflow.wait_condition(lambda: early.answered is not None)
        assert early.answered is not None
        return early.answered

    def _view(self) -> dict[str, Any]:
        return case_view(self._hand.case) if self._hand else unopened_view(self._hand_over)
