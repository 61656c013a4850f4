"""How a message leaves the house: Apprise addresses (WeCom, Feishu, DingTalk robots, mail, webhooks).

Apprise is synchronous, so it sends in a thread. An address may hold a secret: it appears in no log and no error.
"""

import asyncio
import re
from datetime import timedelta

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


class ChannelError(Exception):
    """A message could not be handed to any of its office's channels; the text names no address.

    Attributes:
        pause: How long the channels ask to be left alone.
    """

    def __init__(self, text: str, pause: timedelta | None = None) -> None:
        super().__init__(text)
        self.pause = pause


async def send(office: str, message: OutgoingMessage, addresses: tuple[str, ...]) -> None:
    """Send a message to all addresses of an office; one that takes it is enough.

    Raises:
        ChannelError: none took it.
    """
    if not addresses:
        raise ChannelError(f"no address is set for {office}: the environment variable it names may be missing")
    sending = [asyncio.create_task(asyncio.to_thread(_send, message, address)) for address in addresses]
    # Each by itself: what one has taken is taken, however long another hangs.
    done, hanging = await asyncio.wait(sending, timeout=SEND_SECONDS)
    answers = [task.result() for task in done]
    if any(taken for taken, _ in answers):
        return
    said = [answer for _, given in answers for answer in given[-1:]]
    tried = f"no channel of {office} took the message ({len(addresses)} tried"
    silent = f"; {len(hanging)} did not answer within {SEND_SECONDS} seconds" if hanging else ""
    pauses = [pause for answer in said if (pause := _pause(answer)) is not None]
    # If another channel asks for no pause it may be tried sooner.
    pause = min(pauses) if len(pauses) == len(addresses) else None
    raise ChannelError(f"{tried}{silent}{''.join(f'; {answer}' for answer in said)})", pause)


def _pause(answer: Answer) -> timedelta | None:
    return answer.pause if answer.pause is not None or answer.status != 429 else _LEFT_ALONE


def _send(message: OutgoingMessage, address: str) -> tuple[bool, list[Answer]]:
    """Whether the channel took it, and what it answered."""
    channel = apprise.Apprise()
    if not channel.add(_with_extras(address, message.key)):  # pyright: ignore[reportUnknownMemberType] - apprise has no types here
        return False, []
    with overheard() as answers:
        sent = bool(channel.notify(title=message.title, body=message.body))  # pyright: ignore[reportUnknownMemberType]
    return sent and not any(answer.is_refusal for answer in answers), answers


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
