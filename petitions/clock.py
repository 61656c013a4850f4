"""The clock of a case: how the engine's time becomes the time of the procedure, and back.

In service the two are the same. A demonstration runs the article's nine days in a minute: its clock starts at
another date and runs faster, and slower during the office hours in which most things happen, because one hour
of those must leave time for real work. Both directions are pure and exact to the microsecond of the engine, so a
case may carry its clock in its history.
"""

from datetime import UTC, datetime, time, timedelta, timezone
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from petitions.values import Instant, Value

_DAY = timedelta(days=1)


class ShortClock(Value):
    """A clock that shows other dates and runs faster than the engine's."""

    engine_origin: Instant
    """The moment of the engine at which the shown time starts."""
    shown_origin: Instant
    """What it shows then: a local midnight; its offset is the local time of the office hours."""
    day_seconds: Annotated[float, Field(gt=0)]
    """How many seconds of the engine one shown day takes."""
    slow_from: time = time(9)
    slow_until: time = time(12)
    slow_share: Annotated[float, Field(gt=0, lt=1)] = 0.75
    """The share of ``day_seconds`` that the slow hours take."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.shown_origin.timetz().replace(tzinfo=None) != time(0):
            raise ValueError("shown_origin must be a midnight of its own offset")
        if not time(0) < self.slow_from < self.slow_until:
            raise ValueError("slow_from must come before slow_until, and after midnight")
        return self

    def _knots(self) -> list[tuple[timedelta, timedelta]]:
        """The day's profile as (shown since midnight, engine since the day's start), straight between knots."""
        start, end = _since_midnight(self.slow_from), _since_midnight(self.slow_until)
        day = timedelta(seconds=self.day_seconds)
        slow = day * self.slow_share
        fast = day - slow
        before = fast * (start / (_DAY - (end - start)))
        return [(timedelta(0), timedelta(0)), (start, before), (end, before + slow), (_DAY, day)]

    def shown(self, engine: datetime) -> datetime:
        """The procedure's time at this moment of the engine."""
        days, rest = divmod(engine - self.engine_origin, timedelta(seconds=self.day_seconds))
        return self.shown_origin + days * _DAY + _between([(e, s) for s, e in self._knots()], rest)

    def engine(self, shown: datetime) -> datetime:
        """The engine's time at this moment of the procedure, rounded up: a timer set to it never wakes too early."""
        days, rest = divmod(shown - self.shown_origin, _DAY)
        engine = self.engine_origin + days * timedelta(seconds=self.day_seconds) + _between(self._knots(), rest)
        while self.shown(engine) < shown:
            engine += timedelta.resolution
        return engine


class CaseClock(Value):
    """The clock of a case; without ``short`` it is the engine's own."""

    short: ShortClock | None = None

    def now(self, engine_now: datetime) -> datetime:
        """The procedure's time, given the engine's (both aware)."""
        return self.short.shown(engine_now) if self.short else engine_now

    def engine_time(self, moment: datetime) -> datetime:
        """When the engine will have reached this moment of the procedure."""
        return self.short.engine(moment) if self.short else moment


def local(moment: datetime, utc_offset_minutes: int) -> datetime:
    """The same moment in the jurisdiction's local time."""
    return moment.astimezone(timezone(timedelta(minutes=utc_offset_minutes)) if utc_offset_minutes else UTC)


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)


def _between(knots: list[tuple[timedelta, timedelta]], x: timedelta) -> timedelta:
    for (x0, y0), (x1, y1) in pairwise(knots):
        if x <= x1:
            return y0 + (y1 - y0) * ((x - x0) / (x1 - x0))
    raise AssertionError("the profile covers a whole day")
