"""Answers to requests that came with an ``Idempotency-Key``: sent again, a request gets the same answer."""

import json
from dataclasses import dataclass

from store import queries
from store.connection import OnPool

_SQL = queries.load("requests")
_FIND, _KEEP, _FORGET = _SQL["find"], _SQL["keep"], _SQL["forget"]

KEPT_DAYS = 7
"""For how long an answer is kept: a sender that comes back later asks anew, and nothing counts twice by that."""


@dataclass(frozen=True)
class AnsweredRequest:
    """A final answer.

    Attributes:
        fingerprint: Of the request, 32 bytes.
        status: The HTTP status.
        headers: Those that belong to the answer.
        body: As it was sent.
    """

    fingerprint: bytes
    status: int
    headers: dict[str, str]
    body: str


class Requests(OnPool):
    """Answered requests. All methods raise ``StoreError`` as its kinds say."""

    async def answered_request(self, caller: str, key: str) -> AnsweredRequest | None:
        """The answer that was given to a caller's key, if any."""
        async with self._connected() as connection:
            row = await connection.fetchrow(*_FIND(caller=caller, key=key))
        return (
            AnsweredRequest(row["fingerprint"], row["status"], json.loads(row["headers"]), row["body"]) if row else None
        )

    async def keep_answer(self, caller: str, key: str, answer: AnsweredRequest) -> None:
        """Keep an answer; one that is kept already under the key stays."""
        async with self._connected() as connection:
            await connection.execute(
                *_KEEP(
                    caller=caller,
                    key=key,
                    fingerprint=answer.fingerprint,
                    status=answer.status,
                    headers=json.dumps(answer.headers),
                    body=answer.body,
                )
            )

    async def forget_answers(self) -> None:
        """Forget the answers that are older than ``KEPT_DAYS``."""
        async with self._connected() as connection:
            await connection.execute(*_FORGET(days=KEPT_DAYS))
