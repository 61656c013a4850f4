"""The production topology without containers: Temporal's own server on the system's PostgreSQL, workers, API replicas.

It is run by ``make test-long``, since it takes minutes. Where the servers cannot be had the tests are reported as not
run; with CI=true that is a failure.
"""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cluster.postgres import NoPostgresError, postgres_programs
from tests.cluster.temporal_programs import TemporalPrograms, temporal_programs
from tests.cluster.topology import Cluster, running_cluster
from tests.not_run import not_run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them ``long``: each does minutes of work, on a crowded machine many."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.long)
            item.add_marker(pytest.mark.timeout(1_800))


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


@pytest.fixture(scope="session")
def postgres() -> Path:
    """The system's PostgreSQL."""
    try:
        return postgres_programs(_say)
    except NoPostgresError as error:
        not_run(str(error))


@pytest.fixture(scope="session")
async def programs() -> TemporalPrograms:
    """Temporal's server and schema tool."""
    try:
        return await temporal_programs(_say)
    except ChildProcessError as error:
        not_run(f"there is no Temporal server to run on PostgreSQL: {error}")


@pytest.fixture(scope="module")
async def cluster(programs: TemporalPrograms, postgres: Path) -> AsyncIterator[Cluster]:
    """Servers of a module's own, in plain."""
    async with running_cluster(programs, postgres, tls=False) as cluster:
        yield cluster


@pytest.fixture(scope="module")
async def cluster_with_tls(programs: TemporalPrograms, postgres: Path) -> AsyncIterator[Cluster]:
    """Servers of a module's own, with mutual TLS for Temporal and TLS for PostgreSQL."""
    async with running_cluster(programs, postgres, tls=True) as cluster:
        yield cluster
