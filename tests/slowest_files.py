"""pytest plugin: the run ends with its slowest files and its total."""

import time
from collections import defaultdict

import pytest

MOST = 10
"""Files that are listed."""


class SlowestFiles:
    """Adds up the seconds of set-up, call and teardown by file; under pytest-xdist in the controlling process."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._seconds: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a phase of a test."""
        self._seconds[report.nodeid.partition("::")[0]] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List the slowest files."""
        slowest = sorted(self._seconds.items(), key=lambda item: item[1], reverse=True)[:MOST]
        terminalreporter.section(f"slowest {len(slowest)} files")
        for file, seconds in slowest:
            terminalreporter.line(f"{seconds:7.1f} s  {file}")
        whole, elapsed = sum(self._seconds.values()), time.monotonic() - self._began
        terminalreporter.line(f"{whole:7.1f} s  all {len(self._seconds)} files, in {elapsed:.0f} s")


def pytest_configure(config: pytest.Config) -> None:
    """Add the list to the process that reports."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SlowestFiles(), "slowest-files")
