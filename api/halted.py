"""What the pages say of cases that stand apart from their workflows: they must not look as though all were well."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from api.addresses import case_address
from petitions.telling import moment
from store.discrepancies import KeptDiscrepancy


@dataclass(frozen=True)
class Halted:
    """One such case.

    Attributes:
        what: What is the matter, in words.
        since: When that was found, in local time.
        until: When it was over; none: it still is so.
    """

    case_no: str
    address: str
    what: str
    since: str
    until: str | None


def halted(kept: Sequence[KeptDiscrepancy], timezone: str) -> tuple[Halted, ...]:
    """What was found, in words.

    Args:
        kept: What was found.
        timezone: The jurisdiction's. The moments are of the engine's clock, not of a demonstration's.
    """
    zone = ZoneInfo(timezone)
    return tuple(
        Halted(
            case_no=each.case_no,
            address=case_address(each.case_no),
            what=each.kind.label,
            since=_local(each.found_at, zone),
            until=_local(each.gone_at, zone) if each.gone_at else None,
        )
        for each in kept
    )


def _local(at: datetime, zone: ZoneInfo) -> str:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return moment(at, int(offset.total_seconds()) // 60)
