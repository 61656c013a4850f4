"""What the house needs done by the clock: the activities' names, inputs and results, as its workflows call them.

``activities`` implements it, as it does ``workflows.activity_interface`` for the cases.
"""

from datetime import date

from temporalio import activity

from petitions.values import Value


class HeadKept(Value):
    """The latest head over the record."""

    no: int
    day: date
    is_new: bool
    """False: the day had one already."""


class Reconciliation(Value):
    """What a reconciliation of the record with Temporal came to, in numbers of cases."""

    standing: int
    """That differ now."""
    new: int
    """That did not before."""
    gone: int
    """That do not any more."""


class HouseWork:
    """The activities of the house. Every one may be repeated: a repeat changes nothing."""

    @activity.defn(name="keep_head")
    async def keep_head(self) -> HeadKept:
        """Write the head of this day, if there is none yet (``store.heads``)."""
        raise NotImplementedError

    @activity.defn(name="reconcile")
    async def reconcile(self) -> Reconciliation:
        """Find where open cases and their workflows differ, keep it, and tell of what is new."""
        raise NotImplementedError
