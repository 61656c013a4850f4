"""The kinds of values a jurisdiction file is written in: durations, pauses, times of day, days, names, addresses.

Each refuses a wrong value with a sentence that tells the file's editor what to write instead.
"""

import re
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from petitions.values import Name

_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?")
_PAUSE = re.compile(r"(?:(\d{1,3})m)?(?:(\d{1,4})s)?")
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")
_ADDRESS = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|[A-Za-z][A-Za-z0-9+.-]*://\S+")
_LONGEST = timedelta(days=365)
_LONGEST_PAUSE = timedelta(minutes=30)
_LONGEST_GATHERING = timedelta(minutes=1)


def _duration(value: object) -> object:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not found or not found[0]:
        raise ValueError('must be a duration in quotes: days, hours, minutes, such as "1d", "4h" or "1h30m"')
    days, hours, minutes = (int(part or 0) for part in found.groups())
    length = timedelta(days=days, hours=hours, minutes=minutes)
    if not timedelta(0) < length <= _LONGEST:
        raise ValueError("must be longer than nothing and at most 365 days")
    return length


def _pause(value: object) -> object:
    found = _PAUSE.fullmatch(value) if isinstance(value, str) else None
    if not found or not found[0]:
        raise ValueError('must be a short time in quotes: minutes, seconds, such as "5s", "10m" or "1m30s"')
    minutes, seconds = (int(part or 0) for part in found.groups())
    length = timedelta(minutes=minutes, seconds=seconds)
    if not timedelta(0) < length <= _LONGEST_PAUSE:
        raise ValueError("must be longer than nothing and at most 30 minutes")
    return length


def _gathering(value: timedelta) -> timedelta:
    if value > _LONGEST_GATHERING:
        raise ValueError('must be at most "1m": the hour within which a case is to be dispatched runs meanwhile')
    return value


def _time_of_day(value: object) -> object:
    found = _TIME_OF_DAY.fullmatch(value) if isinstance(value, str) else None
    minutes = int(found[1]) * 60 + int(found[2]) if found else 0
    if not 0 < minutes <= 24 * 60:
        raise ValueError('must be a time in quotes from "00:01" to "24:00" (midnight at the end of the day)')
    return minutes


def _id_part(value: str) -> str:
    if "/" in value or " " in value or not value.isprintable():
        raise ValueError("becomes part of an office's id: it must have no blanks and no '/'")
    return value


def _unit_name(value: str) -> str:
    return _id_part(value.removeprefix("unit/"))


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):  # the reason does not repeat the value: addresses hold secrets
        raise ValueError('must be an Apprise URL ("wecombot://…", "mailto://…") or "env:" and a variable\'s name')
    return value


def time_zone(value: str) -> str:
    """Check the name of a time zone.

    Raises:
        ValueError: no such zone is known on this machine.
    """
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        near = get_close_matches(value, available_timezones(), n=1) or ["Asia/Shanghai"]
        raise ValueError(f'"{value}" is no time zone; write an IANA name, such as "{near[0]}"') from None
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""An elapsed time, written ``1d12h30m``; longer than nothing."""
Pause = Annotated[timedelta, BeforeValidator(_pause)]
"""A short time for which a notice waits for others, written ``5s`` or ``1m30s``; longer than nothing."""
Gathering = Annotated[Pause, AfterValidator(_gathering)]
"""The same for what is urgent: a minute at the most."""
TimeOfDay = Annotated[int, BeforeValidator(_time_of_day), Field(ge=1, le=1440)]
"""Minutes since midnight, written ``18:00``; 1440 is midnight at the day's end."""
Day = Annotated[int, Field(strict=True, ge=1, le=365)]
"""A day of the procedure: 1 is the day that ends 24 hours after the hand-over."""
IdPart = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_id_part)]
"""A text that becomes part of an office's id."""
UnitName = Annotated[Name, AfterValidator(_unit_name)]
"""A unit's name; ``unit/`` before it is taken off."""
UnitNames = Annotated[tuple[UnitName, ...], Field(min_length=1)]
Offices = Annotated[tuple[Name, ...], Field(min_length=1)]
"""Ids of offices, or words that stand for one."""
Address = Annotated[str, AfterValidator(_address)]
"""Where notices go: an Apprise URL, or ``env:NAME``."""
