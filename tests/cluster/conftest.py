"""The production topology without containers: Temporal's own server on the system's PostgreSQL, workers, API replicas.

It is run by ``make test-cluster`` alone, since it takes minutes. Where the servers cannot be had the tests are reported
as not run; with CI=true that is a failure.
"""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cluster.postgres import NoPostgresError, postgres_programs
from tests.cluster.temporal_programs import TemporalPrograms, temporal_programs
from tests.cluster.topology import Cluster, running_cluster


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each of these does minutes of work; on a crowded machine many."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(1_800))


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _not_run(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres() -> Path:
    """The system's PostgreSQL."""
    try:
        return postgres_programs(_say)
    except NoPostgresError as error:
        _not_run(str(error))
        raise


@pytest.fixture(scope="session")
async def programs() -> TemporalPrograms:
    """Temporal's server and schema tool."""
    try:
        return await temporal_programs(_say)
    except ChildProcessError as error:
        _not_run(f"there is no Temporal server to run on PostgreSQL: {error}")
        raise


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
