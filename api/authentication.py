"""Who is asking: from a request's headers to a ``Caller``, and the refusal of what the caller may not do.

Known are an API key (``Authorization: Bearer guatu_…``, or as the password of ``Basic``, for browsers and for a
television on the wall), a token of the OIDC issuer (``Bearer``), on pages the session of somebody who has signed in
at the desk, and, as ``GUATU_API_ACCESS`` has it, whoever is on this machine. A revoked key is good for 30 seconds
more at the most: so long what was read of it is kept here.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import structlog
from fastapi import Depends, FastAPI, Request, Security
from fastapi.openapi.models import HTTPBase, HTTPBearer
from fastapi.security.base import SecurityBase

from activities.jurisdictions import Jurisdictions
from api.access_settings import AccessSettingsError, ApiAccess
from api.context import Context, Reading
from api.desk.sessions import BY_ISSUER, DeskSessions
from api.oidc_provider import SignInProvider, provider_of
from api.problems import ProblemError, ProblemType, case_not_found
from api.request_headers import basic_password, from_elsewhere, host_of
from api.tokens import Claims, InvalidTokenError, KeysUnavailableError, Tokens, is_address, is_loopback
from petitions.access import LOCAL_OPERATOR, Caller, Deed, KnownBy, Whereabouts, authorize, offices_of
from petitions.jurisdiction.model import Jurisdiction
from store import StoreError
from store.api_keys import PREFIX, ApiKey, key_id

_log = structlog.stdlib.get_logger()

KEY_SECONDS: Final = 30.0
"""For how long what was read of a key holds; a revocation takes effect within it."""
_MOST_KEPT = 10_000
_TOUCH_EVERY = timedelta(minutes=1)
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

ACCESS_PROBLEMS: Final = (ProblemType.NOT_SIGNED_IN, ProblemType.FORBIDDEN)
"""What every route that asks who is there may answer with."""


class _Unknown(Exception):  # noqa: N818 - no error of ours: it becomes the answer 401
    """The caller is not known; why is for the log alone."""


class Authentication:
    """Finds out who is asking.

    Args:
        context: The store and the settings.
        clock: Seconds that only go forward, for how long a key is kept.

    Raises:
        AccessSettingsError: The file of the pepper, or of the secret for the issuer, cannot be used.
    """

    def __init__(self, context: Context, clock: Callable[[], float] = time.monotonic) -> None:
        settings = context.settings
        self._context = context
        self._clock = clock
        self._pepper = settings.pepper()
        self._files = Jurisdictions(settings.jurisdiction)
        self._offices: tuple[Jurisdiction, frozenset[str]] | None = None
        self._kept: dict[str, tuple[float, ApiKey]] = {}
        self._a_key_was_issued = False
        self.provider: SignInProvider | None = provider_of(settings)
        by_issuer = self.provider is not None
        self.sessions = DeskSessions(context, self._key_holds, self.is_local_operator, by_issuer=by_issuer)
        self.tokens: Tokens | None = None
        if settings.oidc_issuer and settings.oidc_audience:
            self.tokens = Tokens(
                issuer=settings.oidc_issuer,
                audience=settings.oidc_audience,
                keys=settings.oidc_jwks,
                office_claim=settings.oidc_office_claim,
            )

    async def start(self) -> None:
        """Read what must be there from the start, and say in the log who is let in.

        Raises:
            AccessSettingsError: The file with the issuer's keys cannot be used.
            JurisdictionError: The jurisdiction file, whose offices tokens may name, has mistakes.
            NoSuchJurisdictionError: There is none.
        """
        settings = self._context.settings
        if self.tokens:
            self._known_offices()
            try:
                await self.tokens.prepare()
            except KeysUnavailableError as error:
                if settings.oidc_jwks is not None and not is_address(settings.oidc_jwks):
                    raise AccessSettingsError(str(error)) from None
                _log.warning("the keys of the OIDC issuer cannot be had yet; tokens are refused", error=str(error))
        tell = _log.warning if settings.api_access is ApiAccess.OPEN else _log.info
        tell("who may ask", access=settings.api_access.value, callers=await self._who_may_ask())

    async def caller(self, request: Request) -> Caller:
        """Who sends this request.

        Raises:
            ProblemError: Not signed in; or known, but without an office, or sent by a page of another site.
            StoreError: Postgres cannot say.
        """
        given = request.headers.getlist("authorization")
        try:
            if not given:
                caller, by_itself = await self._by_session(request) or await self._without_credentials(request), True
            elif len(given) > 1:
                raise _Unknown("more than one Authorization header")
            else:
                scheme, _, credentials = given[0].strip().partition(" ")
                by_itself = scheme.lower() == "basic"
                caller = await self._with_credentials(scheme.lower(), credentials.strip())
        except _Unknown as error:
            if given:
                _log.warning("a caller was refused", why=str(error), path=request.url.path)
            raise _not_signed_in(request) from None
        # Browsers send these by themselves, also for a form that another site made.
        if by_itself and request.method not in _SAFE_METHODS and from_elsewhere(request):
            raise ProblemError(ProblemType.FORBIDDEN, "请求来自其他网站的页面，已拒绝；请在本系统的页面上操作")
        return caller

    async def office_of_key(self, given: str) -> tuple[str, str] | None:
        """The id and the office of an API key that is good now, for signing in; none of any other.

        Raises:
            StoreError: Postgres cannot say.
        """
        try:
            caller = await self._by_key(given)
        except _Unknown as error:
            _log.warning("a sign-in was refused", why=str(error))
            return None
        return (caller.id.removeprefix("key/"), caller.office) if caller.office else None

    async def is_local_operator(self, request: Request) -> bool:
        """Whether this request needs no credentials.

        Raises:
            StoreError: Postgres cannot say.
        """
        try:
            await self._without_credentials(request)
        except _Unknown:
            return False
        return True

    async def _by_session(self, request: Request) -> Caller | None:
        """Who has signed in at the desk; sessions are for pages, not for programs."""
        if request.url.path.startswith("/v1/"):
            return None
        here = await self.sessions.of(request)
        return here.page_caller if here else None

    async def _key_holds(self, id_: str) -> bool:
        key = await self._key(id_)
        return key is not None and key.ended(datetime.now(UTC)) is None

    async def _with_credentials(self, scheme: str, credentials: str) -> Caller:
        if scheme == "basic":
            password = basic_password(credentials)
            if password is None:
                raise _Unknown("Basic credentials that cannot be read")
            return await self._by_key(password)
        if scheme != "bearer":
            raise _Unknown("another scheme than Bearer or Basic")
        if credentials.startswith(PREFIX):
            return await self._by_key(credentials)
        return await self._by_token(credentials)

    async def _by_key(self, given: str) -> Caller:
        id_ = key_id(given)
        if id_ is None:
            raise _Unknown("not written like a key")
        key = await self._key(id_)
        if key is None:
            # As long as for a key that is there.
            self._pepper.hash(given)
            raise _Unknown(f"key {id_}: there is none")
        if not key.fits(given, self._pepper):
            peppered = "" if key.pepper == self._pepper.mark else ", issued with another pepper"
            raise _Unknown(f"key {id_}: the secret is wrong{peppered}")
        now = datetime.now(UTC)
        ended = key.ended(now)
        if ended:
            raise _Unknown(f"key {id_}: {ended}")
        await self._touch(key, now)
        return Caller(id=f"key/{id_}", known_by=KnownBy.API_KEY, office=key.office, system=key.system)

    async def _key(self, id_: str) -> ApiKey | None:
        kept = self._kept.get(id_)
        if kept and self._clock() - kept[0] < KEY_SECONDS:
            return kept[1]
        asked_at = self._clock()
        key = await self._context.in_time(self._context.store.api_key(id_))
        self._kept.pop(id_, None)
        if key is not None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[id_] = (asked_at, key)
        return key

    async def _touch(self, key: ApiKey, now: datetime) -> None:
        if key.last_used_at is not None and now - key.last_used_at < _TOUCH_EVERY:
            return
        try:
            await self._context.in_time(self._context.store.touch_key(key.id))
        except StoreError as error:
            _log.warning("the use of a key was not written down", key=key.id, error=str(error))
            return
        read_at, _ = self._kept.get(key.id, (self._clock(), key))
        self._kept[key.id] = (read_at, key.model_copy(update={"last_used_at": now}))

    async def _by_token(self, token: str) -> Caller:
        if self.tokens is None:
            raise _Unknown("a token, but no OIDC issuer is set")
        try:
            claims = await self.tokens.check(token)
        except (InvalidTokenError, KeysUnavailableError) as error:
            raise _Unknown(f"token: {error}") from None
        return self.caller_of(claims)

    def caller_of(self, claims: Claims) -> Caller:
        """For whom a good token speaks.

        Raises:
            ProblemError: It names no office of this jurisdiction, nor a system.
        """
        office = claims.office or ""
        subject = f"{BY_ISSUER}{claims.subject}"[:200].replace("\x00", "\ufffd").strip()
        system = office.removeprefix("system/")
        if system != office and 0 < len(system) <= 200 and system == system.strip() and "\x00" not in system:
            return Caller(id=subject, known_by=KnownBy.TOKEN, system=system)
        if office not in self._known_offices():
            claim = self._context.settings.oidc_office_claim
            _log.warning("a token names no office of this jurisdiction", subject=subject, claim=claim)
            raise ProblemError(
                ProblemType.FORBIDDEN, f"令牌的“{claim}”没有写明本辖区的单位（职务），请联系管理员在登录系统中设置"
            )
        return Caller(id=subject, known_by=KnownBy.TOKEN, office=office)

    def _known_offices(self) -> frozenset[str]:
        jurisdiction = self._files.get(None)
        if self._offices is None or self._offices[0] is not jurisdiction:
            self._offices = (jurisdiction, frozenset(offices_of(jurisdiction)))
        return self._offices[1]

    async def _without_credentials(self, request: Request) -> Caller:
        settings = self._context.settings
        if settings.api_access is ApiAccess.OPEN:
            return LOCAL_OPERATOR
        if settings.api_access is ApiAccess.KEYS or self.tokens or not is_loopback(settings.api_host):
            raise _Unknown("no credentials")
        if any(name in request.headers for name in _FORWARDED):
            raise _Unknown("no credentials, and forwarded by a proxy")
        # A name of somebody else's that leads here (DNS rebinding) is none of this machine.
        if not is_loopback(host_of(request)):
            raise _Unknown("no credentials, and another machine's name as Host")
        if await self._was_a_key_issued():
            raise _Unknown("no credentials")
        return LOCAL_OPERATOR

    async def _was_a_key_issued(self) -> bool:
        if not self._a_key_was_issued:
            self._a_key_was_issued = await self._context.in_time(self._context.store.any_api_key())
        return self._a_key_was_issued

    async def _who_may_ask(self) -> str:
        settings = self._context.settings
        known = "keys and tokens of the OIDC issuer" if self.tokens else "keys"
        if settings.api_access is ApiAccess.OPEN:
            return "everybody who reaches this address, as the local operator: GUATU_API_ACCESS=open"
        if settings.api_access is ApiAccess.KEYS or self.tokens:
            return f"who has credentials alone: {known}"
        if not is_loopback(settings.api_host):
            return f"who has a key alone: {settings.api_host} can be reached from other machines"
        try:
            issued = await self._was_a_key_issued()
        except StoreError:
            return "nobody until Postgres says whether a key was ever issued"
        if issued:
            return "who has a key alone"
        return (
            "whoever is on this machine, as the local operator, who may do everything but see complainants; "
            "the first `guatu keys issue` ends this"
        )


async def start_authentication(app: FastAPI) -> None:
    """Make ready, once at the start of the process, what finds out who is asking.

    Raises:
        AccessSettingsError: A file that the settings name cannot be used.
        JurisdictionError: The jurisdiction file, whose offices tokens may name, has mistakes.
        NoSuchJurisdictionError: There is none.
    """
    context = app.state.context
    assert isinstance(context, Context)
    app.state.authentication = authentication = Authentication(context)
    await authentication.start()


class _Declared(SecurityBase):
    """A way to sign in, for the description; the headers are read in one place, by ``Authentication``."""

    def __init__(self, scheme_name: str, model: HTTPBase) -> None:
        self.scheme_name = scheme_name
        self.model = model

    async def __call__(self) -> None:
        """Nothing to find out."""


_BEARER = _Declared(
    "HTTPBearer", HTTPBearer(bearerFormat="guatu_<id>_<secret>, or JWT", description="An API key or an OIDC token.")
)
_BASIC = _Declared("HTTPBasic", HTTPBase(scheme="basic", description="Any name, and an API key as the password."))


def authentication_of(request: Request, context: Context) -> Authentication:
    """What finds out who is asking; without a start of the process it is made at the first request."""
    authentication = getattr(request.app.state, "authentication", None)
    if not isinstance(authentication, Authentication):
        authentication = request.app.state.authentication = Authentication(context)
    return authentication


async def _asking(
    request: Request,
    context: Reading,
    _bearer: Annotated[None, Security(_BEARER)],
    _basic: Annotated[None, Security(_BASIC)],
) -> Caller:
    caller = await authentication_of(request, context).caller(request)
    request.state.caller = caller
    return caller


Asking = Annotated[Caller, Depends(_asking)]
"""The parameter by which a route asks who is there; the first one, so that nothing is told to who is not known."""


def require(
    caller: Caller,
    deed: Deed,
    *,
    case_no: str | None = None,
    case: Whereabouts | None = None,
    by_office: str | None = None,
) -> None:
    """Go on only if the caller may do this.

    Args:
        caller: From ``Asking``.
        deed: What is asked for.
        case_no: The case's number, for what is done to one case.
        case: To whom the case belongs; see ``petitions.access.authorize``.
        by_office: The office for which a message claims to speak; none if it says none.

    Raises:
        ProblemError: Forbidden; or, for a case out of sight, that there is none of this number.
    """
    denial = authorize(caller, deed, case=case, by_office=by_office)
    if denial is None:
        return
    if denial.hidden:
        raise case_not_found(case_no or "")
    raise ProblemError(ProblemType.FORBIDDEN, denial.reason)


async def require_on_case(
    context: Context, caller: Caller, deed: Deed, case_no: str, *, by_office: str | None = None
) -> None:
    """Go on only if the caller may do this to this case; who does not see everything is asked about in the store.

    For who does see everything, whether there is such a case is not looked up here.

    Raises:
        ProblemError: As ``require``.
        StoreError: As the store says.
    """
    case = None
    if not caller.sight.everything:
        case = await context.in_time(context.store.whereabouts(case_no))
    require(caller, deed, case_no=case_no, case=case, by_office=by_office)


def _not_signed_in(request: Request) -> ProblemError:
    api = request.url.path.startswith("/v1/")
    challenge = 'Bearer realm="guatu"' if api else 'Basic realm="guatu", charset="UTF-8"'
    return ProblemError(
        ProblemType.NOT_SIGNED_IN,
        "不能确认您的身份：请使用有效的密钥或登录令牌；没有密钥的，请联系系统管理员签发",
        headers={"WWW-Authenticate": challenge},
    )
