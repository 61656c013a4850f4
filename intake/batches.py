"""A batch: the cases of a list are started, and each row is answered for.

Every start is idempotent by its case number, so a batch needs no memory of its own: sent again, as a whole, it goes
on where it was, and rows that were taken answer that they are the same.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence

from temporalio.service import RPCError, RPCStatusCode

from intake.engine import Started
from intake.errors import EngineError
from intake.lists import CaseList
from petitions.hand_over import HandOver
from petitions.lists.rows import Row
from petitions.mistakes import Mistake
from petitions.values import Value
from petitions.vocabulary import Word

StartCase = Callable[[HandOver], Awaitable[Started]]

_THIS_ONE_ALONE = {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.OUT_OF_RANGE}
"""What the server says of one start and not of itself: the others may go on."""

_AGAIN = "请稍后重新提交整份清单：已受理的不会重复立案，未受理的接着受理"
_UNCERTAIN = f"受理系统没有应答，不能确定是否已受理；{_AGAIN}"
_NOT_REACHED = f"受理系统中断，本行尚未受理；{_AGAIN}"
_NOT_TAKEN = "受理系统不接受本行的内容；请核对后重新提交"
_OTHER_CONTENT = "已有同一受理编号而内容不同的案件，原案不变；请核对编号"
_OTHER_ROW = "本清单第{}行已有同一受理编号而内容不同，以该行为准；请核对编号"


class RowOutcome(Word):
    """What became of a row."""

    CREATED = "created", "已受理"
    SAME = "same", "此前已受理，未重复立案"
    """The case was there already with the same content: nothing has changed."""
    CONFLICT = "conflict", "编号冲突"
    """There is a case of this number with other content, which stays as it is."""
    INVALID = "invalid", "内容有误"
    NOT_STARTED = "not_started", "尚未受理"
    """The engine did not take it now; the same list again goes on with it."""

    @property
    def done(self) -> bool:
        """Whether the row's case is there as the row says."""
        return self in {RowOutcome.CREATED, RowOutcome.SAME}


class RowMistake(Value):
    """Why a row's case is not there as the row says."""

    where: str
    """The column as the list calls it, or ``整行``."""
    detail: str
    """What is wrong and what to do, in Chinese."""


class RowResult(Value):
    """What became of a row."""

    row: int
    """Its number as the person sees it in the sheet, or of the line."""
    case_no: str | None
    """None: the row has no usable number."""
    result: RowOutcome
    mistakes: tuple[RowMistake, ...] = ()
    """None where the row is done."""


class BatchSummary(Value):
    """How many rows, by what became of them."""

    rows: int
    created: int
    same: int
    conflict: int
    invalid: int
    not_started: int


class BatchResult(Value):
    """What became of a list."""

    summary: BatchSummary
    results: tuple[RowResult, ...]
    """One for each row, in the list's order."""
    ignored_columns: tuple[str, ...]
    """Headers of what was not read; of complainants among them."""

    @property
    def done(self) -> bool:
        """Whether every row's case is there."""
        return self.summary.created + self.summary.same == self.summary.rows


def in_known_jurisdictions(case_list: CaseList, known: Collection[str]) -> CaseList:
    """The list, with a mistake in each row whose jurisdiction no worker will find a file for: its case would hang.

    Args:
        case_list: as it was read.
        known: the jurisdictions that a row may name.
    """
    said = f"没有这个辖区；可用的有：{'、'.join(known)}，不填则为本系统的辖区"
    mistake = Mistake(where="辖区", said=said)
    rows = tuple(
        row.model_copy(update={"hand_over": None, "mistakes": (*row.mistakes, mistake)})
        if row.hand_over and row.hand_over.jurisdiction and row.hand_over.jurisdiction not in known
        else row
        for row in case_list.rows
    )
    return case_list.model_copy(update={"rows": rows})


async def take_batch(
    start: StartCase,
    case_list: CaseList,
    *,
    concurrency: int = 8,
    told: Callable[[RowResult], None] | None = None,
) -> BatchResult:
    """Start the cases of a list.

    Rows of the same case number are taken one after the other, in the list's order: the first one counts. Once
    the engine does not answer, no further row is tried; those under way are waited for.

    Args:
        start: starts a case, once, as ``intake.engine.start_case`` does; may raise ``EngineError`` and ``RPCError``.
        case_list: from ``intake.lists.read_list``.
        concurrency: so many starts are under way at a time.
        told: is called with each row's result as soon as it and those of all rows before it are known.

    Returns:
        a result for each row.
    """
    batch = _Batch(start, case_list.rows, told or (lambda _: None))
    numbers = iter(batch.by_number())
    async with asyncio.TaskGroup() as group:
        for _ in range(max(1, concurrency)):
            group.create_task(batch.take(numbers))
    results = batch.results()
    counts = Counter(result.result.value for result in results)
    return BatchResult(
        summary=BatchSummary(rows=len(results), **{outcome.value: counts[outcome.value] for outcome in RowOutcome}),
        results=results,
        ignored_columns=case_list.ignored_columns,
    )


class _Batch:
    """A list on its way."""

    def __init__(self, start: StartCase, rows: Sequence[Row], told: Callable[[RowResult], None]) -> None:
        self._start = start
        self._rows = rows
        self._told = told
        self._results: list[RowResult | None] = [None] * len(rows)
        self._told_up_to = 0
        self._halted = False
        for place, row in enumerate(rows):
            if row.hand_over is None:
                mistakes = tuple(RowMistake(where=each.where, detail=each.said) for each in row.mistakes)
                self._set(place, RowOutcome.INVALID, *mistakes)

    def by_number(self) -> list[list[tuple[int, HandOver]]]:
        """The rows to start, those of one case number together, in the order of their first ones."""
        places: defaultdict[str, list[tuple[int, HandOver]]] = defaultdict(list)
        for place, row in enumerate(self._rows):
            if row.hand_over is not None:
                places[row.hand_over.case_no].append((place, row.hand_over))
        return list(places.values())

    def results(self) -> tuple[RowResult, ...]:
        """All results, once every row was taken."""
        known = tuple(result for result in self._results if result is not None)
        assert len(known) == len(self._rows)
        return known

    async def take(self, numbers: Iterator[list[tuple[int, HandOver]]]) -> None:
        """Take case numbers until none is left; several of these share them out among themselves."""
        for rows in numbers:
            taken: tuple[int, HandOver] | None = None
            """The row whose content the case has."""
            for place, hand_over in rows:
                if taken is not None:
                    self._repeat(place, hand_over, taken)
                elif self._halted:
                    self._set(place, RowOutcome.NOT_STARTED, _whole(_NOT_REACHED))
                elif (await self._one(place, hand_over)).done:
                    taken = place, hand_over

    def _repeat(self, place: int, hand_over: HandOver, taken: tuple[int, HandOver]) -> None:
        if hand_over == taken[1]:
            self._set(place, RowOutcome.SAME)
        else:
            self._set(place, RowOutcome.CONFLICT, _whole(_OTHER_ROW.format(self._rows[taken[0]].row)))

    async def _one(self, place: int, hand_over: HandOver) -> RowOutcome:
        try:
            started = await self._start(hand_over)
        except RPCError as error:
            if error.status in _THIS_ONE_ALONE:
                return self._set(place, RowOutcome.NOT_STARTED, _whole(_NOT_TAKEN))
            self._halted = True
        except EngineError:
            self._halted = True
        else:
            match started:
                case Started.NEW:
                    return self._set(place, RowOutcome.CREATED)
                case Started.SAME:
                    return self._set(place, RowOutcome.SAME)
                case Started.OTHER:
                    return self._set(place, RowOutcome.CONFLICT, _whole(_OTHER_CONTENT))
        return self._set(place, RowOutcome.NOT_STARTED, _whole(_UNCERTAIN))

    def _set(self, place: int, outcome: RowOutcome, *mistakes: RowMistake) -> RowOutcome:
        row = self._rows[place]
        self._results[place] = RowResult(row=row.row, case_no=row.case_no, result=outcome, mistakes=mistakes)
        while self._told_up_to < len(self._results) and (known := self._results[self._told_up_to]) is not None:
            self._told_up_to += 1
            self._told(known)
        return outcome


def _whole(detail: str) -> RowMistake:
    return RowMistake(where="整行", detail=detail)
