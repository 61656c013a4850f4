"""What the routes work with, made once for the application and given to each of them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from activities.jurisdictions import Jurisdictions
from api.rates import Rates
from api.settings import ApiSettings
from intake.complainants import SealedComplainants
from intake.engine import Engine
from intake.errors import EngineAwayError
from petitions.clock import CaseClock
from sealing.payload_codec import Payloads
from store import Store, StoreAwayError
from store.changes import CaseChanges
from store.standing import Standing

_T = TypeVar("_T")


@dataclass(frozen=True)
class Context:
    """The store, the clock and the settings of this process."""

    settings: ApiSettings
    store: Store
    clock: CaseClock
    complainants: SealedComplainants
    rates: Rates
    jurisdictions: Jurisdictions
    reached: Engine | None = None
    """The cases' engine; none: this application was made without one, and can only read."""
    changes: CaseChanges | None = None
    """What tells of changes; none: pages of this application are not live."""
    payloads: Payloads | None = None
    """What seals and opens payloads of Temporal; none: they are there in plain."""
    on_look: Callable[[int, int], None] | None = None
    """Is told of a look at payloads: how many were opened, and how many passed on as they are."""
    stops: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process is told to stop: what would last for ever ends."""

    @property
    def engine(self) -> Engine:
        """The cases' engine.

        Raises:
            EngineAwayError: There is none.
        """
        if self.reached is None:
            raise EngineAwayError("the application was made without an engine")
        return self.reached

    def now(self) -> datetime:
        """The procedure's time now."""
        return self.clock.now(datetime.now(UTC))

    async def standing(self) -> Standing:
        """How things stand.

        Raises:
            StoreError: As its kinds say; ``StoreAwayError`` also when it takes too long.
        """
        return await self.in_time(self.store.standing())

    async def in_time(self, answer: Awaitable[_T]) -> _T:
        """The store's answer, which may not keep a request waiting.

        Raises:
            StoreAwayError: It has not come in the time that a request waits.
            StoreError: As the store says.
        """
        seconds = self.settings.api_store_seconds
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            raise StoreAwayError(f"Postgres has not answered within {seconds:g} seconds") from None


def _context(request: Request) -> Context:
    context = request.app.state.context
    assert isinstance(context, Context)
    return context


Reading = Annotated[Context, Depends(_context)]
"""The parameter by which a route asks for the context."""
