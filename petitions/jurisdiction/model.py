"""A jurisdiction: its offices, units, time limits and thresholds, as its TOML file says them.

The models are the file's own form, section by section; ``petitions.jurisdiction.reading`` makes them from a text,
``petitions.jurisdiction.rules`` takes from them the part that concerns one case. ``level`` touches nothing but how
titles read: at the level of a province the file's counties are its cities and prefectures.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from petitions.jurisdiction.fields import Address, IdPart, Offices, UnitNames, time_zone
from petitions.jurisdiction.offices import CountyOffice, Level, OfficeKey, county_units, find_unit, unit_id
from petitions.jurisdiction.sections import (
    County,
    CoverageSettings,
    DaySettings,
    Escalation,
    Leader,
    NoticeSettings,
    OwnRegion,
    ReportSettings,
    Survey,
    TaskForce,
    TimeLimits,
    Units,
    Wall,
)
from petitions.out_tray import Pace
from petitions.values import Name, Value
from petitions.vocabulary import Category, MessageKind

__all__ = ["Jurisdiction", "unit_id"]


class Jurisdiction(Value):
    """A jurisdiction file that has been read and found right.

    Make one with ``petitions.jurisdiction.reading.read_jurisdiction``, which checks what a single field cannot.
    """

    id: IdPart
    name: Name
    level: Level = Level.CITY
    version: Annotated[Name, Field(max_length=100)]
    """The file's own version; once read, with ``+`` and the first 12 digits of the text's SHA-256 after it."""
    timezone: Annotated[Name, AfterValidator(time_zone)]
    offices: dict[OfficeKey, Name] = Field(default_factory=dict[OfficeKey, Name])
    """Titles; where one is missing it follows from the level."""
    leaders: dict[IdPart, Leader] = Field(default_factory=dict[IdPart, Leader])
    units: Units
    departments: dict[Category, UnitNames] = Field(default_factory=dict[Category, UnitNames])
    counties: Annotated[dict[IdPart, County], Field(min_length=1)]
    own_region: OwnRegion | None = None
    """For cases that no county but the level itself handles; none: there are no such cases."""
    task_force: TaskForce = TaskForce()
    coverage: CoverageSettings = CoverageSettings()
    durations: TimeLimits = TimeLimits()
    days: DaySettings = DaySettings()
    wall: Wall = Wall()
    escalation: Escalation = Escalation()
    survey: Survey = Survey()
    report: ReportSettings
    may_send: dict[MessageKind, Offices] = Field(default_factory=dict[MessageKind, Offices])
    notices: NoticeSettings = NoticeSettings()
    notify: dict[Name, tuple[Address, ...]] = Field(default_factory=dict[Name, tuple[Address, ...]], repr=False)
    """Notice addresses by office. They may hold secrets: never print or store them."""

    def city_titles(self) -> dict[str, str]:
        """The titles of all offices of the city, by id, the fixed ones first."""
        place = "省" if self.level is Level.PROVINCE else "市"
        derived = {
            OfficeKey.PARTY_SECRETARY: f"{place}委书记",
            OfficeKey.MAYOR: f"{place}长",
            OfficeKey.STABILITY_TEAM: f"{place}信访维稳组",
            OfficeKey.SUPERVISION_TEAM: f"{place}案件督办组",
            OfficeKey.REVISIT_TEAM: "联合回访组",
            OfficeKey.INTAKE: f"{place}信访受理中心",
        }
        fixed = {f"city/{key}": self.offices.get(key, title) for key, title in derived.items()}
        return fixed | {f"city/leader/{post}": leader.title for post, leader in self.leaders.items()}

    def county_titles(self, county: str) -> dict[str, str]:
        """The titles of a county's three offices, by id; empty for a county the file does not have."""
        if county not in self.counties:
            return {}
        derived = {
            CountyOffice.PARTY_SECRETARY: f"{county}委书记",
            CountyOffice.MAYOR: f"{county}{county[-1]}长",
            CountyOffice.GOVERNMENT: f"{county}政府分管领导",
        }
        return {key.of(county): self.counties[county].titles.get(key, title) for key, title in derived.items()}

    def titles(self) -> dict[str, str]:
        """The titles of all offices, by id: the city's, the counties', and the units by their names."""
        of_counties = {
            office: title for county in self.counties for office, title in self.county_titles(county).items()
        }
        return self.city_titles() | of_counties | {unit: unit.removeprefix("unit/") for unit in self.unit_ids()}

    def regions(self) -> dict[str, str]:
        """What people read for every region, by its id: the counties in the file's order, then the level's own."""
        own = {self.own_region.id: self.own_region.name} if self.own_region else {}
        return {county: county for county in self.counties} | own

    def unit_ids(self) -> tuple[str, ...]:
        """Every unit, as ``unit/<name>``: county by county, then those that serve all."""
        of_counties = (
            unit
            for name, county in self.counties.items()
            for unit in county_units(name, self.units.every_county, county.units)
        )
        return tuple(dict.fromkeys((*of_counties, *map(unit_id, self.units.shared))))

    def departments_for(self, county: str, categories: Collection[Category]) -> tuple[str, ...]:
        """The units for a case, the responsible one first, then those who assist; empty for an unknown region.

        Args:
            county: One region: a county, or the level's own.
            categories: The case's pollution types.
        """
        if self.own_region and county == self.own_region.id:
            lines, fallback = self.own_region.departments, self.own_region.fallback
        elif county in self.counties:
            lines, fallback = self.counties[county].departments, self.units.fallback
            lines = lines | {category: names for category, names in self.departments.items() if category not in lines}
        else:
            return ()
        names = [name for category, line in lines.items() if category in categories for name in line]
        known = frozenset(self.unit_ids())
        found = (find_unit(name, county, known) for name in (*names, fallback))
        return tuple(dict.fromkeys(unit for unit in found if unit is not None))

    def answering_leaders(self, county: str, categories: Collection[Category]) -> tuple[str, ...]:
        """The city leaders who answer for a case, the closest first, and in the file's order where equally close."""
        ranks = {post: leader.closeness(county, categories) for post, leader in self.leaders.items()}
        fitting = [(rank, post) for post, rank in ranks.items() if rank is not None]
        return tuple(f"city/leader/{post}" for _, post in sorted(fitting, key=lambda ranked: ranked[0]))

    def pace(self, at: datetime) -> Pace:
        """How notices go out, with the offset that local time has at this moment."""
        return self.notices.pace(self.utc_offset_minutes(at))

    def utc_offset_minutes(self, at: datetime) -> int:
        """The offset of local time from UTC at this moment."""
        offset = at.astimezone(ZoneInfo(self.timezone)).utcoffset() or timedelta(0)
        return offset // timedelta(minutes=1)

    def addresses(self, office: str, environment: Mapping[str, str]) -> tuple[str, ...]:
        """An office's notice addresses, each ``env:NAME`` replaced by the addresses in that variable.

        Args:
            office: The office's id.
            environment: The variables; one may hold several addresses with blanks between them. A variable that
                is missing gives none.
        """
        found: list[str] = []
        for address in self.notify.get(office, ()):
            variable = address.removeprefix("env:")
            found += [address] if variable == address else environment.get(variable, "").split()
        return tuple(found)
