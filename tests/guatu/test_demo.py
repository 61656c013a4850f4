"""``guatu demo`` as people run it: real servers, and a day of the nine in six seconds."""

import json
import tempfile
from pathlib import Path

import pytest

from tests.guatu.running import guatu

pytestmark = pytest.mark.long


def temporary_directories() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("guatu-demo-*"))


async def test_the_demonstration_comes_to_the_published_figures() -> None:
    before = temporary_directories()
    ports = ("--temporal-port", "0", "--ui-port", "0", "--api-port", "0")
    done = await guatu("demo", "--exit", "--day-seconds", "6", *ports, seconds=400)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    last = json.loads(done.stdout.splitlines()[-1])
    assert last.keys() == {"2021-09-04", "final"}
    by_county = {"万源市": 6, "大竹县": 4, "宣汉县": 3, "开江县": 2, "渠县": 3, "达川区": 5, "通川区": 8}
    assert last["2021-09-04"] == {"received": 31, "concluded": 9, "starred": 2, "by_county": by_county}
    assert last["final"] == {"received": 31, "concluded": 30, "starred": 2, "by_county": by_county}
    assert "没有时间表以外的逾期" in done.stdout
    assert temporary_directories() <= before
