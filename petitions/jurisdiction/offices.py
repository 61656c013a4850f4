"""The offices of a jurisdiction: their ids, and the words that settings use for those which only a case decides."""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final

PARTY_SECRETARY: Final = "city/party-secretary"
MAYOR: Final = "city/mayor"
STABILITY_TEAM: Final = "city/stability-team"
SUPERVISION_TEAM: Final = "city/supervision-team"
REVISIT_TEAM: Final = "city/revisit-team"
INTAKE: Final = "city/intake"

MAIN_LEADERS: Final = (PARTY_SECRETARY, MAYOR)
TEAMS: Final = (STABILITY_TEAM, SUPERVISION_TEAM, REVISIT_TEAM)


class Level(StrEnum):
    """What kind of jurisdiction it is; decides how titles read, and nothing else."""

    CITY = "city"
    PROVINCE = "province"


class OfficeKey(StrEnum):
    """The offices every jurisdiction has, as the file names them; the id is ``city/<key>``."""

    PARTY_SECRETARY = "party-secretary"
    MAYOR = "mayor"
    STABILITY_TEAM = "stability-team"
    SUPERVISION_TEAM = "supervision-team"
    REVISIT_TEAM = "revisit-team"
    INTAKE = "intake"


class CountyOffice(StrEnum):
    """The offices every county has, as the file names them under ``titles``."""

    PARTY_SECRETARY = "party-secretary"
    MAYOR = "mayor"
    GOVERNMENT = "government"

    def of(self, county: str) -> str:
        """The office's id in this county."""
        return f"county/{county}/{'leader/government' if self is CountyOffice.GOVERNMENT else self.value}"


class Role(StrEnum):
    """Words the settings use for an office that only the case decides."""

    COUNTY_PARTY_SECRETARY = "county_party_secretary"
    COUNTY_MAYOR = "county_mayor"
    COUNTY_GOVERNMENT_LEADER = "county_government_leader"
    ANSWERING_LEADERS = "answering_leaders"
    """All city leaders who answer for the case's industry or county, the closest first."""
    SUPERVISING_LEADER = "supervising_leader"
    """The one who is asked to go to the site of a case that is not starred."""


def unit_id(name: str) -> str:
    """The id of a unit, ``unit/<name>``, from its name with or without ``unit/`` before it."""
    return f"unit/{name.strip().removeprefix('unit/')}"


def county_units(county: str, every_county: Iterable[str], own: Iterable[str]) -> tuple[str, ...]:
    """The ids of a county's units: its own, then those every county has, with the county's name in front."""
    return (*map(unit_id, own), *(unit_id(county + name.removeprefix("unit/")) for name in every_county))


def find_unit(name: str, county: str, known: Collection[str]) -> str | None:
    """The known unit that ``name`` means in a county, or none: the county's own (商务局 → 通川区商务局) comes first."""
    here = unit_id(county + name.strip().removeprefix("unit/"))
    return here if here in known else unit_id(name) if unit_id(name) in known else None
