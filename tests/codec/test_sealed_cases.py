"""Cases with sealed payloads on the real server: what may be read there, what becomes of keys and spoilt payloads."""

import asyncio
import dataclasses
import shutil
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from activities import reconciliation
from petitions.discrepancies import DiscrepancyKind
from sealing.ciphers import CipherName
from sealing.key_file import add_master_key, new_key_file
from sealing.settings import PayloadSettings
from tests.codec.conftest import SealedPlace
from tests.sealing.searching import Temporal, search_everything
from tests.worker.conftest import has_event
from tests.worker.worker_process import PATIENCE, until
from tests.workflows.outside_program import UNIT, OutsideCase, by, hand_over, satisfied

PLANTED = {
    "summary": "商户夜间在密巷清洗电器",
    "location": "密巷三十三号",
    "instruction": "立即彻查严办",
    "facts": "现场查见污水横流",
    "measures": "责令停业整顿",
    "name": "经办人赵某某",
    "opinion": "核实意见甲乙丙",
    "comment": "住户反映已经改善",
    "refusal": "不该由他发送",
    "reason": "本件现为",
}
"""Words that only payloads have; the last is what a refusal says."""


async def whole_case(place: SealedPlace, case: OutsideCase) -> None:
    """From hand-over to conclusion, with every planted word in it, a refused signal and a refused update."""
    await case.until("dispatched")
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await case.submit("verification", by("city/supervision-team"), confirmed=True, opinion=PLANTED["refusal"])
    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.type == "not_now"
    assert PLANTED["reason"] in refused.value.cause.message
    await case.signal("verification", by(UNIT, PLANTED["name"]), confirmed=True, opinion=PLANTED["refusal"])
    await case.cover()
    await case.signal("leader_instruction", by("city/mayor", PLANTED["name"]), text=PLANTED["instruction"])
    await case.report(facts=PLANTED["facts"], measures=PLANTED["measures"])
    await case.until("verifying")
    verified = {"confirmed": True, "opinion": PLANTED["opinion"]}
    await case.signal("verification", by("city/supervision-team", PLANTED["name"]), **verified)
    await case.until("reviewing")
    await case.review()
    await case.until("surveying")
    answers = [answer | {"comment": PLANTED["comment"]} for answer in satisfied(12)]
    await case.signal("survey_result", by("city/revisit-team"), round=1, responses=answers, complete=True)
    assert (await asyncio.wait_for(case.handle.result(), PATIENCE))["outcome"] == "concluded"


TASK_TIMEOUT = timedelta(seconds=2)
"""The time limit of a task in a case whose tasks are to fail."""


async def start(place: SealedPlace, client: Any = None, **changes: Any) -> OutsideCase:
    planted: dict[str, Any] = {"summary": PLANTED["summary"], "location": PLANTED["location"]}
    return await hand_over(client or place.client, place.store, **(planted | changes))


@pytest.mark.parametrize("cipher", CipherName)
async def test_nothing_of_a_sealed_case_can_be_read_in_temporal(place: SealedPlace, cipher: CipherName) -> None:
    place.cipher = cipher
    place.client = await place.client_with(place.settings())
    async with place.worker():
        case = await start(place)
        await whole_case(place, case)
    found = await search_everything(tuple(PLANTED.values()), Temporal(place.plain))
    assert found == []
    history = await place.plain.get_workflow_handle(case.handle.id).fetch_history()
    assert sum(event.HasField("workflow_task_failed_event_attributes") for event in history.events) == 0
    await place.replay(history)
    recorded = str([line.text for line in await place.store.timeline(case.case_no, with_refusals=True)])
    assert PLANTED["instruction"] in recorded, "the words were in the case all the same"


async def test_the_same_search_finds_a_worker_without_the_codec(place: SealedPlace) -> None:
    """A planted fault: the client seals nothing, and neither does the worker."""
    async with place.worker(sealing=False):
        await whole_case(place, await start(place, place.plain))
    found = {finding.needle for finding in await search_everything(tuple(PLANTED.values()), Temporal(place.plain))}
    assert found == set(PLANTED.values())


async def test_outside_programs_without_keys_go_on_as_before(place: SealedPlace) -> None:
    async with place.worker():
        case = place.by_plain(await start(place, place.plain))
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await case.submit("verification", by("city/supervision-team"), confirmed=True, opinion="早了")
        assert isinstance(refused.value.cause, ApplicationError)
        assert refused.value.cause.type == "not_now"
        await case.signal("acknowledgement", by(UNIT))
        view = await ours(place, case).view()
        assert "acknowledgement" in [line["event"] for line in view["timeline"]]
        await end(place, case)


def ours(place: SealedPlace, case: OutsideCase) -> OutsideCase:
    """The case in the hands of a program with keys."""
    handle: Any = place.client.get_workflow_handle(case.handle.id)
    return dataclasses.replace(case, client=place.client, handle=handle)


async def end(place: SealedPlace, case: OutsideCase, *, failed_tasks: bool = False) -> None:
    """Withdraw the case: it must still end as it should, and replay."""
    await case.signal("withdrawal", by("city/intake"), reason="结束")
    assert (await asyncio.wait_for(ours(place, case).handle.result(), PATIENCE))["outcome"] == "withdrawn"
    history = await place.plain.get_workflow_handle(case.handle.id).fetch_history()
    failed = [event for event in history.events if event.HasField("workflow_task_failed_event_attributes")]
    assert failed_tasks or not failed, failed
    await place.replay(history)


async def test_a_key_is_rotated_in_mid_case(place: SealedPlace) -> None:
    async with place.worker():
        case = await start(place)
        await case.until("dispatched")
        new = add_master_key(place.keys)
        await case.cover()
        assert (await case.view())["coverage"]["instruction"] is True
    # Another worker has the history of both keys to read.
    async with place.worker():
        await case.signal("acknowledgement", by(UNIT))
        await end(place, case)
    history = await place.plain.get_workflow_handle(case.handle.id).fetch_history()
    assert new in history.to_json() or any(
        payload.metadata["encryption-key-id"] == new.encode()
        for event in history.events
        for payload in event.workflow_execution_signaled_event_attributes.input.payloads
    )


async def test_a_lost_key_stops_the_case_until_it_is_back(
    place: SealedPlace, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "_PAUSE_SECONDS", 0.05)
    async with place.worker():
        case = await start(place, task_timeout=TASK_TIMEOUT)
        await case.until("dispatched")
        await case.signal("acknowledgement", by(UNIT))
    kept = place.keys.with_name("kept")
    shutil.move(place.keys, kept)
    new_key_file(place.keys)
    async with place.worker():
        outside = place.by_plain(case)
        await outside.signal("site_visit", by(UNIT), purpose="investigation", notes="到场")
        await _task_failed(place, case)
        running = await place.plain.get_workflow_handle(case.handle.id).describe()
        assert running.status is not None
        assert running.status.name == "RUNNING"
        # The reconciliation finds it, without a key, and the wall says so until the key is back.
        await place.until_found(case.case_no, DiscrepancyKind.STALLED)
        shutil.copy(kept, place.keys)
        place.client = await place.client_with(place.settings())
        view = await _when_back(place, case, "site_visit")
        assert view["refused"] == []
        await place.until_found(case.case_no, None)
        await end(place, case, failed_tasks=True)


async def test_a_key_file_that_is_gone_stops_everything_and_refuses_nothing(place: SealedPlace) -> None:
    async with place.worker():
        case = await start(place, task_timeout=TASK_TIMEOUT)
        await case.until("dispatched")
        message = await sealed(place, {"message_id": "m1", "by": by(UNIT)})
        kept = place.keys.with_name("kept")
        shutil.move(place.keys, kept)
        await place.by_plain(case).handle.signal("acknowledgement", RawValue(message))
        await _task_failed(place, case)
        shutil.move(kept, place.keys)
        view = await _when_back(place, case, "acknowledgement")
        assert view["refused"] == []
        await end(place, case, failed_tasks=True)


async def _task_failed(place: SealedPlace, case: OutsideCase) -> None:
    async def one_has() -> bool:
        history = await place.plain.get_workflow_handle(case.handle.id).fetch_history()
        return EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED in {event.event_type for event in history.events}

    await until("a task of the case has failed", one_has)


async def _when_back(place: SealedPlace, case: OutsideCase, event: str) -> dict[str, Any]:
    """The case once it has gone on so far that its record has an event.

    It is not asked itself: a query in the midst of its trouble would have it begin again (0009).
    """
    await until(f"the case has come to {event}", lambda: has_event(place.store, case.case_no, event))
    return await ours(place, case).view()


def cut_short(payload: Payload) -> Payload:
    return _changed(payload, data=payload.data[:-7])


def flipped(payload: Payload) -> Payload:
    return _changed(payload, data=payload.data[:20] + bytes([payload.data[20] ^ 1]) + payload.data[21:])


def nothing_left(payload: Payload) -> Payload:
    return _changed(payload, data=b"")


def data_key_flipped(payload: Payload) -> Payload:
    key = payload.metadata["encryption-data-key"]
    return _changed(payload, **{"encryption-data-key": bytes([key[0] ^ 1]) + key[1:]})


def data_key_cut(payload: Payload) -> Payload:
    return _changed(payload, **{"encryption-data-key": b"1"})


def another_cipher(payload: Payload) -> Payload:
    return _changed(payload, **{"encryption-cipher": b"sm4-gcm"})


def no_cipher_at_all(payload: Payload) -> Payload:
    return _changed(payload, **{"encryption-cipher": b"\xff rot13"})


def unknown_key(payload: Payload) -> Payload:
    return _changed(payload, **{"encryption-key-id": b"\xff20200101-000000"})


def of_others(payload: Payload) -> Payload:
    return Payload(metadata={"encoding": b"binary/encrypted", "encryption-key-id": b"test"}, data=payload.data)


def _changed(payload: Payload, data: bytes | None = None, **metadata: bytes) -> Payload:
    return Payload(metadata={**payload.metadata, **metadata}, data=payload.data if data is None else data)


SPOILT: list[Callable[[Payload], Payload]] = [
    cut_short,
    flipped,
    nothing_left,
    data_key_flipped,
    data_key_cut,
    another_cipher,
    no_cipher_at_all,
    unknown_key,
    of_others,
]


async def sealed(place: SealedPlace, body: Any, settings: PayloadSettings | None = None) -> Payload:
    client = await place.client_with(settings or place.settings())
    return (await client.data_converter.encode([body]))[0]


async def test_what_does_not_open_is_refused_as_signal_and_as_update(place: SealedPlace) -> None:
    async with place.worker():
        case = await start(place)
        await case.until("dispatched")
        outside = place.by_plain(case)
        good = await sealed(place, {"message_id": "m1", "by": by(UNIT)})
        for spoil in SPOILT:
            await outside.handle.signal("acknowledgement", RawValue(spoil(good)))
            with pytest.raises(WorkflowUpdateFailedError) as refused:
                await outside.handle.execute_update("submit", RawValue(spoil(good)))
            assert isinstance(refused.value.cause, ApplicationError)
            assert refused.value.cause.type == "malformed"
        await outside.handle.signal("acknowledgement", args=[RawValue(good)] * 9)
        view = await case.view()
        assert view["refused_count"] == 2 * len(SPOILT) + 1
        assert {refusal["code"] for refusal in view["refused"]} == {"malformed"}
        assert "无法解密" in view["refused"][-1]["reason"]
        await outside.handle.signal("acknowledgement", RawValue(good))
        assert "acknowledgement" in [line["event"] for line in (await case.view())["timeline"]]
    # Read again from its history by another worker.
    async with place.worker():
        await end(place, case)
    recorded = await place.store.timeline(case.case_no, with_refusals=True)
    assert sum(line.event == "refused" for line in recorded) == 2 * len(SPOILT) + 1


async def test_what_was_refused_stays_refused_when_its_key_comes(place: SealedPlace) -> None:
    """And what was read stays read: the key of a message that came is added after it was refused."""
    theirs = place.keys.with_name("theirs")
    shutil.copy(place.keys, theirs)
    add_master_key(theirs)
    with_theirs = PayloadSettings(payload_key_file=theirs)
    async with place.worker():
        case = await start(place)
        await case.until("dispatched")
        message = {"message_id": "m1", "by": by(UNIT)}
        early = await sealed(place, message, with_theirs)
        await place.by_plain(case).handle.signal("acknowledgement", RawValue(early))
        assert [refusal["code"] for refusal in (await case.view())["refused"]] == ["malformed"]
    shutil.copy(theirs, place.keys)
    place.client = await place.client_with(place.settings())
    case = ours(place, case)
    async with place.worker():
        view = await case.view()
        assert view["refused_count"] == 1
        assert "acknowledgement" not in [line["event"] for line in view["timeline"]]
        await place.by_plain(case).handle.signal("acknowledgement", RawValue(early))
        view = await case.view()
        assert "acknowledgement" in [line["event"] for line in view["timeline"]]
        assert view["refused_count"] == 1
        await end(place, case)


@pytest.mark.parametrize("spoil", [cut_short, unknown_key], ids=lambda spoil: spoil.__name__)
async def test_a_start_that_does_not_open_fails_with_the_reason_on_record(
    place: SealedPlace, spoil: Callable[[Payload], Payload]
) -> None:
    async with place.worker():
        good = await sealed(place, {"case_no": "SPOILT"})
        given = RawValue(spoil(good))
        handle = await place.plain.start_workflow("PetitionCase", given, id="case-SPOILT", task_queue="petition-cases")
        with pytest.raises(WorkflowFailureError) as failed:
            await asyncio.wait_for(handle.result(), PATIENCE)
        assert isinstance(failed.value.cause, ApplicationError)
        assert failed.value.cause.type == "malformed"
        with pytest.raises(WorkflowFailureError) as told:
            await place.client.get_workflow_handle(handle.id).result()
        assert "无法解密" in str(told.value.cause)
        await place.replay(await handle.fetch_history())


async def test_a_long_sealed_case_goes_on_in_a_new_run(place: SealedPlace) -> None:
    async with place.worker():
        case = await start(place)
        await case.until("dispatched")
        first = (await case.handle.describe()).run_id
        body = {"final": False, "finding": "substantiated", "facts": PLANTED["facts"], "measures": PLANTED["measures"]}
        sent = 0
        while (await place.plain.get_workflow_handle(case.handle.id).describe()).run_id == first:
            await case.submit("rectification_report", by(UNIT), completion="stage_completed", **body)
            sent += 1
            assert sent < 150, "the case never continued as new"
    async with place.worker():
        assert (await case.view())["progress_reports"] == sent
        await end(place, case)
    assert await search_everything(tuple(PLANTED.values()), Temporal(place.plain)) == []
