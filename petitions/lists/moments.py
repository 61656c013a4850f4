"""Moments as lists write them: with an offset, or in the jurisdiction's local time; the hour is always needed."""

import re
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import NamedTuple

from petitions.lists.columns import plain

_DATE = (
    r"(?P<year>\d{4})(?:(?P<sign>[-/.])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})"
    r"|年(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]?)"
)
_WEEKDAY = r"(?:\s*\(?(?:星期|周|礼拜)[一二三四五六日天]\)?)?"
_THEN = r"(?:\s*t\s*|\s*,\s*|\s+|(?<=[日号)一二三四五六天]))"
_TIME = (
    r"(?P<half>上午|下午|am|pm)?\s*(?P<hour>\d{1,2})(?:"
    r":(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d{1,9}))?)?"
    r"|[时点](?:整|(?P<min>\d{1,2})分?(?:(?P<sec>\d{1,2})秒)?)?)"
    r"(?:\s*(?P<after>am|pm))?"
)
_OFFSET = r"(?:\s*(?P<offset>z|[+-]\d{2}:?\d{2}))?"
_MOMENT = re.compile(rf"{_DATE}{_WEEKDAY}(?:{_THEN}{_TIME}{_OFFSET})?")
_TIME_ALONE = re.compile(_TIME)
_LONGEST = 60


class Stated(NamedTuple):
    """What a cell says: a day, a time of the day, or both."""

    day: date | None
    at: time | None
    """With its offset if the cell states one."""


def stated(cell: object) -> Stated | None:
    """What a cell says of a moment; none: nothing that can be a day or a time.

    A cell that a spreadsheet keeps as a date has no time of its own; nor is 00:00 told from it there.
    """
    match cell:
        case datetime():
            return Stated(cell.date(), cell.timetz())
        case date():
            return Stated(cell, None)
        case time():
            return Stated(None, cell)
        case timedelta() if timedelta() <= cell < timedelta(days=1):
            return Stated(None, (datetime.min + cell).time())  # noqa: DTZ901 - only its time of the day is taken
        case str() if len(cell) <= _LONGEST:
            return _read(plain(cell).casefold())
        case _:
            return None


def moment(day: date, at: time, local: tzinfo) -> datetime:
    """The moment of a day and a time, in local time where the time states no offset."""
    return datetime.combine(day, at if at.tzinfo else at.replace(tzinfo=local))


def _read(text: str) -> Stated | None:
    try:
        if (found := _MOMENT.fullmatch(text)) is not None:
            day = date(int(found["year"]), int(found["month"] or found["m"]), int(found["day"] or found["d"]))
            return Stated(day, _time(found, _offset(found["offset"])) if found["hour"] else None)
        if (found := _TIME_ALONE.fullmatch(text)) is not None:
            return Stated(None, _time(found, None))
    except ValueError:  # the 30th of February, 25:00
        return None
    return None


def _time(found: "re.Match[str]", offset: timezone | None) -> time:
    hour, half = int(found["hour"]), found["half"] or found["after"]
    if half is not None and not 1 <= hour <= 12 and not (half == "上午" and hour == 0):
        raise ValueError("no hour of half a day")
    if half in {"下午", "pm"}:
        hour = hour % 12 + 12
    elif half == "am":
        hour %= 12
    minute, second = found["minute"] or found["min"], found["second"] or found["sec"]
    fraction = (found["fraction"] or "").ljust(6, "0")[:6]
    return time(hour, int(minute or 0), int(second or 0), int(fraction), tzinfo=offset)


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "z":
        return timezone(timedelta())
    hours, minutes = int(text[1:3]), int(text[-2:])
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))
