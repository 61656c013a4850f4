"""Joint cases and the level's own region: the Sichuan file, and what a case takes from it."""

from datetime import UTC, datetime
from importlib.resources import files

import pytest

from petitions.case_rules import CaseRules
from petitions.coverage import coverage
from petitions.figures import CaseFacts, figures
from petitions.jurisdiction.reading import JurisdictionError, Problem, read_jurisdiction
from petitions.jurisdiction.rules import rules_for
from petitions.regions import regions_of, shown
from petitions.vocabulary import Category
from tests.petitions.building import RECEIVED_AT, K, Story, hand_over
from tests.petitions.published import published

TEXT = files("petitions.jurisdictions").joinpath("sichuan.toml").read_text(encoding="utf-8")
SICHUAN = read_jurisdiction(TEXT, source="sichuan.toml")
MAIN = ("city/party-secretary", "city/mayor")


def rules(county: str, *categories: Category, unit: str | None = None) -> CaseRules:
    return rules_for(SICHUAN, received_at=RECEIVED_AT, county=county, categories=categories, responsible_unit=unit)


def problems(*edits: tuple[str, str]) -> tuple[Problem, ...]:
    text = TEXT
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    with pytest.raises(JurisdictionError) as caught:
        read_jurisdiction(text)
    return caught.value.problems


# The Sichuan file ------------------------------------------------------------------------------------------------


def test_sichuan_has_the_regions_of_the_published_bulletins() -> None:
    assert len(SICHUAN.counties) == 21
    assert SICHUAN.regions()["province"] == "省级"
    assert {region for each in published() for region in each.regions} <= set(SICHUAN.regions())


def test_titles_are_those_of_a_province() -> None:
    titles = SICHUAN.city_titles()
    assert titles["city/party-secretary"] == "省委书记"
    assert titles["city/stability-team"] == "省信访维稳专班"
    assert SICHUAN.county_titles("阿坝州")["county/阿坝州/mayor"] == "阿坝州州长"
    assert len(set(titles.values())) == len(titles)


@pytest.mark.parametrize("region", SICHUAN.regions())
@pytest.mark.parametrize("category", Category)
def test_every_region_and_category_has_a_unit(region: str, category: Category) -> None:
    taken = rules(region, category)
    assert taken.default_unit in taken.units
    assert taken.supervise_plain[0] in taken.titles


# The level's own region ------------------------------------------------------------------------------------------


def test_a_case_of_the_province_is_handled_by_its_own_departments() -> None:
    taken = rules("province", Category.WATER)
    assert taken.default_unit == "unit/四川省水利厅"
    assert taken.instruct_plain == MAIN
    assert not [office for office in taken.titles if office.startswith("county/")]
    assert len(taken.other_offices) == 3 * 21
    assert rules("province", Category.NOISE).default_unit == "unit/四川省生态环境厅"


def test_people_read_its_name_and_not_its_id() -> None:
    story = Story(rules("province", Category.WATER), county="province").dispatched()
    assert story.texts()[0] == "收到交办：省级，水；责任单位：四川省水利厅"
    texts = [*story.texts(), *(notice.body for notice in story.notices)]
    assert any("地点：省级" in text for text in texts)
    assert not any("province" in text for text in texts)


@pytest.mark.parametrize(
    ("old", "new", "where", "reason"),
    [
        ('id       = "province"', 'id = "成都市"', "own_region.id", "is a county of this file"),
        ('name     = "省级"', 'name = "成都市"', "own_region.name", "people could not tell the two apart"),
        ('fallback = "四川省生态环境厅"', 'fallback = "生态环境局"', "own_region.fallback", "units.shared"),
        ('soil    = ["四川省自然资源厅"', 'soil = ["四川省自然资原厅"', "own_region.departments.soil[0]",
         'did you mean "四川省自然资源厅"?'),
        ('name     = "省级"', 'nome = "省级"', "own_region.nome", 'did you mean "name"?'),
        ("water   = [", "watre = [", "own_region.departments.watre", 'did you mean "water"?'),
    ],
)  # fmt: skip
def test_mistakes_in_it_are_told(old: str, new: str, where: str, reason: str) -> None:
    found = [problem for problem in problems((old, new)) if problem.where == where]
    assert any(reason in problem.reason for problem in found), found


def test_a_file_without_one_has_no_such_region() -> None:
    dazhou = read_jurisdiction(files("petitions.jurisdictions").joinpath("dazhou.toml").read_text(encoding="utf-8"))
    assert dazhou.own_region is None
    assert list(dazhou.regions()) == list(dazhou.counties)
    assert dazhou.departments_for("province", [Category.WATER]) == ()


# Joint cases -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("county", "regions"),
    [
        ("成都市", ("成都市",)),
        ("成都市、眉山市", ("成都市", "眉山市")),
        (" 成都市 、、眉山市、成都市、", ("成都市", "眉山市")),
        ("、", ("、",)),
        ("成都市,眉山市", ("成都市,眉山市",)),
    ],
)
def test_regions_stand_with_a_mark_between_them(county: str, regions: tuple[str, ...]) -> None:
    assert regions_of(county) == regions
    assert hand_over(county=county).county == "、".join(regions)


def test_names_are_shown_for_ids() -> None:
    assert shown("成都市、province", {"province": "省级"}) == "成都市、省级"


def test_of_a_joint_case_the_first_region_leads_and_the_other_has_its_part() -> None:
    taken = rules("成都市、眉山市", Category.WATER)
    assert taken.default_unit == "unit/成都市水务局"
    assert taken.instruct_plain == ("county/成都市/party-secretary", "county/成都市/mayor")
    assert taken.proposal is not None
    assert taken.proposal.lead_leader == "county/成都市/leader/government"
    assert {"unit/成都市生态环境局", "unit/眉山市水务局"} <= set(taken.proposal.assisting_departments)
    assert "county/眉山市/mayor" in taken.leaders
    assert "county/眉山市/mayor" not in taken.other_offices
    assert "county/德阳市/mayor" in taken.other_offices


def test_a_unit_named_by_its_short_name_is_that_of_the_leading_region() -> None:
    taken = rules("成都市、眉山市", Category.WATER, unit="自然资源局")
    assert taken.default_unit == "unit/成都市自然资源局"
    story = Story(taken, county="成都市、眉山市", responsible_unit="自然资源局")
    assert story.case.responsible_unit == "unit/成都市自然资源局"


def test_leaders_of_both_regions_may_instruct_a_joint_case() -> None:
    story = Story(rules("成都市、眉山市", Category.WATER), county="成都市、眉山市").dispatched()
    story.takes(K.LEADER_INSTRUCTION, "county/眉山市/mayor")
    assert not coverage(story.case).instruction, "the leading region's has still to come"
    story.takes(K.LEADER_INSTRUCTION, "county/成都市/mayor")
    assert coverage(story.case).instruction


def test_the_figures_count_a_joint_case_in_each_of_its_regions() -> None:
    at = datetime(2024, 11, 13, tzinfo=UTC)
    facts = [
        CaseFacts(case_no=str(number), county=county, received_at=at, starred=False, concluded_at=None)
        for number, county in enumerate(["成都市、眉山市", "成都市"])
    ]
    found = figures(facts, at)
    assert (found.received, found.by_county) == (2, {"成都市": 2, "眉山市": 1})
