"""The four full coverages (四个全覆盖): on every case without exception (design §1, §4)."""

from petitions.case import Case
from petitions.values import Value
from petitions.vocabulary import Coverage, Purpose


class CoverageState(Value):
    """Which of the four coverages a case has."""

    instruction: bool
    supervision: bool
    task_force: bool
    revisit: bool

    @property
    def missing(self) -> tuple[Coverage, ...]:
        """The coverages that it has not."""
        return tuple(one for one in Coverage if not getattr(self, one.value))


def coverage(case: Case) -> CoverageState:
    """The coverages of a case, by the star that it carries now."""
    survey = case.survey
    return CoverageState(
        instruction=not instructions_missing(case),
        supervision=any(
            visit.purpose is Purpose.SUPERVISION and visit.by.office in supervisors(case) for visit in case.visits
        ),
        task_force=case.task_force is not None,
        revisit=survey is not None and survey.satisfied is True,
    )


def supervisors(case: Case) -> tuple[str, ...]:
    """The offices of which one must go to the site: starred, a main leader of the city; else a city leader."""
    return case.rules.supervise_starred if case.starred else case.rules.supervise_plain


def instructions_missing(case: Case) -> tuple[str, ...]:
    """The offices whose instruction is still missing: starred, both of the city; else either of the county."""
    given = {instruction.by.office for instruction in case.instructions}
    if case.starred:
        return tuple(office for office in case.rules.instruct_starred if office not in given)
    wanted = case.rules.instruct_plain
    return () if given & set(wanted) else wanted
