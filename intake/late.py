"""Messages that come after a case's end: its workflow is gone, so the record itself answers, and keeps the refusal."""

from datetime import UTC, datetime

from petitions.case import Case
from petitions.clock import local
from petitions.messages import AnyMessage, Unreadable
from petitions.procedure import Answered, take_in
from store import RecordConflictError, Store, StoreAwayError

_RACES = 20
"""Lost races for the end of a record after which something is wrong."""


async def answer_after_the_end(
    store: Store, case_no: str, message: AnyMessage | Unreadable, request_id: str | None
) -> Answered | None:
    """Answer a message to a case that is over: a repeat as the first time, anything else by a refusal on record.

    Args:
        store: Postgres.
        case_no: the case.
        message: what was sent.
        request_id: of the request from outside.

    Returns:
        the answer; none: by the record the case is not over, or there is none.

    Raises:
        StoreError: as its kinds say.
    """
    for _ in range(_RACES):
        case = await store.state(case_no)
        if case is None or not case.closed:
            return None
        answered = take_in(case, message, _now(case), request_id)
        try:
            if answered.entries:
                await store.record(case_no, answered.entries)
        except RecordConflictError:
            continue  # somebody else was late as well, or the case is being reopened
        return answered
    raise StoreAwayError(f"the record of case {case_no} is written by others all the time")


def _now(case: Case) -> datetime:
    return local(case.rules.clock.now(datetime.now(UTC)), case.rules.durations.utc_offset_minutes)
