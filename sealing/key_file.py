"""The file of master keys: read with care, made once, added to without losing a key.

It is JSON: ``{"active": "<id>", "keys": {"<id>": "<base64 of 32 bytes>"}}``. Only its owner may read it. Whoever has it
can open everything; without it nobody can, so keep a copy of it apart from the database's backups.
"""

import base64
import binascii
import contextlib
import fcntl
import json
import os
import re
import secrets
import stat
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from sealing.ciphers import SECRET_BYTES
from sealing.envelope import MasterKeys
from sealing.errors import KeyFileError

_OTHERS = 0o077
_GROUP_READS = 0o040
_OWNER_ONLY = 0o600
_MOST_BYTES = 256 * 1024
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_Seen = tuple[int, int, int, int]


class KeyFile:
    """The file as a running process has it: a key that is added is known without a restart.

    Args:
        path: The file.

    Raises:
        KeyFileError: It cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen, self._keys = _read(path)

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    def keys(self) -> MasterKeys:
        """The keys as the file has them now.

        Raises:
            KeyFileError: It cannot be used any more.
        """
        try:
            seen = _stamp(self._path.stat())
        except OSError as error:
            raise _unreadable(self._path, error) from None
        if seen != self._seen:
            self._seen, self._keys = _read(self._path)
        return self._keys


def new_key_file(path: Path) -> str:
    """Make a file with one random master key, readable by its owner alone.

    It is there whole or not at all, and a file that is there already is never touched.

    Returns:
        The name of the key.

    Raises:
        KeyFileError: There is a file of this name, or none can be made there.
    """
    key_id = _new_id(())
    with _write_errors(path), _draft(path, key_id, {key_id: _new_secret()}) as draft:
        try:
            os.link(draft, path)  # unlike a renaming, it never replaces
        except FileExistsError:
            raise KeyFileError(path, "exists already; it is left as it is (guatu master-key add adds a key)") from None
    return key_id


def add_master_key(path: Path) -> str:
    """Add a random master key, which is the active one from then on; the others stay for what they have wrapped.

    Returns:
        The name of the key.

    Raises:
        KeyFileError: The file cannot be used, or cannot be replaced.
    """
    _read(path)  # whatever is wrong with it is told before anything is done
    with _write_errors(path), _locked(path):
        _, keys = _read(path)
        known = {key_id: keys._secrets[key_id] for key_id in keys.key_ids}  # pyright: ignore[reportPrivateUsage]
        key_id = _new_id(tuple(known))
        with _draft(path, key_id, {**known, key_id: _new_secret()}) as draft:
            owner = path.stat()
            if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(draft, owner.st_uid, owner.st_gid)
            draft.replace(path)
    return key_id


def _read(path: Path) -> tuple[_Seen, MasterKeys]:
    """The keys of a file, and the state of the file in which it has them."""
    try:
        # Not blocking: a pipe of this name must not hold the process up before it is refused.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _unreadable(path, error) from None
    try:
        # Of the open file, not of the name: what is checked is what is read.
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise KeyFileError(path, "is no ordinary file")
        if found.st_mode & (_OTHERS & ~_GROUP_READS if _is_lent(found) else _OTHERS):
            mode = stat.S_IMODE(found.st_mode)
            raise KeyFileError(path, f"can be read or changed by others than its owner (mode {mode:04o}): chmod 600 it")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    finally:
        os.close(descriptor)
    if len(text) > _MOST_BYTES:
        raise KeyFileError(path, f"has more than {_MOST_BYTES} bytes, so it is none")
    return _stamp(found), _parsed(path, text)


def _is_lent(found: os.stat_result) -> bool:
    """Whether it is another account's, which lets this one read it by a group: so containers are given secrets."""
    return found.st_uid != os.geteuid() and found.st_gid in {os.getegid(), *os.getgroups()}


def _stamp(found: os.stat_result) -> _Seen:
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_mode


def _unreadable(path: Path, error: OSError) -> KeyFileError:
    if isinstance(error, FileNotFoundError):
        return KeyFileError(path, "does not exist: put it back, or make one with guatu master-key new")
    return KeyFileError(path, f"cannot be read: {(error.strerror or type(error).__name__).lower()}")


def _parsed(path: Path, text: bytes) -> MasterKeys:
    """The keys that a text has; no mistake is told with anything of the text."""
    try:
        given: Any = json.loads(text, object_pairs_hook=_each_name_once)
    except (ValueError, RecursionError):
        raise KeyFileError(path, "is not JSON, or names something twice") from None
    form = 'is not of the form {"active": "<id>", "keys": {"<id>": "<base64>"}}'
    if not isinstance(given, dict):
        raise KeyFileError(path, form)
    fields = cast("dict[str, Any]", given)
    active, keys = fields.get("active"), fields.get("keys")
    if fields.keys() != {"active", "keys"} or not isinstance(active, str) or not isinstance(keys, dict):
        raise KeyFileError(path, form)
    found: dict[str, bytes] = {}
    for number, (key_id, encoded) in enumerate(cast("dict[str, Any]", keys).items(), 1):
        secret = _decoded(encoded)
        if not _KEY_ID.fullmatch(key_id) or secret is None:
            wanted = f"a name of letters, digits, '.', '_', '-' and the base64 of {SECRET_BYTES} bytes"
            raise KeyFileError(path, f"is wrong in key {number}: it takes {wanted}")
        found[key_id] = secret
    if active not in found:
        raise KeyFileError(path, "names an active key that is not among its keys")
    if len(set(found.values())) != len(found):
        raise KeyFileError(path, "has the same key under two names")
    return MasterKeys(active, found)


def _decoded(encoded: object) -> bytes | None:
    try:
        secret = base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else b""
    except (binascii.Error, ValueError):
        return None
    return secret if len(secret) == SECRET_BYTES else None


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError
    return fields


def _new_id(known: tuple[str, ...]) -> str:
    while True:
        key_id = f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(3)}"
        if key_id not in known:
            return key_id


def _new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


@contextlib.contextmanager
def _draft(path: Path, active: str, keys: dict[str, bytes]) -> Generator[Path]:
    """A file beside this one, written through to the disk; gone at the end unless it has become this one."""
    encoded = {key_id: base64.b64encode(secret).decode() for key_id, secret in keys.items()}
    text = json.dumps({"active": active, "keys": encoded}, indent=2) + "\n"
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


@contextlib.contextmanager
def _locked(path: Path) -> Generator[None]:
    """The file for oneself: of two who add a key at once, the second must read what the first has written."""
    while True:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # It may have been replaced while we waited; then the lock is on a file without a name.
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                yield
                return


@contextlib.contextmanager
def _write_errors(path: Path) -> Generator[None]:
    try:
        yield
    except FileNotFoundError:
        raise KeyFileError(path, "cannot be found; see that its directory is there") from None
    except OSError as error:
        raise KeyFileError(path, f"cannot be written: {(error.strerror or type(error).__name__).lower()}") from None
