"""What an office's notices need done in the world, and how they are handed to it: names, inputs, results.

``activities`` implements it; the workflows know nothing else of that room.
"""

from datetime import timedelta

from temporalio import activity

from petitions.notices import Notice, NoticeOutcome
from petitions.out_tray import OutTray, Pace, WaitingNotice
from petitions.values import Instant, Name, Value

OFFICE_NOTICES = "OfficeNotices"
"""The workflow type of an office's notices."""
TELL = "tell"
"""Its signal: notices to be sent."""
NOTICE_OUT = "notice_out"
"""The signal by which it tells a case that its dispatch is out."""
MORNING_DIGEST = "MorningDigest"
"""The workflow type of the morning digest."""


def office_notices_id(jurisdiction: Name | None, office: Name) -> str:
    """The workflow id under which an office's notices are sent, one at a time.

    Args:
        jurisdiction: The file that the cases name; none: the worker's own.
        office: The office's id.
    """
    return f"notices-{f'{jurisdiction}-' if jurisdiction else ''}{office}"


class OfficeStart(Value):
    """The notices of one office: at first none; what a run that continues as new hands on."""

    office: Name
    tray: OutTray = OutTray()
    pace: Pace | None = None
    unmarked: tuple[NoticeOutcome, ...] = ()
    """What became of notices, where the ledger is still to be told."""
    unmarked_notices: tuple[Notice, ...] = ()


class Told(Value):
    """Notices for an office, and how they are to go out as its jurisdiction file has it now."""

    notices: tuple[WaitingNotice, ...]
    pace: Pace


class NoticeOut(Value):
    """A notice is out."""

    key: str


class SendMessage(Value):
    """Notices that go out as one message."""

    office: Name
    notices: tuple[WaitingNotice, ...]
    at: Instant
    """The engine's time."""


class Sent(Value):
    """What became of a message."""

    outcomes: tuple[NoticeOutcome, ...]
    in_ledger: bool
    """Whether the ledger could be told."""
    taken: bool
    """Whether a channel took it, or nothing of it was still to be sent."""
    pause: timedelta | None = None
    """How long the channels ask to be left alone."""


class MarkNotices(Value):
    """What became of notices, for the ledger."""

    outcomes: tuple[NoticeOutcome, ...]
    notices: tuple[Notice, ...]


class WriteDigests(Value):
    """The morning digests of a jurisdiction's offices are to be written and handed over."""

    jurisdiction: Name | None
    at: Instant
    """The engine's time."""


class NoticeWork:
    """The activities of notices. Every one may be repeated."""

    @activity.defn(name="send_message")
    async def send_message(self, message: SendMessage) -> Sent:
        """Send notices as one message, without those that the ledger knows as sent, and tell the ledger.

        With Postgres away it is sent all the same.
        """
        raise NotImplementedError

    @activity.defn(name="mark_notices")
    async def mark_notices(self, mark: MarkNotices) -> None:
        """Tell the ledger what became of notices."""
        raise NotImplementedError

    @activity.defn(name="write_digests")
    async def write_digests(self, write: WriteDigests) -> int:
        """Write what each office has to do, hand it over for sending, and enter it in the ledger.

        Returns:
            how many offices are told.
        """
        raise NotImplementedError
