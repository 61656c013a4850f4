"""How days are counted: elapsed ones from the hand-over, and calendar days that end at a set hour of local time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petitions.case_rules import DayRule, Durations
from petitions.days import day_end, next_in_step
from petitions.events import StickerPut
from tests.petitions.building import Story, small_rules

AT = datetime.fromisoformat


@pytest.mark.parametrize(
    ("received_at", "day", "ends"),
    [
        ("2021-08-27T10:00:00+08:00", 7, "2021-09-03T10:00:00+08:00"),
        ("2021-08-27T23:59:59+08:00", 5, "2021-09-01T23:59:59+08:00"),
        ("2021-02-27T00:00:00+00:00", 3, "2021-03-02T00:00:00+00:00"),
        ("2021-12-30T10:00:00+08:00", 3, "2022-01-02T10:00:00+08:00"),
    ],
)
def test_elapsed_days(received_at: str, day: int, ends: str) -> None:
    assert day_end(Durations(), AT(received_at), day) == AT(ends)


@pytest.mark.parametrize(
    ("received_at", "day", "ends_at", "offset", "ends"),
    [
        # From the day of the hand-over, whatever its hour, to the set hour of the n-th day after it.
        ("2021-08-27T10:00:00+08:00", 1, 1440, 480, "2021-08-29T00:00:00+08:00"),
        ("2021-08-27T00:00:00+08:00", 1, 1440, 480, "2021-08-29T00:00:00+08:00"),
        ("2021-08-27T23:59:59+08:00", 1, 1440, 480, "2021-08-29T00:00:00+08:00"),
        ("2021-08-27T10:00:00+08:00", 7, 18 * 60, 480, "2021-09-03T18:00:00+08:00"),
        ("2021-08-27T20:00:00+08:00", 3, 18 * 60 + 30, 480, "2021-08-30T18:30:00+08:00"),
        ("2021-08-27T10:00:00+08:00", 1, 0, 480, "2021-08-28T00:00:00+08:00"),
        # The local day counts, not that of the offset in which the hand-over was written.
        ("2021-08-27T16:30:00+00:00", 1, 18 * 60, 480, "2021-08-29T18:00:00+08:00"),
        ("2021-08-27T15:30:00+00:00", 1, 18 * 60, 480, "2021-08-28T18:00:00+08:00"),
        ("2021-08-27T20:00:00-05:00", 1, 18 * 60, 480, "2021-08-29T18:00:00+08:00"),
        ("2021-08-27T16:30:00+00:00", 1, 18 * 60, 0, "2021-08-28T18:00:00+00:00"),
        ("2021-12-31T10:00:00+08:00", 1, 18 * 60, 480, "2022-01-01T18:00:00+08:00"),
        ("2024-02-28T10:00:00+08:00", 1, 18 * 60, 480, "2024-02-29T18:00:00+08:00"),
    ],
)
def test_calendar_days(received_at: str, day: int, ends_at: int, offset: int, ends: str) -> None:
    durations = Durations(day_rule=DayRule.CALENDAR, day_ends_at_minute=ends_at, utc_offset_minutes=offset)
    assert day_end(durations, AT(received_at), day) == AT(ends)


def test_a_case_on_calendar_days() -> None:
    """Handed over at eleven at night: the seventh day ends at six in the evening all the same."""
    durations = Durations(day_rule=DayRule.CALENDAR, day_ends_at_minute=18 * 60)
    story = Story(small_rules(durations=durations), received_at="2021-08-27T23:00:00+08:00")
    story.hourly_until(timedelta(days=9))
    assert story.case.due_at == AT("2021-09-03T18:00:00+08:00")
    assert [(put.colour.value, put.due_at) for put in story.happened(StickerPut)] == [
        ("yellow", AT("2021-09-01T18:00:00+08:00")),
        ("blue", AT("2021-09-02T18:00:00+08:00")),
        ("red", AT("2021-09-03T18:00:00+08:00")),
    ]
    dispatch = story.case.breaches[0]
    assert dispatch.due_at == AT("2021-08-28T00:00:00+08:00"), "hours stay hours"


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 the zone is added
RULES = st.builds(
    Durations,
    day_rule=st.sampled_from(DayRule),
    day_ends_at_minute=st.integers(0, 1440),
    utc_offset_minutes=st.integers(-720, 840),
)


@given(RULES, MOMENTS, st.integers(1, 365))
def test_every_day_is_24_hours_longer_than_the_one_before(rules: Durations, received_at: datetime, day: int) -> None:
    assert day_end(rules, received_at, day + 1) - day_end(rules, received_at, day) == timedelta(days=1)


@given(RULES, MOMENTS, st.integers(1, 30), st.integers(-12, 14))
def test_the_offset_in_which_the_hand_over_is_written_does_not_matter(
    rules: Durations, received_at: datetime, day: int, hours: int
) -> None:
    elsewhere = received_at.astimezone(timezone(timedelta(hours=hours)))
    assert day_end(rules, elsewhere, day) == day_end(rules, received_at, day)


@given(RULES, MOMENTS, st.integers(1, 30))
def test_a_calendar_day_ends_within_the_days_around_the_elapsed_one(
    rules: Durations, received_at: datetime, day: int
) -> None:
    elapsed = received_at + timedelta(days=day)
    assert abs(day_end(rules, received_at, day) - elapsed) <= timedelta(days=1)


@given(MOMENTS, st.timedeltas(timedelta(minutes=1), timedelta(days=3)), MOMENTS)
def test_the_next_in_step(due_at: datetime, step: timedelta, after: datetime) -> None:
    """The first of the series that is still to come, and never the start itself."""
    following = next_in_step(due_at, step, after)
    assert following > max(after, due_at)
    assert (following - due_at) % step == timedelta(0)
    assert following - step <= max(after, due_at)
