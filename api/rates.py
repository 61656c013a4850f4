"""How much a caller may send at a time: a limit for each, over a moving minute, in this process."""

import time

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from api.problems import ProblemError, ProblemType
from petitions.access import Caller


class Rates:
    """Counts what callers send.

    Args:
        per_minute: Requests that write, of one caller; a caller without a name counts by its address.
    """

    def __init__(self, per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def count(self, request: Request, caller: Caller) -> None:
        """Count a request.

        Raises:
            ProblemError: The caller has sent too many; ``Retry-After`` says when there is room again.
        """
        whose = caller.id if not caller.local else request.client.host if request.client else "local"
        if await self._limiter.hit(self._limit, whose):
            return
        window = await self._limiter.get_window_stats(self._limit, whose)
        seconds = max(1, round(window.reset_time - time.time()))
        detail = f"发送过于频繁（每分钟最多 {self._limit.amount} 次），请在 {seconds} 秒后重试"
        raise ProblemError(ProblemType.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(seconds)})
