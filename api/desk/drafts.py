"""Drafts: what somebody has typed and not sent."""

from typing import Final

from api.context import Context
from api.desk.posted import Posted
from petitions.values import Person

HAND_OVER: Final = ("", "hand_over")
"""Case and kind of the form that hands a case over."""


async def keep_draft(context: Context, by: Person, case_no: str, kind: str, form: Posted) -> None:
    """Keep what was typed, for this person alone; of a complainant nothing is kept.

    Raises:
        StoreError: It is not kept.
    """
    typed = {name: values for name, values in form.typed.items() if not name.startswith("complainant")}
    if any(value.strip() for values in typed.values() for value in values):
        await context.in_time(context.store.keep_draft(by.office, by.name, case_no, kind, typed))
