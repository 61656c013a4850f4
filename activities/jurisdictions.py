"""The jurisdiction files: found by path or by the name of a shipped one, read, and read again when they change."""

from importlib import resources
from pathlib import Path

from petitions.jurisdiction import Jurisdiction
from petitions.jurisdiction_reading import read_jurisdiction

_SHIPPED = "petitions.jurisdictions"


class NoSuchJurisdictionError(LookupError):
    """There is no file at this path, and none of this name is shipped."""


class Jurisdictions:
    """The files that this worker knows: its own default, and others by their name."""

    def __init__(self, default: str) -> None:
        self.default = default
        self._read: dict[str, tuple[str, Jurisdiction]] = {}

    def get(self, name: str | None) -> Jurisdiction:
        """The jurisdiction of this name or path; none: the default.

        A name given by a case is never taken for a path: only the worker's own setting may name a file.

        Raises:
            NoSuchJurisdictionError: there is none.
            JurisdictionError: the file has mistakes; all of them are listed.
            OSError: it cannot be read.
        """
        chosen = name or self.default
        text = _text_of(chosen, may_be_path=chosen == self.default)
        known = self._read.get(chosen)
        if known is None or known[0] != text:
            known = (text, read_jurisdiction(text, source=chosen))
            self._read[chosen] = known
        return known[1]


def shipped_names() -> list[str]:
    """The names of the files that come with the product."""
    return sorted(
        file.name.removesuffix(".toml") for file in resources.files(_SHIPPED).iterdir() if file.name.endswith(".toml")
    )


def _text_of(name: str, *, may_be_path: bool) -> str:
    if name in shipped_names():
        return resources.files(_SHIPPED).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    if may_be_path and Path(name).is_file():
        return Path(name).read_text(encoding="utf-8")
    raise NoSuchJurisdictionError(
        f"there is no jurisdiction {name!r}: set GUATU_JURISDICTION to the path of a file, "
        f"or to one of the shipped: {', '.join(shipped_names())}"
    )
