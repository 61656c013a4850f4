"""Regions: where a case belongs, as its hand-over says it; a joint case belongs to several (docs/decisions/0008)."""

from collections.abc import Mapping
from typing import Final

SEPARATOR: Final = "、"
"""Stands between the regions of a joint case: ``成都市、眉山市``."""


def regions_of(county: str) -> tuple[str, ...]:
    """The regions that a hand-over's ``county`` names, each once, the leading one first; one at the least."""
    parts = (part.strip() for part in county.split(SEPARATOR))
    return tuple(dict.fromkeys(part for part in parts if part)) or (county,)


def shown(county: str, names: Mapping[str, str]) -> str:
    """What people read for a ``county``.

    Args:
        county: One region or several, as the hand-over says it.
        names: What to write for regions that are not shown by their own id.
    """
    return SEPARATOR.join(names.get(region, region) for region in regions_of(county))
