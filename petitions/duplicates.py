"""Likely duplicates (疑似重复件): cases of the same county, of near places, about the same matter, not long apart.

A proposal is for a clerk, who reads the reason, looks and decides: nothing is ever merged by it. So a reason says what
the clerk can check, and a missed duplicate is worse than one proposed too many, but a list of many is not read.
"""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from typing import Final, NamedTuple, Self

from petitions.duplicate_words import FILLING, MEANINGS, STOCK, Meaning
from petitions.hand_over import HandOver
from petitions.places import COMPARED_PLACE, Place, normal, only_words, pairs
from petitions.regions import regions_of
from petitions.values import Instant, Value
from petitions.vocabulary import Category, Stage

DUPLICATE_WINDOW: Final = timedelta(days=60)
"""How far apart the hand-overs of duplicates may be: an inspection's stay of a month, and its cases' handling. What
comes back later is a relapse, which is a matter of its own."""
MOST_PROPOSED: Final = 5
"""Proposals at the most: a clerk compares a handful."""
COMPARED_TEXT: Final = 2_000
"""Characters of a complaint that are compared: ten times a usual one, so that no text takes long."""

PLACE_ENOUGH: Final = 0.5
"""From here on places are near: half of what names the one names the other, or one is part of the other."""
MATTER_ENOUGH: Final = 0.45
"""From here on matters are alike, where a place with a name is the same: different words for one thing rarely share
more, two matters of one alley share a time and a culprit, which is less."""
MATTER_ENOUGH_ANYWHERE: Final = 0.7
"""The same where no name tells one place from another (某河段): then the complaints themselves must tell it."""

_LEAST_COMPARED: Final = 6
"""Weight that a complaint is taken to have at the least: else one word in common would be all of a short one."""
_TEXT_SHARE: Final = 0.85
"""What the words count for the matter; the rest is for the pollution types, which are chosen roughly."""
_TOLD_OF: Final = 0.75
"""How near a place is that the other complaint tells of: named by both, but of one it may be a landmark only."""
_SHOWN_PLACE: Final = 40
_SHOWN_PHRASES: Final = 4


class Handed(Value):
    """What is compared of a case that was handed over."""

    case_no: str
    received_at: Instant
    county: str
    location: str
    summary: str
    categories: tuple[Category, ...]
    stage: Stage | None = None
    """Of the case that answers it; none if that is not known."""
    answered_by: str | None = None
    """The case into which it was merged, over however many; none: it was not."""

    @classmethod
    def of(cls, hand_over: HandOver) -> Self:
        """What is compared of a hand-over."""
        return cls.model_validate(
            hand_over.model_dump(
                include={"case_no", "received_at", "county", "location", "summary", "categories"},
            )
        )


class LikelyDuplicate(Value):
    """A case that may be about the same matter."""

    case_no: str
    likeness: float
    """0 to 1."""
    reason: str
    """What is alike, in Chinese, for a clerk to check."""
    stage: Stage | None = None
    """Where that case stands, if it is known."""
    through: str | None = None
    """The case that is alike, where ``case_no`` is the one into which it was merged."""


def likely_duplicates(hand_over: HandOver, others: Sequence[Handed]) -> tuple[LikelyDuplicate, ...]:
    """The cases that a hand-over may repeat, the likeliest first, ``MOST_PROPOSED`` at the most.

    A case that was merged stands for the one that answers it. Which of two cases is the hand-over makes no
    difference to their likeness.
    """
    this = _Compared(Handed.of(hand_over))
    best: dict[str, _Match] = {}
    for other in others:
        proposed = other.answered_by or other.case_no
        if hand_over.case_no in {proposed, other.case_no} or not _may_be_the_same(this.handed, other):
            continue
        compared = _Compared(other)
        through = other.case_no if other.case_no != proposed else ""
        found = _Match(-_likeness(this, compared), proposed, through, compared)
        known = best.get(proposed)
        if found.unlikeness < 0 and (known is None or found[:3] < known[:3]):
            best[proposed] = found
    likeliest = sorted(best.values(), key=lambda match: match[:3])[:MOST_PROPOSED]
    return tuple(_proposal(this, match) for match in likeliest)


def place_marks(hand_over: HandOver) -> tuple[str, ...]:
    """Pairs of characters that tell the place: a case that names the same place has one, in its location or summary.

    For a store that has too many cases to compare them all. Numbers are left out, which people write in several ways.
    Empty: the location names no place.
    """
    return tuple(sorted(Place.read(hand_over.location, hand_over.county).marks))


def _may_be_the_same(one: Handed, other: Handed) -> bool:
    if abs(one.received_at - other.received_at) > DUPLICATE_WINDOW:
        return False
    return not set(regions_of(one.county)).isdisjoint(regions_of(other.county))


class _Match(NamedTuple):
    """A case that is alike; the first three sort the likeliest to the front, of equals one that was not merged."""

    unlikeness: float
    proposed: str
    through: str
    other: "_Compared"


def _likeness(one: "_Compared", other: "_Compared") -> float:
    """How likely two cases are duplicates, 0 to 1; nothing if they are not likely enough to be proposed."""
    place = _place_likeness(one, other)
    if place < PLACE_ENOUGH:
        return 0.0
    matter = _matter_likeness(one, other)
    told_apart = (one.place.told_apart and other.place.told_apart) or bool(_told_by_complaints(one, other))
    if matter < (MATTER_ENOUGH if told_apart else MATTER_ENOUGH_ANYWHERE):
        return 0.0
    return round((place + matter) / 2, 2)


def _proposal(this: "_Compared", match: _Match) -> LikelyDuplicate:
    through = match.through or None
    return LikelyDuplicate(
        case_no=match.proposed,
        likeness=-match.unlikeness,
        reason=_reason(this, match.other, through),
        stage=match.other.handed.stage,
        through=through,
    )


_STOCK = re.compile("|".join(sorted(STOCK, key=len, reverse=True)))
_MEANT = re.compile("|".join(sorted(map(re.escape, MEANINGS), key=len, reverse=True)))
_BETWEEN = re.compile(rf"[\W_{FILLING}]+")


# The next hand-over of the county is compared with nearly the same cases.
@lru_cache(maxsize=1024)
def _read(location: str, county: str) -> Place:
    return Place.read(location, county)


@lru_cache(maxsize=1024)
def _normal(text: str) -> str:
    return normal(text, COMPARED_TEXT)


class _Compared:
    """A case as it is compared; each part is made once, and only if it is needed."""

    def __init__(self, handed: Handed) -> None:
        self.handed = handed

    @cached_property
    def place(self) -> Place:
        return _read(self.handed.location[:COMPARED_PLACE], self.handed.county)

    @cached_property
    def text(self) -> str:
        return _normal(self.handed.summary[:COMPARED_TEXT])

    @cached_property
    def _matter(self) -> str:
        """The text without what tells nothing, and without the place, which is compared by itself."""
        text = self.text
        for region in regions_of(self.handed.county):
            text = text.replace(normal(region, COMPARED_PLACE), " ")
        if self.place.rest:
            text = text.replace(self.place.rest, " ")
        return _STOCK.sub(" ", text)

    @cached_property
    def meanings(self) -> frozenset[Meaning]:
        """What the complaint speaks of, as far as the tables know."""
        return frozenset(MEANINGS[found] for found in _MEANT.findall(self._matter))

    @cached_property
    def pairs(self) -> frozenset[str]:
        """The rest of it, by pairs of characters."""
        return pairs(_BETWEEN.sub(" ", _MEANT.sub(" ", self._matter)))

    @cached_property
    def weight(self) -> int:
        """How much the complaint tells."""
        return _weight(self.meanings, self.pairs)


def _place_likeness(one: _Compared, other: _Compared) -> float:
    """How near two places are, 0 to 1."""
    likeness = one.place.likeness(other.place)
    if likeness < PLACE_ENOUGH and not one.place.contradicts(other.place) and _told_by_complaints(one, other):
        return _TOLD_OF
    return likeness


def _told_by_complaints(one: _Compared, other: _Compared) -> tuple[str, ...]:
    """The place of each that the other's complaint names."""
    both = ((one, other), (other, one))
    return tuple(
        at.place.rest
        for at, telling in both
        if at.place.name and len(at.place.rest) > 2 and at.place.rest in telling.text
    )


def _weight(meanings: AbstractSet[Meaning], pairs: AbstractSet[str]) -> int:
    return sum(meaning.weight for meaning in meanings) + len(pairs)


def _matter_likeness(one: _Compared, other: _Compared) -> float:
    """How alike two complaints are, 0 to 1: between what they share of both, and of the shorter."""
    shared = _weight(one.meanings & other.meanings, one.pairs & other.pairs)
    least, most = sorted((max(one.weight, _LEAST_COMPARED), max(other.weight, _LEAST_COMPARED)))
    said = (shared / least + 2 * shared / (least + most)) / 2
    if one.text == other.text:
        said = 1.0
    return _TEXT_SHARE * said + (1 - _TEXT_SHARE) * _type_likeness(one.handed.categories, other.handed.categories)


def _type_likeness(some: Sequence[Category], others: Sequence[Category]) -> float:
    known, known_others = set(some) - {Category.OTHER}, set(others) - {Category.OTHER}
    if not known or not known_others:
        return 0.5
    return len(known & known_others) / min(len(known), len(known_others))


# Reasons -------------------------------------------------------------------------------------------------------


def _reason(one: _Compared, other: _Compared, through: str | None) -> str:
    mine, theirs = one.handed, other.handed
    regions = [region for region in regions_of(mine.county) if region in regions_of(theirs.county)]
    said = [f"与已并入该件的{through}相似"] if through else []
    said += [
        f"同在{'、'.join(regions)}",
        _place_reason(one, other),
        _matter_reason(one, other),
        *_type_reason(mine.categories, theirs.categories),
        _time_reason(mine, theirs),
    ]
    return "；".join(said)


def _place_reason(one: _Compared, other: _Compared) -> str:
    here, there = _shown(one.handed.location), _shown(other.handed.location)
    if one.place == other.place:
        return f"地点相同：“{here}”"
    if one.place.likeness(other.place) < PLACE_ENOUGH:
        named = "”“".join(map(_shown, dict.fromkeys(_told_by_complaints(one, other))))
        return f"地点相近：“{here}”和“{there}”，反映问题中提到“{named}”"
    return f"地点相近：“{here}”和“{there}”"


def _shown(text: str) -> str:
    line = " ".join(text[: 2 * _SHOWN_PLACE].split())
    return line if len(line) <= _SHOWN_PLACE else line[: _SHOWN_PLACE - 1] + "…"


def _matter_reason(one: _Compared, other: _Compared) -> str:
    if one.text == other.text:
        return "反映问题相同"
    shared = sorted(one.meanings & other.meanings, key=lambda meaning: (-meaning.weight, meaning.label))
    words = [meaning.label for meaning in shared] or _phrases(one.text, other.text)
    more = "等" if len(words) > _SHOWN_PHRASES else ""
    return f"反映问题相似（都提到{'、'.join(words[:_SHOWN_PHRASES])}{more}）" if words else "反映问题相似"


def _phrases(one: str, other: str) -> list[str]:
    """The longest pieces of text that stand in both."""
    one, other = one[:300], other[:300]
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    pieces = {only_words(one[block.a : block.a + block.size]) for block in blocks}
    return sorted((piece[:20] for piece in pieces if len(piece) > 1), key=lambda piece: (-len(piece), piece))


def _type_reason(some: Sequence[Category], others: Sequence[Category]) -> list[str]:
    shared = [category.label for category in some if category in others]
    if not shared:
        return []
    return [f"{'均为' if set(some) == set(others) else '都涉及'}{'、'.join(shared)}"]


def _time_reason(one: Handed, other: Handed) -> str:
    days = abs(one.received_at - other.received_at) // timedelta(days=1)
    return f"交办相隔{days}天" if days else "交办相隔不到1天"
