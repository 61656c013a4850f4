"""What the house does by the clock: short workflows, each started by a Schedule (``worker.schedules``).

They decide nothing: one activity does the work, tried until it succeeds or the next turn comes.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from workflows.house_interface import HeadKept, HouseWork, Reconciliation

_ONE_TRY = timedelta(minutes=15)
_HEARTBEAT = timedelta(seconds=30)
_AGAIN = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=5))


@workflow.defn(name="DailyHead")
class DailyHead:
    """The day's head over the records of all cases."""

    @workflow.run
    async def run(self) -> HeadKept:
        """Have it written, once for the day; past a night with Postgres away, and over before the next day's."""
        return await workflow.execute_activity_method(
            HouseWork.keep_head,
            schedule_to_close_timeout=timedelta(hours=12),
            start_to_close_timeout=_ONE_TRY,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=_AGAIN,
            summary="写下当日档案总校验值",
        )


@workflow.defn(name="Reconcile")
class Reconcile:
    """The record against Temporal."""

    @workflow.run
    async def run(self) -> Reconciliation:
        """Have it done; given up soon, since the next turn comes soon."""
        return await workflow.execute_activity_method(
            HouseWork.reconcile,
            schedule_to_close_timeout=timedelta(minutes=30),
            start_to_close_timeout=_ONE_TRY,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=_AGAIN,
            summary="核对档案与流程是否一致",
        )


HOUSE_WORKFLOWS = (DailyHead, Reconcile)
"""All of them, for a worker."""
