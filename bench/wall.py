"""``python -m bench.wall``: the wall with 10,000 open and 100,000 closed cases, on a Postgres of its own.

The cases are copies of a few real ones, made inside Postgres: of open cases the whole record, and of those that were
closed within the last days; of all others the entries that the wall and the figures read (hand-over, star, survey,
end), with states that nobody reads left empty; real ones lie outside the row as well.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
from pydantic_core import to_json

from activities.jurisdictions import Jurisdictions
from api.app import create_app
from api.settings import ApiSettings
from guatu.demo.timetable import PlannedCase, jurisdiction_of, read_timetable, shipped_timetable
from guatu.embedded.data_directory import DataDirectory
from guatu.embedded.postgres import EmbeddedPostgres
from petitions.case import Case
from petitions.clock import CaseClock
from petitions.deadlines import next_deadline
from petitions.events import Entry
from petitions.jurisdiction.model import Jurisdiction
from petitions.jurisdiction.rules import rules_for
from petitions.messages import read_message
from petitions.procedure import Step, let_time_pass, may_report, open_case, report_is_submitted, take_in, unit_notified
from store import Store, open_pool, prepare_schema, queries
from store.wall import WallFilters

OPEN, CLOSED = 10_000, 100_000
PAGE_SECONDS, MOMENT_SECONDS = 0.050, 0.300
"""What a screenful, and a past moment, may take at the 95th percentile."""
_TIMES = 150
_TIMES_AT = 60
_FEW_HUNDRED_OPEN = "开江县"
"""One of its cases is open, so that some 500 copies are: few enough for each to be looked at."""

_COPY_CASES = """
INSERT INTO petition_case (
    case_no, seq, hash, revision, stage, sticker, starred, overdue, county, responsible_unit, round, received_at,
    opened_at, due_at, closed_at, outcome, within_target, within_mandate, categories, channel, batch, location, summary,
    has_instruction, has_supervision, has_task_force, has_revisit, breaches, view, state, units
)
SELECT
    case_no || '-' || n, seq, hash, revision, stage, sticker, starred, overdue, county, responsible_unit, round,
    received_at + age * n, opened_at + age * n, due_at + age * n, closed_at + age * n, outcome, within_target,
    within_mandate, categories, channel, batch, location, summary, has_instruction, has_supervision, has_task_force,
    has_revisit, breaches,
    CASE WHEN closed_at IS NULL THEN replace(view::text, case_no, case_no || '-' || n)::json ELSE '{}' END,
    CASE WHEN closed_at IS NULL THEN replace(state::text, case_no, case_no || '-' || n)::json ELSE '{}' END,
    units
FROM petition_case, generate_series(1, $2) AS n, CAST($3 AS interval) AS age
WHERE (closed_at IS NULL) = $1 AND case_no !~ '-.*-'
"""
_COPY_ENTRIES = """
INSERT INTO case_event (
    case_no, seq, at, event, by_office, by_name, message_id, received_at, county, starred, outcome, entry, line,
    prev_hash, hash
)
SELECT
    case_no || '-' || n, event.seq, at + age * n, event, by_office, by_name, message_id, event.received_at + age * n,
    event.county, event.starred, event.outcome, replace(entry::text, case_no, case_no || '-' || n)::json, line,
    prev_hash, event.hash
FROM case_event AS event JOIN petition_case USING (case_no), generate_series(1, $2) AS n, CAST($3 AS interval) AS age
WHERE (closed_at IS NULL) = $1 AND case_no !~ '-.*-'
    -- Three days back: no moment that is looked at lies earlier.
    AND ($1 OR n * $3 > interval '-3 days' OR event.received_at IS NOT NULL OR event.starred IS NOT NULL
         OR event.outcome IS NOT NULL OR event = 'survey_judged')
"""


@dataclass(frozen=True)
class _Told:
    """A case of the timetable up to a moment, with its record."""

    case: Case
    entries: tuple[Entry, ...]


def _tell(planned: PlannedCase, jurisdiction: Jurisdiction, until: datetime) -> _Told:
    """Tell a case by the rules alone."""
    given = planned.hand_over
    rules = rules_for(
        jurisdiction,
        received_at=given.received_at,
        county=given.county,
        categories=given.categories,
        responsible_unit=given.responsible_unit,
        clock=CaseClock(),
    )
    entries: list[Entry] = []

    def keep(step: Step, now: datetime) -> Case:
        entries.extend(step.entries)
        case = step.case
        for notice in step.notices:
            if notice.dispatches:
                case = keep(let_time_pass(case, now), now)
                case = keep(unit_notified(case, notice.to, now), now)
        return case

    def pass_time(case: Case, now: datetime) -> Case:
        while (deadline := next_deadline(case)) is not None and deadline.due_at <= now:
            case = keep(let_time_pass(case, max(deadline.due_at, case.opened_at)), deadline.due_at)
        return case

    case = keep(open_case(given, rules, planned.handed_in), planned.handed_in)
    for message in planned.messages:
        if message.at > until:
            break
        case = pass_time(case, message.at)
        case = keep(take_in(case, read_message(to_json(message.body), message.kind), message.at), message.at)
        if may_report(case):
            case = keep(report_is_submitted(case, "0" * 64, message.at), message.at)
    return _Told(pass_time(case, until), tuple(entries))


async def fill(url: str, say: Callable[[str], None]) -> datetime:
    """Make the cases of a database that has none; the moment is that of the wall."""
    text = shipped_timetable()
    jurisdiction = Jurisdictions(jurisdiction_of(text)).get(None)
    cases = read_timetable(text, jurisdiction).cases
    now = max(case.hand_over.received_at for case in cases) + timedelta(days=1)
    told = [_tell(case, jurisdiction, now) for case in cases]
    async with open_pool(url) as pool:
        store = Store(pool)
        for each in told:
            await store.record(each.case.case_no, each.entries)
    connection = await asyncpg.connect(url)
    try:
        for is_open, wanted in ((True, OPEN), (False, CLOSED)):
            templates = sum(each.case.closed != is_open for each in told)
            copies = -(-wanted // templates)
            # Open cases lie close together in time, closed ones go back for years.
            age = timedelta(seconds=-15) if is_open else timedelta(minutes=-20)
            say(f"wall: {templates * copies} {'open' if is_open else 'closed'} cases")
            for copy in (_COPY_CASES, _COPY_ENTRIES):
                await connection.execute(copy, is_open, copies, age)
        await connection.execute("VACUUM ANALYZE petition_case")
        await connection.execute("VACUUM ANALYZE case_event")
    finally:
        await connection.close()
    return now


async def _seconds(times: int, ask: Callable[[int], Awaitable[object]]) -> list[float]:
    """How long each asking took; it is given its number."""
    taken: list[float] = []
    for number in range(times):
        began = time.perf_counter()
        await ask(number)
        taken.append(time.perf_counter() - began)
    return taken


def _line(name: str, taken: list[float], most: float | None) -> tuple[str, bool]:
    percentile = statistics.quantiles(taken, n=20)[-1]
    kept = most is None or percentile <= most
    budget = "" if most is None else f"   {'within' if kept else 'ABOVE'} {most * 1000:.0f}"
    median = statistics.median(taken)
    return f"  {name:<44}{median * 1000:>9.1f}{percentile * 1000:>12.1f}{budget}", kept


def load_line() -> str:
    """How busy the machine was, without which no figure here can be judged: also with other people's work."""
    last, earlier, _ = os.getloadavg()
    return f"  load average {last:.1f} in the last minute, {earlier:.1f} in the last five, on {os.cpu_count()} cores"


async def measure(say: Callable[[str], None]) -> tuple[str, bool]:
    """Measure the wall.

    Args:
        say: Is told what goes on.

    Returns:
        the table with the query's plan, and whether the budget was kept.
    """
    with tempfile.TemporaryDirectory(prefix="guatu-bench-wall-") as place:
        postgres = EmbeddedPostgres(await DataDirectory.open(Path(place) / "data", say), say)
        try:
            await postgres.start()
            url = postgres.dsn("postgres", "postgres")
            await prepare_schema(url)
            return await _measure(url, await fill(url, say), say)
        finally:
            await postgres.stop()


async def _measure(url: str, now: datetime, say: Callable[[str], None]) -> tuple[str, bool]:
    # The clock stands still, so that the cases stay as they are.
    clock = {"engine_origin": datetime.now(UTC), "shown_origin": _midnight(now), "day_seconds": 1e9}
    settings = ApiSettings.model_validate(
        {"database_url": url, "short_clock": to_json(clock).decode(), "jurisdiction": "dazhou", "api_access": "open"}
    )
    async with open_pool(url, max_size=settings.database_connections) as pool:
        app = create_app(settings, pool)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

            async def get(address: str) -> None:
                answer = await client.get(address)
                assert answer.status_code == 200, answer.text

            def past(number: int) -> str:
                # Each time another moment: whoever looks back does not look at the same one twice.
                return (now - timedelta(hours=30, minutes=17 * number)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

            addresses: list[tuple[str, Callable[[int], str], int, float | None]] = [
                ("a screenful", lambda _: "/", _TIMES, PAGE_SECONDS),
                ("a screenful, filtered", lambda _: "/?county=万源市&missing=revisit", _TIMES, PAGE_SECONDS),
                ("the hundredth screenful", lambda _: "/?page=100", _TIMES, PAGE_SECONDS),
                ("the stickers of the day", lambda _: "/?view=stickers", 30, None),
                ("what the live page asks for", lambda _: "/?part=rows", 30, None),
                ("a past moment", lambda number: f"/?at={past(number)}", _TIMES_AT, MOMENT_SECONDS),
                ("a past moment, a county", lambda n: f"/?at={past(n)}&county=万源市", _TIMES_AT, MOMENT_SECONDS),
                (
                    "a past moment, 500 of a county",
                    lambda n: f"/?at={past(n)}&county={_FEW_HUNDRED_OPEN}",
                    _TIMES_AT,
                    MOMENT_SECONDS,
                ),
            ]
            lines: list[str] = []
            kept = True
            for name, address, times, most in addresses:
                say(f"wall: {name}")
                await get(address(-1))
                line, within = _line(name, await _seconds(times, lambda number, of=address: get(of(number))), most)
                lines.append(line)
                kept = kept and within
        plans = await _plans(url, now)
    head = f"wall: {OPEN} open and {CLOSED} closed cases, whole answers, ms{'median':>16}{'95th':>12}"
    return "\n".join((head, *lines, load_line(), "", *plans)), kept


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


async def _plans(url: str, now: datetime) -> list[str]:
    """How Postgres finds a screenful and counts."""
    screenful, counts = queries.load("wall")["open"], queries.load("wall_figures")["numbers"]
    nobody = {"sight_county": None, "sight_unit": None}
    connection = await asyncpg.connect(url)
    try:
        lines: list[str] = []
        given = {"now": now, **WallFilters().model_dump(mode="json"), **nobody}
        for name, query in (
            ("a screenful", screenful(offset=0, limit=60, **given)),
            ("counts", counts(now=now, **nobody)),
        ):
            sql, *values = query
            lines.append(f"plan of {name}:")
            lines += [f"  {row[0]}" for row in await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", *values)]
        return lines
    finally:
        await connection.close()


def main() -> int:
    """Measure and print.

    Returns:
        the exit status.
    """
    table, kept = asyncio.run(measure(lambda line: print(f"bench: {line}", file=sys.stderr, flush=True)))
    print(table)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
