"""Temporal's production server and its schema tool, built once from the module in ``tools/temporal-server``."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from guatu.embedded.temporal_binary import alone, cache_directory
from guatu.embedded.temporal_make import build

MODULE = Path(__file__).parents[2] / "tools" / "temporal-server"
_PACKAGES = {"server": "go.temporal.io/server/cmd/server", "sql": "go.temporal.io/server/cmd/tools/sql"}


@dataclass(frozen=True)
class TemporalPrograms:
    """Where they are.

    Attributes:
        server: All four services.
        sql: What makes and updates the schema.
    """

    server: Path
    sql: Path


def pinned_server() -> str:
    """The version of the server that the module pins, such as ``1.32.0``."""
    found = re.search(r"^\s*go\.temporal\.io/server v(\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert found, f"{MODULE / 'go.mod'} does not require go.temporal.io/server"
    return found[1]


async def temporal_programs(say: Callable[[str], None]) -> TemporalPrograms:
    """Find them in the cache, or build them: two minutes where the CLI has been built, else some five.

    Raises:
        ChildProcessError: They cannot be built; the text says why.
    """
    version = pinned_server()
    place = cache_directory().with_name(f"temporal-server-{version}")
    place.mkdir(parents=True, exist_ok=True)
    async with alone(place / "lock", say):
        for name, package in _PACKAGES.items():
            if not (kept := place / name).exists():
                draft = place / f"{name}.new"
                await build(MODULE, version, draft, say, package)
                draft.replace(kept)
    return TemporalPrograms(server=place / "server", sql=place / "sql")
