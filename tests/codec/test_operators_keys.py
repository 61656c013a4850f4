"""An operator's command without the payload keys, or with others: it says so, whatever it was to do with Temporal."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from sealing.key_file import new_key_file
from tests.codec.conftest import SealedPlace
from tests.codec.test_sealed_cases import end, start
from tests.guatu.running import guatu, one_sentence

REHEARSE, RECONCILE, BY_HISTORIES = ("rehearse",), ("reconcile",), ("reconcile", "--histories")


def settings(place: SealedPlace, keys: Path | None = None) -> Mapping[str, str]:
    """Of an operator's shell."""
    given = {
        "GUATU_DATABASE_URL": place.stack.database_url,
        "TEMPORAL_ADDRESS": place.stack.temporal_address,
        "TEMPORAL_NAMESPACE": place.namespace,
    }
    return given | ({"GUATU_PAYLOAD_KEY_FILE": str(keys)} if keys else {})


@pytest.fixture
def other_keys(tmp_path: Path) -> Path:
    """A key file that is not the workers'."""
    path = tmp_path / "other-keys.json"
    new_key_file(path)
    return path


async def test_a_command_without_the_keys_says_so(place: SealedPlace) -> None:
    async with place.worker():
        case = await start(place)
        await case.until("dispatched")
        for command in (REHEARSE, RECONCILE, BY_HISTORIES):
            told = one_sentence(await guatu(*command, settings=settings(place)))
            assert "payloads in Temporal are sealed, and GUATU_PAYLOAD_KEY_FILE is not set here" in told, command
        await end(place, case)


async def test_other_keys_open_no_history(place: SealedPlace, other_keys: Path) -> None:
    async with place.worker():
        case = await start(place)
        await case.until("dispatched")
        rehearsed = await guatu(*REHEARSE, settings=settings(place, other_keys))
        assert rehearsed.returncode == 1
        assert f"case {case.case_no}: its history cannot be replayed: " in rehearsed.stdout
        assert rehearsed.stdout.splitlines()[-1].startswith("no-go: ")
        reconciled = await guatu(*BY_HISTORIES, settings=settings(place, other_keys))
        assert reconciled.returncode == 1
        assert "Traceback" not in rehearsed.stderr + reconciled.stderr
        line = next(line for line in reconciled.stdout.splitlines() if line.startswith(f"case {case.case_no}: "))
        assert "its history does not open" in line
        await end(place, case)
