"""The activities of notices (``workflows.notice_interface``), done with a jurisdiction file, Postgres and channels."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.beating import heard_of
from activities.channels import ChannelError, OnTried, send
from activities.jurisdictions import Jurisdictions, NoSuchJurisdictionError
from activities.out_trays import OutTrays
from petitions.jurisdiction.reading import JurisdictionError
from petitions.notice_texts import OutgoingMessage, message_of, morning_digest
from petitions.notices import Notice, NoticeOutcome, NoticeState
from petitions.out_tray import WaitingNotice
from petitions.values import Instant, Name
from store import Store, StoreError
from workflows.notice_interface import MarkNotices, NoticeWork, SendMessage, Sent, WriteDigests

_log = structlog.stdlib.get_logger()
_REMEMBERED = 10_000

_Became: TypeAlias = tuple[str | None, timedelta | None]
"""Why a message was not taken (none: it was), and how long the channels ask to be left alone."""


class NoticeActivities(NoticeWork):
    """What notices need done, with the connections that this worker has.

    Args:
        store: Postgres.
        jurisdictions: the files that this worker knows.
        environment: where addresses of the form ``env:NAME`` are looked up.
        on_tried: is told what became of each message at each channel.
    """

    def __init__(
        self,
        store: Store,
        jurisdictions: Jurisdictions,
        environment: Mapping[str, str],
        on_tried: OnTried | None = None,
    ) -> None:
        self._store = store
        self._on_tried = on_tried
        self._jurisdictions = jurisdictions
        self._environment = environment
        self._out_trays = OutTrays(jurisdictions)
        self._under_way: dict[str, asyncio.Task[_Became]] = {}
        self._taken: dict[str, None] = {}
        """Keys of the latest messages that a channel has taken from this process."""

    @activity.defn(name="send_message")
    @heard_of
    async def send_message(self, message: SendMessage) -> Sent:
        """Send notices as one message, without those that the ledger knows as sent, and tell the ledger.

        With Postgres away it is sent all the same: a notice twice is better than none.
        """
        known, is_away = await self._known_as_sent([each.notice for each in message.notices])
        due = [each for each in message.notices if each.notice.key not in known]
        if not due:
            return Sent(outcomes=(), in_ledger=True, taken=True)
        error, pause = await self._send_once(message.office, due)
        outcomes = tuple(_outcome(each, message.at, error) for each in due)
        in_ledger = not is_away and await self._mark(outcomes, [each.notice for each in due])
        return Sent(outcomes=outcomes, in_ledger=in_ledger, taken=error is None, pause=pause)

    @activity.defn(name="mark_notices")
    @heard_of
    async def mark_notices(self, mark: MarkNotices) -> None:
        """Tell the ledger what became of notices."""
        await self._store.mark(mark.outcomes, mark.notices)

    @activity.defn(name="write_digests")
    @heard_of
    async def write_digests(self, write: WriteDigests) -> int:
        """Write what each office has to do, enter it in the ledger, and hand it over for sending.

        An office without an address has its work list at the desk alone. Done again, it is the same day's digest.
        """
        jurisdiction = self._jurisdictions.get(write.jurisdiction)
        offset = jurisdiction.utc_offset_minutes(write.at)
        by_office = await self._store.to_do(write.jurisdiction, list(jurisdiction.notify))
        digests = [
            digest
            for office, to_do in by_office.items()
            if (digest := morning_digest(office, to_do, write.at, offset, write.jurisdiction))
        ]
        queued = [
            NoticeOutcome(key=digest.key, state=NoticeState.QUEUED, at=write.at, attempts=0) for digest in digests
        ]
        await self._store.mark(queued, digests)
        handed_over = await self._out_trays.hand_over(activity.client(), digests, write.jurisdiction, write.at)
        for outcome in handed_over:
            if outcome.state is NoticeState.FAILED:
                raise ApplicationError(outcome.error or "a digest was not handed over", type="notice_failed")
        return len(digests)

    async def _send_once(self, office: str, due: Sequence[WaitingNotice]) -> _Became:
        """Send a message, unless an earlier attempt of this process is at it, or has had it taken.

        An attempt that is given up, by its time limit or since the engine has not heard of it, sends on to its end:
        the next one waits for what becomes of that. So only a process that dies forgets what a channel has taken.
        """
        message = message_of([each.notice for each in due])
        if message.key in self._taken:
            return None, None
        sending = self._under_way.get(message.key)
        if sending is None:
            sending = self._under_way[message.key] = asyncio.create_task(
                self._send(office, message, due[0].jurisdiction)
            )
            sending.add_done_callback(lambda _: self._under_way.pop(message.key, None))
        return await asyncio.shield(sending)

    async def _send(self, office: str, message: OutgoingMessage, jurisdiction_name: Name | None) -> _Became:
        try:
            jurisdiction = self._jurisdictions.get(jurisdiction_name)
            await send(office, message, jurisdiction.addresses(office, self._environment), self._on_tried)
        except ChannelError as error:
            _log.warning("a message was not sent", office=office, title=message.title, error=str(error))
            return str(error), error.pause
        except (JurisdictionError, NoSuchJurisdictionError, OSError) as error:
            # Not what is wrong there: a line of that file may hold an address.
            _log.warning("a message was not sent: no jurisdiction file", office=office, error=type(error).__name__)
            return "its jurisdiction file cannot be read", None
        self._taken[message.key] = None
        if len(self._taken) > _REMEMBERED:
            del self._taken[next(iter(self._taken))]
        return None, None

    async def _known_as_sent(self, notices: Sequence[Notice]) -> tuple[frozenset[str], bool]:
        """What is known to be sent, and whether the ledger is out of reach."""
        try:
            return frozenset(await self._store.already_sent([notice.key for notice in notices])), False
        except StoreError as error:
            _log.warning("the ledger of notices is out of reach; sending without it", error=str(error))
            return frozenset(), True

    async def _mark(self, outcomes: Sequence[NoticeOutcome], notices: Sequence[Notice]) -> bool:
        try:
            await self._store.mark(outcomes, notices)
        except StoreError as error:
            _log.warning("the ledger of notices is out of reach; it is told later", error=str(error))
            return False
        return True


def _outcome(each: WaitingNotice, at: Instant, error: str | None) -> NoticeOutcome:
    return NoticeOutcome(
        key=each.notice.key,
        state=NoticeState.FAILED if error else NoticeState.SENT,
        # By the clock of its case, which is as much further by now as the engine's.
        at=each.told_at + max(at - each.since, timedelta(0)),
        attempts=each.attempts + 1,
        error=error,
    )
