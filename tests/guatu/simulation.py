"""A case of the timetable without servers: the rules alone, message by message, with a clock of its own."""

from collections.abc import Callable
from datetime import datetime

from pydantic_core import to_json

from guatu.demo.timetable import PlannedCase, PlannedMessage
from petitions.case import Case
from petitions.clock import CaseClock
from petitions.deadlines import next_deadline
from petitions.events import Entry
from petitions.jurisdiction.model import Jurisdiction
from petitions.jurisdiction.rules import rules_for
from petitions.messages import AnyMessage, Refusal, Unreadable, read_message
from petitions.procedure import (
    Step,
    let_time_pass,
    may_report,
    open_case,
    report_is_submitted,
    take_in,
    unit_notified,
)

Lateness = Callable[[datetime], datetime]
"""When something arrives that was planned for a moment."""


def punctual(moment: datetime) -> datetime:
    """Just then."""
    return moment


def message_of(planned: PlannedMessage) -> AnyMessage:
    """The message, read as a case reads it."""
    message = read_message(to_json(planned.body), planned.kind)
    assert not isinstance(message, Unreadable), message
    return message


class SimulatedCase:
    """The case after everything that the timetable plans, its record, and what was refused on the way."""

    def __init__(self, planned: PlannedCase, jurisdiction: Jurisdiction, arrives: Lateness = punctual) -> None:
        hand_over = planned.hand_over
        rules = rules_for(
            jurisdiction,
            received_at=hand_over.received_at,
            county=hand_over.county,
            categories=hand_over.categories,
            responsible_unit=hand_over.responsible_unit,
            clock=CaseClock(),
        )
        now = arrives(planned.handed_in)
        step = open_case(hand_over, rules, now)
        self.case: Case = step.case
        self.refused: dict[str, Refusal] = {}
        self.entries: list[Entry] = []
        self._tell(step, now)
        for message in planned.messages:
            # A sender sends the next message when the one before has been taken in.
            now = max(now, arrives(message.at))
            self._let_time_pass(now)
            answered = take_in(self.case, message_of(message), now)
            if answered.refusal:
                self.refused[message.message_id] = answered.refusal
            self._apply(answered, now)
            if may_report(self.case):
                self._apply(report_is_submitted(self.case, "0" * 64, now), now)

    def _let_time_pass(self, now: datetime) -> None:
        while (deadline := next_deadline(self.case)) is not None and deadline.due_at <= now:
            self._apply(let_time_pass(self.case, max(deadline.due_at, self.case.opened_at)), deadline.due_at)

    def _apply(self, step: Step, now: datetime) -> None:
        self.case = step.case
        self._tell(step, now)

    def _tell(self, step: Step, now: datetime) -> None:
        """Keep a step's entries. Nobody has an address in the demonstration: a notice is out once it is written."""
        self.entries += step.entries
        for notice in step.notices:
            if notice.dispatches:
                self._apply(let_time_pass(self.case, now), now)
                self._apply(unit_notified(self.case, notice.to, now), now)
