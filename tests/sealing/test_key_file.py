"""The file of master keys: made once, added to, refused unless it is right and closed to others."""

import base64
import json
import os
import stat
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sealing.ciphers import CipherName
from sealing.errors import KeyFileError
from sealing.key_file import KeyFile, add_master_key, new_key_file

SECRET = base64.b64encode(b"s" * 32).decode()
OTHER = base64.b64encode(b"t" * 32).decode()


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def of(active: object = "a", keys: object = None) -> str:
    return json.dumps({"active": active, "keys": {"a": SECRET} if keys is None else keys})


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        key_id = new_key_file(tmp_path / "keys.json")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    keys = KeyFile(tmp_path / "keys.json").keys()
    assert (keys.active, keys.key_ids) == (key_id, (key_id,))
    assert [file.name for file in tmp_path.iterdir()] == ["keys.json"], "a draft is left"


def test_a_new_file_replaces_nothing(tmp_path: Path) -> None:
    for path in (tmp_path / "keys.json", tmp_path / "link"):
        (tmp_path / "keys.json").write_text("mine", encoding="utf-8")
        if path.name == "link":
            path.symlink_to(tmp_path / "nowhere")
        with pytest.raises(KeyFileError, match="exists already; it is left as it is"):
            new_key_file(path)
    assert (tmp_path / "keys.json").read_text(encoding="utf-8") == "mine"
    assert {file.name for file in tmp_path.iterdir()} == {"keys.json", "link"}


def test_of_many_who_make_it_one_does(tmp_path: Path) -> None:
    def make(_: int) -> bool:
        try:
            new_key_file(tmp_path / "keys.json")
        except KeyFileError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(make, range(16))) == 1
    KeyFile(tmp_path / "keys.json")


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="see that its directory is there"):
        new_key_file(tmp_path / "none" / "keys.json")
    with pytest.raises(KeyFileError, match="does not exist: put it back, or make one with guatu master-key new"):
        add_master_key(tmp_path / "none" / "keys.json")


def test_an_added_key_is_active_and_the_old_ones_stay(key_path: Path) -> None:
    file = KeyFile(key_path)
    first = file.keys()
    old = first.new_data_key(CipherName.AES_256_GCM, ("x",))
    added = add_master_key(key_path)
    assert stat.S_IMODE(key_path.stat().st_mode) == 0o600
    keys = file.keys()
    assert keys.active == added, "a running process has not seen the key that was added"
    assert keys.key_ids == (first.active, added)
    assert keys.unwrap(old.wrapped, ("x",)).tag(b"") == old.tag(b"")
    assert [each.name for each in key_path.parent.iterdir()] == [key_path.name]


def test_keys_added_at_once_are_all_kept(key_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        added = list(threads.map(add_master_key, [key_path] * 16))
    assert len(KeyFile(key_path).keys().key_ids) == 17
    assert set(added) < set(KeyFile(key_path).keys().key_ids)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o610, 0o644, 0o666, 0o777])
def test_a_file_that_is_open_to_others_is_refused(key_path: Path, mode: int) -> None:
    key_path.chmod(mode)
    told = rf"can be read or changed by others than its owner \(mode {mode:04o}\): chmod 600 it"
    with pytest.raises(KeyFileError, match=told):
        KeyFile(key_path)
    with pytest.raises(KeyFileError, match=told):
        add_master_key(key_path)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_that_is_closed_to_others_is_taken(key_path: Path, mode: int) -> None:
    key_path.chmod(mode)
    KeyFile(key_path)


@pytest.mark.parametrize(("mode", "taken"), [(0o440, True), (0o460, False), (0o444, False), (0o450, False)])
def test_a_file_of_another_account_may_be_read_by_our_group(
    key_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, taken: bool
) -> None:
    key_path.chmod(mode)
    owner = key_path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if taken:
        KeyFile(key_path)
    else:
        with pytest.raises(KeyFileError, match="by others than its owner"):
            KeyFile(key_path)


def test_a_file_that_is_opened_to_others_later_is_refused_too(key_path: Path) -> None:
    file = KeyFile(key_path)
    key_path.chmod(0o644)
    with pytest.raises(KeyFileError, match="mode 0644"):
        file.keys()
    key_path.unlink()
    with pytest.raises(KeyFileError, match="does not exist: put it back"):
        file.keys()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is not JSON"),
        ("a: " + SECRET, "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("\ud7ff" * 10, "is not JSON"),
        ("[]", "is not of the form"),
        (of(active=None), "is not of the form"),
        (of(keys=[SECRET]), "is not of the form"),
        (json.dumps({"active": "a", "keys": {"a": SECRET}, "note": SECRET}), "is not of the form"),
        (of(keys={}), "names an active key that is not among its keys"),
        (of(active="b"), "names an active key that is not among its keys"),
        (of(keys={"a": SECRET[:-4]}), "is wrong in key 1"),
        (of(keys={"a": SECRET, "b": SECRET + "="}), "is wrong in key 2"),
        (of(keys={"a": SECRET, "b": "é" + OTHER}), "is wrong in key 2"),
        (of(keys={"a": SECRET, "b": 7}), "is wrong in key 2"),
        (of(keys={"a": SECRET, "a b": OTHER}), "is wrong in key 2"),
        (of(keys={"a": SECRET, "b": SECRET}), "has the same key under two names"),
        (f'{{"active": "a", "keys": {{"a": "{SECRET}", "a": "{OTHER}"}}}}', "names something twice"),
        (of() + " " * 300_000, "bytes, so it is none"),
    ],
)
def test_a_file_that_is_wrong_is_told_without_its_content(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path / "keys.json", text)
    with pytest.raises(KeyFileError, match=told) as refused:
        KeyFile(path)
    assert str(path) in str(refused.value)
    assert SECRET[:8] not in "".join(traceback.format_exception(refused.value))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(KeyFileError, match="is no ordinary file"):
            KeyFile(path)
    with pytest.raises(KeyFileError, match="does not exist"):
        KeyFile(tmp_path / "none")


def test_a_link_to_a_file_is_followed(key_path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(key_path)
    assert KeyFile(tmp_path / "link").keys().key_ids == KeyFile(key_path).keys().key_ids
