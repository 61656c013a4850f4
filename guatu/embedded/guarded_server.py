"""What both servers are: a guarded process with a log, that runs, is asked to stop, or has ended by itself."""

from pathlib import Path

from guatu.embedded.errors import ServerFailedError
from guatu.embedded.logs import why
from guatu.embedded.process import GuardedProcess


class GuardedServer:
    """A server that is a guarded process of this program."""

    def __init__(self, called: str, log: Path) -> None:
        self._called = called
        self._log = log
        self._log_begin = 0
        self._process: GuardedProcess | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        """Whether the server's process is there."""
        return self._process is not None and self._process.exit_code is None

    @property
    def died(self) -> ServerFailedError | None:
        """What to say when the server has ended although nobody stopped it."""
        if self._process is None or self._process.exit_code is None:
            return None
        return self._failed("ended by itself")

    def ask_to_stop(self) -> None:
        """Let the server be stopped, without waiting for it."""
        if self._process is not None:
            self._process.ask_to_stop()

    def _why(self) -> str:
        """The line of the log that best says what went wrong since the last start."""
        return why(self._log, self._log_begin)

    def _failed(self, what: str) -> ServerFailedError:
        return ServerFailedError(self._called, what, self._log, self._why())
