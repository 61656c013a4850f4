"""Who has signed in at the desk: a random id in a cookie, of which only a digest is kept.

A session ends when its person signs out, when it was not used for long, at the latest after a day, and with its key:
within the seconds for which what was read of a key holds (``api.authentication.KEY_SECONDS``).
"""

import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from fastapi import Request
from starlette.responses import Response

from api.context import Context
from petitions.access import LOCAL_OPERATOR, Caller, KnownBy
from petitions.values import Person
from store.sessions import Session

COOKIE: Final = "guatu_session"
_ID = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class SignedIn:
    """Somebody who has signed in: an office, and the person who acts for it."""

    id: str
    session: Session

    def __repr__(self) -> str:
        return f"SignedIn({self.session!r})"

    @property
    def by(self) -> Person:
        """Who sends what is sent here."""
        return Person(office=self.session.office, name=self.session.name)

    @property
    def by_operator(self) -> bool:
        """Whether the operator of this machine acts for the office, without a key of it."""
        return self.session.key_id is None

    @property
    def caller(self) -> Caller:
        """The office, as it sees cases and sends messages at the desk; also where the operator acts for it."""
        id_ = f"key/{self.session.key_id}" if self.session.key_id else "local/desk"
        return Caller(id=id_, known_by=KnownBy.API_KEY, office=self.session.office)

    @property
    def page_caller(self) -> Caller:
        """Who it is on all other pages."""
        return LOCAL_OPERATOR if self.by_operator else self.caller

    @property
    def csrf(self) -> str:
        """What every form of this session carries: nobody makes it who does not know the session's id."""
        return hmac.new(self.id.encode(), b"guatu desk form", sha256).hexdigest()

    def fits(self, csrf: str) -> bool:
        """Whether a form is of this session, compared in constant time."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode())


class DeskSessions:
    """Opens, finds and ends sessions.

    Args:
        context: The store and the settings.
        key_holds: Whether the key of this id is good now.
        is_local_operator: Whether a request needs no credentials.
    """

    def __init__(
        self,
        context: Context,
        key_holds: Callable[[str], Awaitable[bool]],
        is_local_operator: Callable[[Request], Awaitable[bool]],
    ) -> None:
        self._context = context
        self._key_holds = key_holds
        self._is_local_operator = is_local_operator

    async def of(self, request: Request) -> SignedIn | None:
        """Who has signed in, or none.

        Raises:
            StoreError: Postgres cannot say.
        """
        found = await self._found(request)
        if found is None or not found.session.holds:
            return None
        key_id = found.session.key_id
        holds = await (self._is_local_operator(request) if key_id is None else self._key_holds(key_id))
        if not holds:
            return None
        await self._context.in_time(self._context.store.session_seen(found.id))
        return found

    async def ended_with(self, request: Request) -> SignedIn | None:
        """Whose session it was that the request still carries, if it has run out; none if its key has ended.

        Raises:
            StoreError: Postgres cannot say.
        """
        found = await self._found(request)
        if found is None or found.session.holds or found.session.key_id is None:
            return None
        return found if await self._key_holds(found.session.key_id) else None

    async def open(self, request: Request, response: Response, *, key_id: str | None, office: str, name: str) -> None:
        """Open a session and hand its id to the browser; one that the request carried before is ended.

        Raises:
            StoreError: Postgres cannot keep it.
        """
        await self.end(request, response)
        id_ = secrets.token_urlsafe(32)
        store, settings = self._context.store, self._context.settings
        await self._context.in_time(store.open_session(id_, key_id=key_id, office=office, name=name))
        response.set_cookie(
            COOKIE,
            id_,
            max_age=round(settings.desk_session_hours * 3600),
            path="/",
            httponly=True,
            samesite="strict",
            secure=self._secure(request),
        )

    async def end(self, request: Request, response: Response) -> None:
        """End the session that the request carries, if any.

        Raises:
            StoreError: Postgres cannot keep that it ended.
        """
        id_ = _id_in(request)
        if id_ is not None:
            await self._context.in_time(self._context.store.end_session(id_))
            response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=self._secure(request))

    def _secure(self, request: Request) -> bool:
        return request.url.scheme == "https" or self._context.settings.api_secure_cookies

    async def _found(self, request: Request) -> SignedIn | None:
        id_ = _id_in(request)
        if id_ is None:
            return None
        settings = self._context.settings
        session = await self._context.in_time(
            self._context.store.session(
                id_,
                idle=timedelta(hours=settings.desk_idle_hours),
                most=timedelta(hours=settings.desk_session_hours),
            )
        )
        return SignedIn(id_, session) if session else None


def _id_in(request: Request) -> str | None:
    given = request.cookies.get(COOKIE, "")
    return given if _ID.fullmatch(given) else None
