"""The sections of a jurisdiction file, each with the defaults that hold where the file is silent."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from petitions import case_rules
from petitions.case_rules import DayRule, Gate, Sender
from petitions.jurisdiction.fields import (
    Day,
    Duration,
    Gathering,
    IdPart,
    Offices,
    Pause,
    TimeOfDay,
    UnitName,
    UnitNames,
)
from petitions.jurisdiction.offices import (
    INTAKE,
    MAIN_LEADERS,
    MAYOR,
    PARTY_SECRETARY,
    REVISIT_TEAM,
    STABILITY_TEAM,
    SUPERVISION_TEAM,
    CountyOffice,
    Role,
)
from petitions.out_tray import Pace
from petitions.values import Name, Value
from petitions.vocabulary import Category, MessageKind, Sticker


class Leader(Value):
    """A city leader's post: ``city/leader/<post>``."""

    title: Name
    every_industry: bool = Field(default=False, strict=True)
    industries: tuple[Category, ...] = ()
    counties: tuple[Name, ...] = ()

    def closeness(self, county: str, categories: Collection[Category]) -> int | None:
        """How closely the post fits a case: 0 the closest, 3 the widest, none not at all."""
        by_industry, by_county = not set(categories).isdisjoint(self.industries), county in self.counties
        for rank, fits in enumerate((by_industry and by_county, by_industry, by_county, self.every_industry)):
            if fits:
                return rank
        return None


class Units(Value):
    """The units there are, apart from those of one county alone."""

    every_county: UnitNames
    shared: tuple[UnitName, ...] = ()
    fallback: UnitName
    """Responsible where no line of the departments fits."""


class County(Value):
    """What is particular to one county."""

    units: tuple[UnitName, ...] = ()
    departments: dict[Category, UnitNames] = Field(default_factory=dict[Category, UnitNames])
    titles: dict[CountyOffice, Name] = Field(default_factory=dict[CountyOffice, Name])


class OwnRegion(Value):
    """Cases that belong to no county: the level's own departments (``units.shared``) handle them."""

    id: IdPart
    """What a hand-over writes as its ``county``: ``province``."""
    name: Name
    """What people read: 省级."""
    departments: dict[Category, UnitNames] = Field(default_factory=dict[Category, UnitNames])
    """As the file's departments, from the shared units alone; those for the counties do not hold here."""
    fallback: UnitName
    """Responsible where no line fits."""


class TaskForce(Value):
    """What is proposed for a case's task force."""

    lead_leader: Offices = (Role.COUNTY_GOVERNMENT_LEADER, Role.SUPERVISING_LEADER)
    """The first that exists for the case."""


class CoverageSettings(Value):
    """Who must instruct and who must go to the site, and what it means for the report if they do not."""

    instruction_starred: Offices = MAIN_LEADERS
    instruction_plain: Offices = (Role.COUNTY_PARTY_SECRETARY, Role.COUNTY_MAYOR)
    supervision_starred: Offices = MAIN_LEADERS
    supervision_plain: Offices = (Role.ANSWERING_LEADERS, *MAIN_LEADERS)
    gate: Gate = Gate.REQUIRED


_DEFAULT: Final = case_rules.Durations()
_DEFAULT_SURVEY: Final = case_rules.SurveyRules()


class StarredLimits(Value):
    """How long an ask of a starred case may stay unanswered."""

    instruction: Duration = _DEFAULT.asks_starred.instruction
    task_force: Duration = _DEFAULT.asks_starred.task_force
    supervision: Duration = _DEFAULT.asks_starred.supervision


class PlainLimits(Value):
    """How long an ask of a case that is not starred may stay unanswered."""

    instruction: Duration = _DEFAULT.asks_plain.instruction
    task_force: Duration = _DEFAULT.asks_plain.task_force
    supervision: Duration = _DEFAULT.asks_plain.supervision


class TimeLimits(Value):
    """The elapsed time limits."""

    dispatch: Duration = _DEFAULT.dispatch
    acknowledgement: Duration = _DEFAULT.acknowledgement
    chase_every: Duration = _DEFAULT.chase_every
    starred: StarredLimits = StarredLimits()
    plain: PlainLimits = PlainLimits()


class DaySettings(Value):
    """The days of 1+3+5+7."""

    reminder: Day = _DEFAULT.reminder_day
    review: Day = _DEFAULT.review_day
    target: Day = _DEFAULT.target_day
    report: Day = _DEFAULT.report_day
    rule: DayRule = _DEFAULT.day_rule
    ends_at: TimeOfDay = _DEFAULT.day_ends_at_minute


class StickerSetting(Value):
    """From this day on a case carries this colour."""

    day: Day
    colour: Sticker


class Wall(Value):
    """What the wall shows."""

    stickers: tuple[StickerSetting, ...] = tuple(
        StickerSetting(day=sticker.day, colour=sticker.colour) for sticker in _DEFAULT.stickers
    )


class Escalation(Value):
    """Who is told when something stays undone, and when a milestone is missed."""

    ladder: Offices = (
        STABILITY_TEAM,
        Role.COUNTY_MAYOR,
        Role.COUNTY_PARTY_SECRETARY,
        Role.SUPERVISING_LEADER,
        MAYOR,
        PARTY_SECRETARY,
    )
    missed: Offices = (Role.COUNTY_MAYOR, Role.SUPERVISING_LEADER, MAYOR)
    """Who is told of a missed milestone besides those who must act: the first of the first one, and so on up."""


class NoticeSettings(Value):
    """How notices go out: gathered, paced, and not at night unless they are urgent."""

    gather: Gathering = timedelta(seconds=5)
    digest_every: Pause = timedelta(minutes=5)
    per_minute: Annotated[int, Field(strict=True, ge=1, le=600)] = 20
    """Messages that an office's channels are given at the most; robots take no more than about 20."""
    quiet_from: TimeOfDay = 22 * 60
    quiet_until: TimeOfDay = 7 * 60
    give_up_after: Duration = timedelta(days=1)
    morning_digest: TimeOfDay = 8 * 60

    def pace(self, utc_offset_minutes: int) -> Pace:
        """How an office's notices go out, where local time has this offset."""
        return Pace(
            gather=self.gather,
            digest_every=self.digest_every,
            between=timedelta(minutes=1) / self.per_minute,
            quiet_from=self.quiet_from % (24 * 60),
            quiet_until=self.quiet_until % (24 * 60),
            give_up_after=self.give_up_after,
            utc_offset_minutes=utc_offset_minutes,
        )


class Survey(Value):
    """When the residents count as satisfied, and what they are asked."""

    minimum_responses: Annotated[int, Field(strict=True, ge=1, le=10_000)] = _DEFAULT_SURVEY.minimum_responses
    satisfied_percent: Annotated[int, Field(strict=True, ge=1, le=100)] = _DEFAULT_SURVEY.satisfied_percent
    questions: tuple[Name, ...] = ()


class ReportSettings(Value):
    """The handling report (办理报告): what stands above it and whom it goes to."""

    heading: Name = "群众信访举报件办理情况报告"
    recipient: Name


DEFAULT_MAY_SEND: Final[Mapping[MessageKind, tuple[str, ...]]] = {
    MessageKind.DISPATCH: (INTAKE, STABILITY_TEAM),
    MessageKind.ACKNOWLEDGEMENT: (Sender.RESPONSIBLE_UNIT, Sender.LEAD_DEPARTMENT),
    MessageKind.LEADER_INSTRUCTION: (Sender.ANY_LEADER,),
    MessageKind.TASK_FORCE: (Sender.ANY_LEADER, STABILITY_TEAM),
    MessageKind.SITE_VISIT: (
        Sender.ANY_LEADER,
        Sender.ANY_TEAM,
        Sender.RESPONSIBLE_UNIT,
        Sender.TASK_FORCE_MEMBER,
    ),
    MessageKind.RECTIFICATION_REPORT: (Sender.RESPONSIBLE_UNIT, Sender.LEAD_DEPARTMENT),
    MessageKind.VERIFICATION: (SUPERVISION_TEAM,),
    MessageKind.PRELIMINARY_REVIEW: (STABILITY_TEAM,),
    MessageKind.SURVEY_RESULT: (REVISIT_TEAM,),
    MessageKind.EXTENSION: (INTAKE, STABILITY_TEAM),
    MessageKind.STARRING: (INTAKE, STABILITY_TEAM),
    MessageKind.MERGE: (INTAKE, STABILITY_TEAM),
    MessageKind.WITHDRAWAL: (INTAKE, STABILITY_TEAM),
}
"""Who may send what where the file does not say otherwise."""
