"""Addresses for a demonstration's notices: its jurisdiction file with them, and without long waits."""

import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from activities.jurisdictions import Jurisdictions, shipped_files
from guatu.demo.timetable import PlannedCase, Timetable
from guatu.errors import CommandError

# By the short clock a quarter of an hour is a moment, and the night is none of the real one.
_NOTICES = """\
[notices]
gather = "1s"
digest_every = "1s"
per_minute = 60
quiet_from = "07:00"
quiet_until = "07:00"
"""


def write_with_addresses(directory: Path, name: str, addresses: Sequence[str]) -> Path:
    """Write a jurisdiction file in which offices have these addresses.

    Args:
        directory: Where; nobody else may read the file, since an address may be a secret.
        name: Of the shipped file that the demonstration is made for.
        addresses: Of Apprise, or ``env:NAME``; ``<office>=<address>`` is for that office alone, else it is for all.

    Returns:
        the file.

    Raises:
        CommandError: There is no such office.
    """
    by_office = _by_office(addresses, Jurisdictions(name).get(None).titles())
    notify = "".join(f'"{office}" = {json.dumps(given, ensure_ascii=False)}\n' for office, given in by_office.items())
    file = directory / f"{name}-with-addresses.toml"
    file.touch(0o600, exist_ok=False)
    text = shipped_files()[name].read_text(encoding="utf-8")
    file.write_text(_section("notify", f"[notify]\n{notify}", _section("notices", _NOTICES, text)), encoding="utf-8")
    return file


def _by_office(addresses: Sequence[str], offices: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for given in addresses:
        office, separator, address = given.partition("=")
        if not separator or "://" in office:
            for each in offices:
                found.setdefault(each, []).append(given)
        elif office in offices:
            found.setdefault(office, []).append(address)
        else:
            raise CommandError(f"--notify: there is no office {office}")
    return found


def by_own_file(timetable: Timetable) -> Timetable:
    """The timetable with cases that name no jurisdiction file: that of the worker holds for them."""

    def without_name(case: PlannedCase) -> PlannedCase:
        return case.model_copy(update={"hand_over": case.hand_over.model_copy(update={"jurisdiction": None})})

    return timetable.model_copy(update={"cases": tuple(map(without_name, timetable.cases))})


def _section(name: str, replacement: str, text: str) -> str:
    """A TOML text with another section in the place of the one of this name."""
    found = re.compile(rf"^\[{name}\]\n(?:(?!\[).*(?:\n|\Z))*", re.MULTILINE)
    return found.sub(lambda _: replacement, text) if found.search(text) else f"{text}\n{replacement}"
