"""The handling report (办理报告): what it says of a case, in Chinese."""

from petitions.case import KEPT_TEXT
from petitions.case_rules import Durations
from petitions.report import handling_report
from tests.petitions.building import (
    COUNTY_MAYOR,
    COUNTY_SECRETARY,
    RECEIVED_AT,
    UNIT,
    Story,
    concluded,
    rectifying,
    reporting,
    small_rules,
    surveying,
)

OUTCOME = {"orders_to_rectify": 2, "fine_yuan": 30000, "held_accountable": 1}


def _text(story: Story) -> str:
    return handling_report(story.case).text


def test_the_report_of_a_plain_case() -> None:
    """Word for word: this is what is submitted, and what its digest is of."""
    assert (
        _text(concluded())
        == """\
关于第X1号信访举报件办理情况的报告

一、基本情况
受理编号：X1（一般件）。交办时间：2021年08月27日 10:00。来源：来电。
地点：甲县河边。污染类型：水。责任单位：水务局。
反映问题：电站断流

二、调查核实和处理整改情况
调查结论：属实。办理状态：办结。
调查情况：情况属实
处理和整改：已经整改
现场核实（督办组）：整改到位
初审（维稳组）：同意

三、四个全覆盖落实情况
领导批示：甲县县长于8月27日 16:00批示：限期整改到位
现场督导：副市长于8月27日 18:00到现场。
工作专班：甲县县长包案人包案，生态环境局主办，协办：街道办。

四、满意回访情况
第1轮：回访10人，满意10人，基本满意0人，不满意0人；结论：满意。

五、办理时限情况
办结上报时限：9月3日 10:00。
"""
    )


def test_what_else_it_can_say() -> None:
    story = Story(starred=True, categories=["water", "ecology"]).dispatched()
    story.reports(outcome=OUTCOME).verifies().reviews().surveys(5, 5)
    story.reports(facts="第二次的情况").verifies().on_day(5.5).reviews().extends(2).surveys(9, 1)
    text = _text(story)
    assert "（加星件）" in text
    assert "水、生态" in text
    assert "第二次的情况" in text
    assert "情况属实" not in text, "the report is of the last round"
    assert "第1轮：回访10人，满意5人，基本满意0人，不满意5人；结论：不满意。" in text
    assert "第2轮：回访10人，满意9人，基本满意0人，不满意1人；结论：满意。" in text
    assert "经批准延期2天，原时限：9月3日 10:00。" in text
    assert "办结上报时限：9月5日 10:00。" in text


def test_the_measures_taken() -> None:
    story = rectifying().reports(outcome=OUTCOME)
    assert "处理结果：责令整改2家，罚款30000元，问责1人。" in _text(story)
    assert "处理结果" not in _text(rectifying().reports(outcome={}))


def test_breaches_stand_in_it() -> None:
    story = reporting().covered().on_day(8).submits()
    assert "逾期：第7天办结上报，应于9月3日 10:00完成，9月4日 10:00补办。" in _text(story)
    assert "逾期：第5天初审，应于9月1日 10:00完成。" in _text(rectifying().on_day(6))


def test_a_report_in_the_making() -> None:
    text = _text(Story(small_rules(default_unit=None)))
    assert "责任单位：未定。" in text
    assert "尚未收到最终整改报告。" in text
    assert "暂无。" in text
    assert "尚未回访。" in text
    assert "结论：进行中。" in _text(surveying().surveys(3, complete=False))


def test_it_quotes_the_last_report_whole() -> None:
    """The case cuts long texts that it carries along, but not what the report is made of."""
    long = "很长" * KEPT_TEXT
    assert f"调查情况：{long}\n" in _text(rectifying().reports(facts=long))
    again = rectifying().reports(facts=long).verifies(confirmed=False).reports()
    assert len(again.case.reports[0].facts) == KEPT_TEXT
    assert long not in _text(again)


def test_its_times_are_the_jurisdictions() -> None:
    story = rectifying(small_rules(durations=Durations(utc_offset_minutes=0))).instructs(COUNTY_MAYOR)
    assert "交办时间：2021年08月27日 02:00。" in _text(story)
    assert "8月27日 04:00批示" in _text(story)
    assert story.now > RECEIVED_AT


def test_all_instructions_and_visits_stand_in_it() -> None:
    story = (
        rectifying().instructs(COUNTY_MAYOR).instructs(COUNTY_SECRETARY, text="立即办").visits(UNIT, "investigation")
    )
    assert "甲县县委书记于8月27日 13:00批示：立即办" in _text(story)
    assert "现场调查：水务局于8月27日 14:00到现场。" in _text(story)
