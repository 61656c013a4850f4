r"""Heads: once a day, one hash over the records of all cases, each head chained to the one before.

A head covers the last entry (the tip) of every case whose record has grown since the head before; through the chain of
heads and the chains within the cases it so covers every entry that was there when it was written, and none that came
later. Why tips, and neither times nor a running number: docs/decisions/0015.

The hash of a head is the SHA-256 of, in UTF-8 and with a line feed between: its number, its day, its moment in UTC with
microseconds (``2021-09-04T00:00:00.000000+00:00``), the numbers of cases and of entries, the root over its tips in hex,
and the hash of the head before in hex (empty for the first). A tip is, in the tree of ``store.merkle``, the leaf
``case number \n sequence number \n hash in hex``; tips stand in the order of the case numbers' bytes.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from hashlib import sha256
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from petitions.values import Instant, Value
from store import queries
from store.connection import OnPool, PooledConnection
from store.merkle import proof_of, root_by, root_of
from store.problems import RESTORE, Problem, entries_told

_SQL = queries.load("heads")
_LOCK, _LATEST, _MOVED = _SQL["lock"], _SQL["latest"], _SQL["moved"]
_WRITE_HEAD, _WRITE_TIPS = _SQL["write_head"], _SQL["write_tips"]
_HEADS, _TIPS, _STRAY_TIPS = _SQL["heads"], _SQL["tips"], _SQL["stray_tips"]
_STANDING, _COVERING = _SQL["standing"], _SQL["covering"]

_LOCK_KEY = int.from_bytes(b"heads")
_PAGE = 20
_TIPS_AT_A_TIME = 1_000
_WRITE_SECONDS = 600.0
"""How long reading the ends of all cases may take; nobody waits for it."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hex."""


class Tip(Value):
    """The last entry of a case when a head was written."""

    case_no: str
    seq: Annotated[int, Field(ge=1)]
    hash: Digest

    @property
    def leaf(self) -> bytes:
        """What stands for it in the tree."""
        return f"{self.case_no}\n{self.seq}\n{self.hash}".encode()


class Head(Value):
    """A head without what it covers."""

    no: Annotated[int, Field(ge=1)]
    day: date
    """The local day on which it was written."""
    at: Instant
    cases: int
    """How many cases it covers, those of the heads before counted in."""
    entries: int
    """How many entries, counted likewise."""
    tips_root: Digest
    prev_hash: Digest | None
    hash: Digest


class CoveringHead(Head):
    """A head with its tips, in the order of the case numbers."""

    tips: tuple[Tip, ...]

    @property
    def alone(self) -> Head:
        """The head without them."""
        return Head.model_validate(self.model_dump(exclude={"tips"}))


class Proof(Value):
    """That a head covers an entry of a case, without telling anything of other cases."""

    head: Head
    tip: Tip
    place: int
    """Of the tip among the head's tips, from 0."""
    size: int
    """How many tips the head has."""
    path: tuple[Digest, ...]
    """From the tip up to the head's root; see ``store.merkle``."""

    @property
    def holds(self) -> bool:
        """Whether the tip is under the root, and the head's hash is of its content."""
        root = root_by(self.tip.leaf, self.place, self.size, [bytes.fromhex(each) for each in self.path])
        return root is not None and root.hex() == self.head.tips_root and head_hash(self.head) == self.head.hash


def head_hash(head: Head) -> str:
    """The hash of a head's content, in hex; its own ``hash`` is not looked at."""
    at = head.at.astimezone(UTC).isoformat(timespec="microseconds")
    parts = (head.no, head.day.isoformat(), at, head.cases, head.entries, head.tips_root, head.prev_hash or "")
    return sha256("\n".join(map(str, parts)).encode()).hexdigest()


class HeadChain:
    """Checks heads one after the other, from the first on."""

    def __init__(self) -> None:
        self._last: Head | None = None
        self._known: dict[str, int] = {}
        self._counted = True

    def problems(self, head: CoveringHead) -> list[str]:
        """What is wrong with the next head, by itself and after those before it."""
        found = self._out_of_line(head)
        if head_hash(head) != head.hash:
            found.append("its hash does not fit its content")
        if root_of([tip.leaf for tip in head.tips]).hex() != head.tips_root:
            found.append("what it is said to cover is not what it covered when it was written")
        for tip in head.tips:
            self._known[tip.case_no] = max(tip.seq, self._known.get(tip.case_no, 0))
        if self._counted and (head.cases, head.entries) != (len(self._known), sum(self._known.values())):
            found.append(f"it counts {head.cases} cases and {head.entries} entries, which its tips do not come to")
        self._last = head
        return found

    def _out_of_line(self, head: Head) -> list[str]:
        last_no = self._last.no if self._last else 0
        if head.no != last_no + 1:
            self._counted = False
            first, last = last_no + 1, head.no - 1
            return [f"head {first} is missing before it" if first == last else f"heads {first} to {last} are missing"]
        found: list[str] = []
        if head.prev_hash != (self._last.hash if self._last else None):
            found.append("it is not chained to the head before it")
        if self._last and head.day <= self._last.day:
            found.append(f"its day {head.day} is not after the day before it, {self._last.day}")
        return found


@dataclass
class _Uncovered:
    """What the record has no more of what heads cover of one case."""

    last_seq: int
    lost_to: int = 0
    changed: tuple[int, int] | None = None
    """The first entry that is another now, and the head that knows it."""


class Heads(OnPool):
    """Writing heads, and checking the record against them."""

    async def write_head(self, utc_offset: timedelta = timedelta(hours=8)) -> tuple[Head, bool]:
        """Write the head of this day, if there is none yet; two at once wait for each other.

        Args:
            utc_offset: By how much local time, to which the day belongs, is ahead.

        Returns:
            The latest head, and whether it is new.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection, connection.transaction():
            await connection.execute(*_LOCK(key=_LOCK_KEY), timeout=_WRITE_SECONDS)
            found = await connection.fetchrow(*_LATEST(utc_offset=utc_offset))
            assert found is not None  # its FROM always gives a row
            last = _head({**found, "at": found["written_at"]}) if found["no"] else None
            if last and last.day >= found["today"]:
                return last, False
            rows = await connection.fetch(*_MOVED(), timeout=_WRITE_SECONDS)
            tips = [Tip(case_no=row["case_no"], seq=row["seq"], hash=row["hash"].hex()) for row in rows]
            head = _next(last, tips, sum(row["seq"] - row["known_seq"] for row in rows), rows, found)
            await connection.execute(*_WRITE_HEAD(**_columns(head)))
            await connection.execute(
                *_WRITE_TIPS(
                    no=head.no,
                    tips_case_no=[tip.case_no for tip in tips],
                    tips_seq=[tip.seq for tip in tips],
                    tips_hash=[bytes.fromhex(tip.hash) for tip in tips],
                ),
                timeout=_WRITE_SECONDS,
            )
        return head, True

    async def heads(self, after: int = 0) -> AsyncGenerator[CoveringHead]:
        """All heads with what they cover, from a number on, in order.

        Raises:
            StoreError: As its kinds say.
        """
        while True:
            async with self._connected() as connection:
                page = await _heads(connection, after, _PAGE)
            for head in page:
                yield head
            if len(page) < _PAGE:
                return
            after = page[-1].no

    async def head_proof(self, case_no: str) -> Proof | None:
        """The latest head that covers something of a case, with the proof of it; none: no head does.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            no = await connection.fetchval(*_COVERING(case_no=case_no))
            if no is None:
                return None
            page = await _heads(connection, no - 1, 1)
        if not page or page[0].no != no:
            return None  # somebody has taken the head away: verifying names it
        place = next(place for place, tip in enumerate(page[0].tips) if tip.case_no == case_no)
        path = proof_of([tip.leaf for tip in page[0].tips], place)
        return Proof(
            head=page[0].alone,
            tip=page[0].tips[place],
            place=place,
            size=len(page[0].tips),
            path=tuple(each.hex() for each in path),
        )

    async def verify_heads(self) -> AsyncGenerator[Problem]:
        """Verify the heads that are stored, by themselves and against the record.

        Yields:
            What is wrong.

        Raises:
            StoreError: As its kinds say.
        """
        async with self._connected() as connection:
            stray = await connection.fetch(*_STRAY_TIPS())
        for row in stray:
            yield Problem(head=row["head_no"], what="it is missing, although what it covered is there")
        async for problem in self.verify_against(self.heads()):
            yield problem

    async def verify_exported(self, exported: Sequence[CoveringHead]) -> AsyncGenerator[Problem]:
        """Verify heads that were exported: by themselves, against the stored heads, and against the record.

        Yields:
            What is wrong.

        Raises:
            StoreError: As its kinds say.
        """
        stored = {head.no: head.hash async for head in self.heads()}
        for head in exported:
            if head.no not in stored:
                yield Problem(head=head.no, what=f"the database has lost this head of {head.day}, which the file has")
            elif stored[head.no] != head.hash:
                yield Problem(head=head.no, what=f"the database has another head of {head.day} than the file")
        async for problem in self.verify_against(_each(exported)):
            yield problem

    async def verify_against(self, heads: AsyncIterable[CoveringHead]) -> AsyncGenerator[Problem]:
        """Verify heads, from the first on, by themselves, and that the record still has all that they cover.

        Yields:
            What is wrong: of a case that lost entries the lost ones, and the first entry that is another now.

        Raises:
            StoreError: As its kinds say.
        """
        chain, uncovered = HeadChain(), dict[str, _Uncovered]()
        async for head in heads:
            for what in chain.problems(head):
                yield Problem(head=head.no, what=what)
            for at in range(0, len(head.tips), _TIPS_AT_A_TIME):
                await self._compare(head.no, head.tips[at : at + _TIPS_AT_A_TIME], uncovered)
        for case_no, found in sorted(uncovered.items()):
            for problem in _told(case_no, found):
                yield problem

    async def _compare(self, no: int, tips: Sequence[Tip], uncovered: dict[str, _Uncovered]) -> None:
        standing = _STANDING(tips_case_no=[tip.case_no for tip in tips], tips_seq=[tip.seq for tip in tips])
        async with self._connected() as connection:
            rows = {row["case_no"]: row for row in await connection.fetch(*standing)}
        for tip in tips:
            row = rows[tip.case_no]
            if row["hash"] is not None and row["hash"].hex() == tip.hash:
                continue
            found = uncovered.setdefault(tip.case_no, _Uncovered(row["last_seq"]))
            if row["hash"] is None:
                found.lost_to = max(found.lost_to, tip.seq)
            elif found.changed is None:
                found.changed = (tip.seq, no)


def _told(case_no: str, found: _Uncovered) -> Iterable[Problem]:
    if found.lost_to and not found.last_seq:
        what = f"its whole record is missing: heads cover its entries 1 to {found.lost_to}"
        yield Problem(case_no=case_no, what=what, todo=RESTORE)
    elif found.lost_to:
        first = min(found.last_seq + 1, found.lost_to)
        what = f"{entries_told(first, found.lost_to)} missing, which heads cover"
        yield Problem(case_no=case_no, seq=first, what=what)
    if found.changed:
        seq, no = found.changed
        what = "the record up to here is not the one that the head covers: it was rewritten after the head was made"
        yield Problem(case_no=case_no, seq=seq, head=no, what=what)


def _next(last: Head | None, tips: Sequence[Tip], grown: int, rows: Sequence[Any], found: Any) -> Head:
    head = Head(
        no=last.no + 1 if last else 1,
        day=found["today"],
        at=found["at"],
        cases=(last.cases if last else 0) + sum(row["known_seq"] == 0 for row in rows),
        entries=(last.entries if last else 0) + grown,
        tips_root=root_of([tip.leaf for tip in tips]).hex(),
        prev_hash=last.hash if last else None,
        hash="0" * 64,
    )
    return head.model_copy(update={"hash": head_hash(head)})


async def _heads(connection: PooledConnection, after: int, limit: int) -> list[CoveringHead]:
    rows = await connection.fetch(*_HEADS(after=after, limit=limit))
    if not rows:
        return []
    tips: dict[int, list[Tip]] = {row["no"]: [] for row in rows}
    for row in await connection.fetch(*_TIPS(first=rows[0]["no"], last=rows[-1]["no"])):
        if row["head_no"] in tips:
            tips[row["head_no"]].append(Tip(case_no=row["case_no"], seq=row["seq"], hash=row["hash"].hex()))
    return [CoveringHead(**_head(row).model_dump(), tips=tuple(tips[row["no"]])) for row in rows]


async def _each(heads: Iterable[CoveringHead]) -> AsyncGenerator[CoveringHead]:
    for head in heads:
        yield head


_HASHES = ("tips_root", "prev_hash", "hash")


def _head(row: Any) -> Head:
    fields = {name: row[name] for name in Head.model_fields}
    return Head.model_validate(fields | {name: fields[name].hex() for name in _HASHES if fields[name] is not None})


def _columns(head: Head) -> dict[str, Any]:
    fields = head.model_dump()
    return fields | {name: bytes.fromhex(fields[name]) for name in _HASHES if fields[name] is not None}
