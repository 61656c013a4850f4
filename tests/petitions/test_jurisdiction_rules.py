"""What a case takes from the jurisdiction file: the two real cases, and what must hold for every case."""

from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petitions.case_rules import CaseRules, DayRule, Gate, StickerDay
from petitions.jurisdiction.model import Jurisdiction
from petitions.jurisdiction.reading import read_jurisdiction
from petitions.jurisdiction.rules import rules_for
from petitions.vocabulary import Category, MessageKind, Sticker

DAZHOU_TEXT = files("petitions.jurisdictions").joinpath("dazhou.toml").read_text(encoding="utf-8")
DAZHOU = read_jurisdiction(DAZHOU_TEXT)
HANDED_OVER = datetime(2021, 8, 27, 10, tzinfo=timezone(timedelta(hours=8)))
MAIN = ("city/party-secretary", "city/mayor")


def _rules(
    county: str, *categories: Category, unit: str | None = None, jurisdiction: Jurisdiction = DAZHOU
) -> CaseRules:
    return rules_for(jurisdiction, received_at=HANDED_OVER, county=county, categories=categories, responsible_unit=unit)


def _edited(*replacements: tuple[str, str]) -> Jurisdiction:
    text = DAZHOU_TEXT
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return read_jurisdiction(text)


def test_majiatan_hydropower_station() -> None:
    """马家滩: water and ecology in Xuanhan, starred; the first case of the article."""
    rules = _rules("宣汉县", Category.WATER, Category.ECOLOGY)
    assert rules.instruct_starred == MAIN
    assert rules.supervise_starred == MAIN
    assert rules.instruct_plain == ("county/宣汉县/party-secretary", "county/宣汉县/mayor")
    assert rules.default_unit == "unit/宣汉县水务局"
    # water and the county; ecology; every industry; then the main leaders
    assert rules.supervise_plain == (
        "city/leader/vice-mayor-water-agriculture",
        "city/leader/vice-mayor-natural-resources",
        "city/leader/vice-mayor",
        *MAIN,
    )
    assert rules.missed_ladder == ("county/宣汉县/mayor", rules.supervise_plain[0], "city/mayor")
    assert rules.ladder == (
        "city/stability-team",
        "county/宣汉县/mayor",
        "county/宣汉县/party-secretary",
        "city/leader/vice-mayor-water-agriculture",
        "city/mayor",
        "city/party-secretary",
    )
    assert rules.titles["county/宣汉县/mayor"] == "宣汉县县长"
    assert "county/通川区/mayor" not in rules.titles
    assert "county/通川区/mayor" in rules.other_offices
    assert rules.version == DAZHOU.version
    assert rules.jurisdiction == "dazhou"
    assert rules.durations.utc_offset_minutes == 480


def test_lijia_alley() -> None:
    """李家巷: water and air in Tongchuan, not starred; the commerce bureau was the first named of its task force."""
    rules = _rules("通川区", Category.WATER, Category.AIR)
    assert rules.instruct_plain == ("county/通川区/party-secretary", "county/通川区/mayor")
    assert rules.default_unit == "unit/通川区生态环境局"
    assert rules.supervise_plain[0] == "city/leader/vice-mayor-construction"
    assert "city/leader/vice-mayor" in rules.supervise_plain
    assert rules.proposal is not None
    assert rules.proposal.lead_leader == "county/通川区/leader/government"
    assert "unit/通川区综合行政执法局" in rules.proposal.assisting_departments

    named = _rules("通川区", Category.WATER, Category.AIR, unit="商务局")
    assert named.default_unit == "unit/通川区商务局"
    assert named.proposal is not None
    assert named.proposal.lead_department == "unit/通川区商务局"
    assert named.proposal.assisting_departments[0] == "unit/通川区生态环境局"


def test_a_unit_that_is_not_known_is_passed_over() -> None:
    assert _rules("渠县", Category.NOISE, unit="unit/月球局").default_unit == "unit/渠县综合行政执法局"
    assert _rules("火星县", Category.NOISE, unit="unit/月球局").default_unit is None
    assert _rules("火星县", Category.NOISE, unit="unit/达州市生态环境局").default_unit == "unit/达州市生态环境局"


def test_for_a_county_outside_the_file_the_city_answers() -> None:
    rules = _rules("火星县", Category.WATER)
    assert rules.default_unit is None
    assert rules.instruct_plain == MAIN
    assert rules.proposal is not None
    assert rules.proposal.lead_leader == "city/leader/vice-mayor-water-agriculture"
    assert rules.proposal.lead_department is None
    assert not any(office.startswith("county/") for office in (*rules.ladder, *rules.leaders, *rules.titles))
    assert len(rules.other_offices) == 3 * 7


def test_the_closest_leader_is_asked_first() -> None:
    nearby = 'counties   = ["通川区", "达川区"]'
    jurisdiction = _edited(
        (nearby, 'counties = ["通川区"]\n[leaders.near]\ntitle = "联系达川区"\ncounties = ["达川区"]')
    )
    asked = _rules("达川区", Category.AIR, jurisdiction=jurisdiction).supervise_plain
    assert asked == (
        "city/leader/vice-mayor-construction",  # the industry
        "city/leader/vice-mayor-industry",  # the industry, later in the file
        "city/leader/near",  # the county
        "city/leader/vice-mayor",  # all
        *MAIN,
    )
    asked = _rules("大竹县", Category.AIR, jurisdiction=jurisdiction).supervise_plain
    assert asked[0] == "city/leader/vice-mayor-industry"  # the county and the industry


def test_the_settings_of_the_file_reach_the_case() -> None:
    jurisdiction = _edited(
        ('dispatch        = "1h"', 'dispatch = "1h30m"'),
        ('instruction = "2h"', 'instruction = "45m"'),
        ('supervision = "72h"', 'supervision = "2d"'),
        ('{ day = 5, colour = "yellow" }', '{ day = 4, colour = "red" }'),
        ('rule     = "elapsed"', 'rule = "calendar"'),
        ('ends_at  = "24:00"', 'ends_at = "18:30"'),
        ("report   = 7", "report = 9"),
        ("minimum_responses = 10", "minimum_responses = 3"),
        ('gate                = "required"', 'gate = "warning"'),
        ('leader_instruction   = ["any_leader"]', 'leader_instruction = ["any_leader", "city/intake"]'),
        ('instruction_plain   = ["county_party_secretary", "county_mayor"]', 'instruction_plain = ["county_mayor"]'),
        ('lead_leader = ["county_government_leader",', 'lead_leader = ["city/leader/vice-mayor-industry",'),
        ("[notify]", '[notify]\n"city/mayor" = ["env:MAYOR"]\n"unit/渠县水务局" = ["json://h"]\n"city/intake" = []'),
        ('timezone = "Asia/Shanghai"', 'timezone = "Asia/Kolkata"'),
    )
    rules = _rules("渠县", Category.WATER, jurisdiction=jurisdiction)
    assert rules.durations.dispatch == timedelta(minutes=90)
    assert rules.durations.asks_starred.instruction == timedelta(minutes=45)
    assert rules.durations.asks_plain.supervision == timedelta(days=2)
    assert rules.durations.stickers[0] == StickerDay(day=4, colour=Sticker.RED)
    assert (rules.durations.day_rule, rules.durations.day_ends_at_minute) == (DayRule.CALENDAR, 18 * 60 + 30)
    assert rules.durations.report_day == 9
    assert rules.durations.utc_offset_minutes == 330
    assert rules.survey.minimum_responses == 3
    assert rules.survey.questions == DAZHOU.survey.questions
    assert rules.gate is Gate.WARNING
    assert rules.may_send[MessageKind.LEADER_INSTRUCTION] == ("any_leader", "city/intake")
    assert rules.instruct_plain == ("county/渠县/mayor",)
    assert rules.proposal is not None
    assert rules.proposal.lead_leader == "city/leader/vice-mayor-industry"
    assert rules.reachable == ("city/mayor", "unit/渠县水务局")


def test_the_offset_is_that_of_the_day_of_the_hand_over() -> None:
    berlin = _edited(('timezone = "Asia/Shanghai"', 'timezone = "Europe/Berlin"'))
    for month, minutes in ((1, 60), (7, 120)):
        rules = rules_for(berlin, received_at=datetime(2021, month, 1, tzinfo=UTC), county="渠县", categories=[])
        assert rules.durations.utc_offset_minutes == minutes


def test_a_naive_hand_over_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        rules_for(DAZHOU, received_at=HANDED_OVER.replace(tzinfo=None), county="渠县", categories=[])


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([*DAZHOU.counties, "火星县", "", "../渠县"]),
    st.sets(st.sampled_from(Category)),
    st.sampled_from([None, "商务局", "unit/西城街道办事处", "unit/月球局"]),
)
def test_every_case_is_answered_by_offices_that_exist(county: str, categories: set[Category], unit: str | None) -> None:
    rules = rules_for(DAZHOU, received_at=HANDED_OVER, county=county, categories=categories, responsible_unit=unit)
    known_county = county in DAZHOU.counties
    for asked in (
        rules.instruct_starred,
        rules.instruct_plain,
        rules.supervise_starred,
        rules.supervise_plain,
    ):
        assert asked
        assert set(asked) <= set(rules.leaders), "only a leader may do what is asked for"
    assert set(rules.ladder) <= set(rules.titles), "everybody on the ladder has a title"
    assert set(rules.leaders) | set(rules.teams) <= set(rules.titles)
    assert rules.ladder
    for offices in (rules.ladder, rules.leaders, rules.supervise_plain, rules.units, rules.other_offices):
        assert len(offices) == len(set(offices))
    assert not set(rules.titles) & set(rules.other_offices)
    assert "city/leader/vice-mayor" in rules.supervise_plain, "who answers for every industry answers for every case"
    assert rules.proposal is not None
    assert rules.proposal.lead_leader in rules.leaders
    assert rules.proposal.lead_department == rules.default_unit
    assert rules.default_unit not in rules.proposal.assisting_departments
    assert {rules.default_unit, *rules.proposal.assisting_departments} <= {None, *rules.units}
    if known_county:
        assert rules.default_unit is not None
        assert f"unit/{county}生态环境局" in {rules.default_unit, *rules.proposal.assisting_departments}
    assert set(rules.may_send) == set(MessageKind)
    assert CaseRules.model_validate_json(rules.model_dump_json()) == rules, "they travel in the case's history"
