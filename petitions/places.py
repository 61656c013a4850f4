"""Places as people write them: taken apart, so that two writings of one place are told from two places."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple, Self

from petitions.duplicate_words import PLACE_ENDINGS, PLACE_KINDS
from petitions.regions import regions_of

COMPARED_PLACE: Final = 200
"""Characters of a place that are compared."""
SAME_KIND: Final = 0.65
"""How near two places are of which only the kind is said, and is the same."""
_SAME_TOWN: Final = 0.1
_SAME_VILLAGE: Final = 0.2
"""What the same town and village add: little, for all of a town's cases have it in common."""

_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_NO_WORD = re.compile(r"[\W_]+")
_SPACE = re.compile(r"\s+")
_NUMERALS: Final = "一二三四五六七八九"
_DIGITS: Final = frozenset("0123456789十" + _NUMERALS)
_COUNTED = re.compile(r"第([一二三四五六七八九十]{1,3})|([一二三四五六七八九十]{1,3})(?=[号组社期栋幢段级分])")

_ABOVE = re.compile(r"^(?:\w{2,3}省)?(?:\w{2,3}(?<![超菜夜集贸])(?:市|州))?")
"""Province and city, which all cases have in common; 惠民超市 is no city."""
_TOWN = re.compile(r"^(\w{1,6}?)(?:街道办事处|街道办|街道|镇|乡(?!村))")
_VILLAGE = re.compile(r"^(\w{1,6}?)(?:村民委员会|村委会|居委会|社区|村(?!庄))")
_KINDS = re.compile("|".join([*sorted(PLACE_KINDS, key=len, reverse=True), f"[{PLACE_ENDINGS}]$"]))
_UNNAMED: Final = "某"


def normal(text: str, most: int) -> str:
    """The beginning of a text without differences of writing: width, case, spaces, and how numbers are written.

    Args:
        text: As somebody wrote it.
        most: How many characters of it.
    """
    same_width = text[:most].translate(_FULL_WIDTH).casefold()
    return _COUNTED.sub(lambda found: str(_number(found[1] or found[2])), _SPACE.sub("", same_width))


def pairs(text: str) -> frozenset[str]:
    """Every two characters that stand together in a word of the text."""
    return frozenset(word[start : start + 2] for word in text.split() for start in range(len(word) - 1))


def only_words(text: str) -> str:
    """The text without punctuation and spaces."""
    return _NO_WORD.sub("", text)


class Place(NamedTuple):
    """A place taken apart: the town, the village, and what is left, which is the place itself.

    Attributes:
        town: Without its suffix; none if the text does not say which.
        village: The same.
        rest: The place itself; empty if the text says nothing below the village.
        name: What of ``rest`` tells it from others of its kind, in words; none of them is a single character.
        numbers: Its numbers: station 1 is not station 2.
    """

    town: str | None
    village: str | None
    rest: str
    name: str
    numbers: frozenset[str]

    @classmethod
    def read(cls, location: str, county: str) -> Self:
        """Take a location apart.

        Args:
            location: As somebody wrote it.
            county: The case's, which is often written before the place once more.
        """
        regions = [only_words(normal(region, COMPARED_PLACE)) for region in regions_of(county)]
        rest = _without(only_words(normal(location, COMPARED_PLACE)), regions)
        rest = _without(_ABOVE.sub("", rest), regions)
        town, rest = _taken(_TOWN, rest)
        village, rest = _taken(_VILLAGE, rest)
        rest = rest.replace(_UNNAMED, "")
        return cls(
            town=town,
            village=village,
            rest=rest,
            name=" ".join(word for word in _KINDS.split(rest) if len(word) > 1),
            numbers=frozenset(re.findall(r"[0-9]+", rest)),
        )

    @property
    def told_apart(self) -> bool:
        """Whether it is told from others of its kind in the county."""
        return bool(self.name or self.village or (self.town and self.rest))

    @property
    def marks(self) -> frozenset[str]:
        """Pairs of characters that tell it, without numbers, which people write in several ways."""
        return frozenset(pair for pair in pairs(self.name) if _DIGITS.isdisjoint(pair))

    def contradicts(self, other: "Place") -> bool:
        """Whether they cannot be one place: of another town, village or number."""
        return (
            _differ(self.town, other.town)
            or _differ(self.village, other.village)
            or bool(self.numbers and other.numbers and self.numbers.isdisjoint(other.numbers))
        )

    def likeness(self, other: "Place") -> float:
        """How near it is to another, 0 to 1."""
        if self.contradicts(other):
            return 0.0
        likeness = self._rest_likeness(other)
        if likeness and self.town and self.town == other.town:
            likeness += _SAME_TOWN
        if likeness and self.village and self.village == other.village:
            likeness += _SAME_VILLAGE
        return min(1.0, likeness)

    def _rest_likeness(self, other: "Place") -> float:
        shorter, longer = sorted((self.rest, other.rest), key=len)
        if not shorter:
            # Nothing is said but the village, the town, or nothing at all.
            same_village = self.village is not None and self.village == other.village
            return SAME_KIND if same_village or not longer else 0.0
        both_named = bool(self.name and other.name)
        if len(shorter) > 1 and shorter in longer:
            return 1.0 if both_named else SAME_KIND
        if both_named:
            # 李家巷 and 王家巷 share a pair of characters, and no name.
            return shared(pairs(self.name), pairs(other.name))
        return min(shared(pairs(self.rest), pairs(other.rest)), SAME_KIND)


def shared(some: AbstractSet[str], others: AbstractSet[str]) -> float:
    """What two sets share, of both (Dice): 0 to 1."""
    return 2 * len(some & others) / (len(some) + len(others)) if some and others else 0.0


def _number(numerals: str) -> int:
    tens, ten, ones = numerals.rpartition("十")
    value = _NUMERALS.find(ones[-1:]) + 1 if ones else 0
    return value + (10 * (_NUMERALS.find(tens[-1:]) + 1 if tens else 1) if ten else 0)


def _without(text: str, names: Sequence[str]) -> str:
    for name in names:
        text = text.removeprefix(name)
    return text


def _taken(part: re.Pattern[str], text: str) -> tuple[str | None, str]:
    """A part's name at the beginning of a text, and what follows."""
    found = part.match(text)
    if not found:
        return None, text
    return (None if _UNNAMED in found[1] else found[1]), text[found.end() :]


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other
