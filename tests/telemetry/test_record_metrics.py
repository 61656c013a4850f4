"""How late deadlines fired, and how late entries were written: by the case's own clock, in seconds of the engine."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from petitions.clock import CaseClock, ShortClock
from petitions.events import MilestoneReached, StickerPut
from petitions.vocabulary import MessageKind, Milestone, RefusalCode
from telemetry.record import RecordMetrics
from tests.petitions.building import UNIT, Story, rectifying, small_rules
from tests.workflows.outside_program import CHINA


def counted(story: Story, *kinds: type) -> CollectorRegistry:
    """What is counted when the story's entries (of these kinds) are written."""
    registry = CollectorRegistry()
    entries = [entry for entry in story.entries if not kinds or isinstance(entry.happened, kinds)]
    assert entries
    RecordMetrics(registry).written(story.case, entries)
    return registry


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    """A sample."""
    found = registry.get_sample_value(name, labels)
    assert found is not None, f"{name} {labels}"
    return found


def test_a_deadline_that_fires_late_is_so_late() -> None:
    story = rectifying()
    due = story.case.hand_over.received_at + timedelta(days=3)
    assert story.case.rules.clock == CaseClock()
    story.at(due + timedelta(seconds=90))
    registry = counted(story, MilestoneReached)
    assert value(registry, "guatu_deadline_lateness_seconds_count", deadline="reminder") == 1
    reached = next(event for event in story.happened(MilestoneReached) if event.milestone is Milestone.REMINDER)
    assert value(registry, "guatu_deadline_lateness_seconds_sum", deadline="reminder") == reached.late_seconds


def test_a_case_that_came_late_has_no_late_deadlines() -> None:
    """Its milestones fire at once: that is the sender's lateness, and stands in the record."""
    story = Story(opened_after=timedelta(days=4)).pass_time(timedelta(seconds=1))
    reached = {event.milestone: event.late_seconds for event in story.happened(MilestoneReached)}
    assert reached[Milestone.REMINDER] > 80_000
    registry = counted(story, MilestoneReached)
    assert value(registry, "guatu_deadline_lateness_seconds_sum", deadline="reminder") <= 1


def test_on_a_short_clock_seconds_are_the_engines() -> None:
    origin = datetime(2026, 1, 1, tzinfo=UTC)
    shown = datetime(2021, 8, 27, tzinfo=CHINA)
    short = ShortClock(engine_origin=origin, shown_origin=shown, day_seconds=86.4, slow_share=0.125)
    story = rectifying(small_rules(clock=CaseClock(short=short)))
    story.at(story.case.hand_over.received_at + timedelta(days=5, hours=10))
    registry = counted(story, StickerPut)
    put = story.happened(StickerPut)[0]
    # A shown day is 86.4 seconds, all hours alike: what is late by 1,000 shown seconds is late by one.
    late = value(registry, "guatu_deadline_lateness_seconds_sum", deadline="sticker")
    assert late == pytest.approx(sum(each.late_seconds for each in story.happened(StickerPut)) / 1000, abs=0.01)
    assert put.late_seconds >= 0


def test_refusals_are_counted_by_their_code() -> None:
    story = Story()
    story.refuses(RefusalCode.NOT_YOURS, MessageKind.VERIFICATION, UNIT, confirmed=True, opinion="好。")
    registry = counted(story)
    assert value(registry, "guatu_refusals_total", code="not_yours") == 1
    assert value(registry, "guatu_entries_total", event="received") == 1


def test_the_lag_is_from_the_entry_to_now() -> None:
    story = Story()
    registry = counted(story)
    since = (datetime.now(UTC) - story.entries[0].at).total_seconds()
    per_entry = value(registry, "guatu_write_lag_seconds_sum") / len(story.entries)
    assert per_entry == pytest.approx(since, rel=0.01)
