"""What a bulletin is made of and what it says: the facts it counts, its counts, and its remarks."""

from datetime import date, time
from typing import Final

from pydantic import Field

from petitions.values import Instant, Value
from petitions.vocabulary import Category, Channel, Word

CUMULATIVE_UNTIL: Final = time(10)
"""Cumulative figures are as of this hour of the day, local time, inclusive."""
TYPES_AS_PRINTED: Final = (
    Category.AIR,
    Category.WATER,
    Category.NOISE,
    Category.SOIL,
    Category.ECOLOGY,
    Category.RADIATION,
    Category.MARINE,
    Category.OTHER,
)
"""Pollution types in the order in which bulletins list them."""


class HandOverFacts(Value):
    """What bulletins need of a case: its hand-over, and its star as of ten."""

    case_no: str
    received_at: Instant
    batch: int | None
    channel: Channel
    county: str
    """One region, or those of a joint case with ``、`` between."""
    categories: tuple[Category, ...]
    starred: bool
    """As handed over: what the batch's list says."""
    starred_until_ten: bool
    """As it stood at ten o'clock of the bulletin's day: what the cumulative figures count."""


class Region(Value):
    """Cases of one region; a joint case counts in each of its own."""

    id: str
    """As hand-overs write it."""
    name: str
    """What people read."""
    cases: int


class Counts(Value):
    """How many cases were handed over, how they had come, and where they belong."""

    received: int
    phone: int
    letter: int
    online: int
    other: int
    """Cases that came in none of the other ways."""
    starred: int
    regions: tuple[Region, ...]
    """Those with a case, in the jurisdiction's order; cases outside every region count in none."""


class BatchCounts(Counts):
    """One batch, as handed over on the day."""

    batch: int
    types: dict[Category, int]
    """Cases by pollution type, as printed; a case with several types counts in each."""


class CumulativeCounts(Counts):
    """All that the record holds until ten o'clock of the day."""

    at: Instant


class RemarkKind(Word):
    """Why counts do not add up."""

    SEVERAL_TYPES = "several_types", "一件多类"
    JOINT = "joint", "联合办理"
    OUTSIDE = "outside", "地区不明"
    OTHER_DAY = "other_day", "同批不同日"
    NO_BATCH = "no_batch", "未标批次"
    AFTER_TEN = "after_ten", "10时后交办"
    STAR_CHANGED = "star_changed", "加星调整"


class Remark(Value):
    """One reason why counts do not add up, and the cases it is about."""

    kind: RemarkKind
    batch: int | None
    """Which batch's counts; none: the cumulative ones, or no batch at all."""
    cases: tuple[str, ...] = Field(min_length=1)
    """Their numbers, all of them."""
    text: str
    """For people, in Chinese; of many cases it names only the first."""


class Bulletin(Value):
    """The bulletin of one day."""

    date: date
    jurisdiction: str
    """The jurisdiction's name: 四川省."""
    batches: tuple[BatchCounts, ...] = Field(min_length=1)
    """The day's batches by number; nearly always one."""
    cumulative: CumulativeCounts
    remarks: tuple[Remark, ...]


class BulletinDay(Value):
    """The moments that bound a bulletin, in the jurisdiction's time."""

    date: date
    begins: Instant
    ends: Instant
    """The first moment of the next day."""
    ten: Instant
    """Until when (inclusive) the cumulative figures count."""
