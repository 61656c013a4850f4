"""How a case has something done in the world: by an ordinary activity that is tried until it succeeds."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

from petitions.case_rules import CaseRules

Work = TypeVar("Work")
Given = TypeVar("Given")
Result = TypeVar("Result")

ACTIVITY_TIME = timedelta(seconds=30)
"""How long one try may take."""
HEARTBEAT = timedelta(seconds=5)
"""An activity of which nothing is heard for so long is given to another worker."""

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
_UNTIL_IT_SUCCEEDS = RetryPolicy(initial_interval=_FIRST_PAUSE, maximum_interval=_LONGEST_PAUSE)
_SUMMARY_BYTES = 200


async def patiently(
    work: Callable[[Work, Given], Awaitable[Result]],
    given: Given,
    summary: str,
    retry_policy: RetryPolicy = _UNTIL_IT_SUCCEEDS,
) -> Result:
    """Have something done; tries cost no history, so they go on until the world is back.

    Args:
        work: a method of ``CaseWork`` or ``NoticeWork``.
        given: its input.
        summary: what it is, in Chinese, for the Temporal UI.
        retry_policy: how often it is tried, where not for ever.

    Raises:
        ActivityError: only with a retry policy that ends.
    """
    return await workflow.execute_activity_method(
        work,
        given,
        start_to_close_timeout=ACTIVITY_TIME,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=retry_policy,
        summary=short(summary),
    )


def by_clock_of(rules: CaseRules) -> RetryPolicy:
    """How often a case has something tried: at least every minute, but by a short clock that could be days."""
    short_clock = rules.clock.short is not None
    return (
        RetryPolicy(initial_interval=_FIRST_PAUSE, maximum_interval=_FIRST_PAUSE) if short_clock else _UNTIL_IT_SUCCEEDS
    )


def short(summary: str) -> str:
    """A summary as Temporal takes it: 200 bytes at the most."""
    return summary.encode()[:_SUMMARY_BYTES].decode(errors="ignore")
