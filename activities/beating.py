"""Heartbeats: an activity that is at work is heard of, so that one whose worker was killed is soon given to another."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar, cast

from temporalio import activity

Deed = TypeVar("Deed", bound=Callable[..., Awaitable[Any]])


def heard_of(deed: Deed) -> Deed:
    """Let a heartbeat be heard several times in each heartbeat timeout for as long as the activity runs.

    Often, since a worker that is busy is late: one that is taken for dead has its work done by another beside it.
    """

    @wraps(deed)
    async def beating(*args: Any, **kwargs: Any) -> Any:
        limit = activity.info().heartbeat_timeout
        beats = asyncio.create_task(_beat(limit.total_seconds() / 5)) if limit else None
        try:
            return await deed(*args, **kwargs)
        finally:
            if beats:
                beats.cancel()

    return cast("Deed", beating)


async def _beat(seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        activity.heartbeat()
