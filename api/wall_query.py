"""What the wall is asked for: filters, page and moment, read from its address and written into others.

Everything stands in the address, so a wall can be kept, sent on and opened without a script. What is wrong in one is
said on the page and left out: nobody is turned away from the wall by a letter too many.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from petitions.standing import unit_id
from petitions.vocabulary import Category, Coverage, Sticker, Word
from store.wall import NO_FILTERS, WallFilters

_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?")
_OFFSET = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on", "是"}), frozenset({"0", "false", "no", "off", "否"})
_MOST_PAGES = 100_000
_SHOWN = 40
"""Characters of a wrong value that are shown again."""

LABELS: Final[Mapping[str, str]] = {
    "county": "县市区",
    "category": "类型",
    "unit": "责任单位",
    "starred": "加星",
    "sticker": "即时贴",
    "missing": "缺覆盖",
    "overdue": "超期",
}
"""The filters, in the order in which the page shows them."""


class View(StrEnum):
    """What of the wall is shown."""

    WALL = "wall"
    STICKERS = "stickers"
    """The stickers that are to be put up on the day."""


@dataclass(frozen=True)
class WallQuery:
    """What is asked for.

    Attributes:
        filters: Which open cases.
        page: Which screenful, from 1 on.
        at: A past moment; none: now, and live.
        screen: For a television: large, and without anything to press.
        view: What is shown.
        part: Only what changes: the script of the page asks.
        mistakes: What was wrong in the address, in Chinese sentences.
    """

    filters: WallFilters = NO_FILTERS
    page: int = 1
    at: datetime | None = None
    screen: bool = False
    view: View = View.WALL
    part: bool = False
    mistakes: tuple[str, ...] = ()

    def address(self, path: str = "/") -> str:
        """The address of a wall that is asked for so; ``part`` is the script's own affair."""
        pairs = self.pairs()
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters of that address."""
        pairs = [(name, _written(value)) for name in LABELS if (value := getattr(self.filters, name)) is not None]
        if self.view is not View.WALL:
            pairs.append(("view", str(self.view)))
        if self.at is not None:
            pairs.append(("at", _moment_text(self.at)))
        if self.screen:
            pairs.append(("screen", "1"))
        if self.page > 1:
            pairs.append(("page", str(self.page)))
        return pairs

    def but(self, **changes: Any) -> "WallQuery":
        """The same with changes, from the first page on."""
        return replace(self, **{"page": 1, **changes})

    def filtered(self, **changes: Any) -> "WallQuery":
        """The same with other filters."""
        return self.but(filters=self.filters.model_copy(update=changes))

    def unfiltered(self) -> "WallQuery":
        """The same without any filter."""
        return self.but(filters=NO_FILTERS)


@dataclass(frozen=True)
class Known:
    """What the address is read against.

    Attributes:
        now: The procedure's time.
        zone: Local time.
        first: When the first case was handed over; none: there is none.
        counties: The regions that there are.
        units: The units of open cases, as ``unit/<name>``.
        all_units: Every unit that there is.
    """

    now: datetime
    zone: ZoneInfo
    first: datetime | None
    counties: Collection[str]
    units: Collection[str]
    all_units: Collection[str]


def read_wall_query(given: Mapping[str, str], known: Known) -> WallQuery:
    """What an address asks for; parameters of other names are nobody's affair."""
    reader = _Reader(given)
    filters = WallFilters(
        county=reader.named("county", known.counties),
        category=reader.word("category", Category),
        unit=reader.unit({*known.units, *known.all_units}),
        starred=reader.yes_no("starred"),
        sticker=reader.word("sticker", Sticker),
        missing=reader.word("missing", Coverage),
        overdue=reader.yes_no("overdue"),
    )
    screen, part = reader.text("screen"), reader.text("part")
    query = WallQuery(
        filters=filters,
        page=reader.page(),
        at=reader.moment(known),
        screen=screen.lower() in _TRUE,
        view=reader.view(),
        part=part == "rows",
    )
    return replace(query, mistakes=tuple(reader.mistakes))


class _Reader:
    """Reads single parameters; what is wrong is remembered and reads as not given."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self.mistakes: list[str] = []

    def text(self, name: str) -> str:
        return self._given.get(name, "").strip()

    def _wrong(self, label: str, given: str, what: str) -> None:
        self.mistakes.append(f"“{label}”不能是“{shortened(given)}”：{what}。这一条件没有生效。")

    def word(self, name: str, words: type[Word]) -> Any:
        given = self.text(name)
        for word in words:
            if given and given in {word.value, word.label}:
                return word
        if given:
            self._wrong(LABELS[name], given, f"可选{'、'.join(word.label for word in words)}")
        return None

    def yes_no(self, name: str) -> bool | None:
        given = self.text(name)
        if given.lower() in _TRUE | _FALSE:
            return given.lower() in _TRUE
        if given:
            self._wrong(LABELS[name], given, "1 表示是，0 表示否")
        return None

    def named(self, name: str, names: Collection[str]) -> str | None:
        given = self.text(name)
        if given and given not in names:
            self._wrong(LABELS[name], given, "没有这个名称，请从列表中选择")
            return None
        return given or None

    def unit(self, units: Collection[str]) -> str | None:
        given = self.text("unit")
        if given and unit_id(given) not in units:
            self._wrong(LABELS["unit"], given, "没有这个单位，请从列表中选择")
            return None
        return unit_id(given) if given else None

    def page(self) -> int:
        given = self.text("page")
        if not given:
            return 1
        if re.fullmatch(r"[0-9]{1,9}", given) and 1 <= int(given) <= _MOST_PAGES:
            return int(given)
        self._wrong("页码", given, "应当是从 1 起的整数")
        return 1

    def view(self) -> View:
        given = self.text("view")
        if given and given not in set(View):
            self._wrong("视图", given, "可选 wall、stickers")
        return View(given) if given in set(View) else View.WALL

    def moment(self, known: Known) -> datetime | None:
        at = self._at(known) if self.text("at") else self._day(known)
        if at is not None and at > known.now:
            # The rest of today lies ahead: that is the live wall. Only what was typed as a moment is a mistake.
            if self.text("at"):
                self.mistakes.append("历史时刻晚于现在，已显示现在的情况。")
            return None
        return at

    def _at(self, known: Known) -> datetime | None:
        # A "+" that was not escaped arrives as a space.
        given = re.sub(r" (?=\d\d:\d\d$)", "+", self.text("at")) if len(self.text("at")) > 19 else self.text("at")
        try:
            if _LOCAL.fullmatch(given):
                return datetime.fromisoformat(given).replace(tzinfo=known.zone)
            if _OFFSET.fullmatch(given):
                return datetime.fromisoformat(given.upper().replace(" ", "T")).astimezone(known.zone)
        except (ValueError, OverflowError):
            pass
        self._wrong("时刻", given, "例如 2021-09-04T18:00 或 2021-09-04T18:00:00+08:00")
        return None

    def _day(self, known: Known) -> datetime | None:
        given = self.text("day")
        if not given:
            return None
        if known.first is None or not re.fullmatch(r"[0-9]{1,5}", given):
            self._wrong("第几天", given, "应当是从首件交办当天起算的天数，当天为 0")
            return None
        return end_of_day(known.first.astimezone(known.zone).date() + timedelta(days=int(given)), known.zone)


def shortened(given: str) -> str:
    """A wrong value as it is shown again."""
    return given if len(given) <= _SHOWN else given[: _SHOWN - 1] + "…"


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The last minute of a local day: what was done on it is done."""
    return datetime.combine(day, time(23, 59), tzinfo=zone)


def local_text(at: datetime, zone: ZoneInfo) -> str:
    """A moment as a field of date and time holds it."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def _moment_text(at: datetime) -> str:
    """Local time to the minute where that says all of it, so that people can read and change it."""
    return at.isoformat() if at.second or at.microsecond else at.strftime("%Y-%m-%dT%H:%M")


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return value.value if isinstance(value, Word) else str(value)
