"""The jurisdiction files: found by path or by the name of a shipped one, read, and read again when they change."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import structlog

from petitions.jurisdiction.model import Jurisdiction
from petitions.jurisdiction.reading import JurisdictionError, Problem, read_jurisdiction

_log = structlog.stdlib.get_logger()
_SHIPPED = "petitions.jurisdictions"


class NoSuchJurisdictionError(LookupError):
    """There is no file at this path, and none of this name is shipped."""


class Jurisdictions:
    """The files that this worker knows: its own default, and others by their name.

    A file that is changed while the worker runs is read again. If it is wrong by then, or gone, the worker says so
    in its log and goes on with what it has read before: no case waits for somebody to mend a file.
    """

    def __init__(self, default: str) -> None:
        self.default = default
        self._read: dict[str, tuple[str, Jurisdiction]] = {}
        self._complained: dict[str, str] = {}

    def get(self, name: str | None) -> Jurisdiction:
        """The jurisdiction of this name or path; none: the default.

        A name given by a case is never taken for a path: only the worker's own setting may name a file.

        Raises:
            NoSuchJurisdictionError: there is none, and none has been read before.
            JurisdictionError: the file has mistakes, and none has been read before; all of them are listed.
            OSError: it cannot be read, and none has been read before.
        """
        chosen = name or self.default
        known = self._read.get(chosen)
        try:
            text = _text_of(chosen, may_be_path=chosen == self.default)
            if known is None or known[0] != text:
                known = self._read[chosen] = (text, read_jurisdiction(text, source=chosen))
            self._complained.pop(chosen, None)
        except (JurisdictionError, NoSuchJurisdictionError, OSError) as error:
            if known is None:
                raise
            if self._complained.get(chosen) != str(error):
                self._complained[chosen] = str(error)
                _log.error("the jurisdiction file is wrong now; what was read before still holds", error=str(error))
        return known[1]


def shipped_files() -> dict[str, Traversable]:
    """The files that come with the product, by the names under which a case may ask for them."""
    files = resources.files(_SHIPPED).iterdir()
    return {file.name.removesuffix(".toml"): file for file in files if file.name.endswith(".toml")}


def shipped_names() -> list[str]:
    """Their names."""
    return sorted(shipped_files())


def _text_of(name: str, *, may_be_path: bool) -> str:
    if shipped := shipped_files().get(name):
        return shipped.read_text(encoding="utf-8")
    if may_be_path and Path(name).is_file():
        try:
            return Path(name).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            reason = "not in UTF-8 (another encoding, such as GBK?); save the file as UTF-8"
            raise JurisdictionError(name, (Problem(line=line, where="", reason=reason),)) from None
    raise NoSuchJurisdictionError(
        f"there is no jurisdiction {name!r}: set GUATU_JURISDICTION to the path of a file, "
        f"or to one of the shipped: {', '.join(shipped_names())}"
    )
