"""The four full coverages: whose instruction and whose visit counts, with a star and without."""

from itertools import combinations

import pytest

from petitions.case_rules import Gate
from petitions.coverage import coverage
from petitions.events import CoverageMissing
from petitions.procedure import may_report
from petitions.vocabulary import Coverage, MessageKind, Stage
from tests.petitions.building import (
    BYSTANDER,
    COUNTY_MAYOR,
    COUNTY_SECRETARY,
    INTAKE,
    LEAD,
    MAYOR,
    OTHER_LEADER,
    SECRETARY,
    SUPERVISION,
    UNIT,
    VICE_MAYOR,
    Story,
    reporting,
    small_rules,
    surveying,
)

K = MessageKind
LEADERS = (SECRETARY, MAYOR, VICE_MAYOR, OTHER_LEADER, COUNTY_SECRETARY, COUNTY_MAYOR)


def test_a_new_case_has_none() -> None:
    assert coverage(Story().case).missing == tuple(Coverage)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("starred", [True, False])
def test_whose_instruction_counts(starred: bool, count: int) -> None:
    """Starred: both main leaders of the city; else one of the county's two. Every set of up to three leaders."""
    for offices in combinations(LEADERS, count):
        story = Story(starred=starred).dispatched()
        for office in offices:
            story.instructs(office)
        both, one = {SECRETARY, MAYOR} <= {*offices}, not {COUNTY_SECRETARY, COUNTY_MAYOR}.isdisjoint(offices)
        expected = both if starred else one
        assert coverage(story.case).instruction is expected, offices


# Design §4: starred, a main leader of the city; else a city leader who answers for the industry or the county.
@pytest.mark.parametrize(
    ("office", "with_star", "without"),
    [
        (SECRETARY, True, True),
        (MAYOR, True, True),
        (VICE_MAYOR, False, True),
        (OTHER_LEADER, False, False),
        (COUNTY_SECRETARY, False, False),
        (COUNTY_MAYOR, False, False),
        (SUPERVISION, False, False),
        (UNIT, False, False),
        (LEAD, False, False),
    ],
)
def test_whose_visit_counts(office: str, with_star: bool, without: bool) -> None:
    for starred, expected in ((True, with_star), (False, without)):
        story = Story(starred=starred).dispatched().forms_task_force(assisting_departments=[BYSTANDER])
        story.visits(office)
        assert coverage(story.case).supervision is expected


@pytest.mark.parametrize("purpose", ["investigation", "verification"])
@pytest.mark.parametrize("starred", [True, False])
def test_a_visit_for_another_purpose_does_not_count(starred: bool, purpose: str) -> None:
    story = Story(starred=starred).dispatched().visits(MAYOR, purpose)
    assert not coverage(story.case).supervision


def test_the_task_force_and_the_revisit() -> None:
    story = surveying()
    assert not coverage(story.case).task_force
    assert coverage(story.forms_task_force().case).task_force
    assert not coverage(story.surveys(10, complete=False).case).revisit
    assert coverage(story.surveys(0).case).revisit


@pytest.mark.parametrize("missing", [Coverage.INSTRUCTION, Coverage.SUPERVISION, Coverage.TASK_FORCE])
def test_no_report_while_one_is_missing(missing: Coverage) -> None:
    story = reporting()
    if missing is not Coverage.INSTRUCTION:
        story.instructs()
    if missing is not Coverage.SUPERVISION:
        story.visits()
    if missing is not Coverage.TASK_FORCE:
        story.forms_task_force()
    assert coverage(story.case).missing == (missing,)
    assert not may_report(story.case)
    story.covered()
    assert may_report(story.case)


def test_no_report_before_the_residents_are_satisfied() -> None:
    story = surveying().covered()
    assert coverage(story.case).missing == (Coverage.REVISIT,)
    assert not may_report(story.case)


def test_the_gate_can_be_a_warning() -> None:
    """Then the report goes out, and the timeline says what is missing; the satisfied residents stay a must."""
    rules = small_rules(gate=Gate.WARNING)
    assert not may_report(surveying(rules).case)
    story = reporting(rules).instructs().submits()
    assert story.case.stage is Stage.CONCLUDED
    assert story.happened(CoverageMissing)[0].missing == (Coverage.SUPERVISION, Coverage.TASK_FORCE)
    assert "上报时缺少：现场督导、工作专班（按本辖区规定仅作警告）" in story.texts()


def test_nothing_to_warn_of_when_nothing_is_missing() -> None:
    story = reporting(small_rules(gate=Gate.WARNING)).covered().submits()
    assert story.happened(CoverageMissing) == []


def test_facts_may_come_in_any_order() -> None:
    """Instruction, visit and task force at any time from the hand-over to the conclusion."""
    first = Story().covered().dispatched().acknowledges().reports().verifies().reviews().surveys()
    last = reporting().covered()
    assert may_report(first.case)
    assert may_report(last.case)
    received = Story(small_rules(default_unit=None)).covered()
    assert coverage(received.case).missing == (Coverage.REVISIT,)
    received.takes(K.DISPATCH, INTAKE).dispatched()
    assert received.case.stage is Stage.DISPATCHED
