"""The ledger of notices: what is sent stays sent, whoever tells it first."""

import asyncio
from datetime import timedelta

import pytest

from petitions.case_rules import CaseRules
from petitions.notices import Notice, NoticeOutcome, NoticeState
from store import Store
from tests.petitions.building import COUNTY_MAYOR, RECEIVED_AT, UNIT, Story, concluded, rectifying, small_rules

SENT, FAILED, QUEUED, LEDGER = NoticeState.SENT, NoticeState.FAILED, NoticeState.QUEUED, NoticeState.LEDGER
LATER = RECEIVED_AT + timedelta(minutes=5)


def outcome(key: str, state: NoticeState, attempts: int = 1) -> NoticeOutcome:
    error = "no answer" if state is FAILED else None
    return NoticeOutcome(key=key, state=state, at=LATER, attempts=attempts, error=error)


@pytest.fixture
def rules() -> CaseRules:
    """Only the responsible unit has an address."""
    return small_rules(reachable=(UNIT,))


def of_unit(story: Story) -> Notice:
    return next(notice for notice in story.notices if notice.to == UNIT)


async def states(store: Store, case_no: str = "X1") -> dict[str, NoticeState]:
    return {notice.key: notice.state for notice in await store.notices(case_no)}


async def test_the_record_enters_every_notice_once(store: Store, rules: CaseRules) -> None:
    story = concluded(rules)
    await store.record("X1", story.entries[:3])
    await store.record("X1", story.entries)
    await store.record("X1", story.entries)
    ledger = {notice.key: notice for notice in await store.notices("X1")}
    assert ledger.keys() == {notice.key for notice in story.notices}
    entered_at = {entry.seq: entry.at for entry in story.entries}
    for notice in story.notices:
        kept = ledger[notice.key]
        assert (kept.to_office, kept.title, kept.body, kept.urgent) == (
            notice.to,
            notice.title,
            notice.body,
            notice.urgent,
        )
        assert kept.created_at == entered_at[int(notice.key.split("/")[1])]
        assert (kept.state, kept.attempts) == (QUEUED if notice.to == UNIT else LEDGER, 0)
    assert {notice.to for notice in story.notices} >= {UNIT, COUNTY_MAYOR}


async def test_outcomes_come_with_the_entry_or_after_it(store: Store, rules: CaseRules) -> None:
    story = concluded(rules)
    keys = [notice.key for notice in story.notices if notice.to == UNIT]
    first, last = keys[0], keys[-1]
    recorded = await store.record("X1", story.entries[:-1], [outcome(first, SENT)])
    assert recorded.unknown_outcomes == ()
    assert (await states(store))[first] is SENT
    await store.record("X1", story.entries[-1:], [outcome(keys[1], FAILED, 2), outcome(last, SENT)])
    found = await states(store)
    assert (found[keys[1]], found[last]) == (FAILED, SENT)
    without_entries = await store.record("X1", [], [outcome(keys[1], SENT, 3)])
    assert without_entries.written == 0
    assert (await states(store))[keys[1]] is SENT
    kept = {notice.key: notice for notice in await store.notices("X1")}[keys[1]]
    assert (kept.attempts, kept.last_error, kept.sent_at) == (3, None, LATER)


@pytest.mark.parametrize("late", [outcome("", FAILED, 9), outcome("", QUEUED, 9), outcome("", SENT, 9)])
@pytest.mark.parametrize("way", ["mark", "record", "with an entry"])
async def test_what_is_sent_stays_sent(store: Store, rules: CaseRules, late: NoticeOutcome, way: str) -> None:
    story = rectifying(rules)
    notice = of_unit(story)
    await store.record("X1", story.entries[:-1], [outcome(notice.key, SENT)])
    before = await store.notices("X1")
    late = late.model_copy(update={"key": notice.key})
    if way == "mark":
        await store.mark([late], [notice])
    else:
        await store.record("X1", story.entries[-1:] if way == "with an entry" else [], [late])
    assert [kept for kept in await store.notices("X1") if kept.key == notice.key] == [
        kept for kept in before if kept.key == notice.key
    ]


async def test_of_failures_the_latest_attempt_counts(store: Store, rules: CaseRules) -> None:
    story = rectifying(rules)
    notice = of_unit(story)
    await store.mark([outcome(notice.key, FAILED, 4)], [notice])
    await store.mark([outcome(notice.key, FAILED, 2)], [notice])
    await store.record("X1", story.entries, [outcome(notice.key, FAILED, 3)])
    [failed] = [kept for kept in await store.notices("X1") if kept.key == notice.key]
    assert (failed.state, failed.attempts, failed.last_error) == (FAILED, 4, "no answer")


async def test_the_ledger_may_be_told_before_the_record(store: Store, rules: CaseRules) -> None:
    story = rectifying(rules)
    notice = of_unit(story)
    await store.mark([outcome(notice.key, SENT)], [notice])
    assert await store.already_sent([notice.key, "X1/99/nobody"]) == {notice.key}
    await store.record("X1", story.entries)
    assert (await states(store))[notice.key] is SENT
    assert len(await store.notices("X1")) == len(story.notices)


async def test_only_sent_counts_as_sent(store: Store, rules: CaseRules) -> None:
    story = rectifying(rules)
    await store.record("X1", story.entries, [outcome(of_unit(story).key, FAILED)])
    assert await store.already_sent([notice.key for notice in story.notices]) == set()


async def test_of_several_outcomes_at_once_sent_counts(store: Store, rules: CaseRules) -> None:
    story = rectifying(rules)
    notice = of_unit(story)
    several = [outcome(notice.key, FAILED, 1), outcome(notice.key, SENT, 2), outcome(notice.key, FAILED, 3)]
    await store.mark(several, [notice, notice])
    assert await store.already_sent([notice.key]) == {notice.key}


async def test_outcomes_of_unknown_notices_are_told(store: Store, rules: CaseRules) -> None:
    story = rectifying(rules)
    stray = outcome("X1/77/unit/nowhere", SENT)
    assert (await store.record("X1", story.entries, [stray])).unknown_outcomes == (stray.key,)
    assert (await store.record("X1", [], [stray])).unknown_outcomes == (stray.key,)


async def test_undelivered_are_those_with_an_address_the_oldest_first(store: Store, rules: CaseRules) -> None:
    story, younger = concluded(rules), concluded(rules, case_no="X2", received_at="2021-08-28T10:00:00+08:00")
    keys = [notice.key for notice in story.notices if notice.to == UNIT]
    await store.record("X2", younger.entries)
    await store.record("X1", story.entries, [outcome(keys[0], SENT), outcome(keys[1], FAILED)])
    undelivered = await store.undelivered()
    assert [notice.key for notice in undelivered if notice.case_no == "X1"] == keys[1:]
    assert [notice.created_at for notice in undelivered] == sorted(notice.created_at for notice in undelivered)
    assert {notice.case_no for notice in undelivered} == {"X1", "X2"}
    assert len(await store.undelivered(limit=2)) == 2


async def test_record_and_ledger_told_at_once_agree(store: Store, rules: CaseRules) -> None:
    story = concluded(rules)
    outcomes = [outcome(notice.key, SENT) for notice in story.notices]

    async def record() -> None:
        for entry in story.entries:
            await store.record("X1", [entry])

    async def mark() -> None:
        for number in range(len(outcomes)):
            await store.mark(outcomes[number::-1], story.notices)

    await asyncio.gather(record(), mark(), mark())
    assert set((await states(store)).values()) == {SENT}
