"""What is asked of offices beside the stages: instruction, task force, site visit, acknowledgement (§3.1, §3.2).

Each has a set time after which it is chased.
"""

from datetime import datetime

from petitions.case import Case
from petitions.case_rules import Sender
from petitions.coverage import coverage, instructions_missing, supervisors
from petitions.values import Name
from petitions.vocabulary import MessageKind, Stage


def open_asks(case: Case) -> tuple[MessageKind, ...]:
    """What has been asked for and not been done yet."""
    if case.closed:
        return ()
    has = coverage(case)
    asks = {
        # Dispatched anew to another unit, its notice must be out before it can be expected to answer.
        MessageKind.ACKNOWLEDGEMENT: case.stage is Stage.DISPATCHED and case.unit_notified,
        MessageKind.LEADER_INSTRUCTION: not has.instruction,
        MessageKind.TASK_FORCE: not has.task_force,
        MessageKind.SITE_VISIT: not has.supervision,
    }
    return tuple(what for what, is_open in asks.items() if is_open)


def ask_due(case: Case, what: MessageKind) -> datetime:
    """By when an ask is to be done; it is chased from then on.

    Asks count from the hand-over, or from a later starring; the acknowledgement from the dispatch.
    """
    limits = case.ask_limits
    match what:
        case MessageKind.ACKNOWLEDGEMENT:
            return (case.dispatched_at or case.opened_at) + case.rules.durations.acknowledgement
        case MessageKind.LEADER_INSTRUCTION:
            return case.asked_at + limits.instruction
        case MessageKind.TASK_FORCE:
            return case.asked_at + limits.task_force
        case MessageKind.SITE_VISIT:
            return case.asked_at + limits.supervision
        case _:
            raise ValueError(f"{what} is no ask")


def asked_of(case: Case, what: MessageKind) -> tuple[Name, ...]:
    """The offices that an ask waits for."""
    match what:
        case MessageKind.ACKNOWLEDGEMENT:
            return (case.responsible_unit,) if case.responsible_unit else ()
        case MessageKind.LEADER_INSTRUCTION:
            return instructions_missing(case)
        case MessageKind.TASK_FORCE:
            return offices_for(case, what)[:1]
        case MessageKind.SITE_VISIT:
            return supervisors(case) if case.starred else supervisors(case)[:1]
        case _:
            raise ValueError(f"{what} is no ask")


def offices_for(case: Case, what: MessageKind) -> tuple[Name, ...]:
    """The offices that may send a message by their own right (not by their part in the case), in order."""
    parts = set(Sender)
    return tuple(sender for sender in case.rules.may_send.get(what, ()) if sender not in parts)
