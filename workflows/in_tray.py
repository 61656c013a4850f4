"""The in-tray of a case: what has reached it and is still to be read, so much in one workflow task.

A workflow task that computes for more than two seconds is taken for hung and fails, and the next one finds the same
messages again, and more: a flood of signals would hold up a case for ever. So a task reads only so much of what has
come, in the order in which it came, and leaves the rest to the next.
"""

from collections import deque
from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue

from petitions.messages import MESSAGE_BYTES, Refusal, Unreadable
from petitions.procedure import Answered
from petitions.vocabulary import RefusalCode
from workflows.case_in_hand import CaseInHand
from workflows.payloads import UNREADABLE, message_of, unreadable, was_unreadable
from workflows.request_ids import current_request_id

_LETTERS = 100
"""Messages that one workflow task reads at the most. A stuffed case takes some milliseconds for each."""
_BYTES = 512 * 1024
"""What they may amount to; the first of a task is read whatever its size. Much less than two seconds of work."""
_REASON = 200
"""Characters of an operator's reason that are kept."""
_SPREAD = "a-flood-is-spread-over-tasks"


class Letter:
    """A message as it came.

    Args:
        kind: the signal's name; none: the body says it.
        bodies: its arguments, unread.
    """

    def __init__(self, kind: str | None, bodies: Sequence[RawValue]) -> None:
        self.request_id = current_request_id()
        self.answered: Answered | None = None
        """What the case has answered, once it has."""
        self.number = 0
        """The how manieth of the run it is."""
        self._kind = kind
        self._bodies = bodies
        self._unreadable: bool | None = None

    @property
    def size(self) -> int:
        """Bytes there are to read; of what is refused for its size alone, or because it did not open, none."""
        if self._did_not_open:
            return 0
        given = sum(len(body.payload.data) for body in self._bodies)
        return given if given <= MESSAGE_BYTES else 0

    def bring(self, hand: CaseInHand) -> None:
        """Read it, and have it taken in or refused."""
        message = unreadable(self._kind, UNREADABLE) if self._did_not_open else message_of(self._kind, self._bodies)
        self.answered = hand.take_in(message, self.request_id)

    @property
    def _did_not_open(self) -> bool:
        if self._unreadable is None:
            self._unreadable = was_unreadable(self._bodies, f"message-{self.number}")
        return self._unreadable


class Cancelling(Letter):
    """An operator's request to cancel the workflow: no message of the contract, so it is refused, and on record.

    Args:
        reason: What the operator gave for it, if anything.
    """

    def __init__(self, reason: str | None) -> None:
        super().__init__("cancel", ())
        self._reason = f"；操作员的说明：{reason[:_REASON]}" if reason else ""

    def bring(self, hand: CaseInHand) -> None:
        """Have it refused."""
        said = f"在办件不能取消；要结束办理，请发送 withdrawal（撤回）或 merge（并案），并写明理由{self._reason}"
        refusal = Refusal(code=RefusalCode.UNKNOWN_KIND, reason=said)
        message = Unreadable(kind="cancel", message_id=None, refusal=refusal)
        self.answered = hand.take_in(message, self.request_id)


class InTray:
    """Letters in the order in which they came."""

    def __init__(self) -> None:
        self._letters: deque[Letter] = deque()
        self._came = 0
        self._task = 0
        self._room = 0
        self._bytes = 0

    @property
    def is_empty(self) -> bool:
        """Whether everything that came has been read."""
        return not self._letters

    def put(self, letter: Letter) -> None:
        """Lay a letter on top of those that are there: it is read after them."""
        self._came += 1
        letter.number = self._came
        self._letters.append(letter)

    def bring(self, hand: CaseInHand) -> None:
        """Read as many as this workflow task may, the eldest first."""
        if self._task != workflow.time_ns():
            # The engine's time stands still within a task.
            self._task, self._room, self._bytes = workflow.time_ns(), _LETTERS, _BYTES
        while self._letters and self._may_read():
            letter = self._letters.popleft()
            self._room -= 1
            self._bytes -= letter.size
            letter.bring(hand)

    def _may_read(self) -> bool:
        if self._room == _LETTERS or (self._room > 0 and self._letters[0].size <= self._bytes):
            return True
        # Histories of before read everything at once.
        return not workflow.patched(_SPREAD)
