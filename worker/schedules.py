"""The house's Schedules: made by the first worker that starts, brought up to date by every other.

A turn that was missed while Temporal was away is made up for within an hour, and otherwise left out: a digest of the
morning must not come at night, nor a year's turns all at once (which is what Temporal does by itself).
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import time, timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from petitions.values import Value
from workflows.housekeeping import DailyHead, Reconcile
from workflows.names import HOUSE_QUEUE

CATCH_UP = timedelta(hours=1)
_HEAD_AT = time(0, 10)
"""Local time. Early in the day, so that a worker that comes back within the hour still writes that day's."""

_RECONCILE_EVERY = timedelta(minutes=5)
"""It costs the server one look at each open case."""


@dataclass(frozen=True)
class Planned:
    """A Schedule that is to be there.

    Attributes:
        id: Its id; its workflows' ids begin with it.
        workflow: The type of workflow that it starts.
        spec: When.
        note: What it is for, in Chinese, for the Temporal UI.
        argument: What the workflow is given, if anything.
        queue: Where it is worked on.
    """

    id: str
    workflow: str
    spec: ScheduleSpec
    note: str
    argument: Value | None = None
    queue: str = HOUSE_QUEUE


def planned(timezone: str) -> tuple[Planned, ...]:
    """All Schedules of the house.

    Args:
        timezone: The jurisdiction's: by its clocks a day begins.
    """
    return (
        Planned(
            id="guatu-daily-head",
            workflow=DailyHead.__name__,
            spec=daily(_HEAD_AT, timezone),
            note="每日为全部档案写下一个总校验值，事后改动可以查出",
        ),
        Planned(
            id="guatu-reconcile",
            workflow=Reconcile.__name__,
            spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=_RECONCILE_EVERY)]),
            note="核对档案与流程：流程被终止、暂停、重置或反复失败的，登记并在挂图上提示",
        ),
    )


def daily(at: time, timezone: str) -> ScheduleSpec:
    """Every day at a local time, to the minute."""
    return ScheduleSpec(
        calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(at.hour)], minute=[ScheduleRange(at.minute)])],
        time_zone_name=timezone,
    )


async def ensure_schedules(client: Client, schedules: Sequence[Planned]) -> list[str]:
    """Have these Schedules there as they are planned; one that an operator has paused stays paused.

    Returns:
        the ids of those that were made now.

    Raises:
        RPCError: Temporal does not answer, or does not allow it.
    """
    made: list[str] = []
    for each in schedules:
        schedule = _schedule(each)
        try:
            await client.create_schedule(each.id, schedule)
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(each.id).update(_renewed(schedule))
        else:
            made.append(each.id)
    return made


def _schedule(each: Planned) -> Schedule:
    return Schedule(
        # An id of its own for each turn: Temporal adds the turn's time to it.
        action=ScheduleActionStartWorkflow(
            each.workflow, args=[each.argument] if each.argument else [], id=each.id, task_queue=each.queue
        ),
        spec=each.spec,
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
        state=ScheduleState(note=each.note),
    )


def _renewed(schedule: Schedule) -> Callable[[ScheduleUpdateInput], ScheduleUpdate]:
    def renew(found: ScheduleUpdateInput) -> ScheduleUpdate:
        # Whether it is paused, and why, is the operator's.
        return ScheduleUpdate(dataclasses.replace(schedule, state=found.description.schedule.state))

    return renew
