"""A case full to its limits goes on, and hundreds of large messages at once do not hold it up."""

import json
from datetime import timedelta

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.service import RPCError, RPCStatusCode

from petitions.case import MOST_MESSAGES, MOST_OF_A_KIND
from petitions.vocabulary import Stage
from store import Store
from tests.doors.conftest import WorkerOf
from tests.doors.histories import runs_of
from tests.doors.nasty import NASTY
from tests.doors.sending import UNHURRIED, answer_to
from tests.doors.stuffing import Stuffed
from tests.places import Place
from tests.workflows.outside_program import UNIT, OutsideCase, by, hand_over
from workflows.case_in_hand import Carried, CaseInHand

LARGE = "商户夜间清洗电器，污水横流。" * 1_400


def test_a_case_full_to_its_limits_can_be_carried_on() -> None:
    stuffed = Stuffed()
    stuffed.stuff()
    case = stuffed.case
    assert case.messages_taken == MOST_MESSAGES
    assert len(case.instructions) == len(case.visits) == case.progress_reports == MOST_OF_A_KIND
    assert (case.stage, case.round) == (Stage.SURVEYING, 3)
    carried = Carried(case=case)
    assert CaseInHand(carried).can_be_carried
    assert len(carried.model_dump_json().encode()) < 2 * 1024 * 1024


def test_what_is_weighed_is_what_is_carried() -> None:
    stuffed = Stuffed()
    answered = [stuffed.send("verification", UNIT, confirmed=True, opinion="不归我核实") for _ in range(3)]
    entries = tuple(entry for each in answered for entry in each.entries)
    one = len(entries[0].model_dump_json().encode()) + 1
    empty = len(Carried(case=stuffed.case, unwritten=entries[:1]).model_dump_json().encode())
    most = 1 + (1_800_000 - empty) // one
    for count, fits in ((most - 1, True), (most, True), (most + 1, False)):
        carried = Carried(case=stuffed.case, unwritten=entries[:1] * count)
        assert (len(carried.model_dump_json().encode()) <= 1_800_000) is fits
        assert CaseInHand(carried).can_be_carried is fits


@pytest.mark.long
async def test_hundreds_of_large_messages_at_once(place: Place, place_store: Store, working: WorkerOf) -> None:
    case = await hand_over(place.client, place_store, task_timeout=UNHURRIED)
    report = {"final": False, "finding": "substantiated", "completion": "stage_completed"}
    for number in range(110):
        await case.signal("rectification_report", by(UNIT, f"{number}"), facts=LARGE, measures=LARGE, **report)
    for _ in range(5):
        await case.handle.signal("survey_result", args=[RawValue(*NASTY["a survey of ten thousand"])])
    async with working():
        await case.signal("acknowledgement", by(UNIT))
        await case.cover()
        await case.report(facts=LARGE, measures=LARGE)
        await case.verify()
        await case.review()
        # Ten thousand residents, in parts as large as a message may be.
        for part in range(5):
            answers = [{"respondent": f"r{part}-{number}", "opinion": "satisfied"} for number in range(2_000)]
            body = {"round": 1, "responses": answers, "complete": part == 4}
            message = {"kind": "survey_result", "message_id": f"p{part}", "by": by("city/revisit-team")}
            assert await answer_to(case, [message | body]) == "taken"
        assert (await case.handle.result())["outcome"] == "concluded"
        view = await case.view()
        # Ten reports too many, the surveys, and the acknowledgement of a unit that so many act for already.
        assert (view["progress_reports"], view["refused_count"]) == (MOST_OF_A_KIND, 16)
        assert await place_store.case(case.case_no) == view
        runs = await runs_of(place.client, case.handle.id)
        assert not runs.failed, runs.failed
        # Over 12 MB have come: the server asks for a new run from 4 MiB on.
        assert len(runs.ids) > 1


async def test_what_temporal_does_not_carry_fails_at_the_sender(
    place: Place, place_store: Store, working: WorkerOf
) -> None:
    async with working():
        case = await hand_over(place.client, place_store)
        await case.until("dispatched")
        before = await case.view()
        for send in (case.handle.signal("acknowledgement", _large(2_200_000)), _submit(case, _large(20_000_000))):
            with pytest.raises(RPCError) as failed:
                await send
            assert failed.value.status in {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.RESOURCE_EXHAUSTED}
        # Such an update the server lets in and no worker may answer: it is passed over, and the server refuses it.
        for size in (2_050_000, 2_200_000, 3_900_000):
            with pytest.raises(WorkflowUpdateFailedError):
                await _submit(case, _large(size), seconds=120)
        assert await case.view() == before
        await case.signal("withdrawal", by("city/intake"), reason="结束")
        assert (await case.handle.result())["outcome"] == "withdrawn"
        assert not (await runs_of(place.client, case.handle.id)).failed


def _large(size: int) -> RawValue:
    body = json.dumps({"kind": "acknowledgement", "message_id": "large", "by": by(UNIT), "note": "x" * size})
    return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=body.encode()))


async def _submit(case: OutsideCase, body: RawValue, *, seconds: int = 5) -> None:
    """Send it; what the server refuses for its size the client would otherwise send again and again."""
    await case.handle.execute_update("submit", body, rpc_timeout=timedelta(seconds=seconds))
