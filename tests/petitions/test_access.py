"""Callers and sights; the matrix of who may do what stands with the routes (tests/api/test_access_matrix.py)."""

from importlib import resources

import pytest
from pydantic import ValidationError

from petitions.access import (
    EVERYTHING,
    LOCAL_OPERATOR,
    Caller,
    Deed,
    KnownBy,
    Sight,
    Whereabouts,
    authorize,
    is_office_id,
    offices_of,
    units_of,
    whereabouts,
)
from petitions.jurisdiction.reading import read_jurisdiction
from tests.petitions.building import ASSISTING, COUNTY_MAYOR, LEAD, UNIT, Story, rectifying, small_rules


def office(id_: str) -> Caller:
    return Caller(id="key/1", known_by=KnownBy.API_KEY, office=id_)


@pytest.mark.parametrize(
    ("id_", "sight"),
    [
        ("city/intake", EVERYTHING),
        ("city/leader/vice-mayor", EVERYTHING),
        ("county/甲县/mayor", Sight(county="甲县")),
        ("county/甲县/leader/government", Sight(county="甲县")),
        ("unit/水务局", Sight(unit="unit/水务局")),
    ],
)
def test_the_sight_of_an_office(id_: str, sight: Sight) -> None:
    assert office(id_).sight == sight


@pytest.mark.parametrize(
    "id_", ["", "city", "city/", "/mayor", "county/甲县", "county//mayor", "moon/mayor", "unit/ 局"]
)
def test_what_is_no_office_is_no_caller(id_: str) -> None:
    assert not is_office_id(id_)
    with pytest.raises(ValidationError):
        office(id_)


@pytest.mark.parametrize(
    "fields",
    [
        {"known_by": "api_key"},
        {"known_by": "api_key", "office": "city/mayor", "system": "12345"},
        {"known_by": "local", "office": "city/mayor"},
        {"known_by": "token"},
    ],
)
def test_a_caller_is_one_thing(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Caller.model_validate({"id": "1", **fields})


def test_a_sight_is_of_a_county_or_of_a_unit() -> None:
    with pytest.raises(ValidationError):
        Sight(county="甲县", unit=UNIT)


def test_a_joint_case_is_in_the_sight_of_each_of_its_counties() -> None:
    joint = Whereabouts(county="甲县、乙县")
    assert Sight(county="甲县").covers(joint)
    assert Sight(county="乙县").covers(joint)
    assert not Sight(county="丙县").covers(joint)
    assert not Sight(county="甲县、乙县").covers(joint)


def test_units_of_a_case_are_its_own_and_its_task_forces() -> None:
    assert units_of(Story(small_rules(default_unit=None)).case) == ()
    assert units_of(rectifying().case) == (UNIT,)
    force = rectifying().forms_task_force(members=["unit/公安局", "王某", {"office": "unit/住建局", "name": "李某"}])
    assert units_of(force.case) == tuple(sorted({UNIT, LEAD, ASSISTING, "unit/公安局", "unit/住建局"}))
    assert whereabouts(force.case) == Whereabouts(county="甲县", units=units_of(force.case))


def test_a_case_of_which_nothing_is_known_is_out_of_every_sight_but_the_widest() -> None:
    for deed in (Deed.SEE_CASE, Deed.SEND_MESSAGE):
        hidden = authorize(office(UNIT), deed)
        assert hidden is not None
        assert hidden.hidden
        assert authorize(office("city/mayor"), deed) is None


def test_a_denial_says_who_may_instead() -> None:
    denial = authorize(office("city/mayor"), Deed.HAND_OVER)
    assert denial is not None
    assert denial.reason == "“city/mayor”不能交办案件；只有信访受理中心或交办系统可以"
    as_other = authorize(office("city/mayor"), Deed.SEND_MESSAGE, by_office=COUNTY_MAYOR)
    assert as_other is not None
    assert as_other.reason == "“city/mayor”不能以“county/甲县/mayor”的名义发送办理消息；by.office 应为“city/mayor”"
    assert not as_other.hidden


def test_callers_are_told_apart_in_logs() -> None:
    assert office("city/mayor").acts_as == "city/mayor"
    assert Caller(id="key/1", known_by=KnownBy.API_KEY, system="12345").acts_as == "system/12345"
    assert LOCAL_OPERATOR.acts_as == "local"


def test_all_offices_of_a_jurisdiction_are_office_ids() -> None:
    shipped = resources.files("petitions.jurisdictions").joinpath("dazhou.toml").read_text(encoding="utf-8")
    offices = offices_of(read_jurisdiction(shipped, source="dazhou"))
    assert {"city/intake", "city/leader/vice-mayor", "county/宣汉县/mayor", "unit/通川区商务局"} <= set(offices)
    assert offices["city/party-secretary"] == "市委书记"
    assert all(is_office_id(id_) and title for id_, title in offices.items())
