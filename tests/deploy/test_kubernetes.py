"""The manifests are valid for the versions of Kubernetes that are about, and say the same as the settings do."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import kubernetes_validate  # pyright: ignore[reportMissingTypeStubs] - it has none
import pytest
import yaml

from tests.deploy.compose_file import ROOT
from tests.deploy.known_variables import ours
from tests.deploy.test_compose import role_of, unpinned
from worker.process import DEPLOYMENT
from workflows.names import TASK_QUEUE

PLACE = ROOT / "deploy/kubernetes"
VERSIONS = ("1.33", "1.37")
KEDA = {
    # keda.sh/docs/2.22/scalers/temporal
    *("endpoint", "namespace", "taskQueue", "queueTypes", "targetQueueSize", "activationTargetQueueSize"),
    *("workerDeploymentName", "workerDeploymentBuildId", "minConnectTimeout", "unsafeSsl", "tlsServerName"),
}
"""Parameters of the temporal scaler of KEDA."""
VERSION = "app.kubernetes.io/version"
"""The label that names the version of workers."""


@dataclass(frozen=True)
class Manifest:
    """An object of a file."""

    file: Path
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.content["kind"])

    @property
    def name(self) -> str:
        return str(self.content.get("metadata", {}).get("name", self.file.parent.name))

    @property
    def pod(self) -> dict[str, Any]:
        """What its pods are made by."""
        return cast("dict[str, Any]", self.content["spec"]["template"]["spec"])

    @property
    def container(self) -> dict[str, Any]:
        (container,) = self.pod["containers"]
        return cast("dict[str, Any]", container)


def _manifests() -> Iterator[Manifest]:
    for file in sorted(PLACE.rglob("*.yaml")):
        for content in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            yield Manifest(file, content)


ALL = list(_manifests())
KUBERNETES = [each for each in ALL if each.kind not in {"Kustomization", "ScaledObject"}]
WITH_PODS = [each for each in ALL if each.kind in {"Deployment", "Job"}]
SETTINGS: dict[str, str] = next(each for each in ALL if each.kind == "ConfigMap").content["data"]


def ids(manifest: Manifest) -> str:
    return f"{manifest.kind}-{manifest.name}"


def one(kind: str, name: str) -> Manifest:
    (found,) = [each for each in ALL if each.kind == kind and each.name.startswith(name)]
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", KUBERNETES, ids=ids)
def test_each_fits_the_schema_of_kubernetes(manifest: Manifest, version: str) -> None:
    kubernetes_validate.validate(manifest.content, version, strict=True)


def test_a_misspelt_field_would_be_found() -> None:
    wrong = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {"replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_every_file_is_applied() -> None:
    named = {
        (each.file.parent / resource).resolve()
        for each in ALL
        if each.kind == "Kustomization"
        for resource in each.content["resources"]
    }
    files = {each.file.resolve() for each in ALL if each.file.name != "kustomization.yaml"}
    assert {path for path in named if path.suffix} == files
    assert {path.name for path in named if not path.suffix} == {"worker"}


@pytest.mark.parametrize("manifest", WITH_PODS, ids=ids)
def test_pods_have_no_more_rights_than_they_need(manifest: Manifest) -> None:
    pod, container = manifest.pod, manifest.container
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]
    assert not unpinned(container["image"])
    assert f"USER {pod['securityContext']['runAsUser']}:" in (ROOT / "Dockerfile").read_text()


def variables(manifest: Manifest) -> dict[str, str | None]:
    """What a container is given, each with its value where it stands in the file."""
    own = {variable["name"]: variable.get("value") for variable in manifest.container["env"]}
    return {**(SETTINGS if "envFrom" in manifest.container else {}), **own}


@pytest.mark.parametrize("manifest", WITH_PODS, ids=ids)
def test_settings_are_known_and_their_files_are_mounted(manifest: Manifest) -> None:
    given = variables(manifest)
    assert given.keys() <= ours(), f"nothing reads {given.keys() - ours()}"
    (mount,) = [each["mountPath"] for each in manifest.container["volumeMounts"] if each["name"] == "secrets"]
    (volume,) = [each for each in manifest.pod["volumes"] if each["name"] == "secrets"]
    assert volume["projected"]["defaultMode"] == 0o440  # more is refused (sealing.key_file)
    mounted = {
        f"{mount}/{item['path']}" for source in volume["projected"]["sources"] for item in source["secret"]["items"]
    }
    for name, value in given.items():
        if name.endswith("_FILE"):
            assert value in mounted, f"{manifest.name}: {name}={value} is not mounted"
    url = given["GUATU_DATABASE_URL"]
    assert url is not None
    assert url.partition("sslrootcert=")[2] in mounted
    assert mounted <= {value or "" for value in given.values()} | {url.partition("sslrootcert=")[2]}


def test_only_the_migration_has_the_tables_owner() -> None:
    """And it gives the others' role its rights, by which that one may only add to the record."""
    (migration,) = [manifest for manifest in WITH_PODS if manifest.kind == "Job"]
    (role,) = {role_of(variables(manifest)) for manifest in WITH_PODS if manifest is not migration}
    assert role != role_of(variables(migration))
    assert migration.container["args"] == ["migrate", "--application", role]
    for manifest in WITH_PODS:
        (volume,) = [each for each in manifest.pod["volumes"] if each["name"] == "secrets"]
        given = {source["secret"]["name"] for source in volume["projected"]["sources"]}
        assert ("guatu-database-owner" in given) is (manifest is migration)


def test_only_the_api_has_the_keys_of_complainants() -> None:
    for manifest in WITH_PODS:
        assert ("GUATU_MASTER_KEY_FILE" in variables(manifest)) is (manifest.name == "guatu-api")


@pytest.mark.parametrize(("name", "port"), [("guatu-worker", 8081), ("guatu-api", 8080)])
def test_probes_ask_what_is_there(name: str, port: int) -> None:
    container = one("Deployment", name).container
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    for probe, path in (("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
        asked = container[probe]["httpGet"]
        assert asked["path"] == path
        assert ports[asked["port"]] == port


def test_draining_fits_into_the_time_that_is_left_for_it() -> None:
    worker, api = one("Deployment", "guatu-worker"), one("Deployment", "guatu-api")
    drain = variables(worker)["GUATU_WORKER_DRAIN_SECONDS"]
    assert drain is not None
    assert worker.pod["terminationGracePeriodSeconds"] > int(drain)
    assert api.pod["terminationGracePeriodSeconds"] > 10 + 5  # GUATU_API_DRAIN_SECONDS, and preStop


def test_workers_are_of_one_version_in_all_their_files() -> None:
    deployment, budget, scaling = (
        one(kind, "guatu-worker") for kind in ("Deployment", "PodDisruptionBudget", "ScaledObject")
    )
    assert deployment.name == budget.name == scaling.name
    labels = deployment.content["spec"]["selector"]["matchLabels"]
    assert budget.content["spec"]["selector"]["matchLabels"] == labels
    assert labels.items() <= deployment.content["spec"]["template"]["metadata"]["labels"].items()
    version = labels[VERSION]
    assert deployment.container["image"] == f"guatu:{version}"
    assert deployment.name == f"guatu-worker-{version.replace('.', '-')}"
    assert scaling.content["spec"]["scaleTargetRef"] == {"name": deployment.name}
    (trigger,) = scaling.content["spec"]["triggers"]
    assert trigger["type"] == "temporal"
    assert trigger["metadata"].keys() <= KEDA
    assert trigger["metadata"]["workerDeploymentName"] == DEPLOYMENT
    assert trigger["metadata"]["workerDeploymentBuildId"] == version
    build_id = {
        "name": "GUATU_WORKER_BUILD_ID",
        "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{VERSION}']"}},
    }
    assert build_id in deployment.container["env"]
    assert trigger["metadata"]["taskQueue"] == TASK_QUEUE
    assert trigger["metadata"]["namespace"] == SETTINGS["TEMPORAL_NAMESPACE"]
    assert scaling.content["spec"]["minReplicaCount"] >= 2, "deadlines fire by workers, and one may go"
    assert "replicas" not in deployment.content["spec"], "the scaler has it"


def test_every_policy_selects_pods_that_are_there() -> None:
    pods = [each.content["spec"]["template"]["metadata"]["labels"] for each in WITH_PODS]
    policies = [each for each in ALL if each.kind == "NetworkPolicy"]
    assert policies
    for policy in policies:
        wanted: dict[str, str] = policy.content["spec"]["podSelector"].get("matchLabels", {})
        assert any(wanted.items() <= labels.items() for labels in pods), f"{policy.name} selects no pod"
