"""The timeline of a case's page: what happened, who it was, and by how much it came late; no I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from api.marks import Tone, signs
from api.wall import span
from petitions.asks import ask_due
from petitions.case import Case, Line
from petitions.coverage import supervisors
from petitions.days import milestone_due
from petitions.telling import moment
from petitions.values import Person
from petitions.vocabulary import MessageKind, Purpose


@dataclass(frozen=True)
class Event:
    """A line of the timeline: when, who, what, and by how much it came late."""

    seq: int
    at: str
    day: str
    who: str
    text: str
    late: str | None
    tone: Tone


def called(case: Case, person: Person) -> str:
    """An office and a name; where somebody signs with the office's own id or title, once."""
    title = case.title_of(person.office)
    return title if person.name in {person.office, title} else f"{title} {person.name}"


_QUIET = frozenset({"stage_entered", "dispatched", "milestones_skipped"})
"""What the procedure does by itself, as it should."""


def events(case: Case, lines: Sequence[Line]) -> Iterator[Event]:
    """The lines of the timeline, each with who it was and by how much it came late."""
    offset = case.rules.durations.utc_offset_minutes
    late = _lateness(case, lines)
    tones: dict[int, Tone] = {line.seq: sign.tone for line, sign in signs(case)}
    day = ""
    for line in lines:
        date, _, time = moment(line.at, offset).partition(" ")
        yield Event(
            seq=line.seq,
            at=time,
            day="" if date == day else date,
            who=called(case, line.by) if line.by else "系统",
            text=line.text,
            late=span(late[line.seq]) if line.seq in late else None,
            tone="note" if line.event in _QUIET else tones.get(line.seq, "done"),
        )
        day = date


def _lateness(case: Case, lines: Sequence[Line]) -> dict[int, timedelta]:
    """By how much what was asked for came after its time, by line; what the procedure does itself says it in words."""
    visits = {(visit.at, visit.by): visit.purpose for visit in case.visits}
    late: dict[int, timedelta] = {}
    for what, offices in _asked(case).items():
        due_at = ask_due(case, what)
        seen: set[str] = set()
        for line in lines:
            office = line.by.office if line.by else ""
            if line.event != what.value or (offices is not None and office not in offices):
                continue
            if what is MessageKind.SITE_VISIT and visits.get((line.at, line.by or _NOBODY)) is not Purpose.SUPERVISION:
                continue
            # Each who had to act counts once; a second instruction of the same leader is not late again.
            first, seen = (office not in seen) if offices is not None else not seen, seen | {office}
            if first and line.at > due_at:
                late[line.seq] = line.at - due_at
    review_due = milestone_due(case, case.rules.durations.review_day)
    for line in lines:
        if line.event == "preliminary_review" and line.at == case.reviewed_at and line.at > review_due:
            late[line.seq] = line.at - review_due
        if line.event == "closed" and line.at > case.due_at:
            late[line.seq] = line.at - case.due_at
    return {seq: by for seq, by in late.items() if by >= timedelta(minutes=1)}


_NOBODY = Person(office="-", name="-")


def _asked(case: Case) -> dict[MessageKind, frozenset[str] | None]:
    """What is asked for beside the stages, and of whom; none: whoever does it first."""
    rules = case.rules
    return {
        MessageKind.ACKNOWLEDGEMENT: None,
        MessageKind.TASK_FORCE: None,
        MessageKind.LEADER_INSTRUCTION: frozenset(rules.instruct_starred if case.starred else rules.instruct_plain),
        MessageKind.SITE_VISIT: frozenset(supervisors(case)),
    }
