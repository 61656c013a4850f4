"""Parameters that several routes take: how they are read from an address, and how they are described."""

import re
from typing import Annotated

from fastapi import Depends, Path
from pydantic import BeforeValidator, Field

from api.problems import case_not_found
from petitions.hand_over import is_case_no
from petitions.values import WHITE, StatedInstant

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def _rfc3339(given: object) -> object:
    """Only RFC 3339; pydantic would also take seconds since 1970.

    Raises:
        ValueError: It is something else.
    """
    if not isinstance(given, str):
        return given
    # A "+" that was not escaped arrives as a space.
    text = re.sub(r" (?=\d\d:\d\d$)", "+", given)
    if not _RFC3339.fullmatch(text):
        raise ValueError("时间格式不对，须带时区，例如 2021-09-04T18:00:00+08:00")
    return text


Moment = Annotated[
    StatedInstant,
    BeforeValidator(_rfc3339),
    Field(description="A moment, RFC 3339 with offset.", examples=["2021-09-04T18:00:00+08:00"]),
]


def _case_no(
    no: Annotated[
        str,
        Path(
            description="The case number (受理编号), without the `*` of a star.",
            examples=["X51000020210827001"],
            json_schema_extra={"pattern": rf"^[^{WHITE}/*\u0000-\u001f]{{1,64}}$"},
        ),
    ],
) -> str:
    """The number, if it can be one at all: no other is asked for in the store.

    Raises:
        ProblemError: It cannot be one, so there is no such case.
    """
    if not is_case_no(no):
        raise case_not_found(no)
    return no


CaseNo = Annotated[str, Depends(_case_no)]
"""The parameter ``{no}`` of a path."""
