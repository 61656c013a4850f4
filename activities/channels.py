"""How a message leaves the house: Apprise addresses (WeCom, Feishu, DingTalk robots, mail, webhooks).

Apprise is synchronous, so it sends in a thread. An address may hold a secret: it appears in no log and no error.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import apprise

from activities.answers import Answer, overheard
from petitions.notice_texts import OutgoingMessage

SEND_SECONDS = 10
"""A channel that takes longer has failed; the message is tried again."""
_LEFT_ALONE = timedelta(minutes=5)
"""How long a channel is left alone if it says 429 and not for how long."""
_CONNECT_SECONDS, _READ_SECONDS = 4, 5
"""Within ``SEND_SECONDS``: a thread that waits for an answer ends before its channel is given up."""
_WEBHOOK = re.compile(r"(?:json|xml|form)s?://", re.IGNORECASE)


class Result(StrEnum):
    """What became of a message at one channel."""

    TAKEN = "taken"
    TOO_MANY = "too_many"
    """It asks to be left alone for a while."""
    FAILED = "failed"
    """It was refused, or not answered in time."""


OnTried = Callable[[str, Result], None]
"""Is told, of every message, the kind of channel (``json``, ``wecombot``) and what became of it; it must not fail."""


@dataclass(frozen=True)
class _Tried:
    kind: str
    result: Result
    answers: list[Answer]


class ChannelError(Exception):
    """A message could not be handed to any of its office's channels; the text names no address.

    Attributes:
        pause: How long the channels ask to be left alone.
    """

    def __init__(self, text: str, pause: timedelta | None = None) -> None:
        super().__init__(text)
        self.pause = pause


async def send(
    office: str, message: OutgoingMessage, addresses: tuple[str, ...], on_tried: OnTried | None = None
) -> None:
    """Send a message to all addresses of an office; one that takes it is enough.

    Args:
        office: its id.
        message: what is sent.
        addresses: where to.
        on_tried: is told what became of it at each.

    Raises:
        ChannelError: none took it.
    """
    if not addresses:
        raise ChannelError(f"no address is set for {office}: the environment variable it names may be missing")
    sending = [asyncio.create_task(asyncio.to_thread(_send, message, address)) for address in addresses]
    # Each by itself: what one has taken is taken, however long another hangs.
    done, hanging = await asyncio.wait(sending, timeout=SEND_SECONDS)
    if on_tried:
        for address, task in zip(addresses, sending, strict=True):
            tried = task.result() if task in done else _Tried(_kind(address), Result.FAILED, [])
            on_tried(tried.kind, tried.result)
    tried_by = [task.result() for task in done]
    if any(each.result is Result.TAKEN for each in tried_by):
        return
    said = [answer for each in tried_by for answer in each.answers[-1:]]
    tried = f"no channel of {office} took the message ({len(addresses)} tried"
    silent = f"; {len(hanging)} did not answer within {SEND_SECONDS} seconds" if hanging else ""
    pauses = [pause for answer in said if (pause := _pause(answer)) is not None]
    # If another channel asks for no pause it may be tried sooner.
    pause = min(pauses) if len(pauses) == len(addresses) else None
    raise ChannelError(f"{tried}{silent}{''.join(f'; {answer}' for answer in said)})", pause)


def _pause(answer: Answer) -> timedelta | None:
    return answer.pause if answer.pause is not None or answer.status != 429 else _LEFT_ALONE


def _send(message: OutgoingMessage, address: str) -> _Tried:
    channel = apprise.Apprise()
    if not channel.add(_with_extras(address, message.key)):  # pyright: ignore[reportUnknownMemberType] - apprise has no types here
        return _Tried("unknown", Result.FAILED, [])
    with overheard() as answers:
        sent = bool(channel.notify(title=message.title, body=message.body))  # pyright: ignore[reportUnknownMemberType]
    return _Tried(_kind(address), _result(answers, is_sent=sent), answers)


def _result(answers: list[Answer], *, is_sent: bool) -> Result:
    if is_sent and not any(answer.is_refusal for answer in answers):
        return Result.TAKEN
    return Result.TOO_MANY if any(answer.is_too_many for answer in answers) else Result.FAILED


def _kind(address: str) -> str:
    """What kind of channel an address is of: its scheme, which holds no secret."""
    return address.partition("://")[0].lower()


def _with_extras(address: str, key: str) -> str:
    """The address with our time limits, where it has none of its own, and for a webhook the message's key.

    A receiver to which the same message comes twice, since its answer was lost, knows it by ``Idempotency-Key``.
    """
    given = address.partition("?")[2]
    extras = [
        f"{name}={seconds}"
        for name, seconds in (("cto", _CONNECT_SECONDS), ("rto", _READ_SECONDS))
        if not re.search(rf"(?:^|&){name}=", given)
    ]
    if _WEBHOOK.match(address):
        extras.append(f"+Idempotency-Key={key}")
    return f"{address}{'&' if '?' in address else '?'}{'&'.join(extras)}"
