"""Cases that were read lately, kept while their rows stay as they were: to read one again costs far more."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from petitions.case import Case

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


class KnownCases:
    """The cases, by the version of their rows; cases are frozen, so everybody may have the same."""

    def __init__(self) -> None:
        self._known: OrderedDict[Version, Case] = OrderedDict()

    def get(self, version: Version) -> Case | None:
        """The case as its row has it; none: it is not known."""
        case = self._known.get(version)
        if case is not None:
            self._known.move_to_end(version)
        return case

    def keep(self, version: Version, case: Case) -> None:
        """Remember a case."""
        self._known[version] = case
        if len(self._known) > MOST:
            self._known.popitem(last=False)
