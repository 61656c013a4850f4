"""What a channel answered by HTTP, overheard where Apprise keeps it to itself.

Apprise tells yes or no, and takes every answer of 200 for a yes. Robots say inside such an answer that they have not
taken a message, most often because there were too many (WeCom and DingTalk ``errcode``, Feishu ``code``); and how long
to stay away stands in a header. Apprise sends with ``requests``, so the one method through which each of its
requests goes is wrapped: it behaves as before, and notes the answers of a thread that asked for them.
"""

import email.utils
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from json import JSONDecodeError
from typing import Any, cast
from urllib.parse import urlsplit

import requests

ROBOTS = ("qyapi.weixin.qq.com", "oapi.dingtalk.com", "open.feishu.cn", "open.larksuite.com")
"""Hosts whose answers say in their JSON whether the message was taken."""
TOO_MANY: Mapping[str, frozenset[int]] = {
    "errcode": frozenset({45009, 45033, 130101, 410100}),
    "code": frozenset({9499, 11232}),
}
"""By the name of the member: codes of the robots that mean too many messages; the next minute takes more."""
_NEXT_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Answer:
    """One answer of a channel.

    Attributes:
        status: The HTTP status.
        code: The robot's own code, where it gives one; 0: taken.
        pause: How long it asks to be left alone.
    """

    status: int
    code: int = 0
    pause: timedelta | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether it says, whatever its status, that the message was not taken."""
        return self.code != 0

    @property
    def is_too_many(self) -> bool:
        """Whether it says that there were too many messages."""
        return self.status == 429 or any(self.code in codes for codes in TOO_MANY.values())

    def __str__(self) -> str:
        return f"HTTP {self.status}" + (f", code {self.code}" if self.code else "")


_overheard: ContextVar[list[Answer] | None] = ContextVar("overheard", default=None)


@contextmanager
def overheard() -> Generator[list[Answer]]:
    """The answers that this thread gets while the block runs."""
    answers: list[Answer] = []
    token = _overheard.set(answers)
    try:
        yield answers
    finally:
        _overheard.reset(token)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """The pause that a header ``Retry-After`` asks for: seconds, or a date; none: it asks for none that makes sense."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return timedelta(seconds=min(int(value), 24 * 3600))
    try:
        until = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(timedelta(0), (until if until.tzinfo else until.replace(tzinfo=UTC)) - now)


def _answer(response: requests.Response) -> Answer:
    pause = retry_after(response.headers.get("retry-after"), datetime.now(UTC))
    code = 0
    if urlsplit(response.url).hostname in ROBOTS:
        try:
            said: Any = response.json()
        except JSONDecodeError:
            said = None
        for name, too_many in TOO_MANY.items():
            given = cast("dict[str, Any]", said).get(name) if isinstance(said, dict) else None
            if isinstance(given, int) and given:
                code = given
                pause = pause or (_NEXT_MINUTE if given in too_many else None)
    return Answer(status=response.status_code, code=code, pause=pause)


def _noting(send: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
    @wraps(send)
    def sent(*args: Any, **kwargs: Any) -> requests.Response:
        response = send(*args, **kwargs)
        answers = _overheard.get()
        if answers is not None:
            answers.append(_answer(response))
        return response

    return sent


requests.Session.send = _noting(requests.Session.send)
