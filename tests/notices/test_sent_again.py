"""A message of which nobody knows whether it arrived is sent again as it was, whatever the time of day."""

from datetime import datetime, timedelta

from activities.out_trays import OutTrays
from petitions.notices import Notice, NoticeOutcome, NoticeState
from store import open_pool
from tests.notices.conftest import City
from tests.worker.worker_process import until
from tests.workflows.outside_program import CHINA, UNIT, StoreHistory


def notice(number: int, *, urgent: bool) -> Notice:
    return Notice(
        key=f"A{number}/1/{UNIT}",
        case_no=f"A{number}",
        to=UNIT,
        title=f"【A{number}】办理提醒",
        body=f"请办理第{number}件。",
        urgent=urgent,
    )


def minute(at: datetime) -> str:
    """A moment as a quiet hour of the jurisdiction file."""
    return f'"{at:%H:%M}"'


async def test_a_message_whose_answer_was_lost_is_not_parted_by_the_night(
    city: City, store_history: StoreHistory
) -> None:
    """It goes out by day; when it is to be tried again, the quiet hours have come: a receiver must know it still."""
    channel, out_trays, now = city.channel, OutTrays(city.jurisdictions), datetime.now(CHINA)
    channel.answer_lost = True
    known = notice(0, urgent=True)
    await city.store.mark([NoticeOutcome(key=known.key, state=NoticeState.SENT, at=now, attempts=1)], [known])
    async with city.worker():
        by_day = (known, notice(1, urgent=True), notice(2, urgent=False))
        await out_trays.hand_over(city.client, by_day, None, now)

        async def has_arrived() -> bool:
            return bool(channel.taken)

        await until("the message has arrived", has_arrived)
        assert f"【{known.case_no}】" not in channel.taken[0]["message"], "the ledger knew that it was out"
        # And that is kept in mind where the ledger does not say it again.
        async with open_pool(city.place.database_url, max_size=1) as pool:
            await pool.execute("DELETE FROM notice")
        # The office hears of its new hours with the next notice: from now on it is night.
        night = {"quiet_from": minute(now - timedelta(hours=2)), "quiet_until": minute(now + timedelta(hours=2))}
        city.addresses({UNIT: [channel.address]}, **night)
        await out_trays.hand_over(city.client, [notice(3, urgent=True)], None, now)
        channel.answer_lost = False
        await city.until_all_is_out("A3")
        await store_history("office-notices/sent-again-at-night", city.notices_of())
    first, second, *_, last = zip(channel.keys, channel.taken, strict=True)
    assert second == first, "the same under the same key: a receiver knows that it has it"
    assert last[1]["title"] == "【A3】办理提醒"
