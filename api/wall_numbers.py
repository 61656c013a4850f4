"""What every wall in the same sight shares: numbers, choices of the filters, closed and merged cases; kept shortly.

To count all cases costs far more than a screenful of them, and many people look at once.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Final, Generic, TypeVar

from fastapi import Depends, Request

from petitions.access import Sight
from store import Store
from store.duplicates import MergedCase
from store.wall_figures import ClosedCase, Satisfaction, WallChoices, WallNumbers

KEPT_SECONDS: Final = 1.0
"""How old what stands around the rows may be without being read anew."""
STALE_SECONDS: Final = 10.0
"""How old it may be on a page that does not wait for the reading that it sets going.

The rows of every page are as of this moment, and a page that is live asks for all of it anew at once.
"""
CLOSED_ROWS: Final = 60
_MOST_SIGHTS = 500

_T = TypeVar("_T")


@dataclass(frozen=True)
class Ended:
    """Cases that are over.

    Attributes:
        closed: Those that closed last, one more than are listed.
        merged: The merged ones by their number.
        answered: The merged ones by the number of the one that answers them.
    """

    closed: tuple[ClosedCase, ...]
    merged: Mapping[str, MergedCase]
    answered: Mapping[str, Sequence[MergedCase]]


@dataclass(frozen=True)
class Surroundings:
    """Beside the rows of the wall, of all cases in sight.

    Attributes:
        numbers: Of the summary line.
        satisfaction: What residents answered.
        choices: What the filters can be set to.
        first: When the first case was handed over.
        ended: The cases that are over.
    """

    numbers: WallNumbers
    satisfaction: Satisfaction
    choices: WallChoices
    first: datetime | None
    ended: Ended


@dataclass
class _Kept(Generic[_T]):
    """A reading that is shared: one at a time, and everybody who waits gets one that began late enough."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    began: float = float("-inf")
    value: _T | None = None
    renewing: asyncio.Task[_T] | None = None

    async def get(self, read: Callable[[_T | None], Awaitable[_T]], oldest: float) -> _T:
        """What was read, or is read now.

        Args:
            read: Reads it, given what was read before.
            oldest: When the reading must have begun at the earliest, by the monotonic clock.
        """
        if self.value is None or self.began < oldest:
            async with self.lock:
                if self.value is None or self.began < oldest:
                    began = time.monotonic()
                    self.value, self.began = await read(self.value), began
        return self.value

    async def get_soon(self, read: Callable[[_T | None], Awaitable[_T]]) -> _T:
        """What was read lately, while it is read anew behind; what is too old for that is waited for."""
        now = time.monotonic()
        if self.value is None or self.began < now - STALE_SECONDS:
            return await self.get(read, now - KEPT_SECONDS)
        if self.began < now - KEPT_SECONDS and (self.renewing is None or self.renewing.done()):
            self.renewing = asyncio.create_task(self.get(read, now - KEPT_SECONDS))
            self.renewing.add_done_callback(_look_at)
        return self.value


def _look_at(renewing: "asyncio.Task[_T]") -> None:
    """Take note of how a reading ended that nobody waits for: whoever waits for the next one is told of a failure."""
    if not renewing.cancelled():
        renewing.exception()


def _ends(numbers: WallNumbers) -> tuple[object, ...]:
    """What changes whenever a case comes, closes or is reopened."""
    return numbers.received, numbers.concluded, numbers.elsewhere, numbers.closed_last


def _merges(numbers: WallNumbers) -> tuple[object, ...]:
    """What changes whenever a case is merged, or comes and may be the one that answers it."""
    return numbers.received, numbers.elsewhere


async def _read_ended(store: Store, sight: Sight, numbers: WallNumbers, before: "Surroundings | None") -> Ended:
    if before is not None and _merges(before.numbers) == _merges(numbers):
        closed = await store.closed_lately(sight=sight, limit=CLOSED_ROWS + 1)
        return replace(before.ended, closed=tuple(closed))
    closed, merged = await asyncio.gather(
        store.closed_lately(sight=sight, limit=CLOSED_ROWS + 1), store.merged_cases(sight=sight)
    )
    answered: dict[str, list[MergedCase]] = {}
    for each in merged:
        if each.answered_by is not None:
            answered.setdefault(each.answered_by, []).append(each)
    return Ended(tuple(closed), {each.case_no: each for each in merged}, answered)


class SharedSurroundings:
    """The surroundings by sight, for one application."""

    def __init__(self) -> None:
        self._kept: dict[Sight, _Kept[Surroundings]] = {}

    async def get(self, store: Store, now: datetime, sight: Sight, *, since: float | None) -> Surroundings:
        """The surroundings of the wall.

        Args:
            store: Where they are read.
            now: The procedure's time.
            sight: Of which cases.
            since: When they must have been read at the earliest, by the monotonic clock; they are never older than
                ``KEPT_SECONDS`` then. None: they may be ``STALE_SECONDS`` old.

        Raises:
            StoreError: As the store says.
        """

        async def read(before: Surroundings | None) -> Surroundings:
            numbers, satisfaction, choices, first = await asyncio.gather(
                store.wall_numbers(now, sight=sight),
                store.satisfaction(now, sight=sight),
                store.wall_choices(sight=sight),
                store.first_hand_over(sight=sight),
            )
            # A list of thousands is read again only when a case has come or closed since.
            if before is not None and _ends(before.numbers) == _ends(numbers):
                ended = before.ended
            else:
                ended = await _read_ended(store, sight, numbers, before)
            return Surroundings(numbers, satisfaction[""], choices, first, ended)

        if sight not in self._kept and len(self._kept) >= _MOST_SIGHTS:
            self._kept.pop(next(iter(self._kept)))
        kept = self._kept.setdefault(sight, _Kept[Surroundings]())
        if since is None:
            return await kept.get_soon(read)
        return await kept.get(read, max(since, time.monotonic() - KEPT_SECONDS))


def _shared(request: Request) -> SharedSurroundings:
    """The application's own, made when the first wall is asked for."""
    state = request.app.state
    if not hasattr(state, "wall_surroundings"):
        state.wall_surroundings = SharedSurroundings()
    assert isinstance(state.wall_surroundings, SharedSurroundings)
    return state.wall_surroundings


Shared = Annotated[SharedSurroundings, Depends(_shared)]
"""The parameter by which a route asks for it."""
