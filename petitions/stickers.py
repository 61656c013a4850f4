"""When each sticker of a case goes up, told without the whole case: for lists of thousands."""

from datetime import datetime, timedelta
from typing import NamedTuple

from petitions.case_rules import Durations
from petitions.vocabulary import Sticker


class StickerDue(NamedTuple):
    """A sticker that goes up at a moment."""

    at: datetime
    colour: Sticker


def stickers_due(durations: Durations, due_at: datetime, clock_started_at: datetime) -> tuple[StickerDue, ...]:
    """When each sticker of a case falls due if it stays open.

    Args:
        durations: The case's own.
        due_at: When the case is due. Milestones keep their distance to the report, whatever moves it.
        clock_started_at: From when its milestones count; what would lie before has no place.
    """
    due = (
        StickerDue(due_at - timedelta(days=durations.report_day - put.day), put.colour) for put in durations.stickers
    )
    return tuple(each for each in due if each.at > clock_started_at)
