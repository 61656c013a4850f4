"""What a reconciliation has found is kept: new once, seen again, and over when it is no longer found."""

import asyncpg
import pytest

from petitions.access import Sight
from petitions.discrepancies import Discrepancy, DiscrepancyKind
from store import Store
from store.connection import Connection
from tests.petitions.building import rectifying
from tests.store.planting import keep

STOPPED, SILENT = DiscrepancyKind.STOPPED, DiscrepancyKind.SILENT


def found(case_no: str, kind: DiscrepancyKind = STOPPED, what: str = "its workflow was terminated") -> Discrepancy:
    return Discrepancy(case_no=case_no, kind=kind, what=what, todo="see to it")


async def test_it_is_new_once_and_ends_when_it_is_not_found_any_more(store: Store) -> None:
    first = await store.keep_discrepancies([found("X1"), found("X2")], DiscrepancyKind)
    assert [each.case_no for each in first.new] == ["X1", "X2"]
    again = await store.keep_discrepancies([found("X1", what="still\x00 so")], DiscrepancyKind)
    assert (again.new, again.standing) == ((), 1)
    assert [(each.case_no, each.what) for each in again.gone] == [("X2", "its workflow was terminated")]
    (standing,) = await store.standing_discrepancies()
    assert (standing.case_no, standing.what) == ("X1", "still\ufffd so")
    assert standing.found_at < standing.seen_at
    # What comes back is a finding of its own: both stay on record.
    assert len((await store.keep_discrepancies([found("X1"), found("X2")], DiscrepancyKind)).new) == 1
    latest, former = await store.discrepancies_of("X2")
    assert latest.gone_at is None
    assert former.gone_at is not None


async def test_what_was_not_looked_for_does_not_end(store: Store) -> None:
    await store.keep_discrepancies([found("X1", SILENT)], DiscrepancyKind)
    assert (await store.keep_discrepancies([], [STOPPED])).gone == ()
    assert [each.kind for each in await store.standing_discrepancies()] == [SILENT]


async def test_only_cases_in_sight_are_told(store: Store) -> None:
    story = rectifying(case_no="X1")
    await keep(store, story)
    await store.keep_discrepancies([found("X1"), found("NORECORD")], DiscrepancyKind)
    assert len(await store.standing_discrepancies()) == 2
    county = story.case.hand_over.county
    for sight, numbers in ((Sight(county=county), ["X1"]), (Sight(county="别处"), []), (Sight(unit="unit/别处"), [])):
        assert [each.case_no for each in await store.standing_discrepancies(sight=sight)] == numbers


@pytest.mark.parametrize("change", ["DELETE FROM discrepancy", "TRUNCATE discrepancy"])
async def test_what_was_found_is_kept_for_ever(store: Store, admin: Connection, change: str) -> None:
    await store.keep_discrepancies([found("X1")], DiscrepancyKind)
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(change)
