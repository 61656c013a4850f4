"""Notices that are not out: told anew from the record, or by the ledger alone, and laid into their offices' trays."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from temporalio.client import Client

from activities.jurisdictions import Jurisdictions
from activities.out_trays import OutTrays
from petitions.case import Case
from petitions.clock import local
from petitions.evolution import evolve
from petitions.house_notices import jurisdiction_of
from petitions.notices import Notice, NoticeOutcome, notices_for
from petitions.values import Name
from store import Store
from store.notices import LedgerNotice


async def resend(
    store: Store, client: Client, jurisdictions: Jurisdictions, lost: Sequence[LedgerNotice]
) -> tuple[list[NoticeOutcome], list[str]]:
    """Hand notices over to their offices once more; one that is on its way, or out, is not sent twice for that.

    Args:
        store: the record.
        client: of the Temporal server, with the converter of the cases.
        jurisdictions: the files with the offices' addresses.
        lost: what the ledger has of them.

    Returns:
        what became of each, and the keys of those that their case's record does not tell.
    """
    out_trays, now = OutTrays(jurisdictions), datetime.now(UTC)
    outcomes: list[NoticeOutcome] = []
    untold: list[str] = []
    of_house, lost = _of_house(lost)
    for name, notices in of_house.items():
        at = datetime.now(ZoneInfo(jurisdictions.get(name).timezone))
        outcomes += await out_trays.hand_over(client, notices, name, at)
    for case_no in dict.fromkeys(notice.case_no for notice in lost):
        keys = [notice.key for notice in lost if notice.case_no == case_no]
        case, told = await _told(store, case_no)
        untold += [key for key in keys if key not in told]
        if case is None:
            continue
        at = local(case.rules.clock.now(now), case.rules.durations.utc_offset_minutes)
        again = [told[key] for key in keys if key in told]
        outcomes += await out_trays.hand_over(client, again, case.hand_over.jurisdiction, at)
    return outcomes, untold


def _of_house(lost: Sequence[LedgerNotice]) -> tuple[dict[Name | None, list[Notice]], list[LedgerNotice]]:
    """Those of no single case, as the ledger has them, by jurisdiction file; and all others."""
    of_house: dict[Name | None, list[Notice]] = {}
    others: list[LedgerNotice] = []
    for each in lost:
        if each.case_no:
            others.append(each)
            continue
        notice = Notice(
            key=each.key, case_no="", to=each.to_office, title=each.title, body=each.body, urgent=each.urgent
        )
        of_house.setdefault(jurisdiction_of(each.key, each.to_office), []).append(notice)
    return of_house, others


async def _told(store: Store, case_no: str) -> tuple[Case | None, dict[str, Notice]]:
    """A case as its record has it, and every notice it gave rise to, by key."""
    case: Case | None = None
    told: dict[str, Notice] = {}
    while case_no and (entries := await store.entries(case_no, after=case.seq if case else 0)):
        for entry in entries:
            case = evolve(case, entry)
            told |= {notice.key: notice for notice in notices_for(case, entry)}
    return case, told
