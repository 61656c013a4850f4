"""What the house does by the clock (``workflows.house_interface``), done with Postgres and a jurisdiction file."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from temporalio import activity
from temporalio.client import Client

from activities.beating import heard_of
from activities.jurisdictions import Jurisdictions, NoSuchJurisdictionError
from activities.out_trays import OutTrays
from activities.reconciliation import LOOKED_FOR, discrepancies
from petitions.house_notices import discrepancy_notice
from petitions.jurisdiction.offices import STABILITY_TEAM
from petitions.jurisdiction.reading import JurisdictionError
from petitions.notices import Notice, NoticeState
from petitions.values import Name
from store import Store
from store.discrepancies import Reconciled
from workflows.house_interface import HeadKept, HouseWork, Reconciliation

_log = structlog.stdlib.get_logger()


class HouseActivities(HouseWork):
    """What the house needs done.

    Args:
        store: Postgres.
        client: Temporal.
        jurisdictions: the files that this worker knows; its own default says when a day begins.
    """

    def __init__(self, store: Store, client: Client, jurisdictions: Jurisdictions) -> None:
        self._store = store
        self._client = client
        self._jurisdictions = jurisdictions
        self._out_trays = OutTrays(jurisdictions)

    @activity.defn(name="keep_head")
    @heard_of
    async def keep_head(self) -> HeadKept:
        """Write the head of this day, if there is none yet."""
        offset = datetime.now(ZoneInfo(self._jurisdictions.get(None).timezone)).utcoffset()
        head, is_new = await self._store.write_head(offset or timedelta(0))
        if is_new:
            _log.info("the head of the day is written", no=head.no, day=head.day.isoformat(), hash=head.hash)
        return HeadKept(no=head.no, day=head.day, is_new=is_new)

    @activity.defn(name="reconcile")
    @heard_of
    async def reconcile(self) -> Reconciliation:
        """Find where open cases and their workflows differ, as far as the server knows; keep it, and tell of it."""
        found = await discrepancies(self._store, self._client, asking=False)
        reconciled = await self._store.keep_discrepancies(found, LOOKED_FOR)
        tell_of(reconciled)
        await self._tell_office()
        return Reconciliation(standing=reconciled.standing, new=len(reconciled.new), gone=len(reconciled.gone))

    async def _tell_office(self) -> None:
        """Hand what stands to the petition-stability team, each finding once: the ledger knows what is told.

        What an earlier attempt has found and not told is among it, and so is what the command has found.
        """
        to_tell: dict[Name | None, list[Notice]] = {}
        for each in await self._store.standing_discrepancies():
            case = await self._store.state(each.case_no)
            name = case.hand_over.jurisdiction if case else None
            if self._has_address(name):
                notice = discrepancy_notice(each.id, each.case_no, each.kind, name, STABILITY_TEAM)
                to_tell.setdefault(name, []).append(notice)
        for name, notices in to_tell.items():
            known = await self._store.entered(notice.key for notice in notices)
            new = [notice for notice in notices if notice.key not in known]
            at = datetime.now(ZoneInfo(self._jurisdictions.get(name).timezone))
            outcomes = await self._out_trays.hand_over(self._client, new, name, at)
            handed_over = [outcome for outcome in outcomes if outcome.state is NoticeState.QUEUED]
            # After it: what is not handed over yet must not be taken for told.
            await self._store.mark(handed_over, new)

    def _has_address(self, jurisdiction: Name | None) -> bool:
        try:
            return STABILITY_TEAM in self._jurisdictions.get(jurisdiction).notify
        except (JurisdictionError, NoSuchJurisdictionError, OSError):
            return False


def tell_of(reconciled: Reconciled) -> None:
    """Say in the log what a reconciliation has changed, a line for each case; alerts may hang on it."""
    for each in reconciled.new:
        _log.error("a case and its workflow differ", case_no=each.case_no, kind=each.kind.value, what=each.what)
    for each in reconciled.gone:
        _log.info("a case and its workflow differ no more", case_no=each.case_no, kind=each.kind.value)
