"""The rooms and their doors: which may import which, and what the domain must never touch.

Imports are read from the source, so an import inside a function or under ``TYPE_CHECKING`` counts as well.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("petitions", "workflows", "activities", "store", "worker", "api", "intake", "sealing", "telemetry", "guatu")
MAY_IMPORT: dict[str, set[str]] = {
    "petitions": set(),
    "workflows": {"petitions"},
    "store": {"petitions"},
    "activities": {
        "petitions",
        "store",
        "workflows.activity_interface",
        "workflows.house_interface",
        "workflows.notice_interface",
        "workflows.names",
    },
    "intake": {"petitions", "store", "sealing", "workflows"},
    "sealing": set(),
    "telemetry": {"petitions", "store"},
    "worker": {*ROOMS} - {"api", "guatu"},
    "api": {*ROOMS} - {"worker", "guatu"},
    "guatu": {*ROOMS},
}
"""Other rooms, or single modules of them, that a room may import (docs/decisions/0001)."""

PURE = {
    "bisect",
    "collections",
    "datetime",
    "difflib",
    "enum",
    "functools",
    "hashlib",
    "itertools",
    "json",
    "math",
    "pydantic",
    "pydantic_core",
    "re",
    "tomllib",
    "types",
    "typing",
    "zoneinfo",
}
"""All that the domain may import besides itself: nothing here reads a clock, a file, a network or a process."""

NEVER_CALLED = {"open", "input", "print", "eval", "exec", "__import__", "breakpoint"}
CLOCKS = {"now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp"}
"""Methods of ``datetime`` and ``date`` that read a clock, or the machine's time zone."""


@dataclass(frozen=True)
class Import:
    """One import statement: where it stands and what it names."""

    file: Path
    line: int
    module: str

    @property
    def top(self) -> str:
        """The distribution or room."""
        return self.module.partition(".")[0]

    def is_of(self, allowed: set[str]) -> bool:
        """Whether one of these, or something inside one, is imported."""
        return any(self.module == name or self.module.startswith(f"{name}.") for name in allowed)

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.module}"


def _files(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def _imports(file: Path) -> Iterator[Import]:
    package = file.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(_tree(file)):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield Import(file, node.lineno, alias.name)
            case ast.ImportFrom(module=module, level=0):
                assert module is not None
                yield Import(file, node.lineno, module)
            case ast.ImportFrom(module=module, level=level):
                yield Import(file, node.lineno, ".".join((*package[:-level], *([module] if module else []))))
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"), args=args
            ):
                name = args[0] if args else None
                constant = name.value if isinstance(name, ast.Constant) else None
                assert isinstance(constant, str), (
                    f"{file.relative_to(ROOT)}:{node.lineno} imports by a computed name, which this test cannot see: "
                    "import it by an import statement"
                )
                yield Import(file, node.lineno, constant)
            case _:
                pass


def test_every_room_is_here() -> None:
    """The rules below would hold of nothing if a room were renamed."""
    assert set(MAY_IMPORT) == set(ROOMS)
    for room in ROOMS:
        assert _files(room), (
            f"there is no room {room} any more: bring ROOMS and MAY_IMPORT in tests/test_rooms.py up to date"
        )
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench", "tools"}
    assert found == set(ROOMS), (
        f"{sorted(found ^ set(ROOMS))}: a new package needs its line in MAY_IMPORT in tests/test_rooms.py "
        "and its place in the wheel (pyproject.toml, packages)"
    )


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_what_they_may(room: str) -> None:
    allowed = MAY_IMPORT[room] | {room}
    everything = [imported for file in _files(room) for imported in _imports(file)]
    wrong = [imported for imported in everything if imported.top in ROOMS and not imported.is_of(allowed)]
    assert not wrong, (
        f"{', '.join(map(str, wrong))}: {room} may import only {', '.join(sorted(MAY_IMPORT[room])) or 'itself'}. "
        "Move what both need into petitions (if it is a rule) or hand it in from outside (if it touches the world)"
    )


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_tests_or_benches(room: str) -> None:
    wrong = [
        imported for file in _files(room) for imported in _imports(file) if imported.top in {"tests", "bench", "tools"}
    ]
    assert not wrong, f"{', '.join(map(str, wrong))}: the wheel has no tests; move what the product needs into a room"


@pytest.mark.parametrize("file", _files("petitions"), ids=lambda file: file.name)
def test_the_domain_imports_nothing_that_touches_the_world(file: Path) -> None:
    wrong = [imported for imported in _imports(file) if imported.top not in PURE | {"petitions"}]
    assert not wrong, (
        f"{', '.join(map(str, wrong))}: petitions is pure. Take what you need as an argument, and let activities, "
        "store or workflows get it; or, if it does nothing but compute, add it to PURE in tests/test_rooms.py"
    )


@pytest.mark.parametrize("file", _files("petitions"), ids=lambda file: file.name)
def test_the_domain_reads_no_clock_and_no_file(file: Path) -> None:
    for node in ast.walk(_tree(file)):
        if not isinstance(node, ast.Call):
            continue
        where = f"{file.relative_to(ROOT)}:{node.lineno}"
        match node.func:
            case ast.Name(id=name):
                assert name not in NEVER_CALLED, (
                    f"{where} calls {name}: petitions is pure, take the value as an argument"
                )
            case ast.Attribute(
                value=ast.Name(id="datetime" | "date") | ast.Attribute(attr="datetime" | "date"), attr=name
            ):
                assert name not in CLOCKS, (
                    f"{where} calls {name}: every rule is a function of (case, fact, now); take `now` as an argument"
                )
            case ast.Attribute(attr="read_text" | "read_bytes" | "write_text" | "write_bytes" as name):
                pytest.fail(f"{where} calls {name}: petitions reads no file; take its text as an argument")
            case _:
                pass
