"""The timetable of the demonstration, played by the rules alone: a mistake in the planning shows in milliseconds."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from activities.jurisdictions import Jurisdictions
from guatu.demo.outcome import LATE_SHARE
from guatu.demo.timetable import (
    PlannedCase,
    Timetable,
    TimetableError,
    jurisdiction_of,
    read_timetable,
    shipped_timetable,
)
from petitions.clock import ShortClock
from petitions.figures import CaseFacts, figures
from petitions.vocabulary import MessageKind, Outcome, Purpose, RefusalCode
from tests.guatu.simulation import Lateness, SimulatedCase, message_of, punctual

TEXT = shipped_timetable()
JURISDICTION = Jurisdictions(jurisdiction_of(TEXT)).get(None)
TIMETABLE = read_timetable(TEXT, JURISDICTION)
BY_NUMBER = {case.hand_over.case_no: case for case in TIMETABLE.cases}
MAJIATAN, LIJIA = BY_NUMBER["DZ0827-01"], BY_NUMBER["DZ0829-01"]


def played(arrives: Lateness = punctual, timetable: Timetable = TIMETABLE) -> list[SimulatedCase]:
    return [SimulatedCase(planned, JURISDICTION, arrives) for planned in timetable.cases]


def facts(simulated: SimulatedCase) -> CaseFacts:
    case, closing = simulated.case, simulated.case.closing
    return CaseFacts(
        case_no=case.case_no,
        county=case.hand_over.county,
        received_at=case.hand_over.received_at,
        starred=case.starred,
        concluded_at=closing.at if closing and closing.outcome is Outcome.CONCLUDED else None,
    )


def assert_as_planned(simulated: SimulatedCase, planned: PlannedCase) -> None:
    case = simulated.case
    number = case.case_no
    assert case.closing is not None, f"{number} is never over: {case.stage}"
    assert case.closing.outcome is planned.ends, number
    assert [breach.milestone for breach in case.breaches] == list(planned.expected_breaches), number
    refused = {message_id: refusal.code for message_id, refusal in simulated.refused.items()}
    assert refused == {message.message_id: message.refused for message in planned.messages if message.refused}, number


def test_it_comes_to_the_published_figures() -> None:
    at_published = figures(map(facts, played()), TIMETABLE.published_at)
    assert (at_published.received, at_published.concluded, at_published.starred) == (31, 9, 2)
    assert at_published.by_county["万源市"] == 6
    assert set(at_published.by_county) == set(JURISDICTION.counties)


def test_every_case_goes_as_planned() -> None:
    for simulated, planned in zip(played(), TIMETABLE.cases, strict=True):
        assert_as_planned(simulated, planned)


@pytest.mark.parametrize("seed", range(12))
def test_delays_change_nothing(seed: int) -> None:
    """Each message may be late by its own share of what ``guatu demo`` allows (with the first seed: by all of it)."""
    clock = ShortClock(engine_origin=datetime(2026, 1, 1, tzinfo=UTC), shown_origin=TIMETABLE.first_day, day_seconds=6)
    chance = random.Random(seed)  # noqa: S311 - no secret

    def late(moment: datetime) -> datetime:
        share = 1.0 if seed == 0 else chance.random()
        return clock.shown(clock.engine(moment) + timedelta(seconds=LATE_SHARE * clock.day_seconds * share))

    simulated = played(late)
    for one, planned in zip(simulated, TIMETABLE.cases, strict=True):
        assert_as_planned(one, planned)
    assert figures(map(facts, simulated), TIMETABLE.published_at).concluded == 9


def test_what_the_figures_count_is_over_a_day_before() -> None:
    """A worker that is killed comes back up to a shown day later, and the figures are the same."""
    concluded = [at for one in played() if (at := facts(one).concluded_at)]
    counted = [at for at in concluded if at <= TIMETABLE.published_at]
    assert max(counted) + timedelta(days=1, hours=12) < TIMETABLE.published_at
    assert min(set(concluded) - set(counted)) > TIMETABLE.published_at + timedelta(hours=9)


def test_every_message_is_of_the_contract() -> None:
    messages = [message for case in TIMETABLE.cases for message in case.messages]
    for message in messages:
        assert message_of(message).message_id == message.message_id
    ids = Counter(message.message_id for message in messages)
    assert max(ids.values()) == 1
    assert {message.by_update for message in messages} == {True, False}


def test_messages_stand_in_the_order_in_which_they_are_sent() -> None:
    for case in TIMETABLE.cases:
        times = [case.hand_over.received_at, case.handed_in, *(message.at for message in case.messages)]
        assert times == sorted(times), case.hand_over.case_no


def test_offices_act_by_their_titles_and_nobody_is_invented() -> None:
    titles = JURISDICTION.city_titles() | {unit: unit.removeprefix("unit/") for unit in JURISDICTION.unit_ids()}
    for county in JURISDICTION.counties:
        titles |= JURISDICTION.county_titles(county)
    named: set[str] = set()
    for case in TIMETABLE.cases:
        for message in case.messages:
            people = [message.body["by"], *([message.body["lead_leader"]] if "lead_leader" in message.body else [])]
            named |= {person["name"] for person in people if person["name"] != titles[person["office"]]}
    assert named == {"金劲"}


def test_what_is_illustrative_says_so() -> None:
    real = [case for case in TIMETABLE.cases if not case.illustrative]
    assert real == [MAJIATAN, LIJIA]
    assert all(("（示例）" in case.hand_over.summary) == case.illustrative for case in TIMETABLE.cases)


def test_majiatan_goes_as_the_article_tells() -> None:
    given = MAJIATAN.hand_over
    assert (given.county, given.location, given.starred) == ("宣汉县", "马家滩水电站", True)
    assert given.received_at == min(case.hand_over.received_at for case in TIMETABLE.cases)
    assert f"{given.received_at:%m-%d}" == "08-27"
    instructed = {
        message.body["by"]["office"]: f"{message.at:%m-%d}"
        for message in MAJIATAN.messages
        if message.kind is MessageKind.LEADER_INSTRUCTION
    }
    assert instructed == {"city/party-secretary": "08-27", "city/mayor": "08-27"}
    (visit,) = [message for message in MAJIATAN.messages if message.body.get("purpose") == Purpose.SUPERVISION]
    assert (visit.body["by"]["office"], f"{visit.at:%m-%d}") == ("city/party-secretary", "08-28")


def test_lijia_alley_goes_as_the_article_tells() -> None:
    given = LIJIA.hand_over
    assert (given.county, given.location, given.starred) == ("通川区", "李家巷", False)
    assert f"{given.received_at:%m-%d}" == "08-29"
    (force,) = [message.body for message in LIJIA.messages if message.kind is MessageKind.TASK_FORCE]
    assert force["lead_leader"] == {"office": "county/通川区/leader/government", "name": "金劲"}
    members = {force["lead_department"], *force["assisting_departments"]}
    assert members == {
        "通川区商务局",
        "通川区市场监督管理局",
        "通川区综合行政执法局",
        "通川区生态环境局",
        "西城街道办事处",
    }
    investigated = {
        f"{message.at:%m-%d}" for message in LIJIA.messages if message.body.get("purpose") == Purpose.INVESTIGATION
    }
    assert investigated == {"08-29", "08-30", "08-31"}
    case = SimulatedCase(LIJIA, JURISDICTION).case
    (survey,) = case.surveys
    assert survey.opinions == {"satisfied": 22}
    assert case.closing is not None
    assert survey.judged_at is not None
    assert f"{survey.judged_at:%m-%d} {case.closing.at:%m-%d}" == "09-01 09-01"


def test_it_shows_what_can_happen() -> None:
    """Each of these ways through the procedure is walked by some case."""
    cases = {one.case.case_no: one.case for one in played()}
    sent = [message for planned in TIMETABLE.cases for message in planned.messages]
    assert any(case.round > 1 for case in cases.values()), "a dissatisfied survey with rework"
    assert any("report" in {breach.milestone for breach in case.breaches} for case in cases.values()), "after red"
    assert any(message.body.get("passed") is False for message in sent), "a returned review"
    assert any(message.body.get("confirmed") is False for message in sent), "a verification sent back"
    late = [case for case in cases.values() if [breach.milestone for breach in case.breaches] == ["review"]]
    assert late, "a late final report"
    assert any(planned.handed_in > planned.hand_over.received_at for planned in TIMETABLE.cases), "a late intake"
    assert any(case.progress_reports for case in cases.values()), "a progress report"
    assert any(case.extended_days for case in cases.values()), "an extension"
    kinds = {message.kind for message in sent}
    assert {MessageKind.MERGE, MessageKind.DISPATCH} <= kinds
    refused = {message.refused for message in sent if message.refused}
    assert refused == {RefusalCode.NOT_YOURS, RefusalCode.TOO_FEW_RESPONSES}


def test_an_office_that_is_not_there_is_told() -> None:
    text = TEXT.replace('by = "宣汉县水务局"', 'by = "宣汉县航天局"', 1)
    with pytest.raises(TimetableError, match=r"DZ0827-01.*宣汉县航天局"):
        read_timetable(text, JURISDICTION)
