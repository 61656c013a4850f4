"""Who may do what: every role on every route, and with every message.

The tables below are written by hand, apart from the code. A new route fails the first test until it has its line.
"""

import json
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from api.app import create_app
from api.authentication import Asking
from api.problems import ProblemType
from petitions.access import LOCAL_OPERATOR, Caller, Deed, KnownBy, authorize, whereabouts
from petitions.vocabulary import MessageKind
from store import Store
from tests.api.conftest import House, client_of, house, settings_for
from tests.api.issuer import Issuer
from tests.petitions.building import (
    ASSISTING,
    BODIES,
    BYSTANDER,
    COUNTY_MAYOR,
    ELSEWHERE,
    INTAKE,
    LEAD,
    MAYOR,
    REVISIT,
    STABILITY,
    SUPERVISION,
    UNIT,
    VICE_MAYOR,
    Story,
    rectifying,
)
from tests.store.servers import Server

YES, NO, HIDDEN, WHO = "let in", "403 forbidden", "404 as if there were none", "401 not signed in"

MEMBER = "unit/公安局"
"""Sits in the task force as a member, and as nothing else."""

# Roles ---------------------------------------------------------------------------------------------------------

EVERYTHING_BUT_COMPLAINANT = dict.fromkeys(Deed, YES) | {Deed.SEE_COMPLAINANT: NO}
_READS = {
    Deed.HAND_OVER: NO,
    Deed.HAND_OVER_BATCH: NO,
    Deed.REOPEN: NO,
    Deed.SEND_MESSAGE: YES,
    Deed.LIST_CASES: YES,
    Deed.SEE_CASE: YES,
    Deed.SEE_FIGURES: YES,
    Deed.SEE_COMPLAINANT: NO,
    Deed.SEE_DUPLICATES: NO,
    Deed.SEE_PAYLOADS: NO,
}
_OUTSIDE = _READS | dict.fromkeys((Deed.REOPEN, Deed.SEND_MESSAGE, Deed.SEE_CASE, Deed.SEE_COMPLAINANT), HIDDEN)
_TEAM = _READS | {Deed.SEE_DUPLICATES: YES}

MAY: dict[str, dict[Deed, str]] = {
    INTAKE: dict.fromkeys(Deed, YES) | {Deed.SEE_PAYLOADS: NO},
    STABILITY: _TEAM,
    SUPERVISION: _TEAM | {Deed.SEE_COMPLAINANT: YES},
    REVISIT: _TEAM,
    MAYOR: _READS,
    VICE_MAYOR: _READS,
    COUNTY_MAYOR: _READS,
    "county/甲县/leader/government": _READS,
    ELSEWHERE: _OUTSIDE,
    UNIT: _READS,
    LEAD: _READS,
    ASSISTING: _READS,
    MEMBER: _READS,
    BYSTANDER: _OUTSIDE,
    "system/12345": _READS
    | {Deed.HAND_OVER: YES, Deed.HAND_OVER_BATCH: YES, Deed.SEND_MESSAGE: NO, Deed.SEE_DUPLICATES: YES},
    "system/operator": _READS | {Deed.SEND_MESSAGE: NO, Deed.SEE_PAYLOADS: YES},
}
"""What each caller with good credentials may do, on a case of 甲县 whose unit and task force are the story's."""

NOT_KNOWN = (
    "no credentials",
    "a key that was never issued",
    "a key with another secret",
    "a revoked key",
    "an expired key",
    "a key as the name of Basic",
    "a scheme of its own",
    "an expired token",
    "a token of another issuer",
    "a token for another audience",
    "a token without a signature",
    "a token signed with the public key",
    "a token of another key",
    "a token without a subject",
)
"""Callers who are not known: 401 wherever somebody must be known."""


def story() -> Story:
    """The case that all ask for: with its responsible unit and a task force."""
    return rectifying().forms_task_force(members=["王某", MEMBER, {"office": COUNTY_MAYOR, "name": "李某"}])


def caller_of(role: str) -> Caller:
    system = role.removeprefix("system/")
    if system != role:
        return Caller(id="key/1", known_by=KnownBy.API_KEY, system=system)
    return Caller(id="key/1", known_by=KnownBy.API_KEY, office=role)


# Routes --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """What a route is: the deed that it stands for (none: it is open to all), and how it is called."""

    deed: Deed | None
    address: str
    body: Any = None
    by: bool = False
    """Whether the body says for whom it speaks."""


_HAND_OVER = {"case_no": "N1"}
LINES: dict[tuple[str, str], Line] = {
    ("GET", "/v1/openapi.json"): Line(None, "/v1/openapi.json"),
    ("GET", "/static"): Line(None, "/static/guatu.css"),
    ("GET", "/livez"): Line(None, "/livez"),
    ("GET", "/readyz"): Line(None, "/readyz"),
    ("GET", "/counties"): Line(Deed.LIST_CASES, "/counties"),
    ("GET", "/list.csv"): Line(Deed.LIST_CASES, "/list.csv"),
    ("GET", "/list.xlsx"): Line(Deed.LIST_CASES, "/list.xlsx"),
    ("GET", "/live"): Line(Deed.LIST_CASES, "/live"),
    ("GET", "/"): Line(Deed.LIST_CASES, "/"),
    ("GET", "/cases/{no}"): Line(Deed.SEE_CASE, "/cases/X1"),
    ("GET", "/cases/{no}/report"): Line(Deed.SEE_CASE, "/cases/X1/report"),
    ("GET", "/cases/{no}/attachments/{sha256}"): Line(Deed.SEE_CASE, f"/cases/X1/attachments/{'0' * 64}"),
    ("GET", "/v1/cases"): Line(Deed.LIST_CASES, "/v1/cases"),
    ("GET", "/v1/cases/{no}"): Line(Deed.SEE_CASE, "/v1/cases/X1"),
    ("GET", "/v1/cases/{no}/timeline"): Line(Deed.SEE_CASE, "/v1/cases/X1/timeline"),
    ("GET", "/v1/cases/{no}/duplicates"): Line(Deed.SEE_DUPLICATES, "/v1/cases/X1/duplicates"),
    ("GET", "/v1/figures"): Line(Deed.SEE_FIGURES, "/v1/figures"),
    ("GET", "/v1/bulletins/{date}"): Line(Deed.SEE_FIGURES, "/v1/bulletins/2021-08-27"),
    ("POST", "/v1/cases"): Line(Deed.HAND_OVER, "/v1/cases", _HAND_OVER),
    ("POST", "/v1/batches"): Line(Deed.HAND_OVER_BATCH, "/v1/batches", _HAND_OVER),
    ("POST", "/v1/cases/{no}/messages"): Line(
        Deed.SEND_MESSAGE, "/v1/cases/X1/messages", {"kind": "dispatch"}, by=True
    ),
    ("POST", "/v1/cases/{no}/reopen"): Line(Deed.REOPEN, "/v1/cases/X1/reopen", {}, by=True),
    ("GET", "/v1/cases/{no}/complainant"): Line(
        Deed.SEE_COMPLAINANT, "/v1/cases/X1/complainant?name=某人&purpose=核实"
    ),
    ("POST", "/codec/encode"): Line(Deed.SEE_PAYLOADS, "/codec/encode", {"payloads": []}),
    ("POST", "/codec/decode"): Line(Deed.SEE_PAYLOADS, "/codec/decode", {"payloads": []}),
}
"""Every route there is, but those of the desk, which knows people by their sessions: see tests/desk."""


def routes_of(routes: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """The method and path of every route; HEAD and OPTIONS answer as GET does."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from routes_of(included.routes)
            continue
        for method in getattr(route, "methods", None) or {"GET"}:
            if method not in {"HEAD", "OPTIONS"} and not route.path.startswith("/desk"):
                yield method, route.path


def without_a_line(app: FastAPI) -> list[tuple[str, str]]:
    return sorted(set(routes_of(app.routes)) - LINES.keys())


def test_every_route_has_its_line(bare: House) -> None:
    found = set(routes_of(bare.app.routes))
    described = {(method.upper(), path) for path, methods in bare.app.openapi()["paths"].items() for method in methods}
    assert described <= found, "the walk over app.routes misses routes that the description has"
    assert not LINES.keys() - found, "LINES has routes that are not there: take them out"
    missing = without_a_line(bare.app)
    assert not missing, (
        f"{missing}: write a line in LINES (tests/api/test_access_matrix.py): which Deed the route stands for. It must "
        "take `caller: Asking` as its first parameter and call `require` or `require_on_case`; only what everybody may "
        "see, also without being known, has the deed None"
    )


# One function, every role, every deed ---------------------------------------------------------------------------


def verdict(caller: Caller, deed: Deed, case: Story, *, by: str | None = None) -> str:
    denial = authorize(caller, deed, case=whereabouts(case.case), by_office=by)
    return YES if denial is None else HIDDEN if denial.hidden else NO


@pytest.mark.parametrize("deed", Deed, ids=lambda deed: deed.value)
def test_every_role_does_what_it_may(deed: Deed) -> None:
    case = story()
    found = {role: verdict(caller_of(role), deed, case) for role in MAY}
    assert found == {role: may[deed] for role, may in MAY.items()}
    assert verdict(LOCAL_OPERATOR, deed, case) == EVERYTHING_BUT_COMPLAINANT[deed]


@pytest.mark.parametrize("kind", MessageKind, ids=lambda kind: kind.value)
def test_every_message_is_sent_for_the_callers_own_office_alone(kind: MessageKind) -> None:
    """The door lets an office in whatever it sends: what is its to send is the domain's rule, and stands once."""
    case = story()
    for role in MAY:
        caller = caller_of(role)
        for by in MAY:
            expected = MAY[role][Deed.SEND_MESSAGE]
            if expected == YES and by != role:
                expected = NO
            assert verdict(caller, Deed.SEND_MESSAGE, case, by=by) == expected, f"{role} sends {kind} as {by}"
            assert verdict(LOCAL_OPERATOR, Deed.SEND_MESSAGE, case, by=by) == YES


# Every role on every route that there is -------------------------------------------------------------------------


@dataclass(frozen=True)
class Gate:
    """An application with keys and an issuer, and the headers of every role."""

    app: FastAPI
    own: House
    headers: dict[str, dict[str, str]]
    nobody: dict[str, dict[str, str]]
    client: httpx.AsyncClient
    open_client: httpx.AsyncClient
    """Of an application on the same database that is open to all."""


@pytest.fixture(scope="module")
async def gate(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Gate]:
    issuer = Issuer()
    async with house(server, template) as own:
        await own.records.keep(story())
        headers, nobody = await _credentials(Store(own.pool), issuer)
        directory: Path = tmp_path_factory.mktemp("issuer")
        app = create_app(settings_for(own.database, **issuer.settings(directory)), own.pool)
        everybody = create_app(settings_for(own.database, api_access="open"), own.pool)
        async with client_of(app) as client, client_of(everybody) as open_client:
            yield Gate(app, own, headers, nobody, client, open_client)


async def _credentials(store: Store, issuer: Issuer) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    headers: dict[str, dict[str, str]] = {}
    for role in MAY:
        caller = caller_of(role)
        headers[role] = bearer(await store.issue_key(label="测试", office=caller.office, system=caller.system))
    good = await store.issue_key(label="测试", office=INTAKE)
    revoked = await store.issue_key(label="测试", office=INTAKE)
    await store.revoke_key(revoked.split("_")[1], "测试")
    expired = await store.issue_key(label="测试", office=INTAKE, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    past = datetime.now(UTC) - timedelta(seconds=31)
    nobody = {
        "no credentials": {},
        "a key that was never issued": bearer(f"guatu_{'0' * 8}_{'0' * 64}"),
        "a key with another secret": bearer(good[:-64] + "0" * 64),
        "a revoked key": bearer(revoked),
        "an expired key": bearer(expired),
        "a key as the name of Basic": {"Authorization": httpx.BasicAuth(good, "")._auth_header},  # pyright: ignore[reportPrivateUsage] - the header it would send
        "a scheme of its own": {"Authorization": f"Token {good}"},
        "an expired token": bearer(issuer.token(exp=past)),
        "a token of another issuer": bearer(issuer.token(iss="https://login.example/realms/other")),
        "a token for another audience": bearer(issuer.token(aud="other")),
        "a token without a signature": bearer(issuer.unsigned()),
        "a token signed with the public key": bearer(issuer.signed_with_the_public_key()),
        "a token of another key": bearer(Issuer(issuer.kid).token()),
        "a token without a subject": bearer(issuer.token(sub=None)),
    }
    assert set(nobody) == set(NOT_KNOWN)
    return headers, nobody


def bearer(credentials: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credentials}"}


async def answered(client: httpx.AsyncClient, method: str, line: Line, role: str, headers: dict[str, str]) -> str:
    """What became of a request: let in is whatever is neither 401, 403 nor the 404 of a case that is not there."""
    body = line.body
    if line.by:
        body = {**body, "message_id": "m1", "by": {"office": role, "name": "某人"}, **BODIES[MessageKind.DISPATCH]}
    answer = await client.request(
        method,
        line.address,
        content=None if body is None else json.dumps(body).encode(),
        headers={**headers, **({} if body is None else {"Content-Type": "application/json"})},
    )
    kind = answer.json()["type"] if answer.headers["content-type"] == "application/problem+json" else None
    if answer.status_code == 401:
        assert kind == ProblemType.NOT_SIGNED_IN.uri
        return WHO
    if answer.status_code == 403:
        assert kind == ProblemType.FORBIDDEN.uri
        return NO
    return HIDDEN if kind == ProblemType.CASE_NOT_FOUND.uri else YES


@pytest.mark.parametrize(("method", "path"), LINES)
async def test_every_role_on_every_route(gate: Gate, method: str, path: str) -> None:
    line = LINES[method, path]
    expected = {role: YES if line.deed is None else may[line.deed] for role, may in MAY.items()}
    found = {role: await answered(gate.client, method, line, role, gate.headers[role]) for role in MAY}
    assert found == expected
    unknown = {who: await answered(gate.client, method, line, INTAKE, gate.nobody[who]) for who in NOT_KNOWN}
    assert unknown == dict.fromkeys(NOT_KNOWN, YES if line.deed is None else WHO)
    local = await answered(gate.open_client, method, line, INTAKE, {})
    assert local == (YES if line.deed is None else EVERYTHING_BUT_COMPLAINANT[line.deed])


@pytest.mark.parametrize("kind", MessageKind, ids=lambda kind: kind.value)
async def test_every_role_sends_every_message(gate: Gate, kind: MessageKind) -> None:
    for role, may in MAY.items():
        for by in (role, STABILITY if role != STABILITY else UNIT):
            body = {"kind": kind.value, "message_id": f"{kind.value} {role} {by}", **BODIES[kind]}
            line = Line(Deed.SEND_MESSAGE, "/v1/cases/X1/messages", body | {"by": {"office": by, "name": "某人"}})
            expected = NO if may[Deed.SEND_MESSAGE] == YES and by != role else may[Deed.SEND_MESSAGE]
            assert await answered(gate.client, "POST", line, role, gate.headers[role]) == expected, f"{role} as {by}"


async def test_a_route_that_forgets_to_ask_is_found(gate: Gate) -> None:
    """The matrix itself: with one route that asks nobody, and one that asks who but not whether they may."""
    planted = create_app(settings_for(gate.own.database), gate.own.pool)
    router = APIRouter()

    @router.get("/v1/forgotten/{no}")
    async def _(no: str) -> str:  # pyright: ignore[reportUnusedFunction] - the application calls it
        return no

    @router.get("/v1/half/{no}")
    async def _(caller: Asking, no: str) -> str:  # pyright: ignore[reportUnusedFunction] - the application calls it
        return no

    planted.include_router(router)
    assert without_a_line(planted) == [("GET", "/v1/forgotten/{no}"), ("GET", "/v1/half/{no}")]
    async with client_of(planted) as client:
        forgotten, half = Line(Deed.SEE_CASE, "/v1/forgotten/X1"), Line(Deed.SEE_CASE, "/v1/half/X1")
        assert await answered(client, "GET", forgotten, INTAKE, {}) == YES != WHO
        assert await answered(client, "GET", half, INTAKE, {}) == WHO
        assert await answered(client, "GET", half, BYSTANDER, gate.headers[BYSTANDER]) == YES != HIDDEN


async def test_who_does_not_see_a_case_is_told_what_is_told_of_none(gate: Gate) -> None:
    for address in ("/v1/cases/X1", "/v1/cases/X1/timeline", "/cases/X1", "/cases/X1/report"):
        hidden = await gate.client.get(address, headers=gate.headers[BYSTANDER])
        none = await gate.client.get(address.replace("X1", "X9"), headers=gate.headers[BYSTANDER])
        assert hidden.status_code == none.status_code == 404
        assert hidden.text.replace("X1", "X9") == none.text
        assert set(hidden.headers) == set(none.headers)


async def test_a_list_and_the_wall_have_only_what_is_in_sight(gate: Gate) -> None:
    for role, may in MAY.items():
        listed = (await gate.client.get("/v1/cases", headers=gate.headers[role])).json()["cases"]
        wall = (await gate.client.get("/", headers=gate.headers[role])).text
        seen = may[Deed.SEE_CASE] == YES
        assert [case["case_no"] for case in listed] == (["X1"] if seen else []), role
        assert ("/cases/X1" in wall) == seen, role
