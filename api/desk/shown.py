"""What stands on a case's desk page: the case in short, and the forms; computed, no I/O."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.addresses import case_address
from api.desk.addresses import form_anchor, form_target, sheet_address
from api.desk.files import ACCEPT, attachment_address
from api.wall import Awaited, Clock, CoverageMark, awaited, clock, coverage_marks, span
from petitions.case import Case, Line
from petitions.forms.fields import Form, FormField
from petitions.jurisdiction.model import Jurisdiction
from petitions.jurisdiction.offices import county_units
from petitions.regions import regions_of, shown
from petitions.survey_rows import OPINIONS, Row, columns, heading, rows_typed
from petitions.telling import moment, quote
from petitions.vocabulary import MessageKind
from petitions.waiting import waiting_for
from store.attachments import AttachedLine

_LINES = 8
_SUMMARY = 60
_EMPTY_ROWS = 5
_LEAST_ROWS = 12
_UNSPARED_ROWS = 3


def new_message_id() -> str:
    """A message's own id, made when its form is shown: pressed twice, it counts once."""
    return f"desk-{secrets.token_hex(12)}"


@dataclass(frozen=True)
class Due:
    """By when something is to be done, in words."""

    at: str
    left: str
    late: bool


def due(due_at: datetime, now: datetime, utc_offset_minutes: int) -> Due:
    """By when something is to be done, and how long that is from now."""
    late = due_at < now
    return Due(
        at=moment(due_at, utc_offset_minutes), left=f"{'超期' if late else '还有'}{span(due_at - now)}", late=late
    )


@dataclass(frozen=True)
class Happened:
    """A line of the case's timeline."""

    at: str
    who: str
    text: str


@dataclass(frozen=True)
class InShort:
    """The case in short."""

    case: Case
    place: str
    summary: str
    """What it is about, in a line or two."""
    received: str
    unit: str | None
    clock: Clock | None
    waiting: tuple[Awaited, ...]
    coverage: tuple[CoverageMark, ...]
    lines: tuple[Happened, ...]
    address: str
    files: tuple[tuple[str, str, str], ...]
    """Name, address and size of each file."""


def happened(case: Case, line: Line) -> Happened:
    """A line of the timeline, which names who did it once: many a text begins with the office itself."""
    who = case.called(line.by) if line.by else ""
    said_already = line.by is not None and line.text.startswith(case.title_of(line.by.office))
    text = line.text.removeprefix(case.title_of(line.by.office)) if line.by and said_already else line.text
    return Happened(moment(line.at, case.rules.durations.utc_offset_minutes), who, text)


def in_short(case: Case, files: Sequence[AttachedLine], now: datetime) -> InShort:
    """The case as its desk page shows it."""
    offset = case.rules.durations.utc_offset_minutes
    lines = [happened(case, line) for line in reversed(case.timeline[-_LINES:])]
    return InShort(
        case=case,
        place=f"{shown(case.hand_over.county, case.rules.region_names)} {case.hand_over.location}",
        summary=quote(case.hand_over.summary, _SUMMARY),
        received=moment(case.hand_over.received_at, offset),
        unit=case.title_of(case.responsible_unit) if case.responsible_unit else None,
        clock=None if case.closed else clock(case, now),
        waiting=awaited(case, now),
        coverage=coverage_marks(case),
        lines=tuple(lines),
        address=case_address(case.case_no),
        files=tuple((file.name, attachment_address(case.case_no, file.sha256), _size(file.size)) for file in files),
    )


@dataclass(frozen=True)
class ShownForm:
    """A form as it is shown.

    Attributes:
        form: Which fields it has.
        target: Where it is posted to.
        anchor: Its place on the page.
        typed: What stands in it.
        seen: The case's last entry when it was shown.
        round: The case's round then.
        message_id: Of the message that it is to become.
        mistakes: What is wrong, by field; under the empty name: with the whole.
        due: By when this office is to send it; none: it is not waited for.
        open: Whether it is unfolded.
        saved: When it was kept as a draft.
        changed: What happened to the case since the form was shown.
        files: Files of the case that are chosen already.
        likely: Cases that may be about the same matter, each with the reason.
        accept: Endings of the files that may be chosen.
        sheet: Where a blank sheet for survey answers is.
    """

    form: Form
    target: str
    anchor: str
    typed: Mapping[str, Sequence[str]]
    seen: int
    round: int
    message_id: str
    mistakes: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    due: Due | None = None
    open: bool = False
    saved: str | None = None
    changed: Sequence[Happened] = ()
    files: Sequence[AttachedLine] = ()
    likely: Sequence[tuple[str, str]] = ()
    accept: str = ACCEPT
    sheet: str = ""

    def values(self, name: str) -> Sequence[str]:
        """What stands in a field."""
        return self.typed.get(name, ())

    def value(self, name: str) -> str:
        """What stands in a field of one value."""
        values = self.values(name)
        return values[-1] if values else ""

    def wrong(self, name: str) -> Sequence[str]:
        """What is wrong with a field."""
        return self.mistakes.get(name, ())

    @property
    def wrong_in_all(self) -> Sequence[str]:
        """What is wrong with the whole, or with what has no field here."""
        known = {each.name for each in self.form.fields}
        return [said for name, sayings in self.mistakes.items() if name not in known for said in sayings]

    def rows(self, field: FormField) -> list[tuple[Row, bool]]:
        """The rows of survey answers, with empty ones to fill in; and of each whether a small screen can spare it."""
        rows = rows_typed(self.typed, field.questions)
        blank = ("",) * len(columns(field.questions))
        empty = max(_EMPTY_ROWS, _LEAST_ROWS - len(rows))
        return [(row, False) for row in rows] + [(blank, number >= _UNSPARED_ROWS) for number in range(empty)]

    def columns(self, field: FormField) -> list[tuple[str, str]]:
        """The columns of survey answers: what each is called in the form, and above it."""
        return [(column, heading(column)) for column in columns(field.questions)]

    def in_use(self, fields: Sequence[FormField]) -> bool:
        """Whether anything stands in these fields, or is wrong with them."""
        return any(self.value(each.name) or self.wrong(each.name) for each in fields)

    @property
    def opinion_words(self) -> frozenset[str]:
        """What is understood as an opinion."""
        return frozenset(word for choice in OPINIONS for word in choice)

    @property
    def opinions(self) -> tuple[tuple[str, str], ...]:
        """What a resident can have answered."""
        return OPINIONS


def shown_form(
    case: Case, form: Form, office: str, now: datetime, *, typed: Mapping[str, Sequence[str]] | None = None
) -> ShownForm:
    """A form as it is shown at first, or with what was typed before."""
    offset = case.rules.durations.utc_offset_minutes
    waited = [each for each in waiting_for(case) if each.office == office and each.what.value == form.kind]
    return ShownForm(
        form=form,
        target=form_target(case.case_no, form.kind),
        anchor=form_anchor(form.kind),
        typed=form.initial if typed is None else typed,
        seen=case.seq,
        round=case.round,
        message_id=new_message_id(),
        due=due(waited[0].due_at, now, offset) if waited else None,
        open=bool(waited),
        sheet=sheet_address(case.case_no),
    )


def near_units(jurisdiction: Jurisdiction, county: str) -> list[str]:
    """The units of a case's region, or regions."""
    found: dict[str, None] = {}
    for region in regions_of(county):
        if region in jurisdiction.counties:
            own = jurisdiction.counties[region].units
            found |= dict.fromkeys(county_units(region, jurisdiction.units.every_county, own))
    return list(found)


NOT_STAGE_BOUND = frozenset(
    {MessageKind.LEADER_INSTRUCTION.value, MessageKind.SITE_VISIT.value, MessageKind.TASK_FORCE.value}
)
_ALWAYS = frozenset({"reopened", "closed", "dispatch", "starring"})


def matters(event: str, kind: str) -> bool:
    """Whether somebody who writes a message of this kind should know what happened meanwhile.

    Args:
        event: Of a line of the timeline.
        kind: Of the message.
    """
    return event in _ALWAYS or event == kind or (event == "stage_entered" and kind not in NOT_STAGE_BOUND)


def _size(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MiB" if size >= 1024 * 1024 else f"{max(1, size // 1024)} KiB"
