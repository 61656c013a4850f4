"""The satisfaction survey (满意回访): whether the residents are satisfied decides whether the case concludes."""

import hashlib

from petitions.case import Case, SurveyRound
from petitions.case_rules import SurveyRules
from petitions.messages import Refusal, SurveyResult
from petitions.vocabulary import Opinion, RefusalCode

MOST_RESPONDENTS = 10_000
"""Survey answers in one round at the most: the case carries a digest of each pseudonym."""


def respondent_digest(respondent: str) -> str:
    """The short digest by which the case remembers who has answered (12 hex digits)."""
    return hashlib.sha256(respondent.encode()).hexdigest()[:12]


def content_count(opinions: dict[str, int]) -> int:
    """Satisfied and basically satisfied together."""
    return opinions.get(Opinion.SATISFIED, 0) + opinions.get(Opinion.BASICALLY_SATISFIED, 0)


def is_satisfied(rules: SurveyRules, opinions: dict[str, int]) -> bool:
    """The verdict (§4, survey defaults): at least so many per cent are satisfied or basically satisfied."""
    responses = sum(opinions.values())
    return content_count(opinions) * 100 >= rules.satisfied_percent * responses


def with_answers(survey: SurveyRound, result: SurveyResult) -> SurveyRound:
    """The round with these answers added."""
    opinions = dict(survey.opinions)
    for response in result.responses:
        opinions[response.opinion] = opinions.get(response.opinion, 0) + 1
    new = tuple(respondent_digest(response.respondent) for response in result.responses)
    return survey.model_copy(update={"opinions": opinions, "respondents": survey.respondents + new})


def refuse_answers(case: Case, result: SurveyResult) -> Refusal | None:
    """Why these answers cannot be counted in the open round, or none."""
    rules = case.rules.survey
    survey = case.survey or SurveyRound(round=case.round)
    seen = set(survey.respondents)
    for response in result.responses:
        digest = respondent_digest(response.respondent)
        if digest in seen:
            reason = f"第 {case.round} 轮回访中受访人“{response.respondent}”已经作答；请更正后重新发送"
            return Refusal(code=RefusalCode.DUPLICATE_RESPONDENT, reason=reason)
        seen.add(digest)
    if len(seen) > MOST_RESPONDENTS:
        return Refusal(code=RefusalCode.TOO_LARGE, reason=f"一轮回访最多 {MOST_RESPONDENTS} 份问卷")
    if result.complete and len(seen) < rules.minimum_responses:
        reason = f"有效问卷 {len(seen)} 份，不足 {rules.minimum_responses} 份，不能结束本轮回访；请补充后重新发送"
        return Refusal(code=RefusalCode.TOO_FEW_RESPONSES, reason=reason)
    return None
