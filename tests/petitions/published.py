"""Bulletins that the press published (``tests/data/bulletins.json``), and hand-overs that such figures could be of.

Which case had which type and region was never published: they are dealt out in the order of the lists.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from petitions.hand_over import HandOver, read_hand_over
from petitions.values import Value

LOCAL = timezone(timedelta(hours=8))
NOWHERE = "不详"
"""The county of cases that the published regions leave out."""


class Sums(Value):
    """How many cases, and how they came."""

    received: int
    phone: int
    letter: int
    starred: int

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(**{key: getattr(self, key) - getattr(other, key) for key in Sums.model_fields})


class Published(Sums):
    """One published bulletin."""

    batch: int
    date: date
    types: dict[str, int]
    regions: dict[str, int]
    cumulative: Sums


def published() -> list[Published]:
    """All of the file, by date."""
    text = (Path(__file__).parent.parent / "data" / "bulletins.json").read_text("utf-8")
    return [Published.model_validate(each) for each in json.loads(text)["bulletins"]]


def hand_overs_of(bulletin: Published) -> list[HandOver]:
    """A batch with exactly the published figures.

    Types beyond one a case go to the first cases as a second one; regions beyond one a case make the first ones joint;
    cases beyond the regions belong to none.
    """
    types, regions = _dealt(bulletin.types), _dealt(bulletin.regions)
    number = bulletin.received
    counties = [*regions[:number], *[NOWHERE] * (number - len(regions))]
    for at, region in enumerate(regions[number:]):
        counties[at] += f"、{region}"
    categories = [[kind] for kind in types[:number]]
    for at, kind in enumerate(types[number:]):
        categories[at].append(kind)
    return list(_batch(bulletin.batch, bulletin.date, bulletin, counties, categories))


def other_hand_overs(batch: int, day: date, sums: Sums, regions: Mapping[str, str]) -> list[HandOver]:
    """A batch of which only the sums are known."""
    counties = list(islice(cycle(regions), sums.received))
    return list(_batch(batch, day, sums, counties, [["other"]] * sums.received))


def all_hand_overs(regions: Mapping[str, str]) -> list[HandOver]:
    """The two published batches, and as many cases before and between them as their cumulative figures tell of."""
    first, second = published()
    before, between = first.cumulative - first, second.cumulative - first.cumulative - second
    batches = [hand_overs_of(first), hand_overs_of(second)]
    days = first.batch - 1
    for batch, part in enumerate(_shares(before, days), 1):
        batches.append(other_hand_overs(batch, first.date - timedelta(days=first.batch - batch), part, regions))
    batches.append(other_hand_overs(first.batch + 1, first.date + timedelta(days=1), between, regions))
    return [hand_over for batch in batches for hand_over in batch]


def _dealt(counts: Mapping[str, int]) -> list[str]:
    return [key for key, number in counts.items() for _ in range(number)]


def _shares(sums: Sums, parts: int) -> Iterator[Sums]:
    """The sums in nearly equal parts."""

    def share(total: int, part: int) -> int:
        return total * (part + 1) // parts - total * part // parts

    for part in range(parts):
        phone, letter = share(sums.phone, part), share(sums.letter, part)
        yield Sums(received=phone + letter, phone=phone, letter=letter, starred=share(sums.starred, part))


def _batch(batch: int, day: date, sums: Sums, counties: list[str], categories: list[list[str]]) -> Iterator[HandOver]:
    received_at = datetime(day.year, day.month, day.day, 9, tzinfo=LOCAL)
    for at in range(sums.received):
        fields: dict[str, Any] = {
            "case_no": f"D51{day:%Y%m%d}{at + 1:04}",
            "received_at": received_at.isoformat(),
            "batch": batch,
            "channel": "phone" if at < sums.phone else "letter",
            # Not the first ones only, which are all of one channel and one region.
            "starred": at * sums.starred // sums.received != (at + 1) * sums.starred // sums.received,
            "county": counties[at],
            "location": "某处",
            "categories": categories[at],
            "summary": "群众反映",
        }
        yield read_hand_over(json.dumps(fields).encode())
