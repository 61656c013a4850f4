"""Lists of hand-overs as people send them: CSV, XLSX or JSON Lines, read into rows.

``form_of`` finds which of them it is, ``read_list`` reads it. What the headers and cells mean is the domain's
(``petitions.lists.columns``, ``petitions.lists.rows``); here are the bytes. Details of complainants have no place in a
list: such columns are dropped as the header is read, and only their headers are named.
"""

from intake.lists.errors import (
    EmptyListError,
    HeaderError,
    ListError,
    ListTooLargeError,
    UnknownFormError,
    UnreadableListError,
)
from intake.lists.forms import ListForm, form_of
from intake.lists.limits import BYTES, COLUMNS, ROWS
from intake.lists.reading import CaseList, read_list

__all__ = [
    "BYTES",
    "COLUMNS",
    "ROWS",
    "CaseList",
    "EmptyListError",
    "HeaderError",
    "ListError",
    "ListForm",
    "ListTooLargeError",
    "UnknownFormError",
    "UnreadableListError",
    "form_of",
    "read_list",
]
