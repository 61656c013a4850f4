"""The schedules of the morning digests: one for each jurisdiction whose offices have addresses."""

from datetime import time

from activities.jurisdictions import Jurisdictions, shipped_names
from petitions.jurisdiction.model import Jurisdiction
from petitions.values import Name
from worker.schedules import Planned, daily
from workflows.morning_digest import DigestStart
from workflows.names import TASK_QUEUE
from workflows.notice_interface import MORNING_DIGEST


def digests(jurisdictions: Jurisdictions) -> tuple[Planned, ...]:
    """The digests of the worker's own jurisdiction, and of each shipped one that has addresses."""
    others = ((name, jurisdictions.get(name)) for name in shipped_names() if name != jurisdictions.default)
    return (
        _digest(None, jurisdictions.get(None)),
        *(_digest(name, jurisdiction) for name, jurisdiction in others if jurisdiction.notify),
    )


def digest_schedule_id(jurisdiction: Name | None) -> str:
    """The id of a jurisdiction's schedule; none: the worker's own."""
    return "guatu-morning-digest" + (f"-{jurisdiction}" if jurisdiction else "")


def _digest(name: Name | None, jurisdiction: Jurisdiction) -> Planned:
    hour, minute = divmod(jurisdiction.notices.morning_digest % (24 * 60), 60)
    return Planned(
        id=digest_schedule_id(name),
        workflow=MORNING_DIGEST,
        spec=daily(time(hour, minute), jurisdiction.timezone),
        note=f"{jurisdiction.name}晨报：每日告知各单位当天待办",
        argument=DigestStart(jurisdiction=name),
        queue=TASK_QUEUE,
    )
