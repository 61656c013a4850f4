"""The out-tray of an office: notices that are on their way to it, gathered, paced and held back at night.

A burst is one message: what is urgent waits some seconds for more of it, what is not waits some minutes, and not
past the night's end. A channel is used again only after a pause; one that failed, after a longer one, or after the
one it asks for. A message that was tried once stays as it is, at any hour, until it is taken or given up: it may have
arrived, and a receiver knows it by what is in it. Everything here is a function of (tray, fact, now); who waits and
sends is ``OfficeNotices``.

Docs: docs/decisions/0021.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from petitions.clock import local
from petitions.notices import Notice
from petitions.values import Instant, Name, Value

MOST_AT_ONCE = 500
"""Notices that one message takes together at the most; what is more goes with the next."""
_MOST_GATHERINGS = 12
"""An urgent notice waits so many times ``gather`` at the most, however many more keep coming."""
_FIRST_PAUSE = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=5)
"""After a failure; each further one doubles the pause up to this."""
_LONGEST_ASKED_FOR = timedelta(hours=1)
"""What a channel may ask for at the most (``Retry-After``): the hour of dispatch has no more."""
_DAY_MINUTES = 24 * 60


class Pace(Value):
    """How an office's notices go out; the jurisdiction file's section ``notices`` says it."""

    gather: timedelta
    """An urgent notice waits for others until so long none has come."""
    digest_every: timedelta
    """How long one that is not urgent waits for others."""
    between: timedelta
    """The pause between two messages to the same office."""
    quiet_from: Annotated[int, Field(ge=0, lt=_DAY_MINUTES)]
    quiet_until: Annotated[int, Field(ge=0, lt=_DAY_MINUTES)]
    """Minutes since local midnight between which only urgent notices go out; the same twice: there is no such time."""
    give_up_after: timedelta
    """A message whose latest notice could not be sent for so long is undeliverable: it is left to the operator."""
    utc_offset_minutes: int = 0

    def is_quiet(self, at: datetime) -> bool:
        """Whether this moment lies in the quiet hours."""
        begin, end = self.quiet_from, self.quiet_until
        minute = self._minute(at)
        return begin <= minute < end if begin <= end else not end <= minute < begin

    def after_quiet(self, at: datetime) -> datetime:
        """This moment, or the end of the quiet hours in which it lies."""
        if not self.is_quiet(at):
            return at
        minute = local(at, self.utc_offset_minutes).replace(second=0, microsecond=0)
        return minute + timedelta(minutes=(self.quiet_until - self._minute(at)) % _DAY_MINUTES)

    def _minute(self, at: datetime) -> int:
        here = local(at, self.utc_offset_minutes)
        return here.hour * 60 + here.minute


class WaitingNotice(Value):
    """A notice that is not out yet."""

    notice: Notice
    jurisdiction: Name | None = None
    """The file that has the office's addresses; none: the worker's own."""
    told_at: Instant
    """When it was handed over, by the clock of its case."""
    since: Instant
    """The same by the engine's clock."""
    attempts: int = 0


class OutTray(Value):
    """The notices of one office; a value: every change gives a new one."""

    waiting: tuple[WaitingNotice, ...] = ()
    sent: tuple[str, ...] = ()
    """Keys of what is out, the latest last: handed over once more, it is not sent again."""
    given_up: tuple[str, ...] = ()
    free_at: Instant | None = None
    """Before it the channel is not used."""
    failures: int = 0
    """Messages that failed in a row."""
    tried: tuple[str, ...] = ()
    """Keys of the message that failed last: it is tried again as it was, so that a receiver can recognise it."""
    keeps_whole: bool = False
    """Neither the night nor the age of its notices parts that message; in trays of before ``keep_whole`` they may."""


_REMEMBERED = 5_000


def put(tray: OutTray, new: Iterable[WaitingNotice]) -> OutTray:
    """Lay notices in the tray; one that lies there or is out is passed over, one that was given up begins anew."""
    waiting = {each.notice.key: each for each in tray.waiting}
    out = set(tray.sent)
    for each in new:
        if each.notice.key not in out:
            waiting.setdefault(each.notice.key, each)
    given_up = tuple(key for key in tray.given_up if key not in waiting)
    return tray.model_copy(update={"waiting": tuple(waiting.values()), "given_up": given_up})


def keep_whole(tray: OutTray) -> OutTray:
    """From now on a message that was tried goes out as it is, at any hour, until it is taken or given up as a whole."""
    return tray.model_copy(update={"keeps_whole": True})


def next_at(tray: OutTray, pace: Pace) -> datetime | None:
    """When the next message is to go out; none: there is nothing to tell."""
    if tray.keeps_whole and tray.tried:
        return tray.free_at
    latest = max((each.since for each in tray.waiting), default=None)
    return latest and min(_goes_at(tray, pace, each, latest) for each in tray.waiting)


def bundle(tray: OutTray, pace: Pace, now: datetime) -> tuple[WaitingNotice, ...]:
    """What the message of this moment takes together: none before ``next_at``.

    In the quiet hours only what is urgent; else all that waits, since one message disturbs no more than a shorter
    one. A message that failed is tried again as it was, before anything else.
    """
    if (at := next_at(tray, pace)) is None or at > now:
        return ()
    tried = frozenset(tray.tried)
    is_quiet = pace.is_quiet(now) and not (tray.keeps_whole and tried)
    allowed = [each for each in tray.waiting if each.notice.urgent or not is_quiet]
    again = [each for each in allowed if each.notice.key in tried]
    chosen = again if len(again) == len(tried) > 0 else allowed
    return tuple(sorted(chosen, key=lambda each: not each.notice.urgent)[:MOST_AT_ONCE])


def are_out(tray: OutTray, keys: Collection[str], pace: Pace, now: datetime) -> OutTray:
    """A message has been taken: its notices are out, and the channel has a rest."""
    update = {"free_at": now + pace.between, "failures": 0, "tried": ()}
    return were_out(tray, keys).model_copy(update=update)


def were_out(tray: OutTray, keys: Collection[str]) -> OutTray:
    """Of these notices it turned out that they had been sent before, by a tray of earlier."""
    known = frozenset(keys)
    return tray.model_copy(
        update={
            "waiting": tuple(each for each in tray.waiting if each.notice.key not in known),
            "sent": (*tray.sent, *keys)[-_REMEMBERED:],
        }
    )


def has_failed(
    tray: OutTray, keys: Collection[str], pace: Pace, now: datetime, asked_for: timedelta | None = None
) -> OutTray:
    """A message was not taken: it waits, and the longer the more often that happened in a row.

    Args:
        tray: as it stands.
        keys: of the notices that went with the message.
        pace: of the office.
        now: the moment.
        asked_for: the pause that the channel itself asks for (``Retry-After``); nothing goes out before it is over.
    """
    told = frozenset(keys)
    pause = min(_FIRST_PAUSE * 2 ** min(tray.failures, 10), _LONGEST_PAUSE)
    if asked_for is not None:
        pause = max(pause, min(asked_for, _LONGEST_ASKED_FOR))
    waiting = tuple(
        each.model_copy(update={"attempts": each.attempts + 1}) if each.notice.key in told else each
        for each in tray.waiting
    )
    lost = {each.notice.key for each in waiting if each.notice.key in told and now - each.since >= pace.give_up_after}
    if tray.keeps_whole and lost < told:
        lost = set[str]()
    return tray.model_copy(
        update={
            "waiting": tuple(each for each in waiting if each.notice.key not in lost),
            "given_up": (*tray.given_up, *sorted(lost))[-_REMEMBERED:],
            "free_at": now + max(pause, pace.between),
            "failures": tray.failures + 1,
            "tried": tuple(key for key in keys if key not in lost),
        }
    )


def _goes_at(tray: OutTray, pace: Pace, each: WaitingNotice, latest: datetime) -> datetime:
    at = each.since
    if not each.attempts and not each.notice.urgent:
        at += pace.digest_every
    elif not each.attempts:
        # While more keep coming, as from a list that is being taken in, it waits for them, but not for ever.
        at = min(latest + pace.gather, at + _MOST_GATHERINGS * pace.gather)
    if tray.free_at is not None:
        at = max(at, tray.free_at)
    return at if each.notice.urgent else pace.after_quiet(at)
