"""Many writers at once, some of them called off in the middle: asyncpg and the store stand it."""

import asyncio
import random

from store import Store, open_pool
from store.connection import Connection
from tests.petitions.building import Story, rectifying

WRITERS = 20
ENTRIES = 50


def long_story(case_no: str) -> Story:
    story = rectifying(case_no=case_no)
    while len(story.entries) < ENTRIES:
        story.reports(final=False)
    del story.entries[ENTRIES:]
    return story


async def test_twenty_writers_at_once(database: str, admin: Connection) -> None:
    stories = [long_story(f"X{number}") for number in range(WRITERS)]
    async with open_pool(database, max_size=8) as pool:
        store = Store(pool)

        async def write(story: Story) -> None:
            for entry in story.entries:
                await store.record(story.case.case_no, [entry])

        await asyncio.gather(*(write(story) for story in stories))
        counts = await admin.fetch("SELECT count(*) AS entries, max(seq) AS last FROM case_event GROUP BY case_no")
        assert [tuple(row) for row in counts] == [(ENTRIES, ENTRIES)] * WRITERS
        assert [problem async for problem in store.verify()] == []
        assert await store.rebuild() == []


async def test_writers_that_are_called_off_in_the_middle_begin_again(database: str, admin: Connection) -> None:
    chance = random.Random(7)  # noqa: S311 - the same moments in every run
    stories = [long_story(f"X{number}") for number in range(WRITERS)]
    called_off = 0
    async with open_pool(database, max_size=8) as pool:
        store = Store(pool)

        async def write(story: Story) -> None:
            nonlocal called_off
            for entry in story.entries[:20]:
                while chance.random() < 0.5:
                    trying = asyncio.create_task(store.record(story.case.case_no, [entry]))
                    await asyncio.sleep(chance.random() * 0.01)
                    called_off += trying.cancel()
                    await asyncio.gather(trying, return_exceptions=True)
                await store.record(story.case.case_no, [entry])

        await asyncio.gather(*(write(story) for story in stories))
        assert called_off > 100
        assert await admin.fetchval("SELECT count(*) FROM case_event") == 20 * WRITERS
        assert [problem async for problem in store.verify()] == []
        assert await store.rebuild() == []
