"""Heartbeats: an activity that is at work is heard of, so that one whose worker was killed is soon given to another."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from temporalio import activity

Work = TypeVar("Work")
Given = ParamSpec("Given")
Result = TypeVar("Result")


def heard_of(
    work: Callable[Concatenate[Work, Given], Awaitable[Result]],
) -> Callable[Concatenate[Work, Given], Awaitable[Result]]:
    """Let a heartbeat be heard twice in each heartbeat timeout for as long as the activity runs."""

    @wraps(work)
    async def beating(self: Work, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        limit = activity.info().heartbeat_timeout
        beats = asyncio.create_task(_beat(limit.total_seconds() / 2)) if limit else None
        try:
            return await work(self, *args, **kwargs)
        finally:
            if beats:
                beats.cancel()

    return beating


async def _beat(seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        activity.heartbeat()
