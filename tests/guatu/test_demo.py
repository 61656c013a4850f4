"""``guatu demo`` as people run it: real servers, and the days as long as they are by default."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guatu.running import guatu_process

pytestmark = pytest.mark.long


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A directory for temporary files; for root, PostgreSQL runs under another account, which must get through."""
    with tempfile.TemporaryDirectory(prefix="guatu-tests-") as place:
        Path(place).chmod(0o711)
        yield Path(place)


def content(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def test_the_demonstration_comes_to_the_published_figures(temporary: Path) -> None:
    """And to no breach that its timetable does not have, unless it says by how much the machine was too slow."""
    ports = ("--temporal-port", "0", "--ui-port", "0", "--api-port", "0")
    done = await guatu_process("demo", "--exit", *ports, settings={"TMPDIR": str(temporary)}, seconds=580)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    last = json.loads(done.stdout.splitlines()[-1])
    assert last.keys() == {"2021-09-04", "final"}
    by_county = {"万源市": 6, "大竹县": 4, "宣汉县": 3, "开江县": 2, "渠县": 3, "达川区": 5, "通川区": 8}
    assert last["2021-09-04"] == {"received": 31, "concluded": 9, "starred": 2, "by_county": by_county}
    assert last["final"] == {"received": 31, "concluded": 30, "starred": 2, "by_county": by_county}
    assert "没有时间表以外的逾期" in done.stdout or "本机较慢" in done.stdout
    assert content(temporary) == []
