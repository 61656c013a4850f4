"""The cases that the pages show: the demonstration's 31, as they stand on the morning of a day with every sticker.

They are told by the rules alone, from the shipped timetable, so they look like a city's and are the same in every run.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from starlette.types import ASGIApp

from activities.jurisdictions import Jurisdictions
from api.app import create_app
from api.serving import serving, taken_port
from guatu.demo.timetable import PlannedCase, PlannedMessage, jurisdiction_of, read_timetable, shipped_timetable
from petitions.clock import ShortClock
from petitions.events import Entry
from petitions.jurisdiction.model import Jurisdiction
from petitions.report import handling_report
from petitions.vocabulary import MessageKind, Outcome
from store import Store, open_pool
from store.connection import Pool
from tests.api.conftest import settings_for
from tests.guatu.simulation import SimulatedCase
from tests.store.servers import Server

MOMENT = datetime(2021, 9, 5, 11, 0, tzinfo=timezone(timedelta(hours=8)))
"""What every page takes for now: there are yellow, blue and red stickers, and a case that is overdue."""

REWORKED, WITHDRAWN, HELD_UP = "DZ0831-01", "DZ0903-03", "DZ0830-01"
UNDISPATCHED = "DZ0904-03"
"""Cases that go another way here than in the demonstration, so that every sticker and every end is on the wall, and
one that waits for somebody to name its unit."""


@dataclass(frozen=True)
class Told:
    """A case until ``MOMENT``, with all that is to be recorded."""

    case_no: str
    entries: list[Entry]
    told: SimulatedCase


class _Told(SimulatedCase):
    """A case of the timetable that is told until a moment."""

    def __init__(self, planned: PlannedCase, jurisdiction: Jurisdiction, until: datetime) -> None:
        messages = tuple(message for message in planned.messages if message.at <= until)
        super().__init__(planned.model_copy(update={"messages": messages}), jurisdiction)
        self._let_time_pass(until)


def city() -> list[Told]:
    """The 31 cases."""
    text = shipped_timetable()
    jurisdiction = Jurisdictions(jurisdiction_of(text)).get(None)
    planned = [_changed(case) for case in read_timetable(text, jurisdiction).cases]
    cases = [_Told(case, jurisdiction, MOMENT) for case in planned]
    return [Told(each.case.case_no, each.entries, each) for each in cases]


def _changed(planned: PlannedCase) -> PlannedCase:
    number = planned.hand_over.case_no
    messages = planned.messages
    if number == REWORKED:
        messages = tuple(_reworked(messages))
    if number == HELD_UP:
        # Starred, and still open on its sixth day.
        messages = tuple(message for message in messages if message.at < MOMENT - timedelta(hours=11))
    if number == UNDISPATCHED:
        # Its unit is none that the jurisdiction has.
        named = planned.hand_over.model_copy(update={"responsible_unit": "万源市交通运输局"})
        return planned.model_copy(update={"hand_over": named, "messages": ()})
    if number == WITHDRAWN:
        at = planned.handed_in + timedelta(hours=5)
        body = {
            "message_id": f"{number}-withdrawal",
            "by": {"office": "city/intake", "name": "市信访受理中心"},
            "reason": "督察组通知：与群众核对后撤回。",
        }
        withdrawal = PlannedMessage(at=at, kind=MessageKind.WITHDRAWAL, body=body, by_update=False, refused=None)
        messages = (*(message for message in messages if message.at < at), withdrawal)
    return planned.model_copy(update={"messages": messages})


def _reworked(messages: tuple[PlannedMessage, ...]) -> Iterator[PlannedMessage]:
    """Until the survey, whose residents are dissatisfied now; what comes after it would be of another story."""
    for message in messages:
        if message.kind is not MessageKind.SURVEY_RESULT:
            yield message
            continue
        answers: list[dict[str, Any]] = [
            {**answer, "opinion": "dissatisfied"} if at % 2 else answer
            for at, answer in enumerate(message.body["responses"])
        ]
        at = min(message.at, MOMENT - timedelta(hours=2))
        yield message.model_copy(update={"at": at, "body": {**message.body, "responses": answers}})
        return


async def keep(store: Store, cases: list[Told]) -> None:
    """Write them into the record, with the reports that were submitted."""
    for each in cases:
        await store.record(each.case_no, each.entries)
        case = each.told.case
        if case.closing and case.closing.outcome is Outcome.CONCLUDED:
            # The page of the report as it was submitted; its time is the end's.
            await store.submit_report(each.case_no, "1", handling_report(case), case.closing.at)


@dataclass(frozen=True)
class Site:
    """A running application.

    Attributes:
        address: Where it is, without a slash at the end.
        pool: Its database.
    """

    address: str
    pool: Pool


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncGenerator[str]:
    """The address of an application that is served on loopback while the block runs."""
    with taken_port("127.0.0.1", 0, purpose="the tests' pages", setting="nothing") as listener:
        async with serving(app, listener, drain_seconds=1):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _standing_at(now: datetime) -> str:
    """A short clock by which it is this moment, and on which a day takes 30 years."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    clock = ShortClock(engine_origin=datetime.now(UTC), shown_origin=midnight, day_seconds=1e9)
    began = clock.engine_origin - (clock.engine(now) - clock.engine_origin)
    return clock.model_copy(update={"engine_origin": began}).model_dump_json()


@asynccontextmanager
async def standing_site(server: Server, template: str, now: datetime = MOMENT) -> AsyncGenerator[Site]:
    """An application on a fresh migrated database, whose clock stands still."""
    async with server.database(f"TEMPLATE {template}") as url, open_pool(url, max_size=5) as pool:
        app = create_app(settings_for(url, short_clock=_standing_at(now)), pool)
        async with served(app) as address:
            yield Site(address, pool)


@asynccontextmanager
async def city_site(server: Server, template: str) -> AsyncGenerator[Site]:
    """The application that shows the city's cases."""
    async with standing_site(server, template) as site:
        await keep(Store(site.pool), city())
        yield site
