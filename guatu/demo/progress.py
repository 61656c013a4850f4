"""What is shown while the demonstration runs: read from Postgres, as any page of the product would read it."""

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from petitions.case import Line
from petitions.clock import ShortClock
from petitions.values import Value
from petitions.vocabulary import Outcome, Stage, Sticker
from store import Store, StoreAwayError
from store.reading import CaseSummary

_EVERY_SECONDS = 0.5
_SHOWN_EVENTS = 12
_LINE_CHARACTERS = 70
_NOTEWORTHY = {"received", "refused", "milestone", "survey_judged", "merge", "extension", "closed", "report_submitted"}
"""Events that are told where there is no terminal to draw on; the others stand in the record."""
_COLOURS = {Sticker.YELLOW: "yellow", Sticker.BLUE: "blue", Sticker.RED: "red"}


class Happening(Value):
    """A line of some case's timeline."""

    case_no: str
    line: Line


class Progress:
    """Follows the cases and shows how far they are.

    Args:
        store: Where it is read from.
        clock: The shown time.
        about: A line about the processes, asked for at every refresh.
    """

    def __init__(self, store: Store, clock: ShortClock, about: Callable[[], str]) -> None:
        self._store = store
        self._clock = clock
        self._about = about
        self._console = Console(file=sys.stdout, highlight=False)
        self._live: Live | None = None
        self._seen: dict[str, int] = {}
        self._cases: tuple[CaseSummary, ...] = ()
        self._latest: deque[Happening] = deque(maxlen=_SHOWN_EVENTS)
        self._day: str | None = None

    def tell(self, line: str) -> None:
        """Print a line, above the table if one is shown."""
        self._console.print(Text(line), soft_wrap=True)

    async def run(self) -> None:
        """Show the progress until cancelled."""
        with contextlib.ExitStack() as shown:
            if self._console.is_terminal:
                self._live = shown.enter_context(Live(console=self._console, auto_refresh=False, transient=False))
            while True:
                await self.refresh()
                await asyncio.sleep(_EVERY_SECONDS)

    async def refresh(self) -> None:
        """Read what is new, and show it. While Postgres is away, what is shown stays."""
        with contextlib.suppress(StoreAwayError):
            self._cases = (await self._store.cases(limit=1_000)).cases
            new = [happening for case in self._cases for happening in await self._new_lines(case)]
            for happening in sorted(new, key=lambda each: (each.line.at, each.case_no, each.line.seq)):
                self._latest.append(happening)
                if self._live is None and happening.line.event in _NOTEWORTHY:
                    self.tell(_told(happening, self._now()))
        if self._live is not None:
            self._live.update(self._picture(), refresh=True)
        else:
            self._tell_day()

    async def _new_lines(self, case: CaseSummary) -> list[Happening]:
        known = self._seen.get(case.case_no, 0)
        if known == case.seq:
            return []
        lines = await self._store.timeline(case.case_no, known, with_refusals=True)
        self._seen[case.case_no] = max([known, *(line.seq for line in lines)])
        return [Happening(case_no=case.case_no, line=line) for line in lines]

    def _now(self) -> datetime:
        """The shown time; before the first day, its beginning."""
        first_day = self._clock.shown_origin
        return max(first_day, self._clock.shown(datetime.now(UTC)).astimezone(first_day.tzinfo))

    def _tell_day(self) -> None:
        """Where nothing can be drawn: a line as each shown day begins."""
        day = _date(self._now())
        if day != self._day:
            self._day = day
            self.tell(f"── {day} ── {self._counts()}")

    def _counts(self) -> str:
        cases = self._cases
        concluded = sum(case.outcome is Outcome.CONCLUDED for case in cases)
        merged = sum(case.outcome is Outcome.MERGED for case in cases)
        starred = sum(case.starred for case in cases)
        open_cases = sum(case.outcome is None for case in cases)
        stuck = "、".join(f"{colour.label}{sum(case.sticker is colour for case in cases)}" for colour in Sticker)
        return f"收到{len(cases)}　办结{concluded}　并案{merged}　在办{open_cases}　加星{starred}　即时贴：{stuck}"

    def _picture(self) -> Group:
        now = self._now()
        title = f"挂图作战　{_date(now)} {now:%H:%M}"
        events = [_styled(_told(happening, now)) for happening in self._latest]
        return Group(
            Panel(Text(self._counts()), title=title, title_align="left"),
            _by_stage(self._cases),
            *events,
            Text(self._about(), style="dim"),
        )


def _by_stage(cases: tuple[CaseSummary, ...]) -> Table:
    """How many cases are in each stage, by sticker."""
    table = Table("阶段", "无贴", *(f"[{_COLOURS[colour]}]{colour.label}色[/]" for colour in Sticker), "合计")
    for stage in Stage:
        here = [case for case in cases if case.stage is stage]
        if not here and stage is Stage.WITHDRAWN:
            continue
        numbers = [sum(case.sticker is colour for case in here) for colour in (None, *Sticker)]
        table.add_row(stage.label, *(str(number) if number else "" for number in numbers), str(len(here)))
    return table


def _told(happening: Happening, now: datetime) -> str:
    line = happening.line
    at = line.at.astimezone(now.tzinfo)
    text = line.text if len(line.text) <= _LINE_CHARACTERS else line.text[: _LINE_CHARACTERS - 1] + "…"
    return f"{at.month}月{at.day}日 {at:%H:%M}　{happening.case_no}　{text}"


def _styled(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ellipsis")


def _date(moment: datetime) -> str:
    return f"{moment.year}年{moment.month}月{moment.day}日"
