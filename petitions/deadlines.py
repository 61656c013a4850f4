"""The deadlines of a case: 1+3+5+7, the stickers, the chases; which is next, and what happens when one comes.

Source of 1+3+5+7, the stickers and the daily overdue notice: design §1 and §3. Days are counted as the
jurisdiction counts them (``DayRule``); everything on the case's clock.
"""

from datetime import datetime

from petitions.asks import ask_due, asked_of, offices_for, open_asks
from petitions.case import Case
from petitions.days import milestone_due
from petitions.events import Chased, Event, MilestoneReached, MilestonesSkipped, StickerPut
from petitions.values import Instant, Name, Value
from petitions.vocabulary import MessageKind, Milestone, Stage

_MANDATE = (Milestone.REVIEW, Milestone.REPORT)
"""Milestones of days that the unit and the petition-stability team must meet."""


class Deadline(Value):
    """Something that happens by itself at ``due_at`` unless the case moves on first."""

    due_at: Instant
    label: str
    """What it is, in Chinese: the name of its timer."""
    milestone: Milestone | None = None
    sticker: int | None = None
    """Index of the sticker that is due."""
    chase: MessageKind | None = None
    instruction: int | None = None
    """Index of the instruction whose own time limit this is."""


def deadlines(case: Case) -> list[Deadline]:
    """Everything that is still to come by itself, the next first."""
    if case.closed:
        return []
    return sorted(
        [*_milestones(case), *_stickers(case), *_chases(case), *_instruction_limits(case)],
        key=lambda deadline: deadline.due_at,
    )


def next_deadline(case: Case) -> Deadline | None:
    """The deadline that comes next, or none when the case is closed."""
    return next(iter(deadlines(case)), None)


def what_is_due(case: Case, now: datetime) -> Event | None:
    """The event of the first deadline that has come by ``now``; apply it and ask again until there is none."""
    deadline = next_deadline(case)
    if deadline is None or deadline.due_at > now:
        return None
    late = int((now - deadline.due_at).total_seconds())
    if deadline.sticker is not None:
        colour = case.rules.durations.stickers[deadline.sticker].colour
        return StickerPut(colour=colour, due_at=deadline.due_at, late_seconds=late)
    if deadline.chase is not None:
        return _chase(case, deadline.chase)
    if deadline.instruction is not None:
        return _instruction_limit(case, deadline, deadline.instruction, late)
    assert deadline.milestone is not None
    return _milestone(case, deadline, deadline.milestone, late)


def rung(case: Case, offices: tuple[Name, ...], times: int) -> tuple[Name, ...]:
    """Who is told the ``times``-th time: those who must act, and from the second on one rung of the ladder."""
    ladder = case.rules.ladder
    above = (ladder[min(times - 2, len(ladder) - 1)],) if times >= 2 and ladder else ()
    return tuple(dict.fromkeys((*offices, *above)))


def _milestones(case: Case) -> list[Deadline]:
    durations, received_at = case.rules.durations, case.hand_over.received_at
    found: list[Deadline] = []
    if case.stage is Stage.RECEIVED:
        found.append(_of(Milestone.DISPATCH, received_at + durations.dispatch))
    found += [
        _of(Milestone.REMINDER, milestone_due(case, durations.reminder_day)),
        _of(Milestone.REVIEW, milestone_due(case, durations.review_day)),
        _of(Milestone.REPORT, case.due_at),
    ]
    found = [deadline for deadline in found if deadline.milestone not in case.passed]
    if case.next_overdue_at:
        found.append(_of(Milestone.OVERDUE, case.next_overdue_at))
    return found


def _of(milestone: Milestone, due_at: datetime) -> Deadline:
    return Deadline(due_at=due_at, label=milestone.label, milestone=milestone)


def _milestone(case: Case, deadline: Deadline, milestone: Milestone, late: int) -> Event:
    unit = (case.responsible_unit,) if case.responsible_unit else ()
    stability = offices_for(case, MessageKind.PRELIMINARY_REVIEW)
    told = rung(case, unit, 1)
    if milestone is Milestone.REMINDER and case.stage.report_is_in:
        return MilestonesSkipped(milestones=(milestone,), reason="整改报告已提交，无需催办")
    if milestone is Milestone.REVIEW and case.reviewed_at:
        return MilestonesSkipped(milestones=(milestone,), reason="初审已按期通过")
    if milestone is Milestone.DISPATCH:
        # §3.1: escalated to the petition-stability team, and whoever may dispatch.
        told = tuple(dict.fromkeys((*offices_for(case, MessageKind.DISPATCH), *stability)))
    elif milestone in _MANDATE:
        told = tuple(dict.fromkeys((*unit, *stability, *_above(case))))
    elif milestone is Milestone.OVERDUE:
        told = rung(case, tuple(dict.fromkeys((*unit, *stability))), case.overdue_notices + 2)
    return MilestoneReached(
        milestone=milestone,
        due_at=deadline.due_at,
        late_seconds=late,
        breached=milestone in {Milestone.DISPATCH, *_MANDATE},
        told=told,
    )


def _above(case: Case) -> tuple[Name, ...]:
    """Whom a missed milestone is taken to (unit → county leader → city leader): higher with each that is missed."""
    ladder = case.rules.missed_ladder
    missed = sum(breach.milestone in _MANDATE for breach in case.breaches)
    return ladder[min(missed, len(ladder) - 1) :][:1]


def _stickers(case: Case) -> list[Deadline]:
    stickers = case.rules.durations.stickers
    return [
        Deadline(due_at=milestone_due(case, put.day), label=f"贴{put.colour.label}色即时贴", sticker=index)
        for index, put in enumerate(stickers)
        if index >= case.stickers_put
    ][:1]


def _chases(case: Case) -> list[Deadline]:
    found: list[Deadline] = []
    for what in open_asks(case):
        chase = case.chases.get(what)
        found.append(
            Deadline(due_at=chase.next_at if chase else ask_due(case, what), label=f"催办：{what.label}", chase=what)
        )
    return found


def _chase(case: Case, what: MessageKind) -> Chased:
    chase = case.chases.get(what)
    times = (chase.times if chase else 0) + 1
    return Chased(what=what, times=times, due_at=ask_due(case, what), told=rung(case, asked_of(case, what), times))


def _instruction_limits(case: Case) -> list[Deadline]:
    return [
        Deadline(
            due_at=instruction.complete_by,
            label=f"{case.title_of(instruction.by.office)}批示时限",
            milestone=Milestone.INSTRUCTION_LIMIT,
            instruction=index,
        )
        for index, instruction in enumerate(case.instructions)
        if instruction.complete_by and not instruction.limit_passed
    ]


def _instruction_limit(case: Case, deadline: Deadline, index: int, late: int) -> MilestoneReached:
    """One breach for all who set the same limit; each of them is told and named."""
    instruction = case.instructions[index]
    same = [each.by for each in case.instructions if each.complete_by == instruction.complete_by]
    leaders = dict.fromkeys(f"{case.title_of(by.office)}{by.name}" for by in same)
    unit = (case.responsible_unit,) if case.responsible_unit else ()
    return MilestoneReached(
        milestone=Milestone.INSTRUCTION_LIMIT,
        due_at=deadline.due_at,
        late_seconds=late,
        breached=True,
        told=tuple(dict.fromkeys((*unit, *(by.office for by in same)))),
        detail="、".join(leaders),
    )
