"""``guatu master-key`` and ``guatu complainants`` as an operator runs them, and which process gets keys."""

import stat
from pathlib import Path
from typing import cast

import pytest

from guatu.embedded.stack import EmbeddedStack
from guatu.product import MASTER_KEYS, api_service, worker_service
from intake.complainants import SealedComplainants
from petitions.complainant import Complainant
from sealing.key_file import KeyFile, add_master_key
from store import Store
from tests.guatu.running import guatu, one_sentence
from tests.places import SharedStack

WANG = Complainant(anonymous=False, name="王秘密", telephone="13800001111")


async def test_a_key_file_is_made_and_added_to(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    made = await guatu("master-key", "new", path)
    assert made.returncode == 0, made.stderr
    first = KeyFile(path).keys().active
    assert made.stdout.startswith(f"master key {first} is in {path}")
    added = await guatu("master-key", "add", path)
    assert added.returncode == 0, added.stderr
    assert KeyFile(path).keys().key_ids == (first, KeyFile(path).keys().active)
    assert stat.S_IMODE(_mode(path)) == 0o600
    assert one_sentence(await guatu("master-key", "new", path)).endswith(
        "exists already; it is left as it is (guatu master-key add adds a key)"
    )
    assert "does not exist" in one_sentence(await guatu("master-key", "add", tmp_path / "none"))
    assert "is not JSON" in one_sentence(await guatu("master-key", "add", _other(tmp_path)))


def _mode(path: Path) -> int:
    return path.stat().st_mode


def _other(directory: Path) -> Path:
    path = directory / "other"
    path.touch(0o600)
    path.write_text("no key file", encoding="utf-8")
    return path


async def test_details_are_rewrapped_and_looks_are_listed(store: Store, database: str, key_path: Path) -> None:
    settings = {"GUATU_DATABASE_URL": database, "GUATU_MASTER_KEY_FILE": str(key_path)}
    complainants = SealedComplainants(store, KeyFile(key_path))
    for case_no in ("X1", "X2"):
        await complainants.seal(case_no, WANG, "r1")
    await complainants.look(
        "X1", caller_id="key:7", office="city/intake", name="李受理", purpose="电话回访", request_id="r2"
    )
    old, new = KeyFile(key_path).keys().active, add_master_key(key_path)
    done = await guatu("complainants", "rewrap", settings=settings)
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        ["rewrapped: 2", "under the active master key: 2", "do not open: 0"],
    )
    listed = await guatu("complainants", "looks", settings=settings)
    lines = [line.split("　")[1:] for line in listed.stdout.splitlines()]
    assert lines == [
        ["X2", "更换主密钥", f"{old} -> {new}"],
        ["X1", "更换主密钥", f"{old} -> {new}"],
        ["X1", "查看", "city/intake 李受理（key:7）", "用途：电话回访", "请求 r2"],
    ]
    of_one = await guatu("complainants", "looks", "X2", "--limit", "5", settings=settings)
    assert len(of_one.stdout.splitlines()) == 1
    unknown = await guatu("complainants", "looks", "X9", settings=settings)
    assert one_sentence(unknown).endswith("there is no case 'X9' on record")
    assert not [each for each in (done, listed, of_one) if "秘密" in each.stdout + each.stderr]


async def test_details_that_do_not_open_are_told(store: Store, database: str, key_path: Path) -> None:
    await SealedComplainants(store, KeyFile(key_path)).seal("X1", WANG, "r1")
    other = key_path.with_name("other.json")
    await guatu("master-key", "new", other)
    settings = {"GUATU_DATABASE_URL": database, "GUATU_MASTER_KEY_FILE": str(other)}
    done = await guatu("complainants", "rewrap", settings=settings)
    assert done.returncode == 1
    assert "case X1: its details do not open" in done.stdout
    assert "王" not in done.stdout + done.stderr
    listed = await guatu("complainants", "looks", "X1", settings=settings)
    assert "未能解封" in listed.stdout
    assert "is not in the master key file" in listed.stdout


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "GUATU_MASTER_KEY_FILE"),
        ({"GUATU_MASTER_KEY_FILE": "/nowhere/keys.json"}, "does not exist"),
        ({"GUATU_SEALING_CIPHER": "rot13"}, "GUATU_SEALING_CIPHER is wrong"),
    ],
)
async def test_a_rotation_without_its_settings_says_so(database: str, settings: dict[str, str], told: str) -> None:
    done = await guatu("complainants", "rewrap", settings={"GUATU_DATABASE_URL": database, **settings})
    assert told in one_sentence(done)


def test_of_the_products_processes_the_api_has_the_keys_and_the_worker_has_none(
    stack: SharedStack, tmp_path: Path
) -> None:
    embedded = cast("EmbeddedStack", stack)  # of which only the addresses are read
    first = api_service(embedded, tmp_path, 0, {})
    path = tmp_path / MASTER_KEYS
    assert first.environment["GUATU_MASTER_KEY_FILE"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys = path.read_bytes()
    assert api_service(embedded, tmp_path, 0, {}).environment["GUATU_MASTER_KEY_FILE"] == str(path)
    assert path.read_bytes() == keys, "a second start has made other keys"
    own = {"GUATU_MASTER_KEY_FILE": "/etc/guatu/keys.json"}
    assert api_service(embedded, tmp_path, 0, own).environment.items() >= own.items()
    assert "GUATU_MASTER_KEY_FILE" not in worker_service(embedded, tmp_path, 0, own).environment
