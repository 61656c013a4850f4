"""The clock of a case: the engine's own in service; in a demonstration another date, faster, slow in office hours."""

from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from petitions.clock import CaseClock, ShortClock, local

LOCAL = timezone(timedelta(hours=8))
ENGINE = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
SHOWN = datetime(2021, 8, 27, tzinfo=LOCAL)
HOUR = timedelta(hours=1)


def _short(**changes: Any) -> ShortClock:
    fields: dict[str, Any] = {"engine_origin": ENGINE, "shown_origin": SHOWN, "day_seconds": 8}
    return ShortClock.model_validate(fields | changes)


def _near(one: datetime, other: datetime, ticks: int = 2) -> bool:
    """Whether they differ by no more than so many microseconds of rounding."""
    return abs(one - other) <= ticks * timedelta.resolution


def test_in_service_the_two_are_the_same() -> None:
    assert CaseClock().now(ENGINE) == ENGINE
    assert CaseClock().engine_time(ENGINE) == ENGINE


def test_days_follow_each_other() -> None:
    clock = CaseClock(short=_short())
    assert clock.now(ENGINE) == SHOWN
    for day in (1, 2, 9):
        assert clock.now(ENGINE + timedelta(seconds=8 * day)) == SHOWN + timedelta(days=day)
        assert clock.engine_time(SHOWN + timedelta(days=day)) == ENGINE + timedelta(seconds=8 * day)


def test_the_slow_hours_take_their_share_of_the_day() -> None:
    """Three office hours take three quarters of the day's seconds; the other 21 hours share the rest evenly."""
    clock = _short()
    nine, noon = SHOWN + 9 * HOUR, SHOWN + 12 * HOUR
    assert clock.engine(noon) - clock.engine(nine) == timedelta(seconds=6)
    assert _near(clock.engine(nine), ENGINE + timedelta(seconds=2 * 9 / 21))
    assert _near(clock.engine(noon), ENGINE + timedelta(seconds=8 - 2 * 12 / 21))
    hour = clock.engine(nine + HOUR) - clock.engine(nine)
    assert hour == timedelta(seconds=2), "an office hour leaves time for real work"


def test_other_slow_hours() -> None:
    clock = _short(slow_from=time(8), slow_until=time(20), slow_share=0.5)
    for hours in range(25):
        assert _near(clock.engine(SHOWN + hours * HOUR), ENGINE + timedelta(seconds=hours / 3))


def test_it_shows_local_time() -> None:
    assert _short().shown(ENGINE).utcoffset() == timedelta(hours=8)
    assert _short().shown(ENGINE.astimezone(LOCAL)) == _short().shown(ENGINE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"shown_origin": SHOWN + HOUR},
        {"shown_origin": datetime(2021, 8, 27, tzinfo=UTC) + HOUR},
        {"shown_origin": datetime(2021, 8, 27)},  # noqa: DTZ001 naive times are what is refused here
        {"day_seconds": 0},
        {"day_seconds": -1},
        {"slow_share": 0},
        {"slow_share": 1},
        {"slow_from": time(12), "slow_until": time(9)},
        {"slow_from": time(0)},
    ],
)
def test_what_is_no_clock(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _short(**wrong)


def test_a_clock_may_be_carried_in_a_history() -> None:
    clock = CaseClock(short=_short(day_seconds=7.3, slow_share=0.6))
    assert CaseClock.model_validate_json(clock.model_dump_json()) == clock


def _clock(seconds: float, start: int, hours: int, share: float) -> ShortClock:
    return _short(day_seconds=seconds, slow_from=time(start), slow_until=time(start + hours), slow_share=share)


CLOCKS = st.builds(
    _clock,
    st.floats(0.5, 86_400),
    st.integers(1, 12),
    st.integers(1, 11),
    st.floats(0.05, 0.95),
)
MOMENTS = st.timedeltas(timedelta(days=-3), timedelta(days=30))
RUNNING = st.timedeltas(timedelta(minutes=-5), timedelta(hours=5))
"""How long a demonstration has run, on the engine's clock."""


@given(CLOCKS, MOMENTS)
def test_there_and_back(clock: ShortClock, since: timedelta) -> None:
    """A timer set to the engine's time of a moment wakes when that moment has come, and no tick later."""
    moment = SHOWN + since
    engine = clock.engine(moment)
    assert clock.shown(engine) >= moment
    assert clock.shown(engine - timedelta(microseconds=2)) <= moment


@given(CLOCKS, RUNNING)
def test_back_and_there(clock: ShortClock, since: timedelta) -> None:
    """Where the shown time creeps (a 24th of the day may take 95 % of it), its microseconds are long ones."""
    engine = ENGINE + since
    assert _near(clock.engine(clock.shown(engine)), engine, ticks=25)


@given(CLOCKS, RUNNING, RUNNING)
def test_the_shown_time_never_runs_backwards(clock: ShortClock, one: timedelta, other: timedelta) -> None:
    early, late = sorted((one, other))
    assert clock.shown(ENGINE + early) <= clock.shown(ENGINE + late)


@given(CLOCKS, MOMENTS, MOMENTS)
def test_a_later_moment_never_comes_earlier(clock: ShortClock, one: timedelta, other: timedelta) -> None:
    early, late = sorted((one, other))
    assert clock.engine(SHOWN + early) <= clock.engine(SHOWN + late)


@given(MOMENTS, st.integers(-720, 840))
def test_local_time_is_the_same_moment(since: timedelta, offset: int) -> None:
    there = local(SHOWN + since, offset)
    assert there == SHOWN + since
    assert there.utcoffset() == timedelta(minutes=offset)
