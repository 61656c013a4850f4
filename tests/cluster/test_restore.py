"""The restore drill: guatu's database is put back to an older moment, then Temporal's; both are brought together.

The report is compared with what was done between the two moments, case by case; and every case goes on to its end.
"""

import re
from collections.abc import Sequence

from petitions.events import Entry
from store import Store
from tests.cluster.cases import Office, for_each
from tests.cluster.topology import Cluster

UNTOUCHED = ["A1", "A2"]
"""Open before the dump, and nothing happened to them since."""
WENT_ON = ["B1", "B2", "B3"]
"""Open before the dump; they have gone on since."""
CONCLUDED = ["C1", "C2"]
"""Open before the dump, concluded since."""
STARTED = ["D1", "D2"]
"""Handed over since."""
CAME_AND_WENT = ["E1"]
"""Handed over since, and concluded."""
OVER_BEFORE = ["F1"]
"""Concluded before the dump."""
OPEN = [*UNTOUCHED, *WENT_ON, *STARTED]
ALL = [*OPEN, *CONCLUDED, *CAME_AND_WENT, *OVER_BEFORE]
DATABASES_OF_TEMPORAL = ("temporal", "temporal_visibility")


async def record_of(store: Store) -> dict[str, Sequence[Entry]]:
    return {number: await store.entries(number) for number in ALL}


async def whole(store: Store) -> list[str]:
    """What ``guatu verify`` has to say."""
    problems = [problem.line async for problem in store.verify()]
    return problems + [problem.line async for problem in store.verify_reports()]


async def told(cluster: Cluster, *options: str, differs: bool) -> dict[str, str]:
    """What ``guatu reconcile`` says of each case, with entries' numbers taken out."""
    status, printed, said = await cluster.guatu("reconcile", *options)
    assert status == int(differs), printed + said
    lines = [line for line in printed.splitlines() if line.startswith("case ")]
    return {line.split(":")[0].removeprefix("case "): re.sub(r"\d+", "N", line.partition(": ")[2]) for line in lines}


async def test_the_drill(cluster: Cluster) -> None:
    client = await cluster.client()
    await cluster.worker()
    async with cluster.store() as store:
        office = Office(client, store)
        await for_each([*UNTOUCHED, *WENT_ON, *CONCLUDED, *OVER_BEFORE], office.hand_over)
        await for_each([*UNTOUCHED, *WENT_ON, *CONCLUDED, *OVER_BEFORE], office.acknowledge)
        await for_each(OVER_BEFORE, office.cover)
        await for_each(OVER_BEFORE, office.finish)
        await office.until_recorded([*UNTOUCHED, *WENT_ON, *CONCLUDED])
        await office.until_listed([*UNTOUCHED, *WENT_ON, *CONCLUDED])
    before = await cluster.postgres.dump("guatu", *DATABASES_OF_TEMPORAL)

    async with cluster.store() as store:
        office = Office(client, store)
        await for_each([*WENT_ON, *CONCLUDED], office.cover)
        await for_each(CONCLUDED, office.finish)
        await for_each([*STARTED, *CAME_AND_WENT], office.hand_over)
        await for_each([*STARTED, *CAME_AND_WENT], office.acknowledge)
        await for_each(CAME_AND_WENT, office.cover)
        await for_each(CAME_AND_WENT, office.finish)
        await office.until_recorded(OPEN)
        await office.until_listed(OPEN)
        later = await record_of(store)
        assert await whole(store) == []

    # guatu's database is the older.
    await cluster.stop_services()
    await cluster.postgres.restore(before.only("guatu"))
    written = "its record ends with entry N, its workflow has had all up to entry N written"
    new = "there is no record of it, its workflow has had all up to entry N written"
    from_history = "entries N to N are {} from its history"
    expected = {
        **dict.fromkeys([*WENT_ON, *CONCLUDED], written),
        **dict.fromkeys([*STARTED, *CAME_AND_WENT], new),
    }
    found = await told(cluster, "--histories", differs=True)
    assert found == {no: f"{what}; {from_history.format('to be written')}" for no, what in expected.items()}
    done = await told(cluster, "--repair", differs=False)
    assert done == {no: f"{what}; {from_history.format('written')}" for no, what in expected.items()}
    assert await told(cluster, "--histories", differs=False) == {}
    async with cluster.store() as store:
        assert await record_of(store) == later
        assert await whole(store) == []

    # Temporal's is the older: no worker and no API had run since, and none runs before it is reconciled.
    await cluster.temporal.stop()
    await cluster.postgres.restore(before.only(*DATABASES_OF_TEMPORAL))
    await cluster.temporal.start()
    replaced = "its workflow is at entry N, the record ends with entry N"
    lost = "it is open on record (entry N), but its workflow is unknown to Temporal"
    running = "it is over on record (entry N), but its workflow is running, at entry N"
    found = await told(cluster, "--histories", differs=True)
    assert found == {
        **dict.fromkeys(WENT_ON, f"{replaced}; it is to be replaced by one that starts from the record"),
        **dict.fromkeys(STARTED, f"{lost}; a workflow is to be started from the record"),
        **dict.fromkeys(CONCLUDED, f"{running}; the workflow is to be terminated"),
    }
    done = await told(cluster, "--repair", differs=False)
    goes_on = "it goes on from the record, from entry N on"
    assert done == {
        **dict.fromkeys(WENT_ON, f"{replaced}; {goes_on}"),
        **dict.fromkeys(STARTED, f"{lost}; {goes_on}"),
        **dict.fromkeys(CONCLUDED, f"{running}; its workflow is terminated"),
    }
    await cluster.worker()
    async with cluster.store() as store:
        office = Office(client, store)
        await for_each([*UNTOUCHED, *STARTED], office.cover)
        await for_each(OPEN, office.finish)
        await office.until_listed([])
    assert await told(cluster, "--histories", differs=False) == {}
    async with cluster.store() as store:
        assert await whole(store) == []
        assert await store.open_case_numbers() == ()
        for number, entries in (await record_of(store)).items():
            assert entries[: len(later[number])] == later[number], number
            resumed = [entry.event for entry in entries].count("resumed")
            assert resumed == (number in {*WENT_ON, *STARTED}), number
