"""Notices on a real Temporal server: gathered, sent once, tried until they are taken, and told to their cases."""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities import jurisdictions
from activities.notice_activities import NoticeActivities
from activities.out_trays import OutTrays
from petitions.hand_over import HandOver
from petitions.jurisdiction.rules import rules_for
from petitions.notices import NoticeState, has_address, notices_for
from petitions.out_tray import WaitingNotice
from petitions.procedure import Step, open_case
from petitions.vocabulary import Category, Channel
from store import open_pool
from tests.notices.conftest import City
from tests.notices.mail_server import mail_server
from tests.notices_file import at_once
from tests.receiver import receiving
from tests.worker.conftest import dazhou
from tests.worker.worker_process import until
from tests.workflows.outside_program import CHINA, UNIT, by
from workflows.notice_interface import SendMessage

COUNTY_MAYOR = "county/通川区/mayor"


async def test_a_batch_of_200_cases_is_one_notice_for_each_office(city: City) -> None:
    """The openings of 200 cases, each handed over by itself as its activity does."""
    async with receiving() as of_mayor:
        addresses = {UNIT: [city.channel.address], COUNTY_MAYOR: [of_mayor.address]}
        city.addresses(addresses, gather='"20s"', digest_every='"1m"')
        numbers = [f"B{number:03}" for number in range(200)]
        out_trays = OutTrays(city.jurisdictions)
        for case_no in numbers:
            step = opening(city, case_no)
            notices = [notice for notice in step.notices if has_address(step.case, notice)]
            assert {notice.to for notice in notices} == addresses.keys()
            outcomes = await out_trays.hand_over(city.client, notices, None, step.case.opened_at)
            assert {outcome.state for outcome in outcomes} == {NoticeState.QUEUED}
        async with city.worker():
            for office in addresses:
                await city.until_put_away(office)
        for receiver, heading in ((city.channel, "交办通知"), (of_mayor, "请办理：批示")):
            [message] = receiver.taken
            assert message["title"] == "【信访举报件】200项通知"
            assert message["message"] == f"{heading}（200项）：{'、'.join(numbers)}"


async def test_cases_that_come_together_are_told_together_and_each_is_dispatched(city: City) -> None:
    city.addresses({UNIT: [city.channel.address]}, gather='"1m"')
    async with city.worker():
        cases = await asyncio.gather(*(city.hand_over(f"B{number}") for number in range(8)))
        await city.until_waiting(8)
        await city.skip(minutes=2)
        for case in cases:
            await city.until_all_is_out(case.case_no)
            await case.until("dispatched")
    assert len(city.channel.taken) == 1
    assert [city.channel.titles(case.case_no) for case in cases] == [["交办通知"]] * 8


def opening(city: City, case_no: str) -> Step:
    """What the opening of a case brings."""
    hand_over = HandOver(
        case_no=case_no,
        received_at=datetime.now(CHINA),
        channel=Channel.PHONE,
        starred=False,
        county="通川区",
        location="李家巷",
        categories=(Category.WATER,),
        summary="脏水横流。",
        responsible_unit=UNIT,
    )
    rules = rules_for(
        city.jurisdictions.get(None),
        received_at=hand_over.received_at,
        county=hand_over.county,
        categories=hand_over.categories,
        responsible_unit=UNIT,
    )
    return open_case(hand_over, rules, hand_over.received_at)


async def test_a_full_mailbox_is_left_alone_for_as_long_as_it_says(city: City) -> None:
    channel = city.channel
    channel.status, channel.retry_after = 429, "3600"
    async with city.worker():
        case = await city.hand_over("R1")

        async def was_asked() -> bool:
            return bool(channel.refused)

        await until("the channel was asked", was_asked)
        channel.status = 200
        await city.skip(minutes=50)
        assert len(channel.keys) == 1
        assert (await case.view())["stage"] == "received"
        await city.skip(minutes=20)
        await case.until("dispatched")
        await city.until_all_is_out("R1")
    assert channel.titles("R1") == ["交办通知"]
    assert len(channel.keys) == 2
    assert len(set(channel.keys)) == 1, "the same message again has the same key"


async def test_a_channel_that_fails_every_other_time_gets_every_notice_once(city: City) -> None:
    asked = 0

    def every_other_time() -> bool:
        nonlocal asked
        asked += 1
        return asked % 2 == 1

    city.channel.failing = every_other_time
    async with city.worker():
        for number in range(6):
            before = city.channel.refused
            case = await city.hand_over(f"F{number}")
            await until("it is refused", lambda before=before: has_refused(city, before + 1))
            await city.skip(seconds=10)
            await case.until("dispatched")
            await city.until_all_is_out(f"F{number}")
    assert city.channel.refused >= 6
    assert [city.channel.titles(f"F{number}") for number in range(6)] == [["交办通知"]] * 6
    ledger = await city.store.notices("F0")
    assert [notice.attempts for notice in ledger if notice.state is NoticeState.SENT] == [2]


async def has_refused(city: City, times: int) -> bool:
    return city.channel.refused >= times


async def test_what_was_gathered_survives_the_worker(city: City) -> None:
    city.addresses({UNIT: [city.channel.address]}, gather='"1m"')
    async with city.worker():
        await city.hand_over("S1")
        await city.until_waiting(1)
    assert city.channel.taken == []
    async with city.worker():
        await city.skip(minutes=2)
        await city.until_all_is_out("S1")
    assert city.channel.titles("S1") == ["交办通知"]


async def test_each_office_has_its_own_channels_of_any_kind(city: City) -> None:
    """The unit has a webhook, the county mayor a mailbox."""
    async with mail_server() as mail:
        city.addresses({UNIT: [city.channel.address], COUNTY_MAYOR: [mail.address("mayor@example.org")]})
        async with city.worker():
            await city.hand_over("M1", starred=True)
            await city.hand_over("M2")
            await city.until_all_is_out("M1")
            await city.until_all_is_out("M2")
    told = "\n".join(
        f"{message['subject']} {part.get_content()}" for message in mail.taken if (part := message.get_body())
    )
    assert "M2】请办理：批示" in told
    assert "M1】" not in told, "a starred case asks the city's leaders"
    assert {*city.channel.titles("M1"), *city.channel.titles("M2")} == {"交办通知"}


async def test_addresses_are_those_of_the_cases_own_jurisdiction(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case that names another file is told by that file's addresses, whatever the worker's own says."""
    async with receiving() as elsewhere:
        other = tmp_path / "other.toml"
        text = f'{dazhou()}\n"{UNIT}" = ["{elsewhere.address}"]\n'
        other.write_text(at_once(text), encoding="utf-8")
        monkeypatch.setattr(jurisdictions, "shipped_files", lambda: {"dazhou-two": other})
        async with city.worker():
            await city.hand_over("J1")
            await city.hand_over("J2", jurisdiction="dazhou-two")
            await city.until_all_is_out("J1")
            await city.until_all_is_out("J2")
    assert (city.channel.titles("J1"), city.channel.titles("J2")) == (["交办通知"], [])
    assert (elsewhere.titles("J1"), elsewhere.titles("J2")) == ([], ["交办通知"])


async def test_what_is_no_notice_does_not_hold_up_the_offices_notices(city: City) -> None:
    city.channel.status = 500
    async with city.worker():
        case = await city.hand_over("W1")

        async def was_asked() -> bool:
            return bool(city.channel.refused)

        await until("the channel was asked", was_asked)
        tray = city.notices_of()
        await tray.signal("tell")
        await tray.signal("tell", args=[{"notices": "all"}, 1])
        await tray.signal("tell", {"notices": [{"key": 1}]})
        await case.handle.signal("notice_out")
        await case.handle.signal("notice_out", {"key": "nobody's"})
        assert (await case.view())["stage"] == "received"
        city.channel.status = 200
        await city.skip(seconds=30)
        await case.until("dispatched")
        refused = (await case.view())["refused"]
    # A word to the case that no out-tray can have said is kept on its record, as anything else that is no message.
    assert [(each["kind"], each["code"]) for each in refused] == [
        ("notice_out", "malformed"),
        ("notice_out", "unknown_kind"),
    ]


async def test_an_empty_tray_is_put_away_and_a_late_repeat_is_not_sent_again(city: City) -> None:
    """The workflow ends some time after its last notice; from then on the ledger knows."""
    async with city.worker():
        case = await city.hand_over("E1")
        await case.until("dispatched")
        await city.until_all_is_out("E1")
        await city.until_put_away()
        # What a worker that was killed at the wrong moment would do: hand over once more.
        state = await city.store.state("E1")
        assert state is not None
        [entry, *_] = await city.store.entries("E1")
        [again] = [notice for notice in notices_for(state, entry) if notice.dispatches]
        await OutTrays(city.jurisdictions).hand_over(city.client, [again], None, state.opened_at)
        await city.until_put_away()
        asked = [
            event.activity_task_scheduled_event_attributes async for event in city.notices_of().fetch_history_events()
        ]
        assert "send_message" in {each.activity_type.name for each in asked}, "the tray has asked the ledger"
        assert city.channel.titles("E1") == ["交办通知"]
        await case.signal("withdrawal", by("city/intake"), reason="结束")


async def test_an_attempt_that_is_given_up_while_its_channel_answers_is_not_sent_again(city: City) -> None:
    """Its time is up, or the engine has not heard of it: the next attempt takes what becomes of the first."""
    step = opening(city, "C1")
    [notice] = [each for each in step.notices if each.dispatches]
    waiting = WaitingNotice(notice=notice, told_at=step.case.opened_at, since=datetime.now(CHINA))
    message = SendMessage(office=UNIT, notices=(waiting,), at=datetime.now(CHINA))
    activities, channel = NoticeActivities(city.store, city.jurisdictions, {}), city.channel
    channel.held = asyncio.Event()

    async def was_asked() -> bool:
        return bool(channel.keys)

    first = asyncio.create_task(ActivityEnvironment().run(activities.send_message, message))
    await until("the channel was asked", was_asked)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert first.cancelled()
    assert not await city.store.already_sent([notice.key]), "nobody has noted anything"
    again = asyncio.create_task(ActivityEnvironment().run(activities.send_message, message))
    channel.held.set()
    second = await again
    assert (second.taken, second.in_ledger) == (True, True)
    assert len(channel.keys) == len(channel.taken) == 1
    # Also after the answer, as long as the process lives; the ledger might be away.
    async with open_pool(city.place.database_url, max_size=1) as pool:
        await pool.execute("UPDATE notice SET state = 'queued', sent_at = NULL")
    assert (await ActivityEnvironment().run(activities.send_message, message)).taken
    assert len(channel.keys) == 1
    # Another process knows nothing of it: what is left is the message's key.
    other = NoticeActivities(city.store, city.jurisdictions, {})
    async with open_pool(city.place.database_url, max_size=1) as pool:
        await pool.execute("UPDATE notice SET state = 'queued', sent_at = NULL")
    assert (await ActivityEnvironment().run(other.send_message, message)).taken
    assert len(channel.keys) == 2
    assert len(set(channel.keys)) == 1
