"""The demonstration's verdict: its lateness, and the differences that a slow machine explains."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.jurisdictions import Jurisdictions
from guatu.demo.outcome import LATE_SHARE, OutcomeOfDemo, late_seconds_of
from guatu.demo.timetable import PlannedCase, jurisdiction_of, read_timetable, shipped_timetable
from petitions.clock import ShortClock
from petitions.figures import Figures
from tests.guatu.simulation import Lateness, SimulatedCase, punctual

TEXT = shipped_timetable()
JURISDICTION = Jurisdictions(jurisdiction_of(TEXT)).get(None)
TIMETABLE = read_timetable(TEXT, JURISDICTION)
CLOCK = ShortClock(engine_origin=datetime(2026, 1, 1, tzinfo=UTC), shown_origin=TIMETABLE.first_day, day_seconds=12)


def by(seconds: float) -> Lateness:
    return lambda moment: CLOCK.shown(CLOCK.engine(moment) + timedelta(seconds=seconds))


def measured(planned: PlannedCase, arrives: Lateness) -> float:
    return late_seconds_of(planned, SimulatedCase(planned, JURISDICTION, arrives).entries, CLOCK)


@pytest.mark.parametrize("seconds", [0.0, 0.7, 20.0])
def test_lateness_is_measured(seconds: float) -> None:
    for planned in TIMETABLE.cases:
        assert measured(planned, by(seconds)) == pytest.approx(seconds, abs=0.001), planned.hand_over.case_no


def test_one_late_message_is_enough() -> None:
    planned = TIMETABLE.cases[0]
    for message in planned.messages:

        def late(moment: datetime, late_one: datetime = message.at) -> datetime:
            return by(0.3)(moment) if moment == late_one else punctual(moment)

        assert measured(planned, late) == pytest.approx(0.3, abs=0.001), message.message_id


@pytest.mark.parametrize(
    ("restarts", "notifies", "late_seconds", "reason"),
    [
        (0, False, 0.0, None),
        (0, False, LATE_SHARE * 12, None),
        (0, False, 1.5, "本机较慢，最晚的一步迟了1.5秒（1天12秒，可用 --day-seconds 加长）"),
        (0, True, 0.0, "通知送达才算分发"),
        (2, True, 1.5, "工作进程重启过2次"),
    ],
)
def test_a_difference_needs_a_reason(restarts: int, notifies: bool, late_seconds: float, reason: str | None) -> None:
    none = Figures(received=0, concluded=0, starred=0, by_county={})
    outcome = OutcomeOfDemo(
        published_day="2021-09-04",
        as_published=none,
        final=none,
        wrong_figures=(),
        unplanned=("【D1】计划外逾期：初审",),
        late_seconds=late_seconds,
    )
    assert outcome.why_it_may_differ(restarts=restarts, notifies=notifies, day_seconds=12) == reason
