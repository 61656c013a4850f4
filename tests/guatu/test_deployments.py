"""``guatu deployment``: a part of the cases on a new version first, then all of them."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from activities.case_activities import CaseActivities
from activities.jurisdictions import Jurisdictions
from guatu.deployments import promote, versions
from store import Store, open_pool
from tests.guatu.running import guatu_process
from tests.places import Place, SharedStack, new_place
from tests.worker.worker_process import until
from tests.workflows.outside_program import OutsideCase, hand_over
from worker.process import case_worker
from worker.search_attributes import ensure_search_attributes
from worker.settings import WorkerSettings
from workflows.payloads import case_data_converter

CASES = ("P000", "P001", "P002", "P003")
"""Temporal parts cases by a hash of their workflow ids: with half of them on a version, these are parted."""


@pytest.fixture
async def two_versions(stack: SharedStack) -> AsyncGenerator[tuple[Place, Store]]:
    """A namespace with a worker of each of two versions, one and two."""
    place = await new_place(stack, prepared=True)
    own = await stack.connect(namespace=place.client.namespace, data_converter=case_data_converter)
    await ensure_search_attributes(own)
    async with open_pool(place.database_url, max_size=4) as pool:
        activities = CaseActivities(Store(pool), Jurisdictions("dazhou"))

        def version(build_id: str) -> WorkerSettings:
            return WorkerSettings(database_url=place.database_url, worker_build_id=build_id)

        async with case_worker(own, activities, version("one")), case_worker(own, activities, version("two")):
            yield place, Store(pool)


async def test_a_part_of_the_cases_first_and_then_all(two_versions: tuple[Place, Store]) -> None:
    place, store = two_versions
    await promote(place.client, "one")
    ran = await guatu_process("deployment", "promote", "two", "--percent", "50", settings=place.settings)
    assert (ran.returncode, ran.stdout) == (0, "50 % of the cases run on version two\n"), ran.stderr
    assert {version.line for version in await versions(place.client)} == {
        "one  current",
        "two  takes 50 % of the cases",
    }
    cases = [await hand_over(place.client, store, case_no=number) for number in CASES]
    for case in cases:
        await case.until("dispatched")
    first = {case.case_no: await ran_on(case) for case in cases}
    assert sorted(map(sorted, set(first.values()))) == [["one"], ["two"]], first

    await promote(place.client, "two")
    assert {version.line for version in await versions(place.client)} >= {"two  current"}
    await asyncio.gather(*(case.cover() for case in cases))
    for case in cases:
        await until(f"{case.case_no} has gone over", lambda case=case: has_run_on_two(case))
        await case.handle.terminate()


async def ran_on(case: OutsideCase) -> frozenset[str]:
    """The versions whose workers have had a task of this case."""
    return frozenset(
        event.workflow_task_completed_event_attributes.deployment_version.build_id
        for event in (await case.handle.fetch_history()).events
        if event.HasField("workflow_task_completed_event_attributes")
    )


async def has_run_on_two(case: OutsideCase) -> bool:
    return "two" in await ran_on(case)
