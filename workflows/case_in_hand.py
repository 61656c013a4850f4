"""The case that a workflow has in hand, and what is still to be done about it in the world.

The handlers and the deadlines change it through ``apply`` alone; whoever writes, tells and shows takes from it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import chain
from typing import Self

from temporalio import workflow

from petitions.case import Case
from petitions.case_rules import CaseRules
from petitions.clock import local
from petitions.deadlines import Deadline, next_deadline
from petitions.events import Entry, Refused
from petitions.messages import AnyMessage, Unreadable
from petitions.notices import Notice, NoticeOutcome, NoticeState, has_address
from petitions.procedure import Answered, Step, let_time_pass, take_in, unit_notified
from petitions.values import Value
from workflows.activity_interface import Opened

_CARRIED_BYTES = 1_800_000
"""What one run may hand to the next, in JSON; Temporal takes 2 MiB."""
_FRAME_BYTES = len('{"case":,"unwritten":[],"outcomes":[],"unsent":[]}')


class Carried(Value):
    """What one run of a case hands to the next when it continues as new: the case, and all that is unfinished."""

    case: Case
    unwritten: tuple[Entry, ...] = ()
    outcomes: tuple[NoticeOutcome, ...] = ()
    unsent: tuple[Notice, ...] = ()


def procedure_time(rules: CaseRules, engine_now: datetime) -> datetime:
    """The engine's time by the clock of a case with these rules, as its jurisdiction writes it."""
    return local(rules.clock.now(engine_now), rules.durations.utc_offset_minutes)


class CaseInHand:
    """An open case with its unwritten entries and its unsent notices."""

    def __init__(self, carried: Carried) -> None:
        self.case = carried.case
        self.unwritten: list[Entry] = list(carried.unwritten)
        self.outcomes: list[NoticeOutcome] = list(carried.outcomes)
        self.unsent: dict[str, Notice] = {notice.key: notice for notice in carried.unsent}
        """Notices that are not known to be sent, those on their way included."""
        self.awaited: set[str] = set()
        """Keys of those that were handed over, and are to be out before the case is dispatched."""
        self._next_deadline: Deadline | None = next_deadline(self.case)
        self._is_deadline_known = True
        self._weighed: tuple[tuple[int, ...], bool] = ((), False)

    @classmethod
    def opened(cls, step: Step, opened: Opened) -> Self:
        """A case that has just been opened, with what its opening has already written and sent."""
        hand = cls(Carried(case=step.case))
        hand.apply(step)
        if opened.written:
            del hand.unwritten[: len(step.entries)]
        if not opened.in_ledger:
            hand.outcomes += [outcome for outcome in opened.outcomes if outcome.state is not NoticeState.QUEUED]
        became = {outcome.key: outcome.state for outcome in opened.outcomes}
        for notice in step.notices:
            state = became.get(notice.key)
            if state is NoticeState.SENT:
                hand.notice_is_out(notice)
            elif state is NoticeState.QUEUED:
                hand.notice_is_handed_over(notice)
        return hand

    @classmethod
    def taken_up_again(cls, reopened: Case, unsent: Sequence[Notice]) -> Self:
        """A case as its record has it: all of it is written."""
        return cls(Carried(case=reopened, unsent=tuple(unsent)))

    @classmethod
    def resumed(cls, case: Case, outstanding: Sequence[Notice]) -> Self:
        """A case as its record has it, whose former workflow is lost.

        A notice to an office without an address is out by itself, as ``apply`` has it.
        """
        hand = cls(Carried(case=case, unsent=tuple(notice for notice in outstanding if has_address(case, notice))))
        hand.let_time_pass()
        for notice in outstanding:
            if notice.dispatches and not has_address(case, notice):
                hand.notice_is_out(notice)
        return hand

    def now(self) -> datetime:
        """The time of the procedure, by the case's own clock, as the jurisdiction writes it."""
        return procedure_time(self.case.rules, workflow.now())

    def engine_time(self, moment: datetime) -> datetime:
        """When the engine will have reached a moment of the procedure."""
        return self.case.rules.clock.engine_time(moment)

    def apply(self, step: Step) -> None:
        """Take over what happened. A notice to an office without an address is out with the ledger's line."""
        self.case = step.case
        if any(not isinstance(entry.happened, Refused) for entry in step.entries):
            self._is_deadline_known = False
        self.unwritten += step.entries
        for notice in step.notices:
            if has_address(self.case, notice):
                self.unsent[notice.key] = notice
            elif notice.dispatches:
                self.notice_is_out(notice)

    def take_in(self, message: AnyMessage | Unreadable, request_id: str | None) -> Answered:
        """Take a message in or refuse it. What fell due before it happens before it."""
        now = self.now()
        self._let_time_pass(now)
        answered = take_in(self.case, message, now, request_id)
        self.apply(answered)
        return answered

    def let_time_pass(self) -> None:
        """Whatever is due by now happens."""
        self._let_time_pass(self.now())

    def _let_time_pass(self, now: datetime) -> None:
        if (due_at := self.next_due_at) is not None and due_at <= now:
            self.apply(let_time_pass(self.case, now))

    def notice_is_handed_over(self, notice: Notice) -> None:
        """A notice lies in its office's out-tray, and is no longer the case's to send.

        But the case waits until its own dispatch is out.
        """
        if notice.dispatches:
            self.awaited.add(notice.key)
        else:
            self.unsent.pop(notice.key, None)

    def notice_is_out(self, notice: Notice) -> None:
        """A notice is out; the unit's own makes the case dispatched."""
        self.unsent.pop(notice.key, None)
        self.awaited.discard(notice.key)
        if notice.dispatches:
            self.let_time_pass()
            self.apply(unit_notified(self.case, notice.to, self.now()))

    @property
    def next_deadline(self) -> Deadline | None:
        """What comes next by itself. Refusals, of which there may be many, do not change it."""
        if not self._is_deadline_known:
            self._next_deadline = next_deadline(self.case)
            self._is_deadline_known = True
        return self._next_deadline

    @property
    def next_due_at(self) -> datetime | None:
        """When the next deadline is due, on the case's clock."""
        return self.next_deadline.due_at if self.next_deadline else None

    @property
    def is_written(self) -> bool:
        """Whether Postgres has confirmed everything so far."""
        return not self.unwritten and not self.outcomes

    @property
    def can_be_carried(self) -> bool:
        """Whether all this is little enough for a new run; after an outage much may be unwritten for a while."""
        as_it_is = (self.case.seq, len(self.unwritten), len(self.outcomes), len(self.unsent))
        if self._weighed[0] != as_it_is:
            self._weighed = as_it_is, self._is_light
        return self._weighed[1]

    @property
    def _is_light(self) -> bool:
        """Whether ``carried`` has no more bytes than may be handed on; of too much only the beginning is weighed."""
        lists: tuple[Collection[Value], ...] = (self.unwritten, self.outcomes, self.unsent.values())
        commas = sum(max(0, len(values) - 1) for values in lists)
        left = _CARRIED_BYTES - _FRAME_BYTES - commas
        for value in chain((self.case,), *lists):
            left -= len(value.model_dump_json().encode())
            if left < 0:
                return False
        return True

    def carried(self) -> Carried:
        """What the next run of this case needs."""
        return Carried(
            case=self.case,
            unwritten=tuple(self.unwritten),
            outcomes=tuple(self.outcomes),
            unsent=tuple(self.unsent.values()),
        )
