"""Offices in texts of the procedure, called by their titles where their ids stand.

A case knows the titles of the offices that have to do with it; of any other its record has the id alone. The record
stays as it is: only what a page shows of it reads otherwise.
"""

import re
from collections.abc import Callable, Mapping


def with_titles(titles: Mapping[str, str]) -> Callable[[str], str]:
    """What puts titles in the place of ids.

    Args:
        titles: Of all offices of the jurisdiction, by their ids.
    """
    # The longest first: in a text an id ends where the next word begins, and there are no spaces between them.
    ids = sorted((office for office in titles if not office.startswith("unit/")), key=len, reverse=True)
    # Not within a longer id, of an office that this jurisdiction has not.
    known = re.compile(rf"(?<![a-zA-Z0-9/_-])(?:{'|'.join(map(re.escape, ids))})(?![a-zA-Z0-9/_-])")
    return lambda text: known.sub(lambda found: titles[found[0]], text)
