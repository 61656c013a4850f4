"""How entries, cases and notices become rows: the columns beside the JSON in which everything stands whole.

Columns are only what is filtered, sorted or counted by; each is derived here and nowhere else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from petitions.access import units_of
from petitions.case import Case
from petitions.coverage import coverage
from petitions.events import Closed, Entry, HandedOver, Refused, Reopened, Taken
from petitions.messages import Starring
from petitions.notices import Notice, NoticeOutcome, NoticeState
from petitions.values import Instant
from petitions.view import case_view
from petitions.waiting import Waiting, waiting_for
from store.chain import entry_hash

Row = dict[str, Any]
"""Values by column."""

EVENT_COLUMNS = (
    "seq",
    "at",
    "event",
    "by_office",
    "by_name",
    "message_id",
    "received_at",
    "county",
    "starred",
    "outcome",
    "entry",
    "line",
    "prev_hash",
    "hash",
)
REOPENED = "reopened"
"""What stands in the column ``outcome`` for an entry that takes the outcome before it back."""
NOTICE_COLUMNS = (
    "key",
    "case_no",
    "to_office",
    "title",
    "body",
    "urgent",
    "state",
    "attempts",
    "last_error",
    "created_at",
    "sent_at",
)
OUTCOME_COLUMNS = ("key", "state", "attempts", "last_error", "sent_at")
WAITING_COLUMNS = ("office", "what", "due_at")


def event_columns(entry: Entry) -> Row:
    """The columns of ``case_event`` that follow from the entry alone."""
    happened = entry.happened
    columns: Row = {
        "seq": entry.seq,
        "at": entry.at,
        "event": entry.event,
        "by_office": entry.by.office if entry.by else None,
        "by_name": entry.by.name if entry.by else None,
        "message_id": None,
        "received_at": None,
        "county": None,
        "starred": None,
        "outcome": None,
        "line": entry.text,
    }
    match happened:
        case HandedOver(hand_over=given):
            columns |= {"received_at": given.received_at, "county": given.county, "starred": given.starred}
        case Taken(message=message):
            columns |= {"message_id": message.message_id}
            if isinstance(message, Starring):
                columns |= {"starred": message.starred}
        case Refused():
            columns |= {"message_id": happened.message_id}
        case Closed():
            columns |= {"outcome": happened.outcome.value}
        case Reopened():
            columns |= {"message_id": happened.reopening.message_id, "outcome": REOPENED}
        case _:
            pass
    return {column: storable(value) for column, value in columns.items()}


def chained(case_no: str, entries: Iterable[Entry], prev_hash: bytes | None) -> list[Row]:
    """Rows of ``case_event`` that follow the entry with ``prev_hash``."""
    rows: list[Row] = []
    for entry in entries:
        text = entry.model_dump_json()
        new_hash = entry_hash(case_no, entry.seq, prev_hash, text)
        rows.append(event_columns(entry) | {"entry": text, "prev_hash": prev_hash, "hash": new_hash})
        prev_hash = new_hash
    return rows


def case_columns(case: Case) -> Row:
    """The columns of ``petition_case`` that follow from the case alone."""
    given, closing, covered = case.hand_over, case.closing, coverage(case)
    columns: Row = {
        "case_no": case.case_no,
        "seq": case.seq,
        "stage": case.stage.value,
        "sticker": case.sticker.value if case.sticker else None,
        "starred": case.starred,
        "overdue": case.overdue,
        "county": given.county,
        "responsible_unit": case.responsible_unit,
        "units": [storable(unit) for unit in units_of(case)],
        "round": case.round,
        "received_at": given.received_at,
        "opened_at": case.opened_at,
        "due_at": case.due_at,
        "closed_at": closing.at if closing else None,
        "outcome": closing.outcome.value if closing else None,
        "within_target": closing.within_target if closing else None,
        "within_mandate": closing.within_mandate if closing else None,
        "categories": [category.value for category in given.categories],
        "channel": given.channel.value,
        "batch": given.batch,
        "location": given.location,
        "summary": given.summary,
        "has_instruction": covered.instruction,
        "has_supervision": covered.supervision,
        "has_task_force": covered.task_force,
        "has_revisit": covered.revisit,
        "breaches": len(case.breaches),
        "view": to_json(case_view(case)).decode(),
        "state": case.model_dump_json(),
    }
    return {column: storable(value) for column, value in columns.items()}


def waiting_rows(case: Case) -> list[Row]:
    """The rows of ``waiting``, ordered by office and what; of one thing asked twice the earlier time holds."""
    earliest: dict[tuple[str, str], Waiting] = {}
    for waiting in waiting_for(case):
        known = earliest.get((waiting.office, waiting.what.value))
        if known is None or waiting.due_at < known.due_at:
            earliest[waiting.office, waiting.what.value] = waiting
    return [
        {"office": storable(office), "what": what, "due_at": waiting.due_at}
        for (office, what), waiting in sorted(earliest.items())
    ]


@dataclass(frozen=True)
class NewNotice:
    """A notice for the ledger.

    Attributes:
        notice: What is told to whom.
        created_at: When the entry that caused it was taken in, on the case's clock.
        outcome: What became of it, if that is known already.
        has_address: Whether it goes anywhere; else the ledger alone is the notice.
    """

    notice: Notice
    created_at: Instant
    outcome: NoticeOutcome | None = None
    has_address: bool = True


def notice_rows(new_notices: Iterable[NewNotice]) -> list[Row]:
    """The rows of ``notice``, ordered by key, so that two writers take their locks in the same order."""
    by_key = {new.notice.key: _notice_row(new) for new in new_notices}
    return [row for _, row in sorted(by_key.items())]


def _notice_row(new: NewNotice) -> Row:
    notice = new.notice
    waiting_state = NoticeState.QUEUED if new.has_address else NoticeState.LEDGER
    became: Row = {"state": waiting_state.value, "attempts": 0, "last_error": None, "sent_at": None}
    if new.outcome:
        became = _outcome_row(new.outcome)
    return {
        "case_no": notice.case_no,
        "to_office": storable(notice.to),
        "title": storable(notice.title),
        "body": storable(notice.body),
        "urgent": notice.urgent,
        "created_at": new.created_at,
        **became,
        "key": notice.key,
    }


def latest_outcomes(outcomes: Iterable[NoticeOutcome]) -> dict[str, NoticeOutcome]:
    """By key the outcome that counts: sent before all others, else that of the latest attempt."""
    latest: dict[str, NoticeOutcome] = {}
    for outcome in outcomes:
        known = latest.get(outcome.key)
        if known is None or (known.state is not NoticeState.SENT and _weight(outcome) >= _weight(known)):
            latest[outcome.key] = outcome
    return latest


def _weight(outcome: NoticeOutcome) -> tuple[bool, int]:
    return outcome.state is NoticeState.SENT, outcome.attempts


def outcome_rows(outcomes: Mapping[str, NoticeOutcome]) -> list[Row]:
    """What to change in ``notice``, ordered by key."""
    return [_outcome_row(outcome) for _, outcome in sorted(outcomes.items())]


def _outcome_row(outcome: NoticeOutcome) -> Row:
    sent = outcome.state is NoticeState.SENT
    return {
        "key": outcome.key,
        "state": outcome.state.value,
        "attempts": outcome.attempts,
        "last_error": None if sent else storable(outcome.error),
        "sent_at": outcome.at if sent else None,
    }


def as_arrays(prefix: str, columns: Sequence[str], rows: Sequence[Row]) -> Row:
    """Rows as one array a column, for ``unnest``; the parameters are called ``<prefix>_<column>``."""
    return {f"{prefix}_{column}": [row[column] for row in rows] for column in columns}


def storable(value: Any) -> Any:
    """A value as a column can hold it: Postgres keeps no NUL in a text, and no text may stop a case's record."""
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else value
