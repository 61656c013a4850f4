"""What must agree between the parts of a jurisdiction file: every name refers to something, every case is answered.

The checks look at the raw tables of the TOML text, not at the model: they run whatever else is wrong in the file, so
that its editor is told every mistake at once. Values of the wrong type are passed over; the model complains of those.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from difflib import get_close_matches
from typing import NamedTuple, cast

from petitions.case_rules import Sender
from petitions.jurisdiction.offices import (
    MAIN_LEADERS,
    CountyOffice,
    OfficeKey,
    Role,
    county_units,
    find_unit,
    unit_id,
)
from petitions.jurisdiction.sections import DEFAULT_MAY_SEND, CoverageSettings, DaySettings
from petitions.jurisdiction.toml_positions import Path
from petitions.vocabulary import MessageKind

_COVERAGE_LISTS = ("instruction_starred", "instruction_plain", "supervision_starred", "supervision_plain")
_NAMED_AFTER_LAST = "区县市州盟旗"
"""County names whose last character gives the head's title: 通川区 → 区长."""


class Mistake(NamedTuple):
    """A mistake, where it stands, and what is wrong and what to do."""

    path: Path
    reason: str


def suggestion(value: str, choices: Collection[str]) -> str:
    """What the editor may have meant: the nearest choice, or all of them if there are few and none is near."""
    near = get_close_matches(value, choices, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"known are: {', '.join(choices)}" if 0 < len(choices) <= 15 else "add it or correct the name"


def find(data: object, *pattern: str) -> Iterator[tuple[Path, object]]:
    """Every value in raw TOML data whose path fits the pattern; ``*`` stands for any key or position."""
    if not pattern:
        yield (), data
        return
    first, *rest = pattern
    for key, value in _entries(data):
        if first in ("*", key):
            for path, found in find(value, *rest):
                yield (key, *path), found


def mistakes_between_parts(data: dict[str, object]) -> Iterator[Mistake]:
    """Every mistake that no single value shows."""
    names = _Names(data)
    for check in _CHECKS:
        yield from check(data, names)


def _entries(data: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(data, dict):
        yield from cast("dict[str, object]", data).items()
    elif isinstance(data, list):
        yield from enumerate(cast("list[object]", data))


def _texts(data: object, *pattern: str) -> Iterator[tuple[Path, str]]:
    return ((path, value.strip()) for path, value in find(data, *pattern) if isinstance(value, str))


class _Names:
    """Everything in the file that can be referred to."""

    def __init__(self, data: dict[str, object]) -> None:
        self.counties = [str(path[-1]) for path, _ in find(data, "counties", "*")]
        self.city_leaders = [f"city/leader/{path[-1]}" for path, _ in find(data, "leaders", "*")]
        self.city = [*(f"city/{key}" for key in OfficeKey), *self.city_leaders]
        every_county = [name for _, name in _texts(data, "units", "every_county", "*")]
        self.shared = [unit_id(name) for _, name in _texts(data, "units", "shared", "*")]
        self.in_common = [name.removeprefix("unit/") for name in every_county] + [
            unit.removeprefix("unit/") for unit in self.shared
        ]
        self.units_of = {
            county: county_units(
                county, every_county, [name for _, name in _texts(data, "counties", county, "units", "*")]
            )
            for county in self.counties
        }
        self.units = [*(unit for units in self.units_of.values() for unit in units), *self.shared]
        self.offices = [
            *self.city,
            *(office.of(county) for county in self.counties for office in CountyOffice),
            *self.units,
        ]


def _counties_of_leaders(data: object, names: _Names) -> Iterator[Mistake]:
    for path, county in _texts(data, "leaders", "*", "counties", "*"):
        if names.counties and county not in names.counties:
            yield Mistake(path, f'no county "{county}" in this file; {suggestion(county, names.counties)}')


def _leaders_answer_for_something(data: object, _: _Names) -> Iterator[Mistake]:
    for path, leader in find(data, "leaders", "*"):
        entry = dict(_entries(leader))
        if entry.get("every_industry") is True and entry.get("industries"):
            yield Mistake(
                (*path, "industries"), "every_industry = true already covers these; remove one of the two lines"
            )
        if isinstance(leader, dict) and not any(entry.get(key) for key in ("every_industry", "industries", "counties")):
            yield Mistake(path, "answers for nothing; give it industries, counties or every_industry = true")


def _offices_in_settings(data: object, names: _Names) -> Iterator[Mistake]:
    county_words = [Role.COUNTY_PARTY_SECRETARY, Role.COUNTY_MAYOR, Role.COUNTY_GOVERNMENT_LEADER]
    leaders = [*MAIN_LEADERS, *names.city_leaders]
    allowed: list[tuple[tuple[str, ...], str, list[str]]] = [
        (("escalation", "ladder", "*"), "an office of the city", [*names.city, *county_words, Role.SUPERVISING_LEADER]),
        (("escalation", "missed", "*"), "a leader's office", [*leaders, *county_words, Role.SUPERVISING_LEADER]),
        (
            ("task_force", "lead_leader", "*"),
            "a leader's office",
            [*leaders, *county_words, Role.SUPERVISING_LEADER],
        ),
        *(
            (("coverage", key, "*"), "a leader's office", [*leaders, *county_words, Role.ANSWERING_LEADERS])
            for key in _COVERAGE_LISTS
        ),
        (("may_send", "*", "*"), "an office of this file", [*names.offices, *Sender]),
    ]
    for pattern, kind, choices in allowed:
        for path, office in _texts(data, *pattern):
            if office not in choices:
                reason = f'"{office}" is not {kind}, nor a word that stands for one here'
                yield Mistake(path, f"{reason}; {suggestion(office, choices)}")
    for path, _ in find(data, "notify", "*"):
        if path[-1] not in names.offices:
            office = str(path[-1])
            yield Mistake(path, f'no office "{office}" in this file; {suggestion(office, names.offices)}')


def _coverage_can_be_met(data: object, _: _Names) -> Iterator[Mistake]:
    """Who must act must be allowed to, or no case could ever be reported."""
    for kind, prefix in ((MessageKind.LEADER_INSTRUCTION, "instruction"), (MessageKind.SITE_VISIT, "supervision")):
        senders = [office for _, office in _texts(data, "may_send", kind, "*")] or list(DEFAULT_MAY_SEND[kind])
        if Sender.ANY_LEADER in senders:
            continue
        for key in (f"{prefix}_starred", f"{prefix}_plain"):
            default: tuple[str, ...] = CoverageSettings.model_fields[key].default
            required = list(_texts(data, "coverage", key, "*")) or [((), office) for office in default]
            for path, office in required:
                if office not in senders:
                    yield Mistake(
                        path or ("may_send", kind),
                        f'"{office}" counts in coverage.{key} but may not send {kind};'
                        f' add it or "{Sender.ANY_LEADER}" to may_send.{kind}',
                    )


def _handlers_do_not_judge(data: object, _: _Names) -> Iterator[Mistake]:
    handlers = (Sender.RESPONSIBLE_UNIT, Sender.LEAD_DEPARTMENT, Sender.TASK_FORCE_MEMBER)
    for kind in (MessageKind.VERIFICATION, MessageKind.SURVEY_RESULT):
        for path, office in _texts(data, "may_send", kind, "*"):
            if office in handlers:
                yield Mistake(path, f'"{office}" handles the case and so may not send {kind}; remove it')


def _departments(data: object, names: _Names) -> Iterator[Mistake]:
    if not names.in_common:  # the section itself is missing: one mistake, not one for each name
        return
    everywhere = [*_texts(data, "departments", "*", "*"), *_texts(data, "units", "fallback")]
    for path, name in everywhere:
        if name.removeprefix("unit/") not in names.in_common:
            yield Mistake(
                path,
                f'"{name}" is not a unit of every county (units.every_county, units.shared);'
                f" {suggestion(name, names.in_common)}",
            )
    for path, name in _texts(data, "counties", "*", "departments", "*", "*"):
        county = str(path[1])
        known = [*names.units_of[county], *names.shared]
        if find_unit(name, county, known) is None:
            choices = [unit.removeprefix("unit/").removeprefix(county) for unit in known]
            yield Mistake(path, f'{county} has no unit "{name}"; {suggestion(name, choices)}')


def _own_region(data: object, names: _Names) -> Iterator[Mistake]:
    for path, region in _texts(data, "own_region", "id"):
        if region in names.counties:
            yield Mistake(path, f'"{region}" is a county of this file; the own region is none of them')
    for path, name in _texts(data, "own_region", "name"):
        if name in names.counties:
            yield Mistake(path, f'"{name}" is a county of this file; people could not tell the two apart')
    for path, name in [*_texts(data, "own_region", "departments", "*", "*"), *_texts(data, "own_region", "fallback")]:
        if unit_id(name) not in names.shared:
            choices = [unit.removeprefix("unit/") for unit in names.shared]
            reason = f'"{name}" is not one of units.shared, which handle what no county does'
            yield Mistake(path, f"{reason}; {suggestion(name, choices)}")


def _units_once(data: object, names: _Names) -> Iterator[Mistake]:
    often = Counter(names.units)
    given = [*_texts(data, "counties", "*", "units", "*"), *_texts(data, "units", "shared", "*")]
    for path, name in given:
        # A repeat within one list is told by the check for those.
        if often[unit_id(name)] > 1 and len([at for at, other in given if other == name and at[:-1] == path[:-1]]) == 1:
            yield Mistake(
                path,
                f'duplicate office: "{unit_id(name)}" is named elsewhere too, or is one that every county has;'
                " keep it in one place",
            )


def _titles(data: object, names: _Names) -> Iterator[Mistake]:
    given = [
        *_texts(data, "offices", "*"),
        *_texts(data, "leaders", "*", "title"),
        *_texts(data, "counties", "*", "titles", "*"),
    ]
    first: dict[str, Path] = {}
    for path, title in given:
        if title in first:
            other = ".".join(map(str, first[title]))
            yield Mistake(path, f'"{title}" is the title of {other} too; people could not tell the offices apart')
        first.setdefault(title, path)
    for county in names.counties:
        if county[-1:] not in _NAMED_AFTER_LAST and not list(_texts(data, "counties", county, "titles", "mayor")):
            yield Mistake(
                ("counties", county), f'no title follows from "{county}"; write titles = {{ mayor = "…" }} for it'
            )


def _days_in_order(data: object, _: _Names) -> Iterator[Mistake]:
    given: dict[str | int, object] = {path[-1]: value for path, value in find(data, "days", "*")}
    days: dict[str, int] = {}
    for key in ("reminder", "review", "target", "report"):
        value = given.get(key)
        days[key] = value if type(value) is int else DaySettings.model_fields[key].default
    for earlier, later in (("reminder", "review"), ("review", "report"), ("target", "report")):
        if days[earlier] > days[later] and {earlier, later} & given.keys():
            yield Mistake(
                ("days", later if later in given else earlier),
                f"the {later} day ({days[later]}) comes before the {earlier} day ({days[earlier]}); it must not",
            )


def _stickers_ascend(data: object, _: _Names) -> Iterator[Mistake]:
    latest = 0
    for path, day in find(data, "wall", "stickers", "*", "day"):
        if type(day) is int:
            if day <= latest:
                yield Mistake(path, f"sticker days must ascend: {day} does not come after {latest}")
            latest = max(latest, day)


def _no_repeats(data: object, _: _Names) -> Iterator[Mistake]:
    """No list names the same twice; values are not repeated in the reason, since addresses may be secret."""
    entries = list(_entries(data))
    for key, value in entries:
        for path, reason in _no_repeats(value, _):
            yield Mistake((key, *path), reason)
    if isinstance(data, list):
        seen: set[str] = set()
        for key, value in entries:
            if isinstance(value, str):
                if value.strip() in seen:
                    yield Mistake((key,), "stands twice in this list; remove one")
                seen.add(value.strip())


_CHECKS: tuple[Callable[[dict[str, object], _Names], Iterator[Mistake]], ...] = (
    _counties_of_leaders,
    _leaders_answer_for_something,
    _offices_in_settings,
    _coverage_can_be_met,
    _handlers_do_not_judge,
    _departments,
    _own_region,
    _units_once,
    _titles,
    _days_in_order,
    _stickers_ascend,
    _no_repeats,
)
