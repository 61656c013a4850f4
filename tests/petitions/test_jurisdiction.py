"""The Dazhou file, and what follows from a jurisdiction file where it is silent."""

from datetime import timedelta
from importlib.resources import files
from itertools import product

import pytest

from petitions.case_rules import DayRule, Durations, Gate
from petitions.jurisdiction.model import Jurisdiction, unit_id
from petitions.jurisdiction.offices import find_unit
from petitions.jurisdiction.reading import JurisdictionError, read_jurisdiction
from petitions.jurisdiction.sections import DEFAULT_MAY_SEND
from petitions.vocabulary import Category, Sticker

DAZHOU = files("petitions.jurisdictions").joinpath("dazhou.toml").read_text(encoding="utf-8")
COUNTIES = ("通川区", "达川区", "万源市", "宣汉县", "开江县", "大竹县", "渠县")

SMALLEST = """
id = "xunzhou"
name = "巽州市"
version = "1"
timezone = "Asia/Shanghai"
[units]
every_county = ["生态环境局"]
fallback = "生态环境局"
[counties."甲县"]
[report]
recipient = "省生态环境保护督察组"
"""


@pytest.fixture(scope="module")
def dazhou() -> Jurisdiction:
    return read_jurisdiction(DAZHOU, source="dazhou.toml")


def test_dazhou_has_the_offices_of_the_contract(dazhou: Jurisdiction) -> None:
    assert tuple(dazhou.counties) == COUNTIES
    assert set(dazhou.city_titles()) >= {
        "city/party-secretary",
        "city/mayor",
        "city/stability-team",
        "city/supervision-team",
        "city/revisit-team",
        "city/intake",
        "city/leader/vice-mayor",
    }
    assert dazhou.leaders["vice-mayor"].every_industry
    for county in COUNTIES:
        assert tuple(dazhou.county_titles(county)) == (
            f"county/{county}/party-secretary",
            f"county/{county}/mayor",
            f"county/{county}/leader/government",
        )
        assert f"unit/{county}生态环境局" in dazhou.unit_ids()
    assert set(dazhou.unit_ids()) >= {
        "unit/通川区商务局",
        "unit/通川区市场监督管理局",
        "unit/通川区综合行政执法局",
        "unit/通川区生态环境局",
        "unit/西城街道办事处",
        "unit/宣汉县水务局",
    }


def test_no_office_or_title_is_there_twice(dazhou: Jurisdiction) -> None:
    titles = dazhou.city_titles()
    for county in COUNTIES:
        titles |= dazhou.county_titles(county)
    assert len(titles) == len(set(titles.values()))
    assert len(dazhou.unit_ids()) == len(set(dazhou.unit_ids()))


def test_dazhou_says_what_the_article_and_the_contract_say(dazhou: Jurisdiction) -> None:
    """What stands in the file is spelt out there for its editors; it must be the defaults of the procedure."""
    assert dazhou.days.model_dump() == {
        "reminder": 3,
        "review": 5,
        "target": 5,
        "report": 7,
        "rule": DayRule.ELAPSED,
        "ends_at": 1440,
    }
    assert [(each.day, each.colour) for each in dazhou.wall.stickers] == [
        (5, Sticker.YELLOW),
        (6, Sticker.BLUE),
        (7, Sticker.RED),
    ]
    limits = dazhou.durations
    assert (limits.dispatch, limits.acknowledgement, limits.chase_every) == (
        timedelta(hours=1),
        timedelta(hours=4),
        timedelta(days=1),
    )
    assert limits.starred.model_dump() == Durations().asks_starred.model_dump()
    assert limits.plain.model_dump() == Durations().asks_plain.model_dump()
    assert (dazhou.survey.minimum_responses, dazhou.survey.satisfied_percent) == (10, 80)
    assert dazhou.survey.questions
    assert dazhou.may_send == dict(DEFAULT_MAY_SEND)
    assert dazhou.coverage.gate is Gate.REQUIRED
    assert not dazhou.notify, "no address is shipped"


def test_the_version_carries_a_fingerprint_of_the_text(dazhou: Jurisdiction) -> None:
    own, _, fingerprint = dazhou.version.partition("+")
    assert own == "2021-08"
    assert len(fingerprint) == 12
    assert int(fingerprint, 16)
    changed = read_jurisdiction(DAZHOU + "\n# a note\n")
    assert changed.version != dazhou.version
    assert changed.model_copy(update={"version": dazhou.version}) == dazhou


def test_a_short_file_gets_the_defaults_of_the_procedure(dazhou: Jurisdiction) -> None:
    short = read_jurisdiction(SMALLEST)
    for section in ("durations", "days", "wall", "escalation", "coverage", "task_force", "notices"):
        assert getattr(short, section) == getattr(dazhou, section), section
    assert short.city_titles() == {
        office: title for office, title in dazhou.city_titles().items() if not office.startswith("city/leader/")
    }
    for category in Category:
        assert short.departments_for("甲县", [category]) == ("unit/甲县生态环境局",)


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(dazhou: Jurisdiction) -> None:
    edited = read_jurisdiction("\ufeff" + DAZHOU.replace("\n", "\r\n"))
    assert edited.model_copy(update={"version": dazhou.version}) == dazhou
    with pytest.raises(JurisdictionError) as caught:
        read_jurisdiction(
            "\ufeff" + DAZHOU.replace("satisfied_percent = 80", "satisfied_percent = 0").replace("\n", "\r\n")
        )
    line = DAZHOU[: DAZHOU.index("satisfied_percent = 80")].count("\n") + 1
    assert [(problem.line, problem.where) for problem in caught.value.problems] == [(line, "survey.satisfied_percent")]


def test_titles_follow_from_the_level_and_the_name_unless_the_file_says_otherwise() -> None:
    province = read_jurisdiction(
        SMALLEST.replace('version = "1"', 'version = "1"\nlevel = "province"').replace(
            '[counties."甲县"]',
            '[counties."甲市"]\n[counties."乙州"]\ntitles = { mayor = "乙自治州州长" }\n[counties."高新"]\n'
            'titles.party-secretary = "高新区党工委书记"\ntitles.mayor = "高新区管委会主任"\n',
        )
    )
    titles = province.city_titles()
    assert (titles["city/party-secretary"], titles["city/mayor"]) == ("省委书记", "省长")
    assert titles["city/stability-team"] == "省信访维稳组"
    assert list(province.county_titles("甲市").values()) == ["甲市委书记", "甲市市长", "甲市政府分管领导"]
    assert list(province.county_titles("乙州").values()) == ["乙州委书记", "乙自治州州长", "乙州政府分管领导"]
    assert province.county_titles("高新")["county/高新/mayor"] == "高新区管委会主任"


def test_units_are_found_with_and_without_prefix_and_county() -> None:
    assert unit_id("通川区商务局") == unit_id("unit/通川区商务局") == unit_id(" 通川区商务局 ") == "unit/通川区商务局"
    known = ["unit/通川区商务局", "unit/西城街道办事处"]
    for name in ("商务局", "unit/商务局", "通川区商务局", "unit/通川区商务局"):
        assert find_unit(name, "通川区", known) == "unit/通川区商务局"
    assert find_unit("西城街道办事处", "通川区", known) == "unit/西城街道办事处"
    assert find_unit("商务局", "达川区", known) is None


@pytest.mark.parametrize(("county", "category"), list(product(COUNTIES, Category)))
def test_every_county_and_category_has_a_unit_of_that_county(
    dazhou: Jurisdiction, county: str, category: Category
) -> None:
    units = dazhou.departments_for(county, [category])
    assert all(unit.startswith(f"unit/{county}") for unit in units)
    assert f"unit/{county}生态环境局" in units, "the ecology bureau leads or assists everywhere"


def test_the_higher_line_decides_and_a_county_may_have_its_own(dazhou: Jurisdiction) -> None:
    lead = {
        case: dazhou.departments_for(case[0], case[1])[0]
        for case in (
            ("渠县", (Category.NOISE,)),
            ("渠县", (Category.AIR, Category.NOISE)),
            ("渠县", (Category.AIR, Category.WATER)),
            ("渠县", (Category.ECOLOGY,)),
            ("渠县", (Category.MARINE,)),
            ("宣汉县", (Category.ECOLOGY,)),
            ("通川区", (Category.WATER,)),
        )
    }
    assert list(lead.values()) == [
        "unit/渠县综合行政执法局",
        "unit/渠县综合行政执法局",
        "unit/渠县水务局",
        "unit/渠县自然资源局",
        "unit/渠县生态环境局",
        "unit/宣汉县水务局",
        "unit/通川区生态环境局",
    ]
    assert dazhou.departments_for("火星县", [Category.WATER]) == ()


def test_addresses_may_stand_in_the_environment_and_are_not_shown() -> None:
    jurisdiction = read_jurisdiction(
        SMALLEST
        + '[notify]\n"city/mayor" = ["json://one.example", "env:GUATU_NOTICE_MAYOR"]\n"unit/甲县生态环境局" = []\n'
    )
    environment = {"GUATU_NOTICE_MAYOR": "wecombot://secret  mailto://two.example "}
    assert jurisdiction.addresses("city/mayor", environment) == (
        "json://one.example",
        "wecombot://secret",
        "mailto://two.example",
    )
    assert jurisdiction.addresses("city/mayor", {}) == ("json://one.example",)
    assert jurisdiction.addresses("city/intake", environment) == ()
    assert "one.example" not in repr(jurisdiction)
