"""A mail server of our own: a real SMTP server on loopback that takes, refuses or hangs as it is told."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class MailServer:
    """What arrived, and how the next one is answered."""

    port: int = 0
    answer: str = "250 OK"
    delay: float = 0
    taken: list[EmailMessage] = field(default_factory=list[EmailMessage])
    recipients: list[str] = field(default_factory=list[str])
    refused: int = 0

    def address(self, to: str) -> str:
        """An Apprise address for mail to somebody by this server."""
        return f"mailto://127.0.0.1:{self.port}?to={to}&from=guatu@example.org&mode=insecure"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Answer one message."""
        await asyncio.sleep(self.delay)
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.taken.append(message)
            self.recipients += envelope.rcpt_tos
        else:
            self.refused += 1
        return self.answer


@contextlib.asynccontextmanager
async def mail_server() -> AsyncGenerator[MailServer]:
    """A server on a free port of the loopback."""
    mail = MailServer()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mail, hostname="mail.example.org", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    mail.port = server.sockets[0].getsockname()[1]
    async with server:
        yield mail
