"""PostgreSQL refuses to run as root, so as root it gets an ordinary account, made when it is missing."""

import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from guatu.embedded.errors import NoAccountError

ACCOUNT_NAME = "guatu-postgres"
"""The account that is made when root starts the stack."""

_MAKERS = (
    ("useradd", "--system", "--no-create-home", "--home-dir", "/", "--shell", "/bin/false", ACCOUNT_NAME),
    ("adduser", "-S", "-D", "-H", "-h", "/", "-s", "/bin/false", ACCOUNT_NAME),  # BusyBox
)


@dataclass(frozen=True)
class Account:
    """An account to run PostgreSQL under.

    Attributes:
        uid: Its user id.
        gid: Its group id.
    """

    uid: int
    gid: int


def account_for(data: Path, say: Callable[[str], None]) -> Account | None:
    """Tell under which account PostgreSQL must run here.

    Args:
        data: PostgreSQL's data directory, which may not exist yet.
        say: Is told when an account is made.

    Returns:
        None for the account this process has; as root, the owner of the data, else the account ``guatu-postgres``.

    Raises:
        NoAccountError: Running as root, and there is no such account, nor could one be made.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    found = _find()
    if found is None:
        say(f"running as root: making the account {ACCOUNT_NAME}, since PostgreSQL does not run as root")
        found = _make()
    return found


def _find() -> Account | None:
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _make() -> Account:
    reason = "there is neither useradd nor adduser"
    for maker in _MAKERS:
        program = shutil.which(maker[0], path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
        if program is None:
            continue
        for _ in range(20):  # another process may be making it: the account files are locked meanwhile
            done = subprocess.run([program, *maker[1:]], capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments
            if (found := _find()) is not None:
                return found
            reason = (done.stderr.strip().splitlines() or [f"{program} failed"])[-1]
            time.sleep(0.1)
        break
    raise NoAccountError(ACCOUNT_NAME, reason)


def let_through(path: Path, account: Account, say: Callable[[str], None]) -> None:
    """Let an account reach a path: directories above it that it cannot pass get the right to be passed, not listed.

    Args:
        path: An existing file or directory; it keeps its own rights.
        account: Who shall reach it.
        say: Is told of every directory whose rights change.
    """
    for directory in reversed(path.resolve().parents):
        if not _may(directory, account, stat.S_IXOTH):
            say(f"letting other accounts pass through {directory} (chmod o+x), so that PostgreSQL can be run from root")
            directory.chmod(stat.S_IMODE(directory.stat().st_mode) | stat.S_IXOTH)


def let_read(tree: Path, account: Account) -> None:
    """Let an account read a directory of programs and run them, as far as their owner may."""
    for path in (tree, *_below(tree)):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            continue
        wanted = stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if not _may(path, account, wanted):
            path.chmod(stat.S_IMODE(mode) | wanted)


def _below(tree: Path) -> Iterator[Path]:
    for above, directories, files in os.walk(tree):
        for name in (*directories, *files):
            yield Path(above, name)


def _may(path: Path, account: Account, wanted: int) -> bool:
    """Whether the mode bits give an account what ``wanted`` (in the bits for others) names."""
    found = path.stat()
    shift = 6 if found.st_uid == account.uid else 3 if found.st_gid == account.gid else 0
    return (found.st_mode >> shift) & wanted == wanted
