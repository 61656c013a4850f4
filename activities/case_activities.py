"""The activities of a case (``workflows.activity_interface``), done with a jurisdiction file, Postgres and channels."""

import os
from collections.abc import Mapping

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.beating import heard_of
from activities.channels import OnTried
from activities.jurisdictions import Jurisdictions
from activities.notice_activities import NoticeActivities
from activities.out_trays import OutTrays
from petitions.case import Case
from petitions.case_rules import CaseRules
from petitions.clock import CaseClock, local
from petitions.events import Entry, Resumed
from petitions.evolution import evolve
from petitions.jurisdiction.rules import rules_for
from petitions.notices import Notice, NoticeOutcome, NoticeState, has_address, notices_for
from petitions.procedure import open_case, reopen, resume
from store import RecordConflictError, RecordGapError, Store, StoreError
from workflows.activity_interface import (
    CaseWork,
    Notify,
    NotifyResult,
    OpenCase,
    Opened,
    Record,
    Recorded,
    RefusedHandOver,
    ReopenCase,
    ReopenedCase,
    ResumeCase,
    ResumedCase,
    SubmitReport,
)

_log = structlog.stdlib.get_logger()
_RACES = 20
"""Lost races for the end of a record after which something is wrong."""


def _why_not_written(error: StoreError) -> str:
    """What the log says of entries that are not on record yet; the case then insists."""
    if isinstance(error, RecordConflictError | RecordGapError):
        return "the record contradicts the case; its entries are tried again, and wait for somebody to look"
    return "the record is out of reach; it will be written later"


class CaseActivities(CaseWork):
    """What a case needs done, with the connections that this worker has.

    Args:
        store: Postgres.
        jurisdictions: the files that this worker knows.
        clock: the clock that new cases of this worker run by.
        environment: where addresses of the form ``env:NAME`` are looked up.
        on_tried: is told what became of each message at each channel.
    """

    def __init__(
        self,
        store: Store,
        jurisdictions: Jurisdictions,
        clock: CaseClock | None = None,
        environment: Mapping[str, str] = os.environ,
        on_tried: OnTried | None = None,
    ) -> None:
        self._store = store
        self._jurisdictions = jurisdictions
        self._clock = clock or CaseClock()
        self._out_trays = OutTrays(jurisdictions)
        self.of_notices = NoticeActivities(store, jurisdictions, environment, on_tried)
        """What offices' notices need done, with the same connections."""

    @activity.defn(name="open_case")
    @heard_of
    async def open_case(self, opening: OpenCase) -> Opened:
        """Take the rules of the case, write its first entry, hand over its notices.

        What is on record holds: an attempt that got so far and was cut off is carried on with the same rules.
        """
        hand_over = opening.hand_over
        recorded_rules, is_away = await self._recorded_rules(hand_over.case_no)
        rules = recorded_rules or rules_for(
            self._jurisdictions.get(hand_over.jurisdiction),
            received_at=hand_over.received_at,
            county=hand_over.county,
            categories=hand_over.categories,
            responsible_unit=hand_over.responsible_unit,
            clock=self._clock,
        )
        at = local(rules.clock.now(opening.engine_now), rules.durations.utc_offset_minutes)
        step = open_case(hand_over, rules, at, opening.request_id)
        recorded = await self._write_and_tell(
            Record(
                case_no=hand_over.case_no,
                entries=step.entries,
                notices=tuple(notice for notice in step.notices if has_address(step.case, notice)),
                at=at,
                jurisdiction=hand_over.jurisdiction,
            ),
            is_away=is_away,
        )
        return Opened(rules=rules, **dict(recorded))

    async def _recorded_rules(self, case_no: str) -> tuple[CaseRules | None, bool]:
        """The rules on record, and whether the record is out of reach."""
        try:
            return await self._store.recorded_rules(case_no), False
        except StoreError as error:
            _log.warning("the record is out of reach; the rules come from the file", error=str(error))
            return None, True

    @activity.defn(name="reopen_case")
    @heard_of
    async def reopen_case(self, asked: ReopenCase) -> ReopenedCase:
        """Reopen a case on its record.

        The case is closed, so nobody but who answers late messages writes its record beside this; whoever of the two
        comes second finds another entry there, and begins again.
        """
        case_no = asked.start.case_no
        for _ in range(_RACES):
            case = await self._store.state(case_no)
            if case is None:
                return ReopenedCase(case=None)
            at = local(case.rules.clock.now(asked.engine_now), case.rules.durations.utc_offset_minutes)
            answered = reopen(case, asked.start.reopening, at, asked.request_id)
            try:
                if answered.entries and case.closed:
                    await self._store.record(case_no, answered.entries)
            except RecordConflictError:
                continue
            if answered.receipt is None:
                return ReopenedCase(case=case, refusal=answered.refusal)
            entries = await self._store.entries(case_no, after=answered.receipt.seq - 1)
            due = [notice for entry in entries for notice in notices_for(answered.case, entry)]
            addressed = (notice for notice in due if has_address(answered.case, notice))
            return ReopenedCase(case=answered.case, notices=tuple(addressed), entries=entries)
        raise ApplicationError(f"the record of case {case_no} is written by others all the time")

    @activity.defn(name="resume_case")
    @heard_of
    async def resume_case(self, asked: ResumeCase) -> ResumedCase:
        """Take an open case up from its record.

        A former run may still be at its last writing; whoever of the two comes second finds another entry there. So
        does this, if it was cut off after its own writing, and then knows it by its run.
        """
        case_no = asked.start.case_no
        for _ in range(_RACES):
            case, notices = await self._as_recorded(case_no)
            if case is None or case.closed:
                return ResumedCase(case=case)
            if not (entries := await self._resumed_by(asked.run, case)):
                at = local(case.rules.clock.now(asked.engine_now), case.rules.durations.utc_offset_minutes)
                step = resume(case, asked.start.resuming.reason, asked.run, at)
                try:
                    await self._store.record(case_no, step.entries)
                except RecordConflictError:
                    continue
                case, entries = step.case, step.entries
            return ResumedCase(case=case, notices=await self._outstanding(case, notices), entries=entries)
        raise ApplicationError(f"the record of case {case_no} is written by others all the time")

    async def _as_recorded(self, case_no: str) -> tuple[Case | None, list[Notice]]:
        """The case as its whole record gives it, and the notices that ever arose from it."""
        case: Case | None = None
        notices: list[Notice] = []
        while entries := await self._store.entries(case_no, after=case.seq if case else 0):
            for entry in entries:
                case = evolve(case, entry)
                notices += notices_for(case, entry)
        return case, notices

    async def _resumed_by(self, run: str, case: Case) -> tuple[Entry, ...]:
        """The entry by which this run has resumed the case already."""
        last = await self._store.entries(case.case_no, after=case.seq - 1)
        return tuple(entry for entry in last if isinstance(entry.happened, Resumed) and entry.happened.run == run)

    async def _outstanding(self, case: Case, notices: list[Notice]) -> tuple[Notice, ...]:
        """The notices that are not known to be sent, and the one whose sending makes the case dispatched."""
        unsent = {
            notice.key
            for notice in await self._store.notices(case.case_no)
            if notice.state in {NoticeState.QUEUED, NoticeState.FAILED}
        }
        dispatched = case.unit_notified or case.responsible_unit is None
        return tuple(
            notice
            for notice in notices
            if notice.key in unsent or (notice.dispatches and not dispatched and notice.to == case.responsible_unit)
        )

    @activity.defn(name="record")
    @heard_of
    async def record(self, record: Record) -> Recorded:
        """Write entries and the read model that follows from them in one transaction; then hand the notices over."""
        return await self._write_and_tell(record)

    async def _write_and_tell(self, record: Record, *, is_away: bool = False) -> Recorded:
        """Write, then hand the notices over, which needs no Postgres."""
        if not is_away:
            try:
                await self._store.record(record.case_no, record.entries, record.outcomes)
            except StoreError as error:
                if record.insist:
                    raise
                _log.warning(_why_not_written(error), error=str(error))
                is_away = True
        outcomes = await self._out_trays.hand_over(activity.client(), record.notices, record.jurisdiction, record.at)
        return Recorded(written=not is_away, outcomes=outcomes)

    @activity.defn(name="notify")
    @heard_of
    async def notify(self, notify: Notify) -> NotifyResult:
        """Hand notices over to their offices' out-trays; tell which of them are known to be out."""
        sent = await self._known_as_sent([notice.key for notice in notify.notices])
        outcomes = await self._out_trays.hand_over(
            activity.client(),
            [notice for notice in notify.notices if notice.key not in sent],
            notify.jurisdiction,
            notify.at,
        )
        failed = [outcome for outcome in outcomes if outcome.state is NoticeState.FAILED]
        if notify.insist and failed:
            raise ApplicationError(failed[0].error or "the notice was not handed over", type="notice_failed")
        known = (NoticeOutcome(key=key, state=NoticeState.SENT, at=notify.at, attempts=1) for key in sorted(sent))
        return NotifyResult(outcomes=(*outcomes, *known), in_ledger=True)

    async def _known_as_sent(self, keys: list[str]) -> frozenset[str]:
        try:
            return frozenset(await self._store.already_sent(keys))
        except StoreError as error:
            _log.warning("the ledger of notices is out of reach; the trays know what is out", error=str(error))
            return frozenset()

    @activity.defn(name="submit_report")
    @heard_of
    async def submit_report(self, submit: SubmitReport) -> str:
        """Submit the handling report: it is kept in Postgres under its key, once; before it, what led to it."""
        if submit.record is not None:
            await self._store.record(submit.case_no, submit.record.entries, submit.record.outcomes)
        return await self._store.submit_report(submit.case_no, submit.key, submit.report, submit.at)

    @activity.defn(name="refuse_hand_over")
    @heard_of
    async def refuse_hand_over(self, refused: RefusedHandOver) -> None:
        """Keep on record a start that could not open a case."""
        await self._store.refuse_hand_over(
            workflow_id=refused.workflow_id, run_id=refused.run_id, given=refused.given, reason=refused.reason
        )
