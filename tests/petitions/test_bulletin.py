"""The bulletin of a day: what it counts, and what it says where counts do not add up."""

from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest

from petitions.bulletin.counting import bulletin, bulletin_day
from petitions.bulletin.figures import Bulletin, HandOverFacts, RemarkKind
from petitions.bulletin.remarks import batch_name
from petitions.bulletin.text import bulletin_text
from petitions.jurisdiction.reading import read_jurisdiction
from petitions.vocabulary import Category
from tests.petitions.building import LOCAL

SICHUAN = read_jurisdiction(files("petitions.jurisdictions").joinpath("sichuan.toml").read_text(encoding="utf-8"))
DAY = date(2024, 11, 13)
NINE = datetime(2024, 11, 13, 9, tzinfo=LOCAL)
TEN = NINE + timedelta(hours=1)


def fact(case_no: str, **changes: Any) -> HandOverFacts:
    """A case by letter of batch 26 from Chengdu, about water, at nine."""
    plain: dict[str, Any] = {
        "received_at": NINE,
        "batch": 26,
        "channel": "letter",
        "county": "成都市",
        "categories": ("water",),
        "starred": False,
    }
    given = plain | changes
    return HandOverFacts.model_validate({"case_no": case_no, "starred_until_ten": given["starred"]} | given)


def bulletin_of(*facts: HandOverFacts, day: date = DAY) -> Bulletin:
    found = bulletin(facts, bulletin_day(day, SICHUAN), SICHUAN)
    assert found is not None
    return found


def remark(found: Bulletin, kind: RemarkKind, batch: int | None = 26) -> tuple[tuple[str, ...], str]:
    (only,) = [each for each in found.remarks if each.kind is kind and each.batch == batch]
    return only.cases, only.text


def test_a_plain_batch_adds_up_and_needs_no_remark() -> None:
    found = bulletin_of(
        fact("A", channel="phone", starred=True),
        fact("B", county="眉山市", categories=("air",)),
        fact("C", channel="online", county="province", categories=("other",)),
        fact("D", channel="other"),
    )
    (batch,) = found.batches
    assert (batch.batch, batch.received, batch.starred) == (26, 4, 1)
    assert (batch.phone, batch.letter, batch.online, batch.other) == (1, 1, 1, 1)
    assert batch.types == {Category.AIR: 1, Category.WATER: 2, Category.OTHER: 1}
    assert list(batch.types) == [Category.AIR, Category.WATER, Category.OTHER]
    assert [(region.id, region.name, region.cases) for region in batch.regions] == [
        ("成都市", "成都市", 2),
        ("眉山市", "眉山市", 1),
        ("province", "省级", 1),
    ]
    assert found.cumulative.received == 4
    assert found.remarks == ()


def test_it_reads_as_the_press_prints_it() -> None:
    found = bulletin_of(
        fact("A", channel="phone", starred=True, categories=("water", "air")),
        fact("B", county="province", channel="online"),
        fact("Z", batch=25, received_at=NINE - timedelta(days=1), county="眉山市"),
    )
    assert bulletin_text(found).splitlines() == [
        "四川省生态环境保护督察群众信访举报件交办情况",
        "（2024年11月13日）",
        (
            "11月13日，督察组向四川省移交第二十六批群众信访举报件2件（来电举报1件，来信举报0件，网络举报1件），"
            "其中重点关注（加星）1件。"
        ),
        "从举报的生态环境问题类型看（一件举报可能涉及多种类型），涉及大气1件、水2件。",
        "从区域分布看，成都市1件、省级1件。",
        (
            "截至11月13日10时，督察组累计向四川省移交群众信访举报件3件（来电举报1件，来信举报1件，网络举报1件），"
            "其中重点关注（加星）1件。各地累计：成都市1件、眉山市1件、省级1件。"
        ),
        "说明：",
        "1. 第二十六批交办2件，各类型合计3件次，多1件次：1件涉及两种以上污染类型，按类型分别计数（A）。",
    ]


def test_a_joint_case_counts_in_each_region_and_is_named() -> None:
    found = bulletin_of(fact("A", county="成都市、眉山市、province"), fact("B"))
    assert sum(region.cases for region in found.batches[0].regions) == 4
    text = "第二十六批交办2件，各地区合计4件：1件由两个以上地区联合办理，在各地区分别计数，多计2件"
    assert remark(found, RemarkKind.JOINT) == (("A",), f"{text}（A〔成都市、眉山市、省级〕）。")
    assert remark(found, RemarkKind.JOINT, None)[0] == ("A",)


def test_a_case_outside_every_region_counts_in_none_and_is_named() -> None:
    found = bulletin_of(fact("A", county="不详"), fact("B"))
    assert sum(region.cases for region in found.batches[0].regions) == 1
    text = "第二十六批交办2件，各地区合计1件：1件所填地区不在所列地区之内，未计入任何地区，少计1件"
    assert remark(found, RemarkKind.OUTSIDE) == (("A",), f"{text}（A〔不详〕）。")


def test_a_joint_case_and_one_outside_do_not_hide_each_other() -> None:
    found = bulletin_of(fact("A", county="成都市、眉山市"), fact("B", county="不详"))
    assert sum(region.cases for region in found.batches[0].regions) == found.batches[0].received
    assert remark(found, RemarkKind.JOINT)[0] == ("A",)
    assert remark(found, RemarkKind.OUTSIDE)[0] == ("B",)


def test_a_joint_case_with_one_region_that_is_not_known_counts_in_the_other() -> None:
    found = bulletin_of(fact("A", county="成都市、不详"))
    assert [region.cases for region in found.batches[0].regions] == [1]
    assert found.remarks == ()


@pytest.mark.parametrize(
    ("received_at", "in_batch", "in_cumulative"),
    [
        (NINE - timedelta(hours=9), True, True),
        (NINE - timedelta(hours=9, microseconds=1), False, True),
        (TEN, True, True),
        (TEN + timedelta(microseconds=1), True, False),
        (NINE + timedelta(hours=15), False, False),
    ],
)
def test_the_day_is_local_and_ten_is_inclusive(received_at: datetime, in_batch: bool, in_cumulative: bool) -> None:
    found = bulletin_of(fact("A"), fact("B", received_at=received_at))
    assert found.batches[0].received == 1 + in_batch
    assert found.cumulative.received == 1 + in_cumulative
    late = [each for each in found.remarks if each.kind is RemarkKind.AFTER_TEN]
    assert [each.cases for each in late] == [("B",)] * (in_batch and not in_cumulative)


def test_cases_of_the_batch_that_came_the_day_before_are_named() -> None:
    found = bulletin_of(fact("A"), fact("B", received_at=NINE - timedelta(days=1)))
    assert remark(found, RemarkKind.OTHER_DAY)[0] == ("B",)


def test_cases_of_the_day_without_a_batch_are_named() -> None:
    found = bulletin_of(fact("A"), fact("B", batch=None))
    assert found.batches[0].received == 1
    assert remark(found, RemarkKind.NO_BATCH, None) == (("B",), "当日另有1件未标明批次，未计入本日各批（B）。")
    assert found.cumulative.received == 2


def test_the_batch_counts_stars_as_handed_over_and_the_sum_as_they_are() -> None:
    found = bulletin_of(fact("A", starred_until_ten=True), fact("B", starred=True, starred_until_ten=False), fact("C"))
    assert (found.batches[0].starred, found.cumulative.starred) == (1, 1)
    cases, text = remark(found, RemarkKind.STAR_CHANGED)
    assert cases == ("A", "B")
    assert text.endswith("（A〔加星〕、B〔取消加星〕）。")


def test_several_batches_of_a_day_each_have_their_counts() -> None:
    found = bulletin_of(fact("A"), fact("B", batch=27), fact("C", batch=27))
    assert [(batch.batch, batch.received) for batch in found.batches] == [(26, 1), (27, 2)]
    assert "第二十七批群众信访举报件2件" in bulletin_text(found)


def test_without_a_batch_there_is_no_bulletin() -> None:
    day = bulletin_day(DAY, SICHUAN)
    assert bulletin([], day, SICHUAN) is None
    assert bulletin([fact("A", batch=None), fact("B", received_at=NINE - timedelta(days=1))], day, SICHUAN) is None


def test_a_long_list_is_cut_in_the_text_alone() -> None:
    found = bulletin_of(*(fact(f"X{number:03}", county="不详") for number in range(30)))
    cases, text = remark(found, RemarkKind.OUTSIDE)
    assert len(cases) == 30
    assert "X019〔不详〕等30件）" in text
    assert "X020" not in text
    assert "从区域分布看，无一件属于所列地区。" in bulletin_text(found)


def test_a_bulletin_goes_through_json() -> None:
    found = bulletin_of(fact("A", county="成都市、眉山市", categories=("water", "air")), fact("B", county="不详"))
    again = Bulletin.model_validate_json(found.model_dump_json())
    assert again == found
    assert bulletin_text(again) == bulletin_text(found)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1, "第一批"),
        (10, "第十批"),
        (19, "第十九批"),
        (20, "第二十批"),
        (26, "第二十六批"),
        (100, "第100批"),
        (0, "第0批"),
    ],
)
def test_batches_are_written_as_people_write_them(number: int, name: str) -> None:
    assert batch_name(number) == name
