"""A case that was just taken in: its workflow runs, and the record has it in a moment."""

import asyncio
from typing import Final

from api.context import Context
from intake.errors import EngineError

ARRIVES_SECONDS: Final = 2.0
"""How long a reader waits for it; a few hundredths are enough while a worker runs."""
_LOOK_EVERY_SECONDS: Final = 0.02


async def arrives(context: Context, case_no: str) -> bool:
    """Whether a case that the record does not have comes in now, so that what a hand-over's answer links to is there.

    Only for who sees every case: for others it is out of sight until the record says to whom it belongs.

    Raises:
        StoreError: As the store says.
    """
    if context.reached is None:
        return False
    try:
        if not await context.reached.knows(case_no):
            return False
        async with asyncio.timeout(ARRIVES_SECONDS):
            while True:
                if await context.in_time(context.store.whereabouts(case_no)) is not None:
                    return True
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
    except (EngineError, TimeoutError):
        return False
