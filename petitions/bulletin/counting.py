"""The bulletin of a day, as the press prints it: what was handed over that day, batch by batch, and all until ten.

Everything is counted from hand-overs and changes of stars alone. Where counts do not add up, a remark says which cases
make the difference and why (docs/decisions/0008).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from petitions.bulletin.figures import (
    CUMULATIVE_UNTIL,
    TYPES_AS_PRINTED,
    BatchCounts,
    Bulletin,
    BulletinDay,
    CumulativeCounts,
    HandOverFacts,
    Region,
    Remark,
)
from petitions.bulletin.remarks import remarks_on_batch, remarks_on_regions, remarks_without_batch
from petitions.jurisdiction.model import Jurisdiction
from petitions.regions import regions_of
from petitions.vocabulary import Channel


def bulletin_day(day: date, jurisdiction: Jurisdiction) -> BulletinDay:
    """The day where the jurisdiction is.

    Raises:
        OverflowError: The day is the last of the calendar.
    """
    zone = ZoneInfo(jurisdiction.timezone)
    begins, ends = (datetime.combine(each, time(0), zone) for each in (day, day + timedelta(days=1)))
    return BulletinDay(date=day, begins=begins, ends=ends, ten=datetime.combine(day, CUMULATIVE_UNTIL, zone))


def bulletin(cases: Iterable[HandOverFacts], day: BulletinDay, jurisdiction: Jurisdiction) -> Bulletin | None:
    """The bulletin of a day, or none if no batch was handed over that day.

    Args:
        cases: Every case handed over before ``day.ends``.
        day: From ``bulletin_day``.
        jurisdiction: Says which regions there are.
    """
    known = sorted(cases, key=lambda case: (case.received_at, case.case_no))
    on_the_day = [case for case in known if day.begins <= case.received_at < day.ends]
    numbers = sorted({case.batch for case in on_the_day if case.batch is not None})
    if not numbers:
        return None
    regions = jurisdiction.regions()
    batches: list[BatchCounts] = []
    remarks: list[Remark] = []
    for number in numbers:
        batch = [case for case in on_the_day if case.batch == number]
        counts = _batch_counts(number, batch, regions)
        earlier = [case for case in known if case.batch == number and case.received_at < day.begins]
        batches.append(counts)
        remarks += remarks_on_batch(counts, batch, earlier, day, regions)
    until_ten = [case for case in known if case.received_at <= day.ten]
    starred = sum(case.starred_until_ten for case in until_ten)
    cumulative = CumulativeCounts(at=day.ten, starred=starred, **_counts(until_ten, regions))
    remarks += remarks_without_batch([case for case in on_the_day if case.batch is None])
    remarks += remarks_on_regions(cumulative, until_ten, regions)
    return Bulletin(
        date=day.date,
        jurisdiction=jurisdiction.name,
        batches=tuple(batches),
        cumulative=cumulative,
        remarks=tuple(remarks),
    )


def _batch_counts(number: int, batch: Sequence[HandOverFacts], regions: Mapping[str, str]) -> BatchCounts:
    kinds = Counter(category for case in batch for category in set(case.categories))
    return BatchCounts(
        batch=number,
        starred=sum(case.starred for case in batch),
        types={kind: kinds[kind] for kind in TYPES_AS_PRINTED if kinds[kind]},
        **_counts(batch, regions),
    )


def _counts(cases: Sequence[HandOverFacts], regions: Mapping[str, str]) -> dict[str, Any]:
    channels = Counter(case.channel for case in cases)
    places = Counter(region for case in cases for region in regions_of(case.county))
    return {
        "received": len(cases),
        **{channel.value: channels[channel] for channel in Channel},
        "regions": tuple(Region(id=key, name=name, cases=places[key]) for key, name in regions.items() if places[key]),
    }
