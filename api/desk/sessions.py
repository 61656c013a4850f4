"""Who has signed in at the desk: a random id in a cookie, of which only a digest is kept.

A session ends when its person signs out, when it was not used for long, at the latest after a day, and with what it
was opened by: a key, within the seconds for which what was read of it holds (``api.authentication.KEY_SECONDS``); the
OIDC issuer, when it is no longer set; the operator of this machine, with the first key.
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
BY_ISSUER: Final = "token/"
"""Before the subject, in the id of a caller whom the OIDC issuer knows."""
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
        """Whether the operator of this machine acts for the office, without anything that says so."""
        return self.session.key_id is None and self.session.subject is None

    @property
    def caller(self) -> Caller:
        """The office, as it sees cases and sends messages at the desk; also where the operator acts for it."""
        office = self.session.office
        if self.session.subject is not None:
            return Caller(id=f"{BY_ISSUER}{self.session.subject}", known_by=KnownBy.TOKEN, office=office)
        id_ = f"key/{self.session.key_id}" if self.session.key_id else "local/desk"
        return Caller(id=id_, known_by=KnownBy.API_KEY, office=office)

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
        by_issuer: Whether people sign in by the OIDC issuer.
    """

    def __init__(
        self,
        context: Context,
        key_holds: Callable[[str], Awaitable[bool]],
        is_local_operator: Callable[[Request], Awaitable[bool]],
        *,
        by_issuer: bool,
    ) -> None:
        self._context = context
        self._key_holds = key_holds
        self._is_local_operator = is_local_operator
        self._by_issuer = by_issuer

    async def of(self, request: Request) -> SignedIn | None:
        """Who has signed in, or none.

        Raises:
            StoreError: Postgres cannot say.
        """
        found = await self._found(request)
        if found is None or not found.session.holds or not await self._may_still(request, found):
            return None
        await self._context.in_time(self._context.store.session_seen(found.id))
        return found

    async def ended_with(self, request: Request) -> SignedIn | None:
        """Whose session it was that the request still carries, if it has run out; none if they may not sign in anew.

        Raises:
            StoreError: Postgres cannot say.
        """
        found = await self._found(request)
        if found is None or found.session.holds:
            return None
        return found if await self._may_still(request, found) else None

    async def open(
        self,
        request: Request,
        response: Response,
        *,
        office: str,
        name: str,
        key_id: str | None = None,
        subject: str | None = None,
    ) -> None:
        """Open a session and hand its id to the browser; one that the request carried before is ended.

        Args:
            request: Of whoever signs in.
            response: That hands the id over.
            office: For which the person acts.
            name: The person's own.
            key_id: Of the key that the person has shown.
            subject: As whom the OIDC issuer knows the person.

        Raises:
            StoreError: Postgres cannot keep it.
        """
        await self.end(request, response)
        id_ = secrets.token_urlsafe(32)
        store, settings = self._context.store, self._context.settings
        await self._context.in_time(store.open_session(id_, office=office, name=name, key_id=key_id, subject=subject))
        response.set_cookie(
            COOKIE,
            id_,
            max_age=round(settings.desk_session_hours * 3600),
            path="/",
            httponly=True,
            samesite="strict",
            secure=self.secure(request),
        )

    async def end(self, request: Request, response: Response) -> None:
        """End the session that the request carries, if any.

        Raises:
            StoreError: Postgres cannot keep that it ended.
        """
        id_ = _id_in(request)
        if id_ is not None:
            await self._context.in_time(self._context.store.end_session(id_))
            response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=self.secure(request))

    def secure(self, request: Request) -> bool:
        """Whether cookies are for https alone."""
        return request.url.scheme == "https" or self._context.settings.cookies_by_https_alone

    async def _may_still(self, request: Request, found: SignedIn) -> bool:
        """Whether that by which the session was opened still opens one."""
        if found.session.key_id is not None:
            return await self._key_holds(found.session.key_id)
        if found.session.subject is not None:
            return self._by_issuer
        return await self._is_local_operator(request)

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
