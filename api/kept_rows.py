"""Rows of the wall as they were rendered, kept while they say the same: most of them change from hour to hour."""

from collections import OrderedDict
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request
from markupsafe import Markup

from api.related import Merged
from api.rendering import fragment
from api.wall import wall_row
from petitions.case import Case

_MOST: Final = 3_000
_Key = tuple[str, int, int, int, tuple[Merged, ...]]


class KeptRows:
    """Renders rows, and remembers them by the entry up to which their case is known and the minute.

    No row reads finer than a minute, so what is kept is never other than what would be rendered but for the clock.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, Markup] = OrderedDict()

    def row(self, case: Case, now: datetime, last: int, merged: tuple[Merged, ...] = ()) -> Markup:
        """The row of a case; see ``wall_row``."""
        key = (case.case_no, case.seq, int(now.timestamp() // 60), last, merged)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = fragment("wall-row.html", row=wall_row(case, now, last, merged))
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return kept


def _kept_rows(request: Request) -> KeptRows:
    """The application's own, made when the first wall is asked for."""
    state = request.app.state
    if not hasattr(state, "kept_rows"):
        state.kept_rows = KeptRows()
    assert isinstance(state.kept_rows, KeptRows)
    return state.kept_rows


Rows = Annotated[KeptRows, Depends(_kept_rows)]
"""The parameter by which a route asks for it."""
