"""The figures that the city publishes: how many cases were received, concluded and starred, and where (§1)."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from petitions.regions import regions_of
from petitions.values import Instant, Value


class CaseFacts(Value):
    """What the figures need to know of a case, as its record stood at the moment in question."""

    case_no: str
    county: str
    received_at: Instant
    starred: bool
    concluded_at: Instant | None
    """When it was concluded; a merged or withdrawn case never is."""


class Figures(Value):
    """The figures as of one moment."""

    received: int
    concluded: int
    starred: int
    by_county: dict[str, int]
    """Cases received, by county; a joint case counts in each of its own."""


def figures(cases: Iterable[CaseFacts], at: datetime) -> Figures:
    """The figures as of ``at`` (inclusive)."""
    received = [case for case in cases if case.received_at <= at]
    counties = Counter(county for case in received for county in regions_of(case.county))
    return Figures(
        received=len(received),
        concluded=sum(case.concluded_at is not None and case.concluded_at <= at for case in received),
        starred=sum(case.starred for case in received),
        by_county=dict(sorted(counties.items())),
    )
