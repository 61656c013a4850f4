"""On which line each key and each list element of a TOML text stands.

The standard parser does not tell; a wrong file is worth little to its editor without the line. (tomlkit, which is
at hand, keeps no positions either; spanned-toml does, but has not been released since 2022.) This scanner reads
only text that ``tomllib`` has accepted, so it recognises and never judges: whether a text is valid is decided in
one place.
"""

import re
import tomllib
from bisect import bisect_right

Path = tuple[str | int, ...]
"""Where a value stands: keys as text, list positions as numbers from 0, as in ``("stickers", 1, "day")``."""

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_QUOTED = r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'"
_KEY_PART = re.compile(rf"[ \t]*(?:(?P<quoted>{_QUOTED})|(?P<bare>[A-Za-z0-9_-]+))[ \t]*")
# A multi-line text ends at its first three quotes, to which up to two more may belong.
_MULTILINE = r'"""(?s:\\.|[^\\])*?"""(?:"{0,2})|' + r"'''(?s:.)*?'''(?:'{0,2})"
_SCALAR = re.compile(rf"{_MULTILINE}|{_QUOTED}|[^,\]}}#\r\n]+")


def key_lines(text: str) -> dict[Path, int]:
    """The line, from 1, of every key, table and list element.

    Args:
        text: A text that ``tomllib.loads`` accepts. For any other the answer means nothing.

    Returns:
        For each path its line: a key's own, a table's header (the first that opens it), an element's first.
        The empty path is line 1.

    Raises:
        ValueError: The text is not TOML and the scanner lost its way.
        RecursionError: Lists or tables are nested too deeply.
    """
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line_starts = [0, *(found.end() for found in re.finditer(r"\n", text))]
        self._lines: dict[Path, int] = {(): 1}
        self._tables_in_list: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while self._next() is not None:
            if self._take("[["):
                table = self._header(in_list=True)
            elif self._take("["):
                table = self._header(in_list=False)
            else:
                self._pair(table)
        return self._lines

    def _header(self, *, in_list: bool) -> Path:
        line = self._line()
        path: Path = ()
        parts = self._key()
        for last, part in ((at == len(parts) - 1, part) for at, part in enumerate(parts)):
            path = (*path, part)
            self._lines.setdefault(path, line)
            if last and in_list:
                self._tables_in_list[path] = self._tables_in_list.get(path, 0) + 1
            if path in self._tables_in_list:  # a header below a list of tables means its latest element
                path = (*path, self._tables_in_list[path] - 1)
                self._lines.setdefault(path, line)
        self._expect("]]" if in_list else "]")
        return path

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table
        for part in self._key():
            path = (*path, part)
            self._lines.setdefault(path, line)
        self._expect("=")
        self._value(path)

    def _value(self, path: Path) -> None:
        self._next()
        if self._take("["):
            self._elements(path)
        elif self._take("{"):
            while self._next() != "}":
                self._pair(path)
                self._next()
                self._take(",")
            self._expect("}")
        else:
            self._match(_SCALAR)

    def _elements(self, path: Path) -> None:
        count = 0
        while self._next() != "]":
            self._lines[*path, count] = self._line()
            self._value((*path, count))
            self._next()
            self._take(",")
            count += 1
        self._expect("]")

    def _key(self) -> list[str]:
        parts: list[str] = []
        while True:
            found = self._match(_KEY_PART)
            # The parser itself decodes escapes, so that a key is spelt as in its result.
            parts.append(found["bare"] or tomllib.loads(f"key = {found['quoted']}")["key"])
            if not self._take("."):
                return parts

    def _next(self) -> str | None:
        """Skip blanks, line ends and comments; the character that follows, or none at the end."""
        self._match(_GAP)
        return self._text[self._at] if self._at < len(self._text) else None

    def _take(self, mark: str) -> bool:
        taken = self._text.startswith(mark, self._at)
        self._at += len(mark) * taken
        return taken

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise ValueError(f"line {self._line()}: expected {mark!r}")

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError(f"line {self._line()}: not TOML")
        self._at = found.end()
        return found

    def _line(self) -> int:
        return bisect_right(self._line_starts, self._at)
