"""Cases that were read lately, kept while their rows stay as they were: to read one again costs far more."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from petitions.case import Case
from petitions.events import Entry
from petitions.evolution import fold

_T = TypeVar("_T")

MOST = 600
"""Cases that are kept at the most, those looked at last: ten screenfuls."""


@dataclass(frozen=True)
class Version:
    """What tells one state of a case's row from every other.

    Attributes:
        case_no: Whose.
        revision: Which writing of the row.
        hash: Of the entry up to which the row goes: a row that was made anew counts its writings anew.
    """

    case_no: str
    revision: int
    hash: bytes

    @classmethod
    def of(cls, row: Any) -> "Version":
        """Of a row of a query that has these columns."""
        return cls(row["case_no"], row["revision"], row["hash"])


class Known(Generic[_T]):
    """Cases, or what was made of them, by the version of their rows; all is frozen, so everybody may have the same.

    Args:
        most: How many are kept at the most.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[Version, _T] = OrderedDict()

    def get(self, version: Version) -> _T | None:
        """What is known of the version; none: nothing."""
        known = self._known.get(version)
        if known is not None:
            self._known.move_to_end(version)
        return known

    def keep(self, version: Version, made: _T) -> None:
        """Remember it; what was not looked at for longest is forgotten."""
        self._known[version] = made
        if len(self._known) > self._most:
            self._known.popitem(last=False)


class ToldCases:
    """Cases as they stood after some entry of their record, by that entry: it and those before it never change.

    Who looks back goes from moment to moment, and most cases stood the same in the last one, or a few entries earlier.
    """

    def __init__(self) -> None:
        self._known: Known[Case] = Known()

    def tell(self, case_no: str, rows: Sequence[Any]) -> Case:
        """A case after these entries.

        Args:
            case_no: Whose.
            rows: Its record from the start on, with the columns ``seq``, ``hash`` and ``entry``.

        Raises:
            ValueError: An entry is missing or out of order.
        """
        # The hash is chained, so it tells one beginning of a record from every other.
        versions = [Version(case_no, row["seq"], row["hash"]) for row in rows]
        case, told = None, 0
        for at in range(len(rows), 0, -1):
            case = self._known.get(versions[at - 1])
            if case is not None:
                told = at
                break
        case = fold((Entry.model_validate_json(row["entry"]) for row in rows[told:]), case)
        if case is None:
            raise ValueError(f"case {case_no} has no entry")
        self._known.keep(versions[-1], case)
        return case
