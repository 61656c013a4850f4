"""How a notice leaves the house: Apprise addresses (WeCom, Feishu, DingTalk robots, mail, webhooks).

Apprise is synchronous, so it sends in a thread. An address may hold a secret: it appears in no log and no error.
"""

import asyncio

import apprise

from petitions.notices import Notice

SEND_SECONDS = 10
"""A channel that takes longer has failed; the notice is tried again."""


class ChannelError(Exception):
    """A notice could not be handed to any of its office's channels; the text names no address."""


async def send(notice: Notice, addresses: tuple[str, ...]) -> None:
    """Send a notice to all addresses of its office; one that takes it is enough.

    Raises:
        ChannelError: none took it.
    """
    if not addresses:
        raise ChannelError(f"no address is set for {notice.to}: the environment variable it names may be missing")
    try:
        async with asyncio.timeout(SEND_SECONDS):
            sent = await asyncio.gather(*(asyncio.to_thread(_send, notice, address) for address in addresses))
    except TimeoutError:
        raise ChannelError(f"no channel of {notice.to} answered within {SEND_SECONDS} seconds") from None
    if not any(sent):
        raise ChannelError(f"no channel of {notice.to} took the notice ({len(addresses)} tried)")


def _send(notice: Notice, address: str) -> bool:
    channel = apprise.Apprise()
    if not channel.add(address):  # pyright: ignore[reportUnknownMemberType] - apprise has no types here
        return False
    return bool(channel.notify(title=notice.title, body=notice.body))  # pyright: ignore[reportUnknownMemberType]
