"""The survey decides: partial results, thresholds, rounds of rework; and the roads back before it."""

from typing import Any

import pytest

from petitions.case_rules import SurveyRules
from petitions.events import StageEntered, SurveyJudged
from petitions.procedure import may_report
from petitions.vocabulary import MessageKind, RefusalCode, Stage
from tests.petitions.building import (
    DAY,
    INTAKE,
    REVISIT,
    STABILITY,
    SUPERVISION,
    answers,
    concluded,
    rectifying,
    small_rules,
    surveying,
    verifying,
)

K = MessageKind
R = RefusalCode


def _survey(responses: list[dict[str, Any]], round_number: int = 1, *, complete: bool = True) -> dict[str, Any]:
    return {"round": round_number, "responses": responses, "complete": complete}


@pytest.mark.parametrize(
    ("satisfied", "basically", "dissatisfied", "content"),
    [
        (10, 0, 0, True),
        (8, 0, 2, True),  # exactly 80 %
        (0, 8, 2, True),  # basically satisfied counts as satisfied
        (4, 4, 2, True),
        (7, 0, 3, False),
        (79, 0, 21, False),
        (80, 0, 20, True),
        (799, 0, 201, False),  # 79.9 % is not 80
        (0, 0, 10, False),
    ],
)
def test_the_verdict(satisfied: int, basically: int, dissatisfied: int, content: bool) -> None:
    story = surveying()
    story.takes(K.SURVEY_RESULT, REVISIT, **_survey(answers(satisfied, dissatisfied, basically)))
    judged = story.happened(SurveyJudged)[-1]
    assert (judged.responses, judged.content) == (satisfied + basically + dissatisfied, satisfied + basically)
    assert judged.satisfied is content
    assert story.case.stage is (Stage.REPORTING if content else Stage.RECTIFYING)
    assert story.case.round == (1 if content else 2)


def test_thresholds_are_settings() -> None:
    rules = small_rules(survey=SurveyRules(minimum_responses=3, satisfied_percent=100))
    story = surveying(rules)
    story.refuses(R.TOO_FEW_RESPONSES, K.SURVEY_RESULT, REVISIT, **_survey(answers(2)))
    story.takes(K.SURVEY_RESULT, REVISIT, **_survey(answers(2, 1)))
    assert story.case.round == 2


def test_partial_results_add_up() -> None:
    story = surveying()
    story.surveys(3, 1, complete=False).surveys(4, complete=False)
    assert story.case.stage is Stage.SURVEYING
    assert story.case.survey is not None
    assert story.case.survey.opinions == {"satisfied": 7, "dissatisfied": 1}
    assert story.case.survey.satisfied is None
    story.surveys(1, 1)
    judged = story.happened(SurveyJudged)[-1]
    assert (judged.responses, judged.content, judged.satisfied) == (10, 8, True)


def test_a_round_may_be_ended_by_a_result_without_answers() -> None:
    story = surveying().surveys(10, complete=False).surveys(0)
    assert story.case.stage is Stage.REPORTING


def test_too_few_counts_all_partial_results() -> None:
    story = surveying().surveys(6, complete=False)
    reason = story.refuses(R.TOO_FEW_RESPONSES, K.SURVEY_RESULT, REVISIT, **_survey(answers(3, first=6)))
    assert "9 份" in reason
    assert "10 份" in reason
    assert story.case.survey is not None
    assert story.case.survey.responses == 6, "the refused answers do not count"
    story.takes(K.SURVEY_RESULT, REVISIT, **_survey(answers(4, first=6)))
    assert story.case.stage is Stage.REPORTING


def test_nobody_answers_twice_in_a_round() -> None:
    story = surveying()
    twice = [*answers(9), answers(1)[0]]
    assert "居民0" in story.refuses(R.DUPLICATE_RESPONDENT, K.SURVEY_RESULT, REVISIT, **_survey(twice))
    story.takes(K.SURVEY_RESULT, REVISIT, **_survey(answers(5), complete=False))
    later = answers(5, first=4)
    assert "居民4" in story.refuses(R.DUPLICATE_RESPONDENT, K.SURVEY_RESULT, REVISIT, **_survey(later))
    story.takes(K.SURVEY_RESULT, REVISIT, **_survey(answers(5, first=5)))
    assert story.case.stage is Stage.REPORTING


def test_the_next_round_may_ask_the_same_residents() -> None:
    story = surveying()
    story.takes(K.SURVEY_RESULT, REVISIT, **_survey(answers(7, 3)))
    story.reports().verifies().reviews()
    story.takes(K.SURVEY_RESULT, REVISIT, **_survey(answers(10), 2))
    assert story.case.stage is Stage.REPORTING


@pytest.mark.parametrize("round_number", [2, 3, 100])
def test_the_wrong_round(round_number: int) -> None:
    story = surveying()
    reason = story.refuses(R.WRONG_ROUND, K.SURVEY_RESULT, REVISIT, **_survey(answers(10), round_number))
    assert "第 1 轮" in reason
    assert f"第 {round_number} 轮" in reason
    story.surveys(5, 5).reports().verifies().reviews()
    story.refuses(R.WRONG_ROUND, K.SURVEY_RESULT, REVISIT, **_survey(answers(10), 1))
    assert story.case.round == 2


def test_rework_twice() -> None:
    """Rounds are counted, each has its own survey and its own way through; the mandate clock never restarts."""
    story = surveying()
    due_at = story.case.due_at
    story.surveys(2, 8)
    assert (story.case.stage, story.case.round) == (Stage.RECTIFYING, 2)
    assert (story.case.verification, story.case.review) == (None, None)
    assert "返工重办，进入第2轮整改" in story.texts()
    story.reports().verifies().reviews().surveys(3, 7)
    assert (story.case.stage, story.case.round) == (Stage.RECTIFYING, 3)
    story.reports().verifies().reviews().surveys()
    assert [survey.satisfied for survey in story.case.surveys] == [False, False, True]
    assert [survey.responses for survey in story.case.surveys] == [10, 10, 10]
    assert {survey.respondents for survey in story.case.surveys} == {()}, "who answered is forgotten with the round"
    assert [report.round for report in story.case.reports] == [1, 2, 3]
    assert story.case.due_at == due_at
    story.covered().submits()
    assert story.case.stage is Stage.CONCLUDED


def test_a_dissatisfied_round_is_no_revisit_coverage() -> None:
    story = rectifying().covered().reports().verifies().reviews().surveys(0, 10)
    assert not may_report(story.case)
    story.reports().verifies().reviews()
    assert not may_report(story.case)
    assert may_report(story.surveys().case)


def test_sent_back_by_the_verification() -> None:
    """The same round goes on, and the report is verified anew."""
    story = verifying().verifies(confirmed=False)
    assert (story.case.stage, story.case.round) == (Stage.RECTIFYING, 1)
    assert "退回责任单位继续整改" in story.texts()
    story.refuses(R.NOT_NOW, K.VERIFICATION, SUPERVISION)
    story.reports().verifies()
    assert story.case.stage is Stage.REVIEWING
    assert len(story.case.reports) == 2


def test_returned_by_the_review() -> None:
    """The next report is verified again before it is reviewed again."""
    story = verifying().verifies().reviews(passed=False)
    assert story.case.stage is Stage.RECTIFYING
    assert (story.case.verification, story.case.review) == (None, None)
    story.reports()
    assert story.case.stage is Stage.VERIFYING
    story.verifies().reviews()
    assert story.case.stage is Stage.SURVEYING


def test_review_before_verification() -> None:
    """It may happen as soon as there is a report; then the verification leads straight to the survey."""
    story = verifying().reviews()
    assert story.case.stage is Stage.VERIFYING
    story.refuses(R.NOT_NOW, K.PRELIMINARY_REVIEW, STABILITY, passed=False)
    story.verifies()
    assert story.case.stage is Stage.SURVEYING


def test_review_before_a_verification_that_sends_back() -> None:
    """The report that was reviewed is gone, so the next one is reviewed again."""
    story = verifying().reviews().verifies(confirmed=False).reports().verifies()
    assert story.case.stage is Stage.REVIEWING
    assert story.case.reviewed_at is not None, "day 5 was met by the first review all the same"


def test_every_stage_entered_is_told_once() -> None:
    story = concluded()
    assert [entered.stage for entered in story.happened(StageEntered)] == [
        Stage.DISPATCHED,
        Stage.RECTIFYING,
        Stage.VERIFYING,
        Stage.REVIEWING,
        Stage.SURVEYING,
        Stage.REPORTING,
    ]


def test_answers_after_the_round_is_judged() -> None:
    story = surveying().surveys()
    story.refuses(R.NOT_NOW, K.SURVEY_RESULT, REVISIT, **_survey(answers(1, first=50), complete=False))


def test_redispatch_in_rework_keeps_the_round() -> None:
    story = surveying().surveys(0, 10).pass_time(DAY)
    story.takes(K.DISPATCH, INTAKE, unit="交通局").dispatched()
    assert (story.case.stage, story.case.round) == (Stage.DISPATCHED, 2)
    story.acknowledges("unit/交通局").reports("unit/交通局").verifies().reviews().surveys()
    assert story.case.stage is Stage.REPORTING


def test_ten_thousand_answers_are_enough() -> None:
    """A round is bounded, so that a case can always be carried on."""
    story = surveying(small_rules())
    for _ in range(5):
        story.surveys(2_000, complete=False)
    reason = story.refuses(
        R.TOO_LARGE, K.SURVEY_RESULT, REVISIT, **_survey([{"respondent": "又一", "opinion": "satisfied"}])
    )
    assert "10000" in reason
    story.surveys(0)
    assert story.case.stage is Stage.REPORTING
