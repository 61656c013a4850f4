"""Versions of the worker deployment: which of them is there, which one cases run on, and moving them to another."""

import asyncio
import time

from temporalio.api.enums.v1 import VersionDrainageStatus
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from guatu.errors import CommandError
from petitions.values import Value
from worker.process import DEPLOYMENT

_NOT_YET = {RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION}
_PATIENCE_SECONDS = 30.0
"""A worker that has just been started is known as a version some seconds later."""
_PAUSE_SECONDS = 1.0
_DRAINAGE = {
    VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINING: "draining: cases still run on it",
    VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINED: "drained: its workers can be stopped",
}


class DeployedVersion(Value):
    """A version of the deployment, and how it stands."""

    build_id: str
    standing: str

    @property
    def line(self) -> str:
        """Both on one line."""
        return f"{self.build_id}  {self.standing}"


async def versions(client: Client) -> list[DeployedVersion]:
    """The versions whose workers have been seen, the latest first; none if no worker ever had a build id.

    Raises:
        RPCError: Temporal does not answer.
    """
    try:
        described = await client.workflow_service.describe_worker_deployment(
            DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=DEPLOYMENT)
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return []
    info = described.worker_deployment_info
    routing = info.routing_config

    def standing(build_id: str, drainage: "VersionDrainageStatus.ValueType") -> str:
        if build_id == routing.current_deployment_version.build_id:
            return "current"
        if build_id == routing.ramping_deployment_version.build_id:
            return f"takes {routing.ramping_version_percentage:g} % of the cases"
        return _DRAINAGE.get(drainage, "no case runs on it")

    summaries = sorted(info.version_summaries, key=lambda each: each.create_time.ToDatetime(), reverse=True)
    return [
        DeployedVersion(
            build_id=each.deployment_version.build_id,
            standing=standing(each.deployment_version.build_id, each.drainage_status),
        )
        for each in summaries
    ]


async def promote(client: Client, build_id: str, percent: float | None = None) -> None:
    """Have cases run on a version: all of them, each from its next task on, or first a part of them.

    Args:
        client: Of the Temporal server.
        build_id: The version; a worker of it must be running.
        percent: Of the cases, 0 to 100; none: all, and it is the current version from now on.

    Raises:
        CommandError: No worker of this version is there.
        RPCError: Temporal does not answer.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            await _promote(client, build_id, percent)
        except RPCError as error:
            if error.status not in _NOT_YET:
                raise
            if time.monotonic() > deadline:
                told = f"version {build_id} cannot take cases ({error.message}): start a worker with"
                raise CommandError(f"{told} GUATU_WORKER_BUILD_ID={build_id} first") from None
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return


async def _promote(client: Client, build_id: str, percent: float | None) -> None:
    service, namespace = client.workflow_service, client.namespace
    if percent is None:
        await service.set_worker_deployment_current_version(
            SetWorkerDeploymentCurrentVersionRequest(
                namespace=namespace, deployment_name=DEPLOYMENT, build_id=build_id, identity="guatu deployment"
            )
        )
    else:
        await service.set_worker_deployment_ramping_version(
            SetWorkerDeploymentRampingVersionRequest(
                namespace=namespace,
                deployment_name=DEPLOYMENT,
                build_id=build_id,
                percentage=percent,
                identity="guatu deployment",
            )
        )
