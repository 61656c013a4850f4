"""How large a part of a workbook is for whoever reads it, found without keeping what it holds."""

import re
from collections.abc import Iterable
from typing import Final
from xml.parsers.expat import ExpatError, ParserCreate

from intake.lists.errors import ListTooLargeError, UnreadableListError
from intake.lists.limits import CELLS, CHARACTERS, COLUMNS, ELEMENTS, MERGES, SHEET_ROWS

_DAMAGED = "工作簿的内容已损坏；请用 Excel 打开后重新保存再提交"
_PLACE: Final = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_MAY_SHARE: Final = (b"<si", b":si", b"\x00")
"""A part without one of these has no texts to share; the last is for encodings of two bytes."""


class _Part:
    """Walks through a part's elements, their names without prefixes."""

    def __init__(self) -> None:
        self._elements = 0
        self._parser = ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._element
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self.text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def walk(self, data: bytes) -> None:
        """Walk through all of it.

        Raises:
            ListTooLargeError: it asks for more than a list may.
            UnreadableListError: it is no XML as spreadsheet programs write it.
        """
        try:
            self._parser.Parse(data, True)
        except ExpatError:
            raise UnreadableListError(_DAMAGED) from None

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > ELEMENTS:
            raise ListTooLargeError("工作簿的内容过多；请把清单复制到新的工作簿后重新提交")
        self.start(name.rpartition(":")[2], attributes)

    def _end(self, name: str) -> None:
        self.end(name.rpartition(":")[2])

    def _doctype(self, *_declared: object) -> None:
        # No spreadsheet program writes one; it could define entities that unfold without end.
        raise UnreadableListError(_DAMAGED)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Characters between elements."""


class SharedTexts(_Part):
    """How long each text is that cells share."""

    def __init__(self) -> None:
        super().__init__()
        self.lengths: list[int] = []
        self._here = 0
        self._length = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name == "sst":
            self._here = 0
        elif name == "si":
            self._length = 0

    def text(self, text: str) -> None:
        """Characters between elements."""
        self._length += len(text)

    def end(self, name: str) -> None:
        """An element ends."""
        if name != "si":
            return
        # There is one such part; should there be several, the longer text of each place counts.
        if self._here == len(self.lengths):
            self.lengths.append(0)
        self.lengths[self._here] = max(self.lengths[self._here], self._length)
        self._here += 1

    @classmethod
    def of(cls, parts: Iterable[bytes]) -> list[int]:
        """The lengths, by the texts' places in their part."""
        lengths: list[int] = []
        for data in parts:
            if not any(sign in data for sign in _MAY_SHARE):
                continue
            walked = cls()
            walked.lengths = lengths
            walked.walk(data)
        return lengths


class _Sheet(_Part):
    """Where a sheet ends, and how much text its cells show."""

    def __init__(self, shared: list[int]) -> None:
        super().__init__()
        self._shared = shared
        self._row = self._column = 0
        self._cells = self._merges = self._characters = 0
        self._in_cell = self._of_shared = self._filled = False
        self._value = ""
        self._formula = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        match name:
            case "row":
                self._row = _number(attributes["r"]) if "r" in attributes else self._row + 1
                self._column = 0
            case "c":
                self._place(attributes.get("r"))
                self._in_cell, self._filled, self._value = True, False, ""
                self._of_shared = attributes.get("t") == "s"
            case "v" | "is":
                self._filled = self._in_cell
            case "f":
                self._formula = True
            case "mergeCell":
                self._merges += 1
                if self._merges > MERGES:
                    raise ListTooLargeError(f"合并的单元格超过 {MERGES} 处；请取消合并后重新提交")
            case _:
                pass

    def text(self, text: str) -> None:
        """Characters between elements."""
        if not self._in_cell or self._formula:
            return
        if self._of_shared:
            self._value += text[:20]
        else:
            self._characters += len(text)

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "f":
            self._formula = False
        if name == "c":
            if self._filled:
                self._count()
            self._in_cell = False

    def _place(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
            return
        found = _PLACE.fullmatch(reference)
        if found is None:
            raise UnreadableListError(_DAMAGED)
        self._column = 0
        for letter in found[1].upper():
            self._column = self._column * 26 + ord(letter) - ord("A") + 1
        self._row = int(found[2])

    def _count(self) -> None:
        self._cells += 1
        if self._of_shared:
            place = _number(self._value)
            self._characters += self._shared[place] if place < len(self._shared) else 0
        if self._row > SHEET_ROWS:
            raise ListTooLargeError(f"工作表的内容超过第 {SHEET_ROWS} 行；请删去清单下方多余的行后重新提交")
        if self._column > COLUMNS:
            raise ListTooLargeError(f"工作表的内容超过 {COLUMNS} 列；请删去多余的列后重新提交")
        if self._cells > CELLS or self._characters > CHARACTERS:
            raise ListTooLargeError("工作表的内容过多；请分成几份提交")


def measure_part(data: bytes, shared: list[int]) -> None:
    """Look through a part, whether a sheet or another.

    Args:
        data: the part, XML.
        shared: the lengths of the texts that cells share.

    Raises:
        ListTooLargeError: it asks for more than a list may.
        UnreadableListError: it is no XML as spreadsheet programs write it.
    """
    _Sheet(shared).walk(data)


def _number(text: str) -> int:
    text = text.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise UnreadableListError(_DAMAGED)
    return int(text)
