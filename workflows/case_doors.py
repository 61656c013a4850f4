"""The doors of a case: its signals, its update and its query, with the words the Temporal UI shows for them.

A handler only takes in: it reads what came, lets the rules decide, and returns. Nothing that comes through a door
can fail a workflow task or the workflow: see ``workflows.payloads`` for why the handlers take ``*bodies``.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from petitions.procedure import Answered, Receipt
from petitions.vocabulary import MessageKind
from workflows.in_tray import Letter


class CaseDoors:
    """All messages of the contract as signals, and again by the update ``submit``; the query ``case``."""

    @abstractmethod
    def _take_in(self, letter: Letter) -> None:
        """Take a message in: at once, or after what came before it."""

    @abstractmethod
    async def _answer_to(self, letter: Letter) -> Answered:
        """Take a message in and answer it, once the case is open."""

    @abstractmethod
    def _view(self) -> dict[str, Any]:
        """The whole case as JSON values."""

    @workflow.signal(
        name=MessageKind.DISPATCH, description="分发：指定责任单位 {message_id, by: {office, name}, unit, note?}"
    )
    def dispatch(self, *bodies: RawValue) -> None:
        """分发 (dispatch)."""
        self._take_in(Letter(MessageKind.DISPATCH, bodies))

    @workflow.signal(
        name=MessageKind.ACKNOWLEDGEMENT, description="签收：责任单位收到交办 {message_id, by: {office, name}}"
    )
    def acknowledgement(self, *bodies: RawValue) -> None:
        """签收 (acknowledgement)."""
        self._take_in(Letter(MessageKind.ACKNOWLEDGEMENT, bodies))

    @workflow.signal(
        name=MessageKind.LEADER_INSTRUCTION, description="领导批示 {message_id, by: {office, name}, text, complete_by?}"
    )
    def leader_instruction(self, *bodies: RawValue) -> None:
        """领导批示 (leader instruction)."""
        self._take_in(Letter(MessageKind.LEADER_INSTRUCTION, bodies))

    @workflow.signal(
        name=MessageKind.TASK_FORCE,
        description="工作专班 {message_id, by: {office, name}, "
        "lead_leader: {office, name}, lead_department, assisting_departments: [], members?}",
    )
    def task_force(self, *bodies: RawValue) -> None:
        """工作专班 (task force)."""
        self._take_in(Letter(MessageKind.TASK_FORCE, bodies))

    @workflow.signal(
        name=MessageKind.SITE_VISIT,
        description="到现场：督导、调查或核实 {message_id, by: {office, name}, "
        "purpose: supervision|investigation|verification, notes}",
    )
    def site_visit(self, *bodies: RawValue) -> None:
        """现场督导 (site visit)."""
        self._take_in(Letter(MessageKind.SITE_VISIT, bodies))

    @workflow.signal(
        name=MessageKind.RECTIFICATION_REPORT,
        description="整改报告 {message_id, by: {office, name}, "
        "final, finding, facts, measures, completion, outcome?, attachments?}",
    )
    def rectification_report(self, *bodies: RawValue) -> None:
        """整改报告 (rectification report)."""
        self._take_in(Letter(MessageKind.RECTIFICATION_REPORT, bodies))

    @workflow.signal(
        name=MessageKind.VERIFICATION,
        description="核实：市案件督办组 {message_id, by: {office, name}, confirmed, opinion}",
    )
    def verification(self, *bodies: RawValue) -> None:
        """核实 (verification)."""
        self._take_in(Letter(MessageKind.VERIFICATION, bodies))

    @workflow.signal(
        name=MessageKind.PRELIMINARY_REVIEW,
        description="初审：市信访维稳组 {message_id, by: {office, name}, passed, opinion}",
    )
    def preliminary_review(self, *bodies: RawValue) -> None:
        """初审 (preliminary review)."""
        self._take_in(Letter(MessageKind.PRELIMINARY_REVIEW, bodies))

    @workflow.signal(
        name=MessageKind.SURVEY_RESULT,
        description="满意度问卷：联合回访组 {message_id, by: {office, name}, "
        "round, responses: [{respondent, opinion}], complete, team?}",
    )
    def survey_result(self, *bodies: RawValue) -> None:
        """满意度问卷 (survey result)."""
        self._take_in(Letter(MessageKind.SURVEY_RESULT, bodies))

    @workflow.signal(
        name=MessageKind.EXTENSION, description="延期 {message_id, by: {office, name}, days, reason, authority}"
    )
    def extension(self, *bodies: RawValue) -> None:
        """延期 (extension)."""
        self._take_in(Letter(MessageKind.EXTENSION, bodies))

    @workflow.signal(
        name=MessageKind.STARRING, description="加星或取消加星 {message_id, by: {office, name}, starred, reason}"
    )
    def starring(self, *bodies: RawValue) -> None:
        """加星调整 (starring)."""
        self._take_in(Letter(MessageKind.STARRING, bodies))

    @workflow.signal(name=MessageKind.MERGE, description="重复件并案 {message_id, by: {office, name}, into, reason}")
    def merge(self, *bodies: RawValue) -> None:
        """并案 (merge)."""
        self._take_in(Letter(MessageKind.MERGE, bodies))

    @workflow.signal(name=MessageKind.WITHDRAWAL, description="撤回 {message_id, by: {office, name}, reason}")
    def withdrawal(self, *bodies: RawValue) -> None:
        """撤回 (withdrawal)."""
        self._take_in(Letter(MessageKind.WITHDRAWAL, bodies))

    @workflow.signal(dynamic=True, description="其他名称的消息：拒收并留痕")
    def any_other_signal(self, name: str, bodies: Sequence[RawValue]) -> None:
        """A name that the contract does not have: refused as ``unknown_kind``, and on record."""
        self._take_in(Letter(name, bodies))

    @workflow.update(
        name="submit",
        description="提交一条消息并得到回执：{kind: 信号名, message_id, by: {office, name}, 其余同该信号}",
    )
    async def submit(self, *bodies: RawValue) -> Receipt:
        """Take in any message of the contract and answer with its receipt.

        Raises:
            ApplicationError: it is refused; the error's type is the code. The refusal is on record.
        """
        return await self._receipt_for(Letter(None, bodies))

    @workflow.update(dynamic=True, description="其他名称的更新：拒收并留痕")
    async def any_other_update(self, name: str, bodies: Sequence[RawValue]) -> Receipt:
        """A name that the contract does not have: what it brings is refused as ``unknown_kind``, and on record.

        Raises:
            ApplicationError: always, but for a message of the contract sent under its own name.
        """
        return await self._receipt_for(Letter(name, bodies))

    async def _receipt_for(self, letter: Letter) -> Receipt:
        answered = await self._answer_to(letter)
        if answered.refusal:
            raise ApplicationError(answered.refusal.reason, type=answered.refusal.code.value, non_retryable=True)
        assert answered.receipt is not None
        return answered.receipt

    @workflow.query(name="case", description="本件的全部情况（JSON）")
    def case(self, *_bodies: RawValue) -> dict[str, Any]:
        """The whole case as JSON; arguments are ignored."""
        return self._view()
