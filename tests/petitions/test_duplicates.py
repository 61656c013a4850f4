"""Likely duplicates: which hand-overs are proposed for one another, which are not, and why."""

import itertools
import time
import tomllib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guatu.demo.timetable import shipped_timetable
from petitions import duplicates
from petitions.duplicates import (
    DUPLICATE_WINDOW,
    MOST_PROPOSED,
    Handed,
    LikelyDuplicate,
    likely_duplicates,
    place_marks,
)
from petitions.hand_over import HandOver
from petitions.places import Place
from petitions.vocabulary import Category, Stage
from tests.petitions.building import RECEIVED_AT, hand_over

LIJIA: dict[str, Any] = {
    "county": "通川区",
    "location": "李家巷",
    "categories": ["water", "air"],
    "summary": "李家巷内经营二手家电和废旧物资的商铺夜间冲洗物品，巷道脏乱、有异味。",
}


def told(location: str, summary: str, *categories: str, county: str = "渠县") -> dict[str, Any]:
    return {"county": county, "location": location, "summary": summary, "categories": list(categories)}


def proposals(one: dict[str, Any], *others: dict[str, Any]) -> tuple[LikelyDuplicate, ...]:
    handed = [Handed.of(hand_over(**{"case_no": f"B{number}"} | other)) for number, other in enumerate(others)]
    return likely_duplicates(hand_over(**{"case_no": "A"} | one), handed)


TRUE_DUPLICATES = {
    "other words": (
        LIJIA,
        told("西城街道李家巷", "商户夜间在巷内清洗回收电器，脏水横流，气味难闻。", "water", "air", county="通川区"),
    ),
    "the whole address": (
        LIJIA,
        told("达州市通川区西城街道李家巷 12号附近", "收废品的店晚上在路上洗旧家电，臭得很", "air", county="通川区"),
    ),
    "the place only in the complaint": (
        LIJIA,
        told("西城街道", "李家巷的二手电器门市每晚占道清洗旧冰箱、洗衣机，臭水流得到处都是", "water", county="通川区"),
    ),
    "another name of the station": (
        told("马家滩水电站", "马家滩水电站经常关闸断流，影响下游河道生态。", "water", "ecology"),
        told("马家滩电站", "电站长期不放水，下游河床干涸，鱼都死了", "ecology"),
    ),
    "full width, and the shop's name": (
        told("竹阳街道东湖路123号张记火锅店", "火锅店油烟直排，影响楼上居民生活", "air"),
        told("竹阳街道东湖路１２３号", "楼下餐馆没有装油烟净化设施，油烟味重，请求处理", "air"),
    ),
    "a group of a village": (
        told("渠江镇永兴村三组养猪场", "养猪场粪水直排河中，臭气熏天", "water", "air"),
        told("渠江镇永兴村3组", "村里猪场的粪污流到堰塘里，气味难闻，苍蝇多", "water"),
    ),
    "numerals": (
        told("新宁镇一号泵站", "污水溢流", "water"),
        told("新宁镇1号泵站", "1号泵站污水外溢到河里", "water"),
    ),
    "a joint case": (
        told("锦江大桥下游", "河水发黑发臭", "water", county="成都市、眉山市"),
        told("锦江大桥", "河水黑臭", "water", county="眉山市"),
    ),
    "no name, the same matter": (
        told("太平镇某工地", "工地夜间施工噪声扰民", "noise"),
        told("太平镇工地", "工地半夜施工，吵得睡不着觉", "noise"),
    ),
    "not the same types": (
        LIJIA,
        {**LIJIA, "categories": ["noise", "other"]},
    ),
}

OTHER_MATTERS = {
    "same alley, a restaurant": (
        LIJIA,
        told("李家巷", "李家巷烧烤店夜间油烟大、划拳吵闹扰民。", "air", county="通川区"),
    ),
    "same alley, a building site": (
        LIJIA,
        told("李家巷", "李家巷口建筑工地夜间施工噪声扰民", "noise", county="通川区"),
    ),
    "same alley, shops at night, but noise": (
        LIJIA,
        told("李家巷", "商铺夜间播放音响噪声大", "noise", county="通川区"),
    ),
    "same matter, another county": (LIJIA, {**LIJIA, "county": "达川区"}),
    "same matter, another alley": (
        LIJIA,
        {**LIJIA, "location": "王家巷", "summary": LIJIA["summary"].replace("李家", "王家")},
    ),
    "station 1 and station 2": (
        told("清溪1号水电站", "电站关闸断流，影响下游生态", "ecology"),
        told("清溪2号水电站", "电站关闸断流，影响下游生态", "ecology"),
    ),
    "first and second step of a river": (
        told("清溪一级电站", "电站关闸断流，影响下游生态", "ecology"),
        told("清溪二级电站", "电站关闸断流，影响下游生态", "ecology"),
    ),
    "another village of the town": (
        told("渠江镇永兴村", "养猪场粪水直排", "water"),
        told("渠江镇解放村", "养猪场粪水直排", "water"),
    ),
    "another town": (
        told("清溪镇砖厂", "砖厂冒黑烟", "air"),
        told("三汇镇砖厂", "砖厂冒黑烟", "air"),
    ),
    "east gate and west gate": (
        told("东门桥", "桥下污水直排", "water"),
        told("西门桥", "桥下污水直排", "water"),
    ),
    "another number of the road": (
        told("人民路12号", "餐馆油烟扰民", "air"),
        told("人民路87号", "餐馆油烟扰民", "air"),
    ),
    "a town is no place": (
        told("渠江镇", "渠江镇垃圾焚烧，气味难闻", "air"),
        told("渠江镇", "渠江镇多处餐馆油烟扰民", "air"),
    ),
    "one kiln, its smoke and its lorries": (
        told("宏达砖厂", "砖厂冒黑烟，气味刺鼻", "air"),
        told("宏达砖厂", "砖厂货车扬尘大，噪声扰民", "air", "noise"),
    ),
}


@pytest.mark.parametrize(("one", "other"), TRUE_DUPLICATES.values(), ids=TRUE_DUPLICATES)
def test_duplicates_are_proposed_in_whatever_words(one: dict[str, Any], other: dict[str, Any]) -> None:
    (there,) = proposals(one, other)
    (back,) = proposals(other, one)
    assert there.likeness == back.likeness >= 0.6


@pytest.mark.parametrize(("one", "other"), OTHER_MATTERS.values(), ids=OTHER_MATTERS)
def test_other_matters_are_not(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert proposals(one, other) == ()
    assert proposals(other, one) == ()


@pytest.mark.parametrize(
    ("rule", "value", "caught"),
    [
        ("PLACE_ENOUGH", 0.0, "same matter, another alley"),
        ("MATTER_ENOUGH", 0.0, "same alley, a restaurant"),
        ("MATTER_ENOUGH_ANYWHERE", 0.0, "a town is no place"),
        ("DUPLICATE_WINDOW", timedelta(days=-1), None),
    ],
)
def test_each_threshold_is_needed(
    monkeypatch: pytest.MonkeyPatch, rule: str, value: object, caught: str | None
) -> None:
    monkeypatch.setattr(duplicates, rule, value)
    assert bool(proposals(*(OTHER_MATTERS[caught] if caught else TRUE_DUPLICATES["other words"]))) is bool(caught)


def test_the_reason_can_be_checked() -> None:
    later = {**TRUE_DUPLICATES["other words"][1], "received_at": (RECEIVED_AT + timedelta(days=3)).isoformat()}
    (found,) = proposals(LIJIA, later)
    assert found.reason == (
        "同在通川区；地点相近：“李家巷”和“西城街道李家巷”；反映问题相似（都提到冲洗、异味、旧货、电器等）；"
        "均为水、大气；交办相隔3天"
    )
    (found,) = proposals(*TRUE_DUPLICATES["the place only in the complaint"])
    assert "“李家巷”和“西城街道”，反映问题中提到“李家巷”" in found.reason
    assert "都涉及水；" in found.reason
    (found,) = proposals(*TRUE_DUPLICATES["a joint case"])
    assert found.reason.startswith("同在眉山市；")
    (found,) = proposals(LIJIA, LIJIA)
    assert found.reason == "同在通川区；地点相同：“李家巷”；反映问题相同；均为水、大气；交办相隔不到1天"
    assert found.likeness == 1


def test_words_that_no_table_knows_are_quoted() -> None:
    (found,) = proposals(
        told("望江台", "猫头鹰雕像半空旋转，探照灯射进卧室", "other"),
        told("望江台", "探照灯整夜射进卧室，猫头鹰雕像反光", "other"),
    )
    assert "都提到猫头鹰雕像" in found.reason or "射进卧室" in found.reason


def test_long_texts_are_cut_in_reasons() -> None:
    place = "高新区" + "望江花园" * 40
    (found,) = proposals(told(place, "油烟直排", "air"), told(place, "油烟直排", "air"))
    assert len(found.reason) < 150


@pytest.mark.parametrize(("apart", "proposed"), [(timedelta(0), True), (timedelta(minutes=1), False)])
def test_too_long_apart_is_another_matter(apart: timedelta, proposed: bool) -> None:
    for direction in (1, -1):
        received_at = RECEIVED_AT + direction * (DUPLICATE_WINDOW + apart)
        assert bool(proposals(LIJIA, {**LIJIA, "received_at": received_at.isoformat()})) is proposed


def test_the_likeliest_come_first_and_five_at_the_most() -> None:
    others = [TRUE_DUPLICATES["other words"][1], LIJIA, *[{**LIJIA, "categories": ["noise"]}] * 6]
    found = proposals(LIJIA, *others)
    assert len(found) == MOST_PROPOSED
    assert found[0].case_no == "B1"
    assert [each.likeness for each in found] == sorted((each.likeness for each in found), reverse=True)
    assert [each.case_no for each in found[1:]] == ["B2", "B3", "B4", "B5"]


def test_the_demonstration_has_one_duplicate() -> None:
    planned = tomllib.loads(shipped_timetable())["cases"]
    given = [
        hand_over(
            **{field: each[field] for field in ("case_no", "county", "location", "categories", "summary")},
            received_at=f"2021-{each['received'].replace(' ', 'T')}:00+08:00",
        )
        for each in planned
    ]
    found = {(one.case_no, each.case_no) for one in given for each in likely_duplicates(one, [*map(Handed.of, given)])}
    merged = {
        (each["case_no"], message["into"]) for each in planned for message in each["messages"] if "into" in message
    }
    assert len(given) == 31
    assert found == merged | {(into, case_no) for case_no, into in merged}


def handed(case_no: str, **changes: Any) -> Handed:
    return Handed.of(hand_over(**{**LIJIA, "case_no": case_no})).model_copy(update=changes)


def test_a_merged_case_stands_for_the_one_that_answers_it() -> None:
    this = hand_over(**{**LIJIA, "case_no": "A"})
    merged = handed("B", answered_by="C", stage=Stage.RECTIFYING)
    (found,) = likely_duplicates(this, [merged])
    assert (found.case_no, found.through, found.stage) == ("C", "B", Stage.RECTIFYING)
    assert found.reason.startswith("与已并入该件的B相似；同在通川区；")
    # Both are alike: one proposal, and the nearer of them gives the reason.
    (found,) = likely_duplicates(this, [merged, handed("C")])
    assert (found.case_no, found.through) == ("C", None)


def test_neither_itself_nor_what_was_merged_into_it_is_proposed() -> None:
    this = hand_over(**{**LIJIA, "case_no": "A"})
    assert likely_duplicates(this, [handed("A"), handed("B", answered_by="A"), handed("A", answered_by="C")]) == ()


@pytest.mark.parametrize(
    ("location", "town", "village", "name"),
    [
        ("四川省达州市渠县渠江镇永兴村三组", "渠江", "永兴", "3组"),
        ("渠县渠江街道办事处永兴社区", "渠江", "永兴", ""),
        ("惠民超市", None, None, "惠民"),
        ("某镇某村砖厂", None, None, ""),
        ("万达广场　Ａ座", None, None, "万达 a座"),
        ("望江村庄园", None, None, "望江村庄园"),
        ("渠县", None, None, ""),
        ("？！", None, None, ""),
    ],
)
def test_places_are_taken_apart(location: str, town: str | None, village: str | None, name: str) -> None:
    place = Place.read(location, "渠县")
    assert (place.town, place.village, place.name) == (town, village, name)


def test_the_marks_of_a_place() -> None:
    assert place_marks(hand_over(location="渠江镇马家滩水电站2号", county="渠县")) == ("家滩", "马家")
    assert place_marks(hand_over(location="某河段")) == ()


# Properties ----------------------------------------------------------------------------------------------------

WORDS = """
李家巷 东湖路 12号 １２号 某镇 渠江镇 永兴村 河边 污水 直排 油烟 夜间 商铺 ， （ 第十 一 某 的 ﷺ
"""
words = st.sampled_from([*WORDS.split(), "\u3000"])
texts = st.one_of(st.lists(words, min_size=1, max_size=12).map("".join), st.text(min_size=1, max_size=80)).filter(
    lambda text: bool(text.strip()) and "\x00" not in text
)
cases = st.builds(
    HandOver,
    case_no=st.sampled_from(["A", "B", "C"]),
    received_at=st.timedeltas(timedelta(0), timedelta(days=90)).map(lambda later: RECEIVED_AT + later),
    channel=st.just("phone"),
    starred=st.just(False),
    county=st.sampled_from(["渠县", "大竹县", "渠县、大竹县"]),
    location=texts,
    categories=st.sets(st.sampled_from(Category), min_size=1).map(tuple),
    summary=texts,
)


@given(cases, cases)
def test_likeness_is_the_same_from_both_sides(one: HandOver, other: HandOver) -> None:
    there, back = likely_duplicates(one, [Handed.of(other)]), likely_duplicates(other, [Handed.of(one)])
    assert [each.likeness for each in there] == [each.likeness for each in back]
    assert all(0 < each.likeness <= 1 for each in there)
    if one.case_no == other.case_no:
        assert there == ()


@given(cases, st.lists(cases, max_size=8), st.randoms())
def test_the_order_in_which_cases_come_changes_nothing(one: HandOver, others: list[HandOver], chance: Any) -> None:
    by_number = {other.case_no: Handed.of(other) for other in others}
    known = list(by_number.values())
    first = likely_duplicates(one, known)
    chance.shuffle(known)
    assert likely_duplicates(one, known) == first
    assert one.case_no not in {each.case_no for each in first}


@given(cases)
def test_the_same_again_under_another_number_is_surely_proposed_if_its_place_is_named(one: HandOver) -> None:
    again = Handed.of(one.model_copy(update={"case_no": "Z"}))
    place = Place.read(one.location, one.county)
    if place.name:
        (found,) = likely_duplicates(one, [again])
        assert found.case_no == "Z"
        assert found.likeness == 1


LONG = 20_000


MOST_SECONDS = 10
"""Processor time, a hundred times what it takes: reached only if the work grows with the square of a text."""


@pytest.mark.parametrize(
    "text",
    [
        "油烟" * (LONG // 2),
        "一" * LONG,
        "十" * LONG,
        "ﷺ" * LONG,
        "某" * LONG,
        " " + "。" * (LONG - 2) + "臭",
        "村镇" * (LONG // 2),
    ],
    ids=["words", "numerals", "tens", "what grows", "nameless", "punctuation", "towns"],
)
def test_the_longest_texts_take_no_longer(text: str) -> None:
    one = hand_over(case_no="A", location=text, summary=text)
    others = [Handed.of(hand_over(case_no=f"B{number}", location=text, summary=text)) for number in range(20)]
    began = time.process_time()
    likely_duplicates(one, others)
    assert time.process_time() - began < MOST_SECONDS


def test_a_list_of_all_candidates_is_soon_compared() -> None:
    many = itertools.cycle(told for pair in OTHER_MATTERS.values() for told in pair)
    others = [
        handed(f"B{number}", location=told["location"], summary=told["summary"])
        for number, told in zip(range(500), many, strict=False)
    ]
    began = time.process_time()
    likely_duplicates(hand_over(**{**LIJIA, "case_no": "A"}), others)
    assert time.process_time() - began < MOST_SECONDS
