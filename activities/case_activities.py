"""The activities of a case (``workflows.activity_interface``), done with a jurisdiction file, Postgres and channels."""

import asyncio
import os
from collections.abc import Mapping

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.channels import ChannelError, send
from activities.jurisdictions import Jurisdictions
from petitions.case_rules import CaseRules
from petitions.clock import CaseClock
from petitions.hand_over import HandOver
from petitions.jurisdiction_rules import rules_for
from petitions.notices import Notice, NoticeOutcome, NoticeState
from petitions.values import Instant
from store import Store, StoreError
from workflows.activity_interface import CaseWork, Notify, NotifyResult, Record, RefusedHandOver, SubmitReport

_log = structlog.stdlib.get_logger()


class CaseActivities(CaseWork):
    """What a case needs done, with the connections that this worker has.

    Args:
        store: Postgres.
        jurisdictions: the files that this worker knows.
        clock: the clock that new cases of this worker run by.
        environment: where addresses of the form ``env:NAME`` are looked up.
    """

    def __init__(
        self,
        store: Store,
        jurisdictions: Jurisdictions,
        clock: CaseClock | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._store = store
        self._jurisdictions = jurisdictions
        self._clock = clock or CaseClock()
        self._environment = environment

    @activity.defn(name="take_rules")
    async def take_rules(self, hand_over: HandOver) -> CaseRules:
        """The part of the jurisdiction file that concerns this case."""
        return rules_for(
            self._jurisdictions.get(hand_over.jurisdiction),
            received_at=hand_over.received_at,
            county=hand_over.county,
            categories=hand_over.categories,
            responsible_unit=hand_over.responsible_unit,
            clock=self._clock,
        )

    @activity.defn(name="record")
    async def record(self, record: Record) -> int:
        """Write entries and the read model that follows from them, in one transaction."""
        recorded = await self._store.record(record.case_no, record.entries, record.outcomes)
        return recorded.last_seq

    @activity.defn(name="notify")
    async def notify(self, notify: Notify) -> NotifyResult:
        """Send notices; one that the ledger knows as sent is not sent again.

        With the ledger out of reach they are sent all the same: a notice twice is better than none.
        """
        known = await self._known_as_sent(notify.notices)
        due = [notice for notice in notify.notices if notice.key not in known]
        attempt = activity.info().attempt
        outcomes = await asyncio.gather(*(self._send(notice, notify.at, attempt) for notice in due))
        in_ledger = await self._mark(due, outcomes)
        failed = [outcome for outcome in outcomes if outcome.state is NoticeState.FAILED]
        if notify.insist and failed:
            raise ApplicationError(failed[0].error or "the notice was not sent", type="notice_failed")
        repeated = (
            NoticeOutcome(key=key, state=NoticeState.SENT, at=notify.at, attempts=attempt) for key in sorted(known)
        )
        return NotifyResult(outcomes=(*outcomes, *repeated), in_ledger=in_ledger)

    async def _known_as_sent(self, notices: tuple[Notice, ...]) -> frozenset[str]:
        try:
            return frozenset(await self._store.already_sent([notice.key for notice in notices]))
        except StoreError as error:
            _log.warning("the ledger of notices is out of reach; sending without it", error=str(error))
            return frozenset()

    async def _send(self, notice: Notice, at: Instant, attempt: int) -> NoticeOutcome:
        addresses = self._jurisdictions.get(None).addresses(notice.to, self._environment)
        try:
            await send(notice, addresses)
        except ChannelError as error:
            _log.warning("a notice was not sent", key=notice.key, attempt=attempt, error=str(error))
            return NoticeOutcome(key=notice.key, state=NoticeState.FAILED, at=at, attempts=attempt, error=str(error))
        return NoticeOutcome(key=notice.key, state=NoticeState.SENT, at=at, attempts=attempt)

    async def _mark(self, notices: list[Notice], outcomes: list[NoticeOutcome]) -> bool:
        try:
            await self._store.mark(outcomes, notices)
        except StoreError as error:
            _log.warning("the ledger of notices is out of reach; the record will tell it", error=str(error))
            return False
        return True

    @activity.defn(name="submit_report")
    async def submit_report(self, submit: SubmitReport) -> str:
        """Submit the handling report: it is kept in Postgres under its key, once."""
        return await self._store.submit_report(submit.case_no, submit.key, submit.report, submit.at)

    @activity.defn(name="refuse_hand_over")
    async def refuse_hand_over(self, refused: RefusedHandOver) -> None:
        """Keep on record a start that could not open a case."""
        await self._store.refuse_hand_over(
            workflow_id=refused.workflow_id, run_id=refused.run_id, given=refused.given, reason=refused.reason
        )
