"""The scanner finds every key of a TOML text where it stands: against texts whose lines are known, and the parser."""

import contextlib
import tomllib
from collections.abc import Iterator
from typing import cast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from petitions.jurisdiction.toml_positions import Path, key_lines

_BLANKS = st.sampled_from(["", " ", "\t "])
_GAPS = st.sampled_from(["", " ", "\n", "\n\n  ", " # not ] a } \"value' = 1\n", "\r\n"])
_LINE_ENDS = st.sampled_from(["\n", "\n\n", " # a [note] = {\n", "\r\n", "\n# alone = 1\n"])
_SCALARS = st.sampled_from(
    [
        "1",
        "-2.5e3",
        "true",
        "0xff",
        "inf",
        "1979-05-27 07:32:00Z",
        "07:32:00",
        '""',
        '"a # b ] } , \\" \\\\"',
        "'lit\\'",
        '"通川区"',
        '"""one\ntwo ]\n[three] = 3 # x"""',
        '"""ends in quotes"""""',
        '"""a \\""" b\\\\"""',
        "'''raw\n\\''' ",
        "'''two quotes'''''",
        '""""""',
    ]
)
_KEY_TEXTS = st.sampled_from(["a", "vice-mayor", "9", "_", "通川区", "a.b", 'q"', "#", "[x]", "=", "\\", "", " b"])


class _Writer:
    """Writes a TOML text and keeps on which line each path stands."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[Path, int] = {(): 1}
        self.keys = 0

    def note(self, path: Path) -> None:
        self.lines.setdefault(path, self.text.count("\n") + 1)

    def key(self) -> tuple[str, str]:
        """A key that is new in the text: as parsed, and as written."""
        self.keys += 1
        name = f"{self.draw(_KEY_TEXTS)}{self.keys}"
        if name.replace("-", "").replace("_", "").isalnum() and name.isascii() and self.draw(st.booleans()):
            return name, name
        if self.draw(st.booleans()):
            return name, f"'{name}'"
        return name, '"' + name.replace("\\", "\\\\").replace('"', "\\u0022") + '"'

    def pair(self, table: Path, depth: int) -> None:
        parts = [self.key() for _ in range(self.draw(st.integers(1, 2)))]
        path = table
        for name, _ in parts:
            path = (*path, name)
            self.note(path)
        self.text += f"{self.draw(_BLANKS)}.{self.draw(_BLANKS)}".join(written for _, written in parts)
        self.text += f"{self.draw(_BLANKS)}={self.draw(_BLANKS)}"
        self.value(path, depth)

    def value(self, path: Path, depth: int) -> None:
        kind = self.draw(st.sampled_from(["scalar", "list", "table"])) if depth else "scalar"
        count = self.draw(st.integers(0, 3))
        if kind == "scalar":
            self.text += self.draw(_SCALARS)
        elif kind == "list":
            self.text += "["
            for at in range(count):
                self.text += self.draw(_GAPS)
                self.note((*path, at))
                self.value((*path, at), depth - 1)
                self.text += self.draw(_GAPS) + ("," if at < count - 1 or self.draw(st.booleans()) else "")
            self.text += self.draw(_GAPS) + "]"
        else:
            self.text += "{" + self.draw(_BLANKS)
            for at in range(count):
                self.pair(path, depth - 1)
                self.text += self.draw(_BLANKS) + ("," + self.draw(_BLANKS) if at < count - 1 else "")
            self.text += "}"

    def pairs(self, table: Path) -> None:
        for _ in range(self.draw(st.integers(0, 2))):
            self.text += self.draw(_BLANKS)
            self.pair(table, 3)
            self.text += self.draw(_LINE_ENDS)

    def header(self, written: str, marks: tuple[str, str], path: Path) -> None:
        self.note(path)
        self.text += f"{marks[0]}{self.draw(_BLANKS)}{written}{self.draw(_BLANKS)}{marks[1]}{self.draw(_LINE_ENDS)}"

    def section(self) -> None:
        name, written = self.key()
        if self.draw(st.booleans()):
            below, written_below = self.key()
            self.note((name,))
            self.header(f"{written}.{written_below}", ("[", "]"), (name, below))
            self.pairs((name, below))
            return
        for at in range(self.draw(st.integers(1, 3))):
            self.note((name,))
            self.header(written, ("[[", "]]"), (name, at))
            self.pairs((name, at))
            if self.draw(st.booleans()):
                below, written_below = self.key()
                self.note((name, at, below))
                self.header(f"{written} . {written_below}", ("[[", "]]"), (name, at, below, 0))
                self.pairs((name, at, below, 0))


@st.composite
def _documents(draw: st.DrawFn) -> tuple[str, dict[Path, int]]:
    writer = _Writer(draw)
    writer.pairs(())
    for _ in range(draw(st.integers(0, 3))):
        writer.section()
    return writer.text, writer.lines


def _paths(value: object, path: Path = ()) -> Iterator[Path]:
    yield path
    if isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for at, inner in enumerate(cast("list[object]", value)):
            yield from _paths(inner, (*path, at))


@settings(max_examples=300, deadline=None)
@given(_documents())
def test_every_key_is_found_on_its_line(document: tuple[str, dict[Path, int]]) -> None:
    text, lines = document
    assert set(_paths(tomllib.loads(text))) == set(lines), "the test's own writer went wrong"
    assert key_lines(text) == lines


_FRAGMENTS = [*"ab.=1\"'[]{},#\n\\", " = ", '"""', "'''", "[[", "]]"]


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.sampled_from(_FRAGMENTS), max_size=14).map("".join))
@example("a = [\n1,\n[2,\n{b = 3}]]\n[c]\n[[d.e]]\n[d.e.f]\n[[d.e]]\nf = 1")
def test_whatever_the_parser_accepts_the_scanner_reads_alike(text: str) -> None:
    with contextlib.suppress(tomllib.TOMLDecodeError):
        assert set(_paths(tomllib.loads(text))) == set(key_lines(text))
