"""What the log says of entries that are not on record: Postgres is away, or the record contradicts the case."""

import pytest
from structlog.testing import capture_logs
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.case_activities import CaseActivities
from activities.jurisdictions import Jurisdictions
from store import RecordConflictError, Store, open_pool
from tests.petitions.building import RECEIVED_AT, rectifying
from workflows.activity_interface import Record


async def test_a_record_that_contradicts_the_case_is_not_said_to_be_away(client: Client, store: Store) -> None:
    story = rectifying(case_no="N00001")
    await store.record("N00001", story.entries)
    other = rectifying(case_no="N00001").reports().entries[-1]
    entry = other.model_copy(update={"seq": len(story.entries)})
    activities = CaseActivities(store, Jurisdictions("dazhou"))
    environment = ActivityEnvironment(client=client)
    record = Record(case_no="N00001", entries=(entry,), at=RECEIVED_AT)
    with capture_logs() as logged:
        done = await environment.run(activities.record, record)
    assert not done.written
    (said,) = logged
    assert said["event"].startswith("the record contradicts the case")
    assert f"entry {entry.seq} of case N00001" in said["error"]
    with pytest.raises(RecordConflictError):
        await environment.run(activities.record, record.model_copy(update={"insist": True}))


async def test_a_postgres_that_is_away_is_said_to_be(client: Client) -> None:
    environment = ActivityEnvironment(client=client)
    async with open_pool("postgresql://guatu@127.0.0.1:1/guatu", min_size=0) as pool:
        activities = CaseActivities(Store(pool), Jurisdictions("dazhou"))
        record = Record(case_no="N00002", entries=tuple(rectifying(case_no="N00002").entries), at=RECEIVED_AT)
        with capture_logs() as logged:
            done = await environment.run(activities.record, record)
    assert not done.written
    assert [line["event"] for line in logged] == ["the record is out of reach; it will be written later"]
