"""Other versions of the product: copies of its source with one edit each, run by PYTHONPATH."""

import shutil
from pathlib import Path

from store.schema import migrations

ROOT = Path(__file__).parents[2]
ROOMS = ("petitions", "workflows", "activities", "store", "worker", "api", "intake", "sealing", "telemetry", "guatu")


def version(place: Path, name: str, *edits: tuple[str, str, str]) -> Path:
    """Copy the source and edit it.

    Args:
        place: Where the copy goes.
        name: What it is called there.
        edits: File, what stands there once, what shall stand there instead.
    """
    source = place / name
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room)  # with what is compiled, which holds for each file not edited
    for file, before, after in edits:
        text = (source / file).read_text(encoding="utf-8")
        assert text.count(before) == 1, (
            f"{file} has {before!r} {text.count(before)} times: the edit does not fit any more"
        )
        (source / file).write_text(text.replace(before, after), encoding="utf-8")
    return source


_REPORT = "            await self._submit_report(hand)\n"
_BEGINNING = "        try:\n            # Within 1 hour the responsible unit's notice is out.\n"
_IMPORT = "from collections.abc import Callable, Sequence\n"
WITH_A_PATCHED_CHANGE = (
    ("workflows/petition_case.py", _IMPORT, f"{_IMPORT}from datetime import timedelta\n"),
    (
        "workflows/petition_case.py",
        _REPORT,
        '            if workflow.patched("a-moment-before-the-report"):\n'
        '                await workflow.sleep(timedelta(milliseconds=10), summary="稍候上报")\n' + _REPORT,
    ),
)
"""A timer more before the report, for cases that have not come so far: as a change ought to be made."""

WITH_A_PLANTED_FAULT = (
    ("workflows/petition_case.py", _IMPORT, f"{_IMPORT}from datetime import timedelta\n"),
    (
        "workflows/petition_case.py",
        _BEGINNING,
        f"        await workflow.sleep(timedelta(milliseconds=10))\n{_BEGINNING}",
    ),
)
"""The same kind of change, made without: every open case would stand still."""

THAT_DECIDES_OTHERWISE = (("petitions/messages.py", ".hexdigest()[:24]", ".hexdigest()[:23]"),)
"""What a message is recognised by is another: the commands are the same, what they say is not."""


def add_a_migration(source: Path) -> str:
    """Give a version a migration of its own, which the version before can work with; its name."""
    number = migrations()[-1].version + 1
    name = f"{number:04d}_of_the_next_version"
    said = f"-- oldest: {number - 1:04d}\nALTER TABLE petition_case ADD COLUMN of_the_next_version text;\n"
    (source / "store" / "migrations" / f"{name}.sql").write_text(said, encoding="utf-8")
    return name
