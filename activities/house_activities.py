"""What the house does by the clock (``workflows.house_interface``), done with Postgres and a jurisdiction file."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from temporalio import activity
from temporalio.client import Client

from activities.beating import heard_of
from activities.jurisdictions import Jurisdictions
from activities.reconciliation import LOOKED_FOR, discrepancies
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
        return Reconciliation(standing=reconciled.standing, new=len(reconciled.new), gone=len(reconciled.gone))


def tell_of(reconciled: Reconciled) -> None:
    """Say in the log what a reconciliation has changed, a line for each case; alerts may hang on it."""
    for each in reconciled.new:
        _log.error("a case and its workflow differ", case_no=each.case_no, kind=each.kind.value, what=each.what)
    for each in reconciled.gone:
        _log.info("a case and its workflow differ no more", case_no=each.case_no, kind=each.kind.value)
