"""``python -m bench``: measures, prints its tables, and exits with 1 when the happy path costs more than its budget."""

import asyncio
import sys

from bench.doors import Waits, messages, starts
from bench.history import History, bare_case, petition_case
from bench.surroundings import surroundings
from bench.table import BUDGET, doors_table, table
from bench.throughput import Throughput, bare, petition_with_ledger, petition_with_notices, take_turns
from guatu.embedded.errors import EmbeddedStackError

_TIMES = 3


def _say(line: str) -> None:
    print(f"bench: {line}", file=sys.stderr, flush=True)


async def _measure() -> tuple[list[History], list[Throughput], list[Waits], list[Waits]]:
    async with surroundings(_say) as around:
        _say("history: one case at a time, each message after the one before is written")
        happy = [
            await petition_case(around, "signals, notices", f"H{number}", with_addresses=True, by_update=False)
            for number in range(_TIMES)
        ]
        histories = [
            # What finishes at the same moment shares a task, so the count may differ: the longest counts.
            max(happy, key=lambda one: len(one.events)),
            await petition_case(around, "signals, no address", "L1", with_addresses=False, by_update=False),
            await petition_case(around, "updates, notices", "U1", with_addresses=True, by_update=True),
            await bare_case(around, "bare workflow", "B1"),
        ]
        kinds = {
            "signals, notices": petition_with_notices,
            "signals, no address": petition_with_ledger,
            "bare workflow": bare,
        }
        throughputs = await take_turns(around, kinds, _say)
        return histories, throughputs, await starts(around, _say), await messages(around, _say)


def main() -> int:
    """Measure and print.

    Returns:
        the exit status.
    """
    try:
        histories, throughputs, started, sent = asyncio.run(_measure())
    except EmbeddedStackError as error:
        _say(str(error))
        return 2
    print(table(histories, throughputs), doors_table(started, sent), sep="\n\n")
    spent = len(histories[0].events)
    if spent <= BUDGET:
        return 0
    print(f"\nThe happy path costs {spent} events, {spent - BUDGET} more than its budget. In order:")
    print("\n".join(f"{number:4} {event}" for number, event in enumerate(histories[0].events, 1)))
    return 1


if __name__ == "__main__":
    sys.exit(main())
