"""Which of a jurisdiction's rules hold for one case: they are taken once, when the case opens."""

from collections.abc import Collection, Iterable
from datetime import datetime

from petitions.case_rules import (
    AskLimits,
    CaseRules,
    Durations,
    StickerDay,
    SurveyRules,
    TaskForceProposal,
)
from petitions.clock import CaseClock
from petitions.jurisdiction.model import Jurisdiction
from petitions.jurisdiction.offices import MAIN_LEADERS, TEAMS, CountyOffice, Role, find_unit
from petitions.jurisdiction.sections import DEFAULT_MAY_SEND, PlainLimits, StarredLimits
from petitions.regions import regions_of
from petitions.vocabulary import Category


def rules_for(
    jurisdiction: Jurisdiction,
    *,
    received_at: datetime,
    county: str,
    categories: Collection[Category],
    responsible_unit: str | None = None,
    clock: CaseClock | None = None,
) -> CaseRules:
    """Take the rules of one case from its jurisdiction.

    Args:
        jurisdiction: The file that has been read.
        received_at: The hand-over, aware; decides which offset from UTC local time has for the case.
        county: The county's name, that of the level's own region, or several of them with ``、`` between: of a joint
            case the first leads, and the others' leaders and departments have a part in it. For one that the file
            does not have there is no unit by category; for it and for the level's own region the city's main leaders
            stand in where the settings name only the county's.
        categories: Pollution types, in any order; none counts as *other*.
        responsible_unit: The unit named at intake, with or without ``unit/`` or the county's name before it. A
            known one becomes ``default_unit``; an unknown one is passed over.
        clock: The case's clock; none: the engine's own.

    Returns:
        The rules, the same for the same arguments.

    Raises:
        ValueError: ``received_at`` is naive.
    """
    if received_at.utcoffset() is None:
        raise ValueError("received_at must have an offset")
    regions = regions_of(county)
    lead = regions[0]
    offices = _Offices(jurisdiction, lead, categories)
    units = jurisdiction.unit_ids()
    departments = [unit for region in regions for unit in jurisdiction.departments_for(region, categories)]
    named = find_unit(responsible_unit, lead, frozenset(units)) if responsible_unit else None
    default_unit = named or next(iter(jurisdiction.departments_for(lead, categories)), None)
    city_titles = jurisdiction.city_titles()
    county_titles = {
        office: title for region in regions for office, title in jurisdiction.county_titles(region).items()
    }
    coverage = jurisdiction.coverage
    others = [name for name in jurisdiction.counties if name not in regions]
    shown_otherwise = {region: name for region, name in jurisdiction.regions().items() if region != name}
    return CaseRules(
        jurisdiction=jurisdiction.id,
        version=jurisdiction.version,
        clock=clock or CaseClock(),
        durations=_durations(jurisdiction, jurisdiction.utc_offset_minutes(received_at)),
        survey=SurveyRules(
            minimum_responses=jurisdiction.survey.minimum_responses,
            satisfied_percent=jurisdiction.survey.satisfied_percent,
            questions=jurisdiction.survey.questions,
        ),
        gate=coverage.gate,
        may_send={kind: jurisdiction.may_send.get(kind, senders) for kind, senders in DEFAULT_MAY_SEND.items()},
        titles=city_titles | county_titles,
        region_names={region: name for region, name in shown_otherwise.items() if region in regions},
        units=units,
        other_offices=tuple(office for name in others for office in jurisdiction.county_titles(name)),
        leaders=(
            *MAIN_LEADERS,
            *(office for office in city_titles if office.startswith("city/leader/")),
            *county_titles,
        ),
        teams=TEAMS,
        instruct_starred=offices.resolved(coverage.instruction_starred) or MAIN_LEADERS,
        instruct_plain=offices.resolved(coverage.instruction_plain) or MAIN_LEADERS,
        supervise_starred=offices.resolved(coverage.supervision_starred) or MAIN_LEADERS,
        supervise_plain=offices.supervise_plain,
        default_unit=default_unit,
        proposal=TaskForceProposal(
            lead_leader=next(iter(offices.resolved(jurisdiction.task_force.lead_leader)), offices.supervise_plain[0]),
            lead_department=default_unit,
            assisting_departments=tuple(dict.fromkeys(unit for unit in departments if unit != default_unit)),
        ),
        ladder=offices.resolved(jurisdiction.escalation.ladder) or MAIN_LEADERS,
        missed_ladder=offices.resolved(jurisdiction.escalation.missed),
        reachable=tuple(office for office, addresses in jurisdiction.notify.items() if addresses),
    )


class _Offices:
    """The settings' words, turned into the offices they mean for one case."""

    def __init__(self, jurisdiction: Jurisdiction, county: str, categories: Collection[Category]) -> None:
        known_county = county in jurisdiction.counties
        words = {
            Role.COUNTY_PARTY_SECRETARY: CountyOffice.PARTY_SECRETARY,
            Role.COUNTY_MAYOR: CountyOffice.MAYOR,
            Role.COUNTY_GOVERNMENT_LEADER: CountyOffice.GOVERNMENT,
        }
        self._meaning: dict[str, tuple[str, ...]] = {
            word: (office.of(county),) if known_county else () for word, office in words.items()
        }
        self._meaning[Role.ANSWERING_LEADERS] = jurisdiction.answering_leaders(county, categories or (Category.OTHER,))
        self.supervise_plain = self.resolved(jurisdiction.coverage.supervision_plain) or MAIN_LEADERS
        self._meaning[Role.SUPERVISING_LEADER] = self.supervise_plain[:1]

    def resolved(self, names: Iterable[str]) -> tuple[str, ...]:
        """The offices that ids and words mean, each once; a word that means nobody here is left out."""
        return tuple(dict.fromkeys(office for name in names for office in self._meaning.get(name, (name,))))


def _durations(jurisdiction: Jurisdiction, utc_offset_minutes: int) -> Durations:
    limits, days = jurisdiction.durations, jurisdiction.days
    return Durations(
        dispatch=limits.dispatch,
        acknowledgement=limits.acknowledgement,
        asks_starred=_asks(limits.starred),
        asks_plain=_asks(limits.plain),
        chase_every=limits.chase_every,
        reminder_day=days.reminder,
        review_day=days.review,
        target_day=days.target,
        report_day=days.report,
        stickers=tuple(StickerDay(day=each.day, colour=each.colour) for each in jurisdiction.wall.stickers),
        day_rule=days.rule,
        day_ends_at_minute=days.ends_at,
        utc_offset_minutes=utc_offset_minutes,
    )


def _asks(limits: StarredLimits | PlainLimits) -> AskLimits:
    return AskLimits(instruction=limits.instruction, task_force=limits.task_force, supervision=limits.supervision)
