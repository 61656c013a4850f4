"""The compose files hold together: what is pinned, open, set, waited for and kept secret."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.deploy.compose_file import COMPOSE, MAIL, ROOT, ServiceSpec, document, services
from tests.deploy.known_variables import BY_IMAGE, ours
from workflows.console import SEARCH_ATTRIBUTES

ALL = [*services().values(), *services(MAIL, GUATU_JURISDICTION_FILE_HERE="city.toml").values()]
SERVICES = list(services().values())
SECRETS = "/run/secrets/"
PINNED = re.compile(r":v?\d+\.\d+(\.\d+)*(-[a-z0-9.-]+)?(@sha256:[0-9a-f]{64})?$")


def ids(service: ServiceSpec) -> str:
    return service.name


def unpinned(image: str) -> bool:
    return PINNED.search(image) is None


def unknown_variables(service: ServiceSpec, scripts: str) -> set[str]:
    """What a service sets and its programs do not know; a job's script knows what it reads."""
    known = ours() if service.is_ours else BY_IMAGE.get(service.image.partition(":")[0], set())
    read = set(re.findall(r"\$\{?([A-Z_]+)", scripts))
    return {name for name in service.environment if name not in known | read}


def scripts_of(service: ServiceSpec) -> str:
    """The text of the scripts of ours that it mounts."""
    files = [str(volume).partition(":")[0] for volume in service.spec.get("volumes", [])]
    return "\n".join((ROOT / file).read_text(encoding="utf-8") for file in files if file.endswith(".sh"))


@pytest.mark.parametrize("service", [each for each in ALL if each.image], ids=ids)
def test_every_image_is_pinned(service: ServiceSpec) -> None:
    assert not unpinned(service.image), f"{service.name}: {service.image} needs a whole version"


@pytest.mark.parametrize("image", ["postgres", "postgres:latest", "postgres:18", "temporalio/server:latest"])
def test_a_loose_image_would_be_found(image: str) -> None:
    assert unpinned(image)


def test_our_image_is_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert {service.image for service in SERVICES if service.is_ours} == {f"guatu:{version}"}


@pytest.mark.parametrize("service", SERVICES, ids=ids)
def test_every_variable_is_known_to_who_gets_it(service: ServiceSpec) -> None:
    unknown = unknown_variables(service, scripts_of(service))
    assert not unknown, f"{service.name} sets {unknown}, which nothing there reads"


def test_a_misspelt_variable_would_be_found() -> None:
    for image in ("guatu:0.1.0", "temporalio/server:1.32.0", "postgres:18.4"):
        spec = {"image": image, "environment": {"GUATU_DATABASE_UR": "", "POSTGRES_PASWORD": ""}}
        assert len(unknown_variables(ServiceSpec("x", spec), "")) == 2


@pytest.mark.parametrize("service", SERVICES, ids=ids)
def test_every_variable_is_documented(service: ServiceSpec) -> None:
    where = ROOT / ("README.md" if service.is_ours else "docs/operations.md")
    text = where.read_text(encoding="utf-8")
    for name in service.environment:
        documented = {name, name.removesuffix("_FILE")} if service.is_ours else {name}
        assert any(f"`{setting}`" in text for setting in documented), (
            f"{where.name} does not tell of {name} ({service.name})"
        )


@pytest.mark.parametrize("service", ALL, ids=ids)
def test_ports_are_open_on_this_machine_alone(service: ServiceSpec) -> None:
    for port in service.spec.get("ports", []):
        assert port.startswith("127.0.0.1:"), f"{service.name} opens {port} to others"


@pytest.mark.parametrize("service", SERVICES, ids=ids)
def test_who_waits_can_see_what_it_waits_for(service: ServiceSpec) -> None:
    for name, wanted in service.spec.get("depends_on", {}).items():
        other = services()[name]
        if wanted["condition"] == "service_healthy":
            assert "healthcheck" in other.spec, f"{service.name} waits for the health of {name}, which tells none"
        else:
            assert wanted["condition"] == "service_completed_successfully"
            restart = str(other.spec.get("restart", "no"))
            assert restart.startswith("on-failure"), f"{name} is a job: it must end, and be tried again if it fails"


@pytest.mark.parametrize("service", SERVICES, ids=ids)
def test_secrets_come_from_files_that_are_given(service: ServiceSpec) -> None:
    declared = document()["secrets"]
    given = set(service.spec.get("secrets", []))
    assert given <= declared.keys()
    for name, value in service.environment.items():
        if value.startswith(SECRETS):
            assert value.removeprefix(SECRETS) in given, f"{service.name}: {name}={value} is not given to it"
        assert "PASSWORD" not in name or name.endswith("_FILE"), f"{service.name}: {name} stands in the file"
        assert not re.search(r"://\w+:[^@/]+@", value), f"{service.name}: {name} has a password in it"


def test_every_secret_is_made_and_none_is_committed() -> None:
    script = (ROOT / "deploy/compose/secrets.sh").read_text(encoding="utf-8")
    for secret in document()["secrets"].values():
        path = Path(secret["file"])
        assert path.parts[0] == "secrets"
        assert re.search(rf"\b{path.name}\b", script), f"deploy/compose/secrets.sh does not make {path}"
    assert "secrets/" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("service", [each for each in SERVICES if each.is_ours], ids=ids)
def test_ours_have_no_more_rights_than_they_need(service: ServiceSpec) -> None:
    assert service.spec["read_only"] is True
    assert service.spec["cap_drop"] == ["ALL"]
    assert service.spec["security_opt"] == ["no-new-privileges:true"]
    assert service.spec["init"] is True
    assert "privileged" not in service.spec


def role_of(environment: Mapping[str, str | None]) -> str | None:
    """By which role of Postgres somebody with these settings works."""
    return urlsplit(environment["GUATU_DATABASE_URL"] or "").username


def test_only_the_migration_has_the_tables_owner() -> None:
    """And it gives the others' role its rights, by which that one may only add to the record."""
    migration = services()["migrate"]
    (role,) = {role_of(service.environment) for service in SERVICES if service.is_ours and service.name != "migrate"}
    assert role != role_of(migration.environment)
    assert migration.spec["command"] == ["migrate", "--application", role]
    for service in SERVICES:
        owns = "guatu_owner_password" in service.spec.get("secrets", [])
        assert owns is (service.name in {"migrate", "postgres"}), service.name


def test_a_worker_may_be_scaled() -> None:
    worker = services()["worker"].spec
    assert "container_name" not in worker
    assert "ports" not in worker


def test_draining_fits_into_the_time_that_is_left_for_it() -> None:
    worker, api = services()["worker"], services()["api"]
    assert int(worker.spec["stop_grace_period"].rstrip("s")) > int(worker.environment["GUATU_WORKER_DRAIN_SECONDS"])
    assert int(api.spec["stop_grace_period"].rstrip("s")) > 10  # GUATU_API_DRAIN_SECONDS


def test_the_namespace_job_makes_the_search_attributes_of_the_cases() -> None:
    script = (ROOT / "deploy/compose/temporal-namespace.sh").read_text(encoding="utf-8")
    assert set(re.findall(r"Case\w+(?=:\w)", script)) == {key.name for key in SEARCH_ATTRIBUTES}


def test_the_dockerfile_is_locked_and_its_last_stage_builds_nothing() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    base = re.search(r"^ARG BASE=(\S+)$", text, re.MULTILINE)
    assert base
    assert not unpinned(base[1])
    *_, build, last = text.split("\nFROM ")
    assert len(re.findall(r"install --require-hashes --only-binary=:all:", build)) == 2
    assert "install" not in re.sub(r"uninstall|#.*", "", last)
    assert "USER 10001:10001" in last
    assert "ENTRYPOINT [" in last, "by a shell it would not get SIGTERM"
    assert "HEALTHCHECK" in last


def test_the_build_sees_every_room() -> None:
    rooms = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {f"!{room}/" for room in rooms["packages"]} <= set((ROOT / ".dockerignore").read_text().splitlines())


def test_the_overlay_adds_to_services_that_are_there() -> None:
    added = services(MAIL, GUATU_JURISDICTION_FILE_HERE="city.toml")
    assert {name for name, service in added.items() if not service.image} <= services().keys()
    assert COMPOSE.exists()
