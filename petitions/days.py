"""How the days of 1+3+5+7 are counted from the hand-over or a reopening (``DayRule``), extensions included."""

from datetime import datetime, time, timedelta

from petitions.case import Case
from petitions.case_rules import DayRule, Durations
from petitions.clock import local


def day_end(durations: Durations, received_at: datetime, days: int) -> datetime:
    """When day ``days`` after a hand-over (or a reopening) ends, as the jurisdiction counts days."""
    if durations.day_rule is DayRule.ELAPSED:
        return received_at + timedelta(days=days)
    received = local(received_at, durations.utc_offset_minutes)
    midnight = datetime.combine(received.date(), time(0), tzinfo=received.tzinfo)
    return midnight + timedelta(days=days, minutes=durations.day_ends_at_minute)


def milestone_due(case: Case, day: int) -> datetime:
    """When a milestone of that day is due, a reopening and the case's extension counted in."""
    return day_end(case.rules.durations, case.clock_started_at, day + case.days_moved + case.extended_days)


def target_due(case: Case) -> datetime:
    """By when the city itself wants the case concluded; a reopening of few days leaves it the first of them."""
    started, durations = case.clock_started_at, case.rules.durations
    return day_end(durations, started, max(1, durations.target_day + case.days_moved) + case.extended_days)


def next_in_step(due_at: datetime, step: timedelta, after: datetime) -> datetime:
    """The first of ``due_at + n × step`` (n ≥ 1) that lies after a moment."""
    times = max(1, (after - due_at) // step + 1)
    return due_at + times * step
