"""The out-tray of an office: what goes out together, when, and when a channel may be used again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petitions.jurisdiction.sections import NoticeSettings
from petitions.notices import Notice
from petitions.out_tray import (
    MOST_AT_ONCE,
    OutTray,
    Pace,
    WaitingNotice,
    are_out,
    bundle,
    has_failed,
    keep_whole,
    next_at,
    put,
    were_out,
)

CHINA = 8 * 60
NOON = datetime(2021, 8, 27, 4, tzinfo=UTC)
"""12:00 in Dazhou."""
NIGHT = datetime(2021, 8, 27, 15, tzinfo=UTC)
"""23:00 in Dazhou."""
MORNING = datetime(2021, 8, 27, 23, tzinfo=UTC)
"""The end of that night's quiet hours: 07:00."""
PACE = NoticeSettings().pace(CHINA)
SECOND = timedelta(seconds=1)
EMPTY = keep_whole(OutTray())


def told(number: int, at: datetime = NOON, *, urgent: bool = True) -> WaitingNotice:
    notice = Notice(key=f"D{number}/1/o", case_no=f"D{number}", to="o", title="t", body="b", urgent=urgent)
    return WaitingNotice(notice=notice, told_at=at, since=at)


def keys(notices: tuple[WaitingNotice, ...]) -> list[str]:
    return [each.notice.case_no for each in notices]


def due(tray: OutTray) -> datetime:
    """When the next message is to go out; there is one."""
    at = next_at(tray, PACE)
    assert at is not None
    return at


def test_nothing_to_tell() -> None:
    assert next_at(EMPTY, PACE) is None
    assert bundle(EMPTY, PACE, NOON) == ()


def test_a_burst_is_one_message() -> None:
    """200 cases, handed over one after the other at 15 a second."""
    tray = EMPTY
    for number in range(200):
        tray = put(tray, [told(number, NOON + number * SECOND / 15)])
        assert bundle(tray, PACE, NOON + number * SECOND / 15) == ()
    at = due(tray)
    assert at == NOON + 199 * SECOND / 15 + PACE.gather
    assert len(bundle(tray, PACE, at)) == 200


def test_an_urgent_notice_waits_a_minute_at_the_most_however_many_keep_coming() -> None:
    tray = put(EMPTY, (told(number, NOON + number * SECOND) for number in range(300)))
    assert next_at(tray, PACE) == NOON + 60 * SECOND


def test_what_is_not_urgent_waits_for_more_and_goes_with_what_is() -> None:
    tray = put(EMPTY, [told(1, urgent=False)])
    assert next_at(tray, PACE) == NOON + PACE.digest_every
    tray = put(tray, [told(2)])
    at = due(tray)
    assert at == NOON + PACE.gather
    assert keys(bundle(tray, PACE, at)) == ["D2", "D1"], "the urgent one first"


def test_at_night_only_what_is_urgent_goes_out() -> None:
    tray = put(EMPTY, [told(1, NIGHT, urgent=False), told(2, NIGHT)])
    at = due(tray)
    assert at == NIGHT + PACE.gather
    assert keys(bundle(tray, PACE, at)) == ["D2"]
    tray = are_out(tray, ["D2/1/o"], PACE, at)
    assert next_at(tray, PACE) == MORNING
    assert keys(bundle(tray, PACE, MORNING)) == ["D1"]


@pytest.mark.parametrize(
    ("quiet_from", "quiet_until", "at", "quiet"),
    [
        (22 * 60, 7 * 60, "21:59", False),
        (22 * 60, 7 * 60, "22:00", True),
        (22 * 60, 7 * 60, "00:00", True),
        (22 * 60, 7 * 60, "06:59", True),
        (22 * 60, 7 * 60, "07:00", False),
        (12 * 60, 14 * 60, "11:59", False),
        (12 * 60, 14 * 60, "13:00", True),
        (12 * 60, 14 * 60, "14:00", False),
        (0, 7 * 60, "00:00", True),
        (0, 7 * 60, "23:59", False),
        (7 * 60, 7 * 60, "07:00", False),
        (7 * 60, 7 * 60, "23:00", False),
    ],
)
def test_quiet_hours(quiet_from: int, quiet_until: int, at: str, quiet: bool) -> None:
    pace = PACE.model_copy(update={"quiet_from": quiet_from, "quiet_until": quiet_until})
    assert pace.is_quiet(datetime.fromisoformat(f"2021-08-27T{at}:00+08:00")) is quiet


def test_a_channel_has_a_rest_after_each_message() -> None:
    tray = are_out(put(EMPTY, [told(1)]), ["D1/1/o"], PACE, NOON)
    tray = put(tray, [told(2, NOON - 60 * SECOND)])
    assert next_at(tray, PACE) == NOON + 3 * SECOND, "20 a minute"


def test_after_a_failure_the_pause_doubles_up_to_five_minutes() -> None:
    tray, now, pauses = put(EMPTY, [told(1)]), NOON, list[float]()
    for _ in range(10):
        tray = has_failed(tray, ["D1/1/o"], PACE, now)
        at = due(tray)
        assert at is not None
        pauses.append((at - now).total_seconds())
        now = at
    assert pauses == [3, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    tray = put(are_out(tray, ["D1/1/o"], PACE, now), [told(2, now)])
    tray = has_failed(tray, ["D2/1/o"], PACE, now)
    assert tray.free_at == now + 3 * SECOND, "after a success it begins anew"


@pytest.mark.parametrize(("asked_for", "pause"), [(0, 3), (1, 3), (90, 90), (3600, 3600), (86_400, 3600)])
def test_a_channel_gets_the_pause_that_it_asks_for_but_no_more_than_an_hour(asked_for: int, pause: int) -> None:
    tray = has_failed(put(EMPTY, [told(1)]), ["D1/1/o"], PACE, NOON, timedelta(seconds=asked_for))
    assert next_at(tray, PACE) == NOON + timedelta(seconds=pause)


def test_a_message_that_failed_is_tried_again_as_it_was() -> None:
    tray = has_failed(put(EMPTY, [told(1), told(2)]), ["D1/1/o", "D2/1/o"], PACE, NOON)
    tray = put(tray, [told(3, NOON + SECOND)])
    at = due(tray)
    assert keys(bundle(tray, PACE, at)) == ["D1", "D2"]
    tray = are_out(tray, ["D1/1/o", "D2/1/o"], PACE, at)
    assert keys(bundle(tray, PACE, at + 10 * SECOND)) == ["D3"]


def test_the_night_does_not_part_a_message_that_was_tried() -> None:
    """It may have arrived by day, and only the answer was lost: then its parts would be told twice."""
    tray = has_failed(put(EMPTY, [told(1), told(2, urgent=False)]), ["D1/1/o", "D2/1/o"], PACE, NIGHT)
    tray = put(tray, [told(3, NIGHT), told(4, NIGHT, urgent=False)])
    at = due(tray)
    assert at == NIGHT + 3 * SECOND
    assert keys(bundle(tray, PACE, at)) == ["D1", "D2"]
    tray = are_out(tray, ["D1/1/o", "D2/1/o"], PACE, at)
    assert keys(bundle(tray, PACE, due(tray))) == ["D3"]
    tray = are_out(tray, ["D3/1/o"], PACE, at)
    assert due(tray) == MORNING


def test_a_message_of_the_evening_that_was_tried_goes_before_what_is_urgent() -> None:
    tray = has_failed(put(EMPTY, [told(1, NIGHT, urgent=False)]), ["D1/1/o"], PACE, NIGHT)
    tray = put(tray, [told(2, NIGHT)])
    assert keys(bundle(tray, PACE, due(tray))) == ["D1"]


def test_a_tray_of_before_parts_a_message_at_night() -> None:
    tray = has_failed(put(OutTray(), [told(1, NIGHT, urgent=False)]), ["D1/1/o"], PACE, NIGHT)
    assert next_at(tray, PACE) == MORNING
    tray = put(tray, [told(2, NIGHT)])
    at = due(tray)
    assert at == NIGHT + PACE.gather
    assert keys(bundle(tray, PACE, at)) == ["D2"]


def test_what_was_out_before_is_no_part_of_a_message_that_failed() -> None:
    tray = were_out(put(EMPTY, [told(1), told(2)]), ["D1/1/o"])
    tray = put(has_failed(tray, ["D2/1/o"], PACE, NOON), [told(1)])
    assert keys(bundle(tray, PACE, due(tray))) == ["D2"]


def test_a_message_is_given_up_as_a_whole_a_day_after_its_latest_notice() -> None:
    tray = put(EMPTY, [told(1), told(2, NOON + 60 * SECOND)])
    message = ("D1/1/o", "D2/1/o")
    tray = has_failed(tray, message, PACE, NOON + PACE.give_up_after)
    assert keys(bundle(tray, PACE, due(tray))) == ["D1", "D2"]
    tray = has_failed(tray, message, PACE, NOON + PACE.give_up_after + 60 * SECOND)
    assert (tray.waiting, tray.given_up, next_at(tray, PACE)) == ((), message, None)


def test_what_cannot_be_delivered_for_a_day_is_given_up_and_may_begin_anew() -> None:
    tray = has_failed(put(EMPTY, [told(1)]), ["D1/1/o"], PACE, NOON + PACE.give_up_after)
    assert (tray.waiting, tray.given_up, next_at(tray, PACE)) == ((), ("D1/1/o",), None)
    tray = put(tray, [told(1, NOON + 2 * PACE.give_up_after)])
    assert (len(tray.waiting), tray.given_up) == (1, ())


def test_too_many_for_one_message_go_with_the_next() -> None:
    tray = put(EMPTY, (told(number) for number in range(MOST_AT_ONCE + 1)))
    first = bundle(tray, PACE, NOON + PACE.gather)
    assert len(first) == MOST_AT_ONCE
    tray = are_out(tray, [each.notice.key for each in first], PACE, NOON + PACE.gather)
    assert len(tray.waiting) == 1


PACES = st.builds(
    Pace,
    gather=st.integers(1, 1800).map(lambda seconds: timedelta(seconds=seconds)),
    digest_every=st.integers(1, 1800).map(lambda seconds: timedelta(seconds=seconds)),
    between=st.integers(1, 600).map(lambda number: timedelta(minutes=1) / number),
    quiet_from=st.integers(0, 1439),
    quiet_until=st.integers(0, 1439),
    give_up_after=st.just(timedelta(days=365)),
    utc_offset_minutes=st.integers(-12 * 60, 14 * 60),
)
DEEDS = st.lists(st.tuples(st.sampled_from(["tell", "take", "fail"]), st.integers(0, 20), st.booleans()), max_size=60)


@given(pace=PACES, deeds=DEEDS, tray=st.sampled_from([EMPTY, OutTray()]))
@settings(max_examples=300)
def test_every_notice_goes_out_once_and_none_too_early(
    pace: Pace, deeds: list[tuple[str, int, bool]], tray: OutTray
) -> None:
    """Whatever is told in whatever order, again and again, while the channel takes and fails."""
    now = NOON
    tried: list[str] = []
    urgent: dict[str, bool] = {}
    out: list[str] = []
    last_used: datetime | None = None
    for deed, number, is_urgent in [*deeds, *[("take", 0, False)] * (len(deeds) + 1)]:
        if deed == "tell":
            urgent.setdefault(f"D{number}/1/o", is_urgent)
            tray = put(tray, [told(number, now, urgent=urgent[f"D{number}/1/o"])])
            now += number * SECOND
            continue
        at = next_at(tray, pace)
        if at is None:
            continue
        assert bundle(tray, pace, at - timedelta(microseconds=1)) == ()
        now = max(now, at)
        chosen = bundle(tray, pace, now)
        assert chosen, "what is due is sent: nothing waits for ever"
        told_keys = [each.notice.key for each in chosen]
        if tray.keeps_whole and tried:
            assert told_keys == tried, "what was tried once is tried as it was, at any hour"
        elif pace.is_quiet(now):
            assert all(each.notice.urgent for each in chosen)
        tried = told_keys if deed == "fail" else []
        assert last_used is None or now - last_used >= pace.between
        last_used = now
        tray = are_out(tray, told_keys, pace, now) if deed == "take" else has_failed(tray, told_keys, pace, now)
        out += told_keys if deed == "take" else []
    assert sorted(out) == sorted(urgent), "each once, and all of them"


@given(pace=PACES, at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_end_of_the_quiet_hours_is_not_quiet_and_less_than_a_day_away(pace: Pace, at: datetime) -> None:
    end = pace.after_quiet(at)
    assert not pace.is_quiet(end)
    assert (end == at) is not pace.is_quiet(at)
    assert timedelta(0) <= end - at < timedelta(days=1)


@given(pace=PACES, number=st.integers(1, 50))
def test_an_urgent_notice_is_not_kept_beyond_the_hour(pace: Pace, number: int) -> None:
    """With the settings as they are shipped, whatever keeps coming and at whatever time of day."""
    pace = PACE.model_copy(update={"quiet_from": pace.quiet_from, "quiet_until": pace.quiet_until})
    tray = put(EMPTY, (told(each, NOON + each * SECOND) for each in range(number)))
    at = next_at(tray, pace)
    assert at is not None
    assert at - NOON <= timedelta(minutes=1)
