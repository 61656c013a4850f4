"""Reopening (退回重办): the inspection group sends a concluded case back (docs/decisions/0013).

The case goes on where it ended: the next round, the same record, a clock of its own. What it is asked for is the
contract's ``POST /v1/cases/{no}/reopen``; it is no message of an open case, so it has no signal.
"""

import hashlib
from typing import Annotated, Final

from pydantic import Field

from petitions.case import Case, answer_key
from petitions.later_runs import LaterStart, read_later_start
from petitions.messages import Refusal
from petitions.standing import is_office
from petitions.values import AS_WHOLE, Name, Person, StatedInstant, Text, Value
from petitions.vocabulary import Milestone, RefusalCode, Stage

REOPEN: Final = "reopen"
"""What a reopening is called where messages go by their kind: in refusals."""
REOPENED_BY: Final = "city/intake"
"""The office that takes a case back from the inspection group."""
MOST_REOPENINGS = 20
"""Reopenings that a case carries along; a real one has one or two."""


class Reopening(Value):
    """A concluded case is to be worked on again, within so many days from now."""

    message_id: Name
    """The sender's own unique id; a reopening sent twice counts once."""
    by: Person
    reason: Text
    days: Annotated[int, Field(ge=1, le=365), AS_WHOLE]
    """Days from the reopening to conclusion and report."""
    authority: Text
    """Who decided it: the inspection group, a letter's number."""
    occurred_at: StatedInstant | None = None
    """When it was decided, if the sender says so; the clock runs from when the case takes it in."""


class ReopenedStart(LaterStart):
    """With what the run of a reopened case starts."""

    reopening: Reopening


def read_reopened_start(body: bytes) -> ReopenedStart | None:
    """Read a reopening from the argument of a start; none: it is something else.

    Raises:
        HandOverError: it is meant as a reopening and is none.
    """
    return read_later_start(body, ReopenedStart, "reopening")


def reopening_digest(reopening: Reopening) -> str:
    """A digest of the content, by which a repeat is told from another reopening under the same id."""
    return hashlib.sha256(reopening.model_dump_json().encode()).hexdigest()[:24]


def refuse_reopening(case: Case, reopening: Reopening) -> Refusal | None:
    """Why the case is not reopened, or none if it is to be."""
    if not is_office(case, reopening.by.office):
        reason = f"“{reopening.by.office}”不在本辖区的单位（职务）名录中；请核对后重新发送"
        return Refusal(code=RefusalCode.UNKNOWN_OFFICE, reason=reason)
    if reopening.by.office != REOPENED_BY:
        reason = f"{case.title_of(reopening.by.office)}不能退回重办；应由{case.title_of(REOPENED_BY)}发送"
        return Refusal(code=RefusalCode.NOT_YOURS, reason=reason)
    if case.stage is not Stage.CONCLUDED:
        reason = f"本件现为“{case.stage.label}”，只有已办结的案件可以退回重办"
        return Refusal(code=RefusalCode.NOT_NOW, reason=reason)
    if len(case.reopenings) >= MOST_REOPENINGS:
        return Refusal(code=RefusalCode.TOO_LARGE, reason=f"本件已退回重办{MOST_REOPENINGS}次，不能再退回")
    if answer_key(reopening.message_id) in case.answers:
        reason = f"消息编号“{reopening.message_id}”已用于另一条消息；请换一个编号后重新发送"
        return Refusal(code=RefusalCode.MESSAGE_ID_REUSED, reason=reason)
    return None


def days_moved(case: Case, days: int) -> int:
    """By how many days every milestone moves so that the report is due ``days`` after the reopening.

    Milestones and stickers keep their distance to the report; those that would lie before the reopening are left out.
    """
    return days - case.rules.durations.report_day


def left_out(case: Case, moved: int) -> tuple[tuple[Milestone, ...], int]:
    """What has no place on the new clock: milestones, and how many of the first stickers."""
    durations = case.rules.durations
    early = {Milestone.REMINDER: durations.reminder_day, Milestone.REVIEW: durations.review_day}
    milestones = (Milestone.DISPATCH, *(milestone for milestone, day in early.items() if day + moved < 1))
    return milestones, sum(put.day + moved < 1 for put in durations.stickers)
