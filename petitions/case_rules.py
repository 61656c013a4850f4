"""The rules that hold for one case: the small part of the jurisdiction file that concerns it.

They are taken once, when the case opens, and then stand in the case's own history: replay never depends on a
file, and a changed file reaches an open case only by an explicit step (design §6).
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from petitions.clock import CaseClock
from petitions.values import Name, Value
from petitions.vocabulary import MessageKind, Sticker


class DayRule(StrEnum):
    """How the days of 1+3+5+7 are counted."""

    ELAPSED = "elapsed"
    """Day n ends n × 24 hours after the hand-over (the default)."""
    CALENDAR = "calendar"
    """Day n ends at a set hour on the n-th calendar day after the day of the hand-over, in local time."""


class Gate(StrEnum):
    """What an incomplete coverage does to the report (§3.7)."""

    REQUIRED = "required"
    WARNING = "warning"


class Sender(StrEnum):
    """Who may send a message, where it is not a fixed office id: a part played in this very case."""

    RESPONSIBLE_UNIT = "responsible_unit"
    LEAD_DEPARTMENT = "lead_department"
    TASK_FORCE_MEMBER = "task_force_member"
    ANY_LEADER = "any_leader"
    ANY_TEAM = "any_team"


Days = Annotated[int, Field(ge=1, le=365)]


class StickerDay(Value):
    """From this day on (counted as the jurisdiction counts days) the case carries this colour."""

    day: Days
    colour: Sticker


class AskLimits(Value):
    """How long an ask may stay unanswered before it is chased (§3.2); hours on the case's clock."""

    instruction: timedelta
    task_force: timedelta
    supervision: timedelta


class Durations(Value):
    """Every time limit of the procedure. Elapsed durations are ISO 8601; days are counted by ``DayRule``."""

    dispatch: timedelta = timedelta(hours=1)
    acknowledgement: timedelta = timedelta(hours=4)
    asks_starred: AskLimits = AskLimits(
        instruction=timedelta(hours=2), task_force=timedelta(hours=12), supervision=timedelta(hours=24)
    )
    asks_plain: AskLimits = AskLimits(
        instruction=timedelta(hours=24), task_force=timedelta(hours=24), supervision=timedelta(hours=72)
    )
    chase_every: timedelta = timedelta(days=1)
    """After the first, every chase and every overdue notice follows at this interval."""
    reminder_day: Days = 3
    review_day: Days = 5
    target_day: Days = 5
    """The city's own target for conclusion."""
    report_day: Days = 7
    """The inspection group's mandate."""
    stickers: tuple[StickerDay, ...] = (
        StickerDay(day=5, colour=Sticker.YELLOW),
        StickerDay(day=6, colour=Sticker.BLUE),
        StickerDay(day=7, colour=Sticker.RED),
    )
    day_rule: DayRule = DayRule.ELAPSED
    day_ends_at_minute: Annotated[int, Field(ge=0, le=1440)] = 1440
    """With ``calendar``: the minute of the local day at which a day ends (1440 is midnight at its end)."""
    utc_offset_minutes: int = 480
    """Local time of the jurisdiction; fixed when the rules are taken, so replay needs no time-zone data."""


class SurveyRules(Value):
    """When the residents count as satisfied (§4, survey defaults)."""

    minimum_responses: Annotated[int, Field(ge=1)] = 10
    satisfied_percent: Annotated[int, Field(ge=1, le=100)] = 80
    questions: tuple[str, ...] = ()
    """The questions that may be answered; empty means any."""


class TaskForceProposal(Value):
    """The task force that the jurisdiction file proposes for the case."""

    lead_leader: Name
    lead_department: Name | None
    assisting_departments: tuple[Name, ...] = ()


class CaseRules(Value):
    """Everything from the jurisdiction file that decides this case.

    Offices are ids (``city/mayor``, ``unit/通川区商务局``); ``titles`` gives the Chinese of those that are
    named to people.
    """

    jurisdiction: Name
    version: Name
    """The file's own version and the first 12 digits of its SHA-256: ``2021-08+0f3a…``."""
    clock: CaseClock = CaseClock()
    durations: Durations = Durations()
    survey: SurveyRules = SurveyRules()
    gate: Gate = Gate.REQUIRED
    may_send: dict[MessageKind, tuple[str, ...]]
    """For each message the offices that may send it: office ids or ``Sender`` words."""
    titles: dict[Name, str]
    """Chinese titles of the offices of the city and of the case's county, or counties."""
    region_names: dict[Name, str] = Field(default_factory=dict[Name, str])
    """What people read for those of the case's regions that are not shown by their own id: ``province`` 省级."""
    units: tuple[Name, ...]
    """Every unit of the jurisdiction, as ``unit/<name>``."""
    other_offices: tuple[Name, ...] = ()
    """Known offices that have no part in this case (other counties' leaders)."""
    leaders: tuple[Name, ...]
    """Who counts as *any leader* here: the city's, and those of the case's county."""
    teams: tuple[Name, ...]
    """Who counts as *any team* here."""
    instruct_starred: tuple[Name, ...]
    """All of these must instruct a starred case."""
    instruct_plain: tuple[Name, ...]
    """One of these must instruct a case that is not starred."""
    supervise_starred: tuple[Name, ...]
    """One of these must go to the site of a starred case."""
    supervise_plain: tuple[Name, ...]
    """One of these must go to the site of a case that is not starred; the first is the one who is asked."""
    default_unit: Name | None = None
    """The responsible unit by county and category; none: a clerk must dispatch."""
    proposal: TaskForceProposal | None = None
    ladder: tuple[Name, ...]
    """Who is told, one rung higher each time something stays undone, after the office itself."""
    missed_ladder: Annotated[tuple[Name, ...], Field(exclude_if=lambda given: not given)] = ()
    """Who is told of a missed milestone besides those who must act, one rung higher each time. None: a case opened
    before there was such a ladder."""
    reachable: tuple[Name, ...] = ()
    """Offices that have a notice address; for all others the ledger alone is the notice."""
